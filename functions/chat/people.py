"""Which connections make one person, kept beside the memberships: two tabs are one person, and so is one who
reconnects before the old connection is known to be gone. Only `announce` writes here, in the order of the stream;
but a connection's seat (see `seats`), which it gives up here, it took before.
"""

import os
from typing import TYPE_CHECKING, Any

from chat import clock, dynamodb
from chat.clock import Clock
from chat.identity import Identity
from chat.places import PERSON

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A person's item is renewed by every arrival and departure. It has to outlive every connection in it, and the
# gateway cuts a connection after 2 hours (contract L09); the rest is patience with a stream that is late.
PERSON_SECONDS = 24 * 3600
# The item is written as a whole each time, so it must not grow with a crowd under one name: whoever waited for it would
# be in other rooms, too. It is more than `ConnectionsPerClient` allows.
MOST_COUNTED = 128


class People:
    """What `announce` asks of the Memberships table. One call a method; each raises `Unavailable`.

    A person who has had `MOST_COUNTED` connections at once is there, whoever comes or goes, until the item expires.
    """

    def __init__(self, client: "DynamoDBClient", *, table: str, now: Clock = clock.now) -> None:
        self._client = client
        self._table = table
        self._now = now

    @classmethod
    def from_environment(cls) -> "People":
        return cls(dynamodb.client(), table=os.environ["MEMBERSHIPS_TABLE"])

    def arrive(self, who: Identity, connection_id: str) -> frozenset[str]:
        """Counts the connection to the person, once however often it is told; answers all of them."""
        return self._update("ADD connections :connection", who, connection_id)

    def depart(self, who: Identity, connection_id: str) -> frozenset[str]:
        """Counts the connection off the person; answers the connections that remain.

        A person without connections stays behind as an empty item until the TTL takes it. It means the same
        as no item, so nothing has to be deleted, and no deletion can race with the next arrival.
        """
        return self._update("DELETE connections :connection, seats :connection", who, connection_id)

    def _update(self, change: str, who: Identity, connection_id: str) -> frozenset[str]:
        with dynamodb.unavailable():
            try:
                answer = self._client.update_item(
                    TableName=self._table,
                    Key={"room_id": {"S": who.room_id}, "place": {"S": PERSON + who.client_id}},
                    UpdateExpression=f"{change} SET expires_at = :expiry",
                    ConditionExpression="attribute_not_exists(connections) OR size(connections) < :most",
                    ExpressionAttributeValues={
                        ":connection": {"SS": [connection_id]},
                        ":expiry": {"N": str(self._now() // 1000 + PERSON_SECONDS)},
                        ":most": {"N": str(MOST_COUNTED)},
                    },
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                found: Any = error.response
                return frozenset(found["Item"]["connections"]["SS"])
        return frozenset(answer["Attributes"].get("connections", {}).get("SS", ()))
