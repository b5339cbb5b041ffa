"""Telling a room: the one way in which events reach connections, and those that are no more are found."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aws_lambda_powertools import Logger

from chat import events
from chat.connections import Connections, Parcel, TimeLeft
from chat.errors import Unavailable
from chat.events import Event
from chat.memberships import Member, Memberships, Roll

logger = Logger()
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of a deployment: who is in them, and how to reach these."""

    memberships: Memberships
    connections: Connections

    @classmethod
    def from_environment(cls) -> "Rooms":
        return cls(Memberships.from_environment(), Connections.from_environment())

    def roll(self, room_id: str, *, names: bool = False) -> Roll:
        """Who is in the room. Whoever asks ends the memberships whose lease has run out, so that the stream
        tells of them, and nobody waits for the TTL.
        """
        roll = self.memberships.roll(room_id, names=names)
        _each(roll.ended, lambda ended: self.memberships.end(room_id, ended))
        return roll

    def tell(self, room_id: str, members: Sequence[Member], *told: Event, time_left: TimeLeft) -> None:
        """Posts the events, in order, to those members of the room, and evicts the gone.

        Never raises for one of them.
        """
        frames = [events.encode(event) for event in told]
        self.deliver(room_id, [Parcel(member, frames) for member in members], time_left=time_left)

    def deliver(self, room_id: str, parcels: Sequence[Parcel], *, time_left: TimeLeft) -> None:
        """As `tell`, to each member what is meant for it."""
        outcome = self.connections.deliver(parcels, time_left=time_left)
        if outcome.failed:
            logger.warning("not everyone was reached", delivered=outcome.delivered, failed=outcome.failed)
        if outcome.gone:
            logger.info("evicting the gone", gone=outcome.gone)
        _each(outcome.gone, lambda gone: self.memberships.leave(room_id, gone))
        _each(outcome.timed_out, lambda member: self.memberships.rest(room_id, member))


def _each(found: Iterable[Found], note: Callable[[Found], None]) -> None:
    """Notes what was found on the way. Where that fails, what was to be done has been done all the same, and the
    next event finds it again.
    """
    for one in found:
        try:
            note(one)
        except Unavailable:
            logger.exception("not noted", found=str(one))
            break
