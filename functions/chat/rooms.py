"""Telling a room: the one way in which events reach connections, and those that are no more are found."""

import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aws_lambda_powertools import Logger

from chat import events, places, slices
from chat.connections import PAUSES, Connections, Parcel, TimeLeft
from chat.errors import Unavailable
from chat.events import Event
from chat.memberships import Member, Memberships, Roll
from chat.places import Span
from chat.settings import whole
from chat.slice_queue import SliceQueue
from chat.slices import Slice

logger = Logger()

# How many members the function that has something to tell tells itself; where there are more, many functions do
# it. Found by measuring (docs/performance.md).
DEFAULT_LARGE = 1000


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of a deployment: who is in them, and how to reach these. A room of more than `large` members is
    told in slices.
    """

    memberships: Memberships
    connections: Connections
    queue: SliceQueue
    large: int = DEFAULT_LARGE

    @classmethod
    def from_environment(cls, *, pauses: Sequence[float] = PAUSES) -> "Rooms":
        return cls(
            Memberships.from_environment(),
            Connections.from_environment(pauses=pauses),
            SliceQueue.from_environment(),
            large=whole(os.environ.get("LARGE_ROOM", DEFAULT_LARGE)),
        )

    @property
    def slice_size(self) -> int:
        """How many members a slice has at most, as far as can be told: half of what one function tells at once,
        since it has to be safe to guess.
        """
        return self.large // 2

    def roll(
        self, room_id: str, *, span: Span = places.WHOLE, limit: int | None = None, names: bool = False
    ) -> Roll:
        """Who is in the room. Whoever asks ends the memberships whose lease has run out, so that the stream
        tells of them, and nobody waits for the TTL.
        """
        roll = self.memberships.roll(room_id, span=span, limit=limit, names=names)
        _note(room_id, lambda: self.memberships.end(room_id, roll.ended))
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
            logger.warning(
                "not everyone was reached", room=room_id, delivered=outcome.delivered, failed=outcome.failed
            )
        if outcome.gone:
            logger.info("evicting the gone", room=room_id, gone=outcome.gone)
        _note(room_id, lambda: self.memberships.evict(room_id, outcome.gone))
        _note(room_id, lambda: self.memberships.rest(room_id, outcome.timed_out))

    def hand_over(
        self,
        room_id: str,
        span: Span,
        frames: Sequence[bytes],
        *,
        members: int,
        told: frozenset[str],
        syncing: bool = False,
    ) -> None:
        """Has others post the frames to that span of a room with about so many members, but not to the
        connections that were `told`. Where the queue cannot be reached, the span finds them by sync.
        """
        cut = places.cut(span, members=members, size=self.slice_size)
        try:
            self.queue.put(
                [
                    Slice(
                        id=str(uuid.uuid4()),
                        room_id=room_id,
                        span=each,
                        frames=tuple(frames),
                        told=slices.told_in(each, told),
                        syncing=syncing,
                    )
                    for each in cut
                ]
            )
        except Unavailable:
            logger.exception("not handed over", room=room_id, slices=len(cut))


def _note(room_id: str, note: Callable[[], None]) -> None:
    """Notes what was found on the way. Where that fails, what was to be done has been done all the same, and the
    next event finds it again.
    """
    try:
        note()
    except Unavailable:
        logger.exception("not noted", room=room_id)
