"""How many connections a client may have in a room, and a room in all: looked at before a membership is written.

A client's seats are a set beside its person's item, taken in one conditional write, so that a flood cannot slip
through. `announce` gives a seat up when the membership ends. A handshake that fails in between leaves a seat that
nobody sits on; when the client has none left, its seats are compared with the memberships.
"""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat import clock, dynamodb, places
from chat.clock import Clock
from chat.identity import Identity
from chat.memberships import Memberships
from chat.people import PERSON_SECONDS
from chat.refusals import Reason, Refused
from chat.settings import whole

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A seat is taken before the membership is there. So nobody's is taken away while a handshake may be on its way.
SETTLED_SECONDS = 30
# So many members of a room are counted; of one with more this is as good as a sample gets.
_SAMPLE = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """0 is no limit. A room's is about that many: those who come at the same moment do not see each other, and
    above 1,000 it goes by a sample, to within a few per cent.
    """

    per_client: int = 0
    per_room: int = 0

    @classmethod
    def from_environment(cls) -> "Limits":
        return cls(
            per_client=whole(os.environ.get("CONNECTIONS_PER_CLIENT", "0")),
            per_room=whole(os.environ.get("CONNECTIONS_PER_ROOM", "0")),
        )


class Seats:
    """The places that there are for connections. `Unavailable` where the table fails."""

    def __init__(
        self,
        client: "DynamoDBClient",
        memberships: Memberships,
        *,
        table: str,
        limits: Limits,
        now: Clock = clock.now,
    ) -> None:
        self._client = client
        self._memberships = memberships
        self._table = table
        self._limits = limits
        self._now = now

    @classmethod
    def from_environment(cls, memberships: Memberships) -> "Seats":
        return cls(
            dynamodb.client(),
            memberships,
            table=os.environ["MEMBERSHIPS_TABLE"],
            limits=Limits.from_environment(),
        )

    def take(self, who: Identity, connection_id: str) -> None:
        """A place for the connection, or `Refused`. No call where there are no limits, one for each limit, one more
        for a room in which leases have run out, and three more for a client whose seats are all taken.
        """
        if self._limits.per_room and self._in_room(who.room_id) >= self._limits.per_room:
            raise Refused(Reason.ROOM_FULL)
        if not self._limits.per_client:
            return
        found = self._sit_down(who, connection_id)
        if found and (not self._clear(who, found) or self._sit_down(who, connection_id)):
            raise Refused(Reason.CLIENT_CONNECTIONS)

    def _in_room(self, room_id: str) -> int:
        limit = min(self._limits.per_room, _SAMPLE)
        roll = self._memberships.roll(room_id, limit=limit)
        members, rest = len(roll.members), roll.rest
        if rest and members < limit < _SAMPLE:
            # Others, whose lease has run out, were read in the place of members.
            roll = self._memberships.roll(room_id, span=rest, limit=_SAMPLE - limit)
            members, rest = members + len(roll.members), roll.rest
        return places.estimate(members, rest) if rest else members

    def _sit_down(self, who: Identity, connection_id: str) -> Any:
        """None where there was a seat, or else the person's item."""
        with dynamodb.unavailable():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(who),
                    UpdateExpression="ADD seats :connection SET expires_at = :expiry, seated_at = :now",
                    ConditionExpression="attribute_not_exists(seats) OR size(seats) < :most",
                    ExpressionAttributeValues={
                        ":connection": {"SS": [connection_id]},
                        ":expiry": {"N": str(self._seconds + PERSON_SECONDS)},
                        ":now": {"N": str(self._seconds)},
                        ":most": {"N": str(self._limits.per_client)},
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                found: Any = error.response
                return found["Item"]
        return None

    def _clear(self, who: Identity, found: Any) -> bool:
        """Gives up the seats that no membership sits on; whether there were any."""
        if self._seconds - int(found["seated_at"]["N"]) < SETTLED_SECONDS:
            return False
        seats = frozenset(found["seats"]["SS"])
        empty = seats - self._memberships.holds(who.room_id, sorted(seats))
        if empty:
            with dynamodb.unavailable():
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(who),
                    UpdateExpression="DELETE seats :empty",
                    ExpressionAttributeValues={":empty": {"SS": sorted(empty)}},
                )
        return bool(empty)

    @property
    def _seconds(self) -> int:
        return self._now() // 1000


def _key(who: Identity) -> dict[str, Any]:
    return {"room_id": {"S": who.room_id}, "place": {"S": places.PERSON + who.client_id}}
