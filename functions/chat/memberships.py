"""The Memberships table: which connections are in a room, and which connections make one person."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat import clock, dynamodb
from chat.clock import Clock
from chat.errors import NotAMember
from chat.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

DEFAULT_LEASE_SECONDS = 7500
# A person's item is renewed by every arrival and departure. It has to outlive every connection in it, and the
# gateway cuts a connection after 2 hours (contract L09); the rest is patience with a stream that is late.
PERSON_SECONDS = 24 * 3600

# Connection ids are base64url and `=` (contract E15). All of that sorts before this.
PERSON = "~"


@dataclass(frozen=True, slots=True)
class Member:
    """A connection in a room. `joined_at` is in epoch milliseconds, as the gateway gave it."""

    connection_id: str
    joined_at: int


class Memberships:
    """What the functions ask of the table: one call a method, one a page of `members`.

    Every method raises `Unavailable` where the table cannot do it.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table: str,
        lease_seconds: int = DEFAULT_LEASE_SECONDS,
        now: Clock = clock.now,
    ) -> None:
        self._client = client
        self._table = table
        self._lease_seconds = lease_seconds
        self._now = now

    @classmethod
    def from_environment(cls) -> "Memberships":
        return cls(
            dynamodb.client(),
            table=os.environ["MEMBERSHIPS_TABLE"],
            lease_seconds=int(os.environ.get("LEASE_SECONDS", DEFAULT_LEASE_SECONDS)),
        )

    def enter(self, who: Identity, connection_id: str, *, joined_at: int) -> None:
        with dynamodb.unavailable():
            self._client.put_item(
                TableName=self._table,
                Item={
                    **_key(who.room_id, connection_id),
                    "client_id": {"S": who.client_id},
                    "joined_at": {"N": str(joined_at)},
                    "expires_at": self._in(self._lease_seconds),
                },
            )

    def leave(self, room_id: str, connection_id: str) -> None:
        """Ends a membership, if there is one."""
        with dynamodb.unavailable():
            self._client.delete_item(TableName=self._table, Key=_key(room_id, connection_id))

    def touch(self, room_id: str, connection_id: str) -> None:
        """Proves the membership and renews its lease, in one write. Raises `NotAMember`."""
        with dynamodb.unavailable():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(room_id, connection_id),
                    UpdateExpression="SET expires_at = :lease",
                    ConditionExpression="attribute_exists(connection_id)",
                    ExpressionAttributeValues={":lease": self._in(self._lease_seconds)},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                raise NotAMember from None

    def members(self, room_id: str) -> list[Member]:
        """The connections whose lease runs, as of this moment."""
        return [_member(item) for item in self._query(room_id, "connection_id, joined_at, expires_at")]

    def members_and_names(self, room_id: str) -> tuple[list[Member], list[str]]:
        """`members`, and the client's name of each."""
        items = self._query(room_id, "connection_id, joined_at, expires_at, client_id")
        return [_member(item) for item in items], [item["client_id"]["S"] for item in items]

    def arrive(self, who: Identity, connection_id: str) -> frozenset[str]:
        """Counts the connection to the person, once however often it is told; answers all of them."""
        return self._update_person("ADD", who, connection_id)

    def depart(self, who: Identity, connection_id: str) -> frozenset[str]:
        """Counts the connection off the person; answers the connections that remain.

        A person without connections stays behind as an empty item until the TTL takes it. It means the same
        as no item, so nothing has to be deleted, and no deletion can race with the next arrival.
        """
        return self._update_person("DELETE", who, connection_id)

    def _update_person(self, verb: str, who: Identity, connection_id: str) -> frozenset[str]:
        with dynamodb.unavailable():
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(who.room_id, PERSON + who.client_id),
                UpdateExpression=f"{verb} connections :connection SET expires_at = :expiry",
                ExpressionAttributeValues={
                    ":connection": {"SS": [connection_id]},
                    ":expiry": self._in(PERSON_SECONDS),
                },
                ReturnValues="ALL_NEW",
            )
        return frozenset(answer["Attributes"].get("connections", {}).get("SS", ()))

    def _query(self, room_id: str, projection: str) -> "list[dict[str, AttributeValueTypeDef]]":
        with dynamodb.unavailable():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="room_id = :room AND connection_id < :person",
                ProjectionExpression=projection,
                ExpressionAttributeValues={
                    ":room": {"S": room_id},
                    ":person": {"S": PERSON},
                },
                ConsistentRead=True,
            )
            items = [item for page in pages for item in page["Items"]]
        now = self._now() // 1000  # the TTL may be days late
        return [item for item in items if int(item["expires_at"]["N"]) > now]

    def _in(self, seconds: int) -> "AttributeValueTypeDef":
        return {"N": str(self._now() // 1000 + seconds)}


def _member(item: "dict[str, AttributeValueTypeDef]") -> Member:
    return Member(item["connection_id"]["S"], joined_at=int(item["joined_at"]["N"]))


def _key(room_id: str, sort: str) -> "dict[str, AttributeValueTypeDef]":
    return {"room_id": {"S": room_id}, "connection_id": {"S": sort}}
