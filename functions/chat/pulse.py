"""Whether anything has happened in a room: what a request looks at, again and again, while it waits.

One call for both tables, and the cheapest there is, eventually consistent: what it shows a moment late is only late.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat import dynamodb, entries, notices
from chat.notices import Notices

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Beat:
    """The last seq that was given out in a room, 0 for none, and what was announced there."""

    last_seq: int
    notices: Notices


class Pulse:
    """Of all rooms. `Unavailable` where the tables cannot be read."""

    def __init__(self, client: "DynamoDBClient", *, memberships: str, room_log: str) -> None:
        self._client = client
        self._memberships = memberships
        self._room_log = room_log

    @classmethod
    def from_environment(cls) -> "Pulse":
        return cls(
            dynamodb.client(),
            memberships=os.environ["MEMBERSHIPS_TABLE"],
            room_log=os.environ["ROOM_LOG_TABLE"],
        )

    def beat(self, room_id: str) -> Beat:
        """As of now, or a moment ago. What DynamoDB leaves unread looks as if nothing had happened."""
        with dynamodb.unavailable():
            answer = self._client.batch_get_item(
                RequestItems={
                    self._memberships: {"Keys": [notices.key(room_id)]},
                    self._room_log: {
                        "Keys": [entries.key(room_id, entries.COUNTER)],
                        "ProjectionExpression": "last_seq",
                    },
                }
            )
        [counter, *_] = [*answer["Responses"].get(self._room_log, []), None]
        [board, *_] = [*answer["Responses"].get(self._memberships, []), None]
        last_seq: Any = counter["last_seq"]["N"] if counter else 0
        return Beat(int(last_seq), Notices.of(board))
