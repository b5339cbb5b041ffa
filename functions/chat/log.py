"""The RoomLog table: every message of a room, numbered from 1 on. What is promised of it, and why it holds:

- A number is given out once. What is stored under it is never changed or overwritten.
- An id is bound to one number before anything is stored under it, so however often a client sends an id, and
  however many functions handle it at once, one message comes of it.
- A number may be given out and its message never stored, because the function died. A reader that finds such
  a hole does not guess: it puts a void there, unless the message turns up in that very moment. A writer that
  finds a void in its place takes another number. So all readers agree on what a number holds, whatever the
  clocks and time-outs say.
"""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat import clock, dynamodb, entries, events
from chat.clock import Clock
from chat.entries import Entry, Number
from chat.errors import Unavailable
from chat.events import Event
from chat.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

    from chat.entries import Item

DEFAULT_RETENTION_SECONDS = 7 * 24 * 3600
# The least that can be set. What is in the log, or was, expires by the setting of its own time.
SHORTEST_RETENTION_SECONDS = 24 * 3600

# The smallest message event has about 105 bytes, so a page of the log is full before a query of this many
# ends; and where DynamoDB cuts the query at 1 MB instead, that is more than a page as well. One query is
# enough but for pages of voids.
QUERY_LIMIT = 320
# A writer is only ever passed over because it was slow, so a second void in its way is bad luck and a third
# one is something else.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Appended:
    """A message that is stored, and whether it was stored just now or had been before."""

    message: Event
    anew: bool


@dataclass(frozen=True, slots=True)
class Count:
    """The last number given out, 0 for none; and when, in epoch milliseconds, that was, and the first was."""

    last_seq: int = 0
    last_at: int = 0
    first_at: int = 0


_COUNTED = ("last_seq", "last_at", "first_at")


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

    def append(self, who: Identity, content: str, *, id: str | None) -> Appended:
        """Stores a message under the room's next seq, or finds that its id has been stored already.

        Two calls, three with an id; more only where something went wrong before. After `Unavailable` the
        message may be stored or not: sent again by the same id it is there once.
        """
        number = self._take_number(who.room_id)
        bound = self._bind(who, id, number)
        if bound != number:
            self._give_back(who.room_id, number)
        for _ in range(ATTEMPTS):
            now = self._now()
            message = events.message(
                room_id=who.room_id,
                client_id=who.client_id,
                content=content,
                timestamp=clock.timestamp(now),
                seq=bound.seq,
                id=id,
            )
            item = entries.message_item(message, bound, expires_at=self._expiry(now))
            found = self._put(item)
            # The SDK tries again when an answer is lost, and then finds what it has itself written.
            if found is None or (found == item and bound == number):
                return Appended(message, anew=True)
            held = entries.entry(found).message
            if held is not None:
                if id is None or (held["client_id"], held.get("id")) != (who.client_id, id):
                    raise Unavailable  # the counter has been set back
                return Appended(held, anew=False)
            number = self._take_number(who.room_id)
            bound = self._bind(who, id, number, instead_of=bound)
        raise Unavailable

    def count(self, room_id: str) -> Count:
        """How far the room's numbers have got."""
        with dynamodb.unavailable():
            answer = self._client.get_item(
                TableName=self._table,
                Key=entries.key(room_id, entries.COUNTER),
                ProjectionExpression="last_seq, last_at, first_at",
                ConsistentRead=True,
            )
        return _count(answer.get("Item", {}))

    def read(self, room_id: str, *, low: int, high: int, newest: bool) -> tuple[list[Entry], bool]:
        """Entries with `low` <= seq <= `high` that have not expired, in order of seq: a query's worth of
        them from one end, and whether there are more towards the other. One call, and one more for each
        query's worth of oldest ones that expired and are still there.
        """
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "room_id = :room AND seq BETWEEN :low AND :high",
            "ExpressionAttributeValues": {
                ":room": {"S": room_id},
                ":low": {"N": str(low)},
                ":high": {"N": str(high)},
            },
            "ScanIndexForward": not newest,
            "Limit": QUERY_LIMIT,
            "ConsistentRead": True,
        }
        while True:
            with dynamodb.unavailable():
                answer = self._client.query(**query)
            found = [entries.entry(item) for item in answer["Items"] if self._is_kept(item)]
            cut = "LastEvaluatedKey" in answer
            if found or newest or not cut:
                return (found[::-1] if newest else found), cut and bool(found)
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def has_forgotten(self, count: Count) -> bool:
        """Whether messages of the room may have expired already: however long they were kept."""
        shortest = min(self._retention_seconds, SHORTEST_RETENTION_SECONDS)
        return self._now() - count.first_at >= shortest * 1000

    def settle(self, room_id: str, number: Number) -> Entry:
        """Decides what a number holds: what is there by now, or else a void for good."""
        void = entries.void_item(room_id, number, expires_at=self._expiry(self._now()))
        found = self._put(void)
        return entries.entry(found if found and self._is_kept(found) else void)

    def _take_number(self, room_id: str) -> Number:
        with dynamodb.unavailable():
            answer = self._client.update_item(
                TableName=self._table,
                Key=entries.key(room_id, entries.COUNTER),
                UpdateExpression="ADD last_seq :one SET last_at = :now, first_at = if_not_exists(first_at, :now)",
                ExpressionAttributeValues={":one": {"N": "1"}, ":now": {"N": str(self._now())}},
                ReturnValues="ALL_OLD",
            )
        before = _count(answer.get("Attributes", {}))
        return Number(before.last_seq + 1, taken_before=before.last_at)

    def _bind(
        self, who: Identity, id: str | None, number: Number, instead_of: Number | None = None
    ) -> Number:
        """Binds the client's id to the number, unless it is bound to one other than `instead_of`; answers
        the number it is bound to then. Without an id nothing needs binding.
        """
        if id is None:
            return number
        now = self._now()
        with dynamodb.unavailable():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=entries.claim_key(who, id),
                    UpdateExpression="SET bound_to = :number, expires_at = :expiry",
                    ConditionExpression="attribute_not_exists(bound_to) OR bound_to = :old OR expires_at <= :now",
                    ExpressionAttributeValues={
                        ":number": {"N": str(number.seq)},
                        ":old": {"N": str(instead_of.seq if instead_of else entries.COUNTER)},
                        ":expiry": {"N": str(self._expiry(now))},
                        ":now": {"N": str(now // 1000)},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                seq = int(_found(error)["bound_to"]["N"])
                # Near enough: the moment only decides how soon a hole below is settled, not how.
                return Number(seq, taken_before=number.taken_before)
        return number

    def _put(self, item: "Item") -> "Item | None":
        """Puts the item where there is none yet, or else answers the one that is there."""
        with dynamodb.unavailable():
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(seq)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                return _found(error)
        return None

    def _give_back(self, room_id: str, number: Number) -> None:
        """A number that turned out not to be needed becomes a void, so that nobody waits for it."""
        with contextlib.suppress(Unavailable):  # then the first reader who misses it does this
            self.settle(room_id, number)

    def _is_kept(self, item: "Item") -> bool:
        """Whether it has not expired: the TTL may be days late."""
        return int(item["expires_at"]["N"]) > self._now() // 1000

    def _expiry(self, now: int) -> int:
        return now // 1000 + self._retention_seconds


def _count(attributes: "Mapping[str, Any]") -> Count:
    return Count(**{name: int(value["N"]) for name, value in attributes.items() if name in _COUNTED})


def _found(error: Any) -> "Item":
    """The item that did not meet the condition of a call."""
    item: Item | None = error.response.get("Item")
    if item is None:  # a back end that does not tell, or an error that was made up
        raise Unavailable from error
    return item
