"""Delivering slices of large rooms, from a batch of the queue.

A slice is delivered once, or not at all where its queue gives it up; if the function dies in the middle of it,
some of its members get it twice. Slices for the same span of a room are delivered together, so a member that
takes several events in one frame gets one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from chat import slices
from chat.connections import PATIENT, Parcel, TimeLeft
from chat.delivered import Delivered
from chat.errors import Unavailable
from chat.places import Span
from chat.rooms import Rooms
from chat.slices import Slice

logger = Logger()

# A slice is not begun with less time than this: it would be cut off in the middle, and told twice.
SECONDS_FOR_ONE = 8.0


@dataclass(frozen=True, slots=True)
class _Message:
    """A message of the queue, and the slice that it holds."""

    id: str
    slice: Slice


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The deliverer of one deployment."""

    rooms: Rooms
    delivered: Delivered

    @classmethod
    def from_environment(cls) -> "Deliveries":
        return cls(Rooms.from_environment(pauses=PATIENT), Delivered.from_environment())

    def deliver(self, records: Iterable[SQSRecord], *, time_left: TimeLeft) -> list[str]:
        """Delivers the slices; answers the ids of the messages that the queue has to give again."""
        failed: list[str] = []
        spans: dict[tuple[str, Span], list[_Message]] = {}
        for record in sorted(records, key=lambda each: int(each.attributes.sent_timestamp)):
            try:
                each = Slice.decode(record.body)
            except slices.MALFORMED:
                logger.exception("not a slice", message_id=record.message_id)
                failed.append(record.message_id)
                continue
            spans.setdefault((each.room_id, each.span), []).append(_Message(record.message_id, each))
        for (room_id, span), messages in spans.items():
            try:
                self._deliver(room_id, span, [message.slice for message in messages], time_left)
            except Unavailable:
                logger.exception("to be given again", room=room_id, slices=len(messages))
                failed += [message.id for message in messages]
        return failed

    def _deliver(self, room_id: str, span: Span, found: Sequence[Slice], time_left: TimeLeft) -> None:
        if time_left() < SECONDS_FOR_ONE:
            raise Unavailable
        once = {each.id: each for each in found}.values()
        due = [each for each in once if not self.delivered.has(each)]
        if not due:
            return
        roll = self.rooms.roll(room_id, span=span, limit=self.rooms.large)
        if roll.rest:
            # It was cut by a guess that was far off. The rest is a slice of its own, under an id that is the same
            # each time: if we die, and come here again, it is the same slice.
            self.rooms.queue.put([replace(each, id=f"{each.id}+", span=roll.rest) for each in due])
        parcels = []
        for member in roll.members:
            frames = [frame for each in due if each.is_for(member) for frame in each.frames]
            if frames:
                parcels.append(Parcel(member, frames))
        self.rooms.deliver(room_id, parcels, time_left=time_left)
        for each in due:
            try:
                self.delivered.note(each)
            except Unavailable:
                # It has been delivered. Only if the queue gives it again by itself will it be told twice.
                logger.exception("not noted", room=room_id, slice=each.id)
