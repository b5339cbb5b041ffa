"""What was announced in a room of late, kept for those of its members that come and ask.

One item in the room's partition of Memberships, ahead of all places, which only `announce` writes, in the order of the
stream, and only where somebody polls. Its number rises with each batch that was announced; it is the moment in epoch
milliseconds, so that it goes on rising when the item has expired.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat import clock, dynamodb
from chat.clock import Clock
from chat.events import Event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

PLACE = "!notices"
# Who has not asked for so long has lost its membership.
KEPT_MS = 120_000
# Each is one line for all who came in a batch, or at most five of them.
KEPT_LINES = 20
_EXPIRES_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Notices:
    """The number of the latest, 0 for none, and the lines that are kept, each with its number."""

    number: int = 0
    lines: tuple[tuple[int, Event], ...] = ()

    @classmethod
    def of(cls, item: "Mapping[str, Any] | None") -> "Notices":
        if not item:
            return cls()
        lines = json.loads(item["lines"]["S"])
        return cls(int(item["number"]["N"]), tuple((number, line) for number, line in lines))

    def since(self, number: int) -> list[Event]:
        """The lines that came after that number."""
        return [line for at, line in self.lines if at > number]

    def and_then(self, lines: Sequence[Event], *, at: int) -> "Notices":
        """With more lines; what is too old or too much is gone."""
        number = max(self.number + 1, at)
        kept = [(one, line) for one, line in self.lines if one > number - KEPT_MS]
        return Notices(number, tuple([*kept, *((number, line) for line in lines)][-KEPT_LINES:]))


class NoticeBoard:
    """Where the notices of all rooms stand. Every method raises `Unavailable` where the table cannot do it."""

    def __init__(self, client: "DynamoDBClient", *, table: str, now: Clock = clock.now) -> None:
        self._client = client
        self._table = table
        self._now = now

    @classmethod
    def from_environment(cls) -> "NoticeBoard":
        return cls(dynamodb.client(), table=os.environ["MEMBERSHIPS_TABLE"])

    def read(self, room_id: str) -> Notices:
        """All that stand there now. One call."""
        with dynamodb.unavailable():
            answer = self._client.get_item(TableName=self._table, Key=key(room_id), ConsistentRead=True)
        return Notices.of(answer.get("Item"))

    def add(self, room_id: str, lines: Sequence[Event]) -> None:
        """More lines, or none where only who is there has changed. Two calls; one writer at a time for a room."""
        notices = self.read(room_id).and_then(lines, at=self._now())
        with dynamodb.unavailable():
            self._client.put_item(
                TableName=self._table,
                Item={
                    **key(room_id),
                    "number": {"N": str(notices.number)},
                    "lines": {"S": json.dumps(notices.lines, ensure_ascii=False, separators=(",", ":"))},
                    "expires_at": {"N": str(self._now() // 1000 + _EXPIRES_SECONDS)},
                },
            )


def key(room_id: str) -> "dict[str, AttributeValueTypeDef]":
    return {"room_id": {"S": room_id}, "place": {"S": PLACE}}
