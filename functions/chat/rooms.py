"""Telling a room: the one way in which events reach connections, and the dead ones are found."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_lambda_powertools import Logger

from chat import events
from chat.connections import Connections, TimeLeft
from chat.errors import Unavailable
from chat.events import Event
from chat.memberships import Member, Memberships

logger = Logger()


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of a deployment: who is in them, and how to reach these."""

    memberships: Memberships
    connections: Connections

    @classmethod
    def from_environment(cls) -> "Rooms":
        return cls(Memberships.from_environment(), Connections.from_environment())

    def tell(self, room_id: str, members: Sequence[Member], *told: Event, time_left: TimeLeft) -> None:
        """Posts the events, in order, to those members of the room, and evicts the gone.

        Never raises for one of them.
        """
        outcome = self.connections.post_to_all(
            members, *(events.encode(event) for event in told), time_left=time_left
        )
        if outcome.failed:
            logger.warning("not everyone was reached", delivered=outcome.delivered, failed=outcome.failed)
        if outcome.gone:
            logger.info("evicting the gone", gone=outcome.gone)
        for connection_id in outcome.gone:
            try:
                self.memberships.leave(room_id, connection_id)
            except Unavailable:
                # What was to be told has been told. The next event finds the same connections gone.
                logger.exception("not evicted", gone=connection_id)
                break
