"""The RoomLog table: every message of a room, numbered from 1 on, and the counter that numbers them."""

import os
from typing import TYPE_CHECKING

from chat import clock, dynamodb, events
from chat.clock import Clock
from chat.errors import Unavailable
from chat.events import Event
from chat.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

DEFAULT_RETENTION_SECONDS = 7 * 24 * 3600

# The smallest message event has about 105 bytes, so a page of the log is full before a query of this many
# ends; and where DynamoDB cuts the query at 1 MB instead, that is more than a page as well. One query is
# always enough.
QUERY_LIMIT = 320


class RoomLog:
    """What the functions ask of the table. Every method raises `Unavailable` where the table cannot do it."""

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table: str,
        retention_seconds: int = DEFAULT_RETENTION_SECONDS,
        now: Clock = clock.now,
    ) -> None:
        self._client = client
        self._table = table
        self._retention_seconds = retention_seconds
        self._now = now

    @classmethod
    def from_environment(cls) -> "RoomLog":
        return cls(
            dynamodb.client(),
            table=os.environ["ROOM_LOG_TABLE"],
            retention_seconds=int(os.environ.get("RETENTION_SECONDS", DEFAULT_RETENTION_SECONDS)),
        )

    def append(self, who: Identity, content: str, *, id: str | None) -> Event:
        """Stores a message under the room's next seq; answers the event that tells of it. Two calls.

        Where the second call fails, or a retry made the first one count twice, a seq stays without a
        message: readers must take holes. A message, once stored, is never overwritten.
        """
        now = self._now()
        message = events.message(
            room_id=who.room_id,
            client_id=who.client_id,
            content=content,
            timestamp=clock.timestamp(now),
            seq=self._next_seq(who.room_id),
            id=id,
        )
        item = _item(message) | {"expires_at": {"N": str(now // 1000 + self._retention_seconds)}}
        with dynamodb.unavailable():
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(seq)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                # The SDK tries again when an answer is lost, and then finds what it has itself written.
                if error.response.get("Item") != item:
                    raise Unavailable from error
        return message

    def last_seq(self, room_id: str) -> int:
        """The last seq that was given out, 0 in a room where nothing was ever said."""
        with dynamodb.unavailable():
            answer = self._client.get_item(
                TableName=self._table,
                Key=_counter(room_id),
                ProjectionExpression="last_seq",
                ConsistentRead=True,
            )
        return int(answer["Item"]["last_seq"]["N"]) if "Item" in answer else 0

    def page(self, room_id: str, *, after: int | None) -> Event:
        """The messages after a seq, or the newest ones, as many as a page holds. Two calls."""
        last_seq = self.last_seq(room_id)
        with dynamodb.unavailable():
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="room_id = :room AND seq > :after",
                ExpressionAttributeValues={":room": {"S": room_id}, ":after": {"N": str(after or 0)}},
                ScanIndexForward=after is not None,
                Limit=QUERY_LIMIT,
                ConsistentRead=True,
            )
        stored = [_message(item) for item in answer["Items"]]
        # The counter was read first, so the log may be ahead of it by now.
        last_seq = max([last_seq, *(message["seq"] for message in stored)])
        now = self._now()
        messages = events.fitting(stored, last_seq=last_seq, at=now)
        if after is None:
            return events.page(messages[::-1], last_seq=last_seq, more=False, at=now)
        more = len(messages) < len(stored) or "LastEvaluatedKey" in answer
        return events.page(messages, last_seq=last_seq, more=more, at=now)

    def _next_seq(self, room_id: str) -> int:
        with dynamodb.unavailable():
            answer = self._client.update_item(
                TableName=self._table,
                Key=_counter(room_id),
                UpdateExpression="ADD last_seq :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                ReturnValues="UPDATED_NEW",
            )
        return int(answer["Attributes"]["last_seq"]["N"])


def _counter(room_id: str) -> "Item":
    """The key of the room's counter, which sits where no message can: at seq 0."""
    return {"room_id": {"S": room_id}, "seq": {"N": "0"}}


def _item(message: Event) -> "Item":
    kept = ("room_id", "client_id", "content", "timestamp", "id")
    return {"seq": {"N": str(message["seq"])}} | {
        name: {"S": message[name]} for name in kept if name in message
    }


def _message(item: "Item") -> Event:
    return events.message(
        room_id=item["room_id"]["S"],
        client_id=item["client_id"]["S"],
        content=item["content"]["S"],
        timestamp=item["timestamp"]["S"],
        seq=int(item["seq"]["N"]),
        id=item["id"]["S"] if "id" in item else None,
    )
