"""Whether anything has happened in a room: what a request looks at, again and again, while it waits.

One call for both tables, and the cheapest there is, eventually consistent: what it shows a moment late is only late.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat import dynamodb, entries, notices, places
from chat.notices import Notices

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Beat:
    """The last seq that was given out in a room, 0 for none; what was announced there; and how many requests of the
    member have waited, or do: None where none has, or where there is no such member.
    """

    last_seq: int
    notices: Notices
    waits: int | None = None


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

    def beat(self, room_id: str, connection_id: str) -> Beat:
        """As of now, or a moment ago. What DynamoDB leaves unread looks as if nothing had happened, or as if there were
        no such member.
        """
        member = {"room_id": {"S": room_id}, "place": {"S": places.of(connection_id)}}
        with dynamodb.unavailable():
            answer = self._client.batch_get_item(
                RequestItems={
                    self._memberships: {"Keys": [notices.key(room_id), member]},
                    self._room_log: {
                        "Keys": [entries.key(room_id, entries.COUNTER)],
                        "ProjectionExpression": "last_seq",
                    },
                }
            )
        [counter, *_] = [*answer["Responses"].get(self._room_log, []), None]
        found: Any = {item["place"]["S"]: item for item in answer["Responses"].get(self._memberships, [])}
        last_seq: Any = counter["last_seq"]["N"] if counter else 0
        waits = found.get(places.of(connection_id), {}).get("waits")
        return Beat(
            int(last_seq),
            Notices.of(found.get(notices.PLACE)),
            int(waits["N"]) if waits else None,
        )
