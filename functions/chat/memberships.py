"""The Memberships table: which connections are in a room, until when, and how they fare."""

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chat import clock, dynamodb, places
from chat.bucket import Bucket, Taking
from chat.clock import Clock
from chat.errors import NotAMember, RateLimited
from chat.identity import Identity
from chat.places import Span
from chat.settings import whole

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, QueryInputTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

DEFAULT_LEASE_SECONDS = 7500
# A poller is heard from every half minute at the latest, and nothing else tells that it is gone.
POLL_LEASE_SECONDS = 60
# As the gateway does to a connection (contract L09): who was let in has to be let in anew some time.
POLL_LONGEST_MS = 2 * 3600 * 1000

# How long a member is left alone whose post timed out. It doubles, up to four minutes.
REST_MS = 2_000
REST_DOUBLINGS = 7

_WANTED = "place, joined_at, expires_at, batches, syncs, time_outs, rests_until, polls"
# What a batch of writes takes.
_BATCH = 25


@dataclass(frozen=True, slots=True)
class Member:
    """A connection in a room. `joined_at` is in epoch milliseconds, as the gateway gave it. `batches`: its
    client takes several events in one frame. `heard`: it has sent something, so it is open. `syncs`: its client
    has asked for the log, so it knows messages by their seq, and is not misled by one that comes twice.
    `time_outs`: so many posts to it timed out since it was last heard from; until `rests_until`, in epoch
    milliseconds, nobody is to wait for another one. `polls`: it comes and asks, so nothing is posted to it.
    """

    connection_id: str
    joined_at: int
    batches: bool = False
    heard: bool = False
    syncs: bool = False
    time_outs: int = 0
    rests_until: int = 0
    polls: bool = False


@dataclass(slots=True)
class Roll:
    """Who is in a room, or in a part of it: its members, the client's name of each if it was asked for, the
    connections whose lease has run out, which are members no more, and what has not been read of it.
    """

    members: list[Member] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    rest: Span | None = None


class Memberships:
    """What the functions ask of the table: one call a method unless it says otherwise.

    Every method raises `Unavailable` where the table cannot do it.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table: str,
        lease_seconds: int = DEFAULT_LEASE_SECONDS,
        bucket: Bucket | None = None,
        now: Clock = clock.now,
    ) -> None:
        self._client = client
        self._unmet = client.exceptions.ConditionalCheckFailedException
        self._table = table
        self._lease_seconds = lease_seconds
        self._bucket = bucket
        self._now = now

    @classmethod
    def from_environment(cls) -> "Memberships":
        return cls(
            dynamodb.client(),
            table=os.environ["MEMBERSHIPS_TABLE"],
            lease_seconds=whole(os.environ.get("LEASE_SECONDS", DEFAULT_LEASE_SECONDS)),
            bucket=Bucket.from_environment(),
        )

    def enter(
        self, who: Identity, connection_id: str, *, joined_at: int, batches: bool = False, polls: bool = False
    ) -> None:
        item = {
            **_key(who.room_id, connection_id),
            "client_id": {"S": who.client_id},
            "joined_at": {"N": str(joined_at)},
            "expires_at": self._in(POLL_LEASE_SECONDS if polls else self._lease_seconds),
        }
        if batches:
            item["batches"] = {"BOOL": True}
        if polls:
            item["polls"] = {"BOOL": True}
        with dynamodb.unavailable():
            self._client.put_item(TableName=self._table, Item=item)

    def holds(self, room_id: str, connection_ids: Sequence[str]) -> frozenset[str]:
        """Which of these connections have a membership, of at most 100. What DynamoDB leaves unread counts as
        one.
        """
        keys = [_key(room_id, each) for each in connection_ids]
        with dynamodb.unavailable():
            answer = self._client.batch_get_item(
                RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
            )
        items = answer["Responses"].get(self._table, [])
        rest = answer.get("UnprocessedKeys") or {}
        unread: Any = rest[self._table]["Keys"] if self._table in rest else []
        found = [item["place"]["S"] for item in items if int(item["expires_at"]["N"]) > self._now() // 1000]
        return frozenset(map(places.connection_at, [*found, *(key["place"]["S"] for key in unread)]))

    def leave(self, room_id: str, connection_id: str) -> None:
        """Ends a membership, if there is one."""
        with dynamodb.unavailable():
            self._client.delete_item(TableName=self._table, Key=_key(room_id, connection_id))

    def evict(self, room_id: str, connection_ids: Sequence[str]) -> None:
        """Ends the memberships of connections that are gone; one call for 25 of them. Those that DynamoDB
        leaves undone are found again by the next event.
        """
        for start in range(0, len(connection_ids), _BATCH):
            keys = [_key(room_id, each) for each in connection_ids[start : start + _BATCH]]
            with dynamodb.unavailable():
                self._client.batch_write_item(
                    RequestItems={self._table: [{"DeleteRequest": {"Key": key}} for key in keys]}
                )

    def end(self, room_id: str, connection_ids: Sequence[str]) -> None:
        """Ends memberships whose lease has run out, unless it was renewed meanwhile. One call for each."""
        for connection_id in connection_ids:
            with dynamodb.unavailable(), contextlib.suppress(self._unmet):
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(room_id, connection_id),
                    ConditionExpression="expires_at <= :now",
                    ExpressionAttributeValues={":now": self._in(0)},
                )

    def touch(
        self,
        room_id: str,
        connection_id: str,
        *,
        takes_token: bool = False,
        syncs: bool = False,
        polls: bool = False,
        waits: bool = False,
    ) -> int:
        """Proves the membership, renews its lease and, if asked to, takes a token of the connection's bucket,
        in one write; in a second one where the bucket is not full. Raises `NotAMember` or `RateLimited`. A lease
        that has run out is not renewed for a member that polls. Answers the number of this request among those
        of the member that wait, if it is one.
        """
        bucket = self._bucket if takes_token else None
        found: Any = None
        for taking in bucket.takings(self._now()) if bucket else [Taking()]:
            met, found = self._renew(
                _key(room_id, connection_id), taking, syncs=syncs, polls=polls, waits=waits
            )
            if met:
                return int(found["waits"]["N"]) if waits else 0
        if polls and self._is_over(found):
            raise NotAMember
        assert bucket  # without one, only a membership that is missing or over fails the write
        raise RateLimited(bucket.retry_after_ms(int(found["full_at"]["N"]), now=self._now()))

    def rest(self, room_id: str, members: Sequence[Member]) -> None:
        """Another post to each of the members has timed out: it rests, longer each time, until it is heard
        from. It loses nothing: what it was not posted, it finds missing and asks for. One call for each.
        """
        for member in members:
            rests_until = self._now() + (REST_MS << min(member.time_outs, REST_DOUBLINGS))
            with dynamodb.unavailable(), contextlib.suppress(self._unmet):
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(room_id, member.connection_id),
                    UpdateExpression="SET rests_until = :until ADD time_outs :one",
                    ConditionExpression="attribute_exists(place)",
                    ExpressionAttributeValues={":until": {"N": str(rests_until)}, ":one": {"N": "1"}},
                )

    def roll(
        self, room_id: str, *, span: Span = places.WHOLE, limit: int | None = None, names: bool = False
    ) -> Roll:
        """Who is in that span of the room at this moment. One call for each megabyte of them; with a `limit`
        one call, which reads so many at most.
        """
        query: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "room_id = :room AND place BETWEEN :low AND :high",
            "ProjectionExpression": _WANTED + (", client_id" if names else ""),
            "ExpressionAttributeValues": {
                ":room": {"S": room_id},
                ":low": {"S": span.low},
                ":high": {"S": span.high},
            },
            "ConsistentRead": True,
        }
        if limit:
            query["Limit"] = limit
        roll = Roll()
        while True:
            with dynamodb.unavailable():
                answer = self._client.query(**query)
            for item in answer["Items"]:
                self._enrol(item, roll, names=names)
            if "LastEvaluatedKey" not in answer:
                return roll
            if limit:
                roll.rest = places.after(answer["LastEvaluatedKey"]["place"]["S"], span)
                return roll
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _enrol(self, item: "Item", roll: Roll, *, names: bool) -> None:
        if "joined_at" not in item or "expires_at" not in item:
            return  # not written by us
        if int(item["expires_at"]["N"]) <= self._now() // 1000:  # the TTL may be days late
            roll.ended.append(places.connection_at(item["place"]["S"]))
            return
        roll.members.append(_member(item))
        if names:
            roll.names.append(item["client_id"]["S"])

    def _renew(
        self, key: "Item", taking: Taking, *, syncs: bool, polls: bool, waits: bool
    ) -> tuple[bool, Any]:
        """Whether the item met the condition, so that the write was made; and what it has changed in it, or else the
        item.
        """
        # Once true it stays so; that it is there at all says that the connection has been heard from.
        synced = ":syncs" if syncs else "if_not_exists(syncs, :syncs)"
        lease = POLL_LEASE_SECONDS if polls else self._lease_seconds
        values: dict[str, AttributeValueTypeDef] = {":lease": self._in(lease), ":syncs": {"BOOL": syncs}}
        condition, added = "attribute_exists(place)" + taking.condition, ""
        if waits:
            added = " ADD waits :one"
            values[":one"] = {"N": "1"}
        if polls:  # how long its key is good
            condition += " AND joined_at > :oldest AND expires_at > :second"
            values |= {":oldest": {"N": str(self._now() - POLL_LONGEST_MS)}, ":second": self._in(0)}
        with dynamodb.unavailable():
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key=key,
                    UpdateExpression=f"SET expires_at = :lease, syncs = {synced}{taking.change} "
                    f"REMOVE rests_until, time_outs{added}",
                    ConditionExpression=condition,
                    ExpressionAttributeValues={**values, **taking.values},
                    ReturnValues="UPDATED_NEW" if waits else "NONE",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._unmet as error:
                found = error.response.get("Item")
                if not found:
                    raise NotAMember from None
                return False, found
        return True, answer.get("Attributes")

    def _is_over(self, item: "Item") -> bool:
        """Whether a member that polls has been silent, or there, for too long."""
        joined_at, expires_at = (int(item[name]["N"]) for name in ("joined_at", "expires_at"))
        return joined_at <= self._now() - POLL_LONGEST_MS or expires_at <= self._now() // 1000

    def _in(self, seconds: int) -> "AttributeValueTypeDef":
        return {"N": str(self._now() // 1000 + seconds)}


def _member(item: "Item") -> Member:
    return Member(
        places.connection_at(item["place"]["S"]),
        int(item["joined_at"]["N"]),
        batches="batches" in item,
        heard="syncs" in item,
        syncs="syncs" in item and item["syncs"]["BOOL"],
        time_outs=int(item["time_outs"]["N"]) if "time_outs" in item else 0,
        rests_until=int(item["rests_until"]["N"]) if "rests_until" in item else 0,
        polls="polls" in item,
    )


def _key(room_id: str, connection_id: str) -> "dict[str, AttributeValueTypeDef]":
    return {"room_id": {"S": room_id}, "place": {"S": places.of(connection_id)}}
