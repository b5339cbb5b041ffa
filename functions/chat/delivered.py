"""Which slices have been delivered, kept beside the memberships: a queue may hand out a message more than once."""

import os
from typing import TYPE_CHECKING

from chat import clock, dynamodb
from chat.clock import Clock
from chat.slices import Slice

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

# Ahead of a slice's id in the sort key. It sorts before the places of all members.
_SLICE = "!"
# The queue keeps nothing for as long as that.
_SECONDS = 3600


class Delivered:
    """What `deliver` asks of the Memberships table. One call a method; each raises `Unavailable`."""

    def __init__(self, client: "DynamoDBClient", *, table: str, now: Clock = clock.now) -> None:
        self._client = client
        self._table = table
        self._now = now

    @classmethod
    def from_environment(cls) -> "Delivered":
        return cls(dynamodb.client(), table=os.environ["MEMBERSHIPS_TABLE"])

    def has(self, each: Slice) -> bool:
        with dynamodb.unavailable():
            answer = self._client.get_item(TableName=self._table, Key=_key(each), ConsistentRead=True)
        return "Item" in answer

    def note(self, each: Slice) -> None:
        expiry: AttributeValueTypeDef = {"N": str(self._now() // 1000 + _SECONDS)}
        with dynamodb.unavailable():
            self._client.put_item(TableName=self._table, Item={**_key(each), "expires_at": expiry})


def _key(each: Slice) -> "dict[str, AttributeValueTypeDef]":
    return {"room_id": {"S": each.room_id}, "place": {"S": _SLICE + each.id}}
