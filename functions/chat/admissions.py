"""The Admissions table: which single-use tickets are spent, and who has been put out of a room, each for a while."""

import os
from typing import TYPE_CHECKING

from chat import clock, dynamodb
from chat.clock import Clock
from chat.identity import Identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A ticket is remembered for a little longer than it is valid, as clocks differ.
SPENT_SECONDS_MORE = 300


class Admissions:
    """What admission asks of the table: one call a method; each raises `Unavailable`."""

    def __init__(self, client: "DynamoDBClient", *, table: str, now: Clock = clock.now) -> None:
        self._client = client
        self._table = table
        self._now = now

    @classmethod
    def from_environment(cls) -> "Admissions":
        return cls(dynamodb.client(), table=os.environ["ADMISSIONS_TABLE"])

    def spend(self, ticket_id: str, *, expires_at: int) -> bool:
        """Spends a ticket that is valid until then, in epoch seconds; whether it was still to be spent."""
        with dynamodb.unavailable():
            try:
                self._client.put_item(
                    TableName=self._table,
                    Item={
                        "subject": {"S": f"ticket {ticket_id}"},
                        "expires_at": {"N": str(expires_at + SPENT_SECONDS_MORE)},
                    },
                    ConditionExpression="attribute_not_exists(subject)",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def put_out(self, who: Identity, *, until: int) -> None:
        """Keeps the client out of the room until then, in epoch milliseconds. The latest word counts."""
        with dynamodb.unavailable():
            self._client.put_item(
                TableName=self._table,
                Item={
                    "subject": {"S": _out(who)},
                    "until": {"N": str(until)},
                    "expires_at": {"N": str(until // 1000 + 1)},
                },
            )

    def is_out(self, who: Identity) -> bool:
        """Whether the client is kept out of the room at this moment."""
        with dynamodb.unavailable():
            answer = self._client.get_item(
                TableName=self._table, Key={"subject": {"S": _out(who)}}, ConsistentRead=True
            )
        return (
            "Item" in answer and int(answer["Item"]["until"]["N"]) > self._now()
        )  # the TTL may be days late


def _out(who: Identity) -> str:
    return f"out {who.room_id}\n{who.client_id}"  # no name has a line break
