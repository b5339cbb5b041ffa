"""What a member's frame does: a message is stored and told to the room, a question is answered."""

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from chat import clock, events, frames, metrics, places
from chat.clock import Clock
from chat.connections import TimeLeft
from chat.errors import Code, ParleyError, Unavailable
from chat.events import Event
from chat.frames import Frame, Ping, Presence, Publish, Sync
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import Member, Roll
from chat.metrics import Count
from chat.pages import Pages
from chat.rooms import Rooms

logger = Logger()


@dataclass(frozen=True, slots=True)
class Conversation:
    """One deployment's conversation, over its rooms and their log."""

    rooms: Rooms
    log: RoomLog
    now: Clock = clock.now

    @classmethod
    def from_environment(cls) -> "Conversation":
        return cls(Rooms.from_environment(), RoomLog.from_environment())

    def hear(self, text: str, who: Identity, sender: Member, *, time_left: TimeLeft) -> None:
        """Does what the frame asks, or tells the sender why not."""
        frame: Frame | None = None
        try:
            frame = frames.parse(text)
            if frame is not None:
                self._answer(frame, who, sender, time_left)
        except ParleyError as refusal:
            if refusal.id is None and frame is not None:
                refusal.id = frame.id
            log = logger.exception if refusal.code is Code.UNAVAILABLE else logger.info
            log("refused a frame", code=refusal.code.value)
            metrics.refused(refusal.code)
            self._reply(events.error(refusal, at=self.now()), who, sender, time_left)

    def publish(self, frame: Publish, who: Identity, sender: Member, *, time_left: TimeLeft) -> Event:
        """Stores a message and tells the room; answers it as it is stored, for a sender that polls."""
        try:
            self._touch(frame, who, sender)
            return self._publish(frame, who, sender, time_left)
        except ParleyError as refusal:
            refusal.id = frame.id
            raise

    def present(self, who: Identity, asker: Member) -> Event:
        """Who is in the room, for an asker that polls."""
        self._touch(Presence(), who, asker)
        return self._present(who, id=None)

    def _touch(self, frame: Frame, who: Identity, sender: Member) -> None:
        self.rooms.memberships.touch(
            who.room_id,
            sender.connection_id,
            takes_token=not isinstance(frame, Ping),
            syncs=isinstance(frame, Sync),
            polls=sender.polls,
        )

    def _answer(self, frame: Frame, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        self._touch(frame, who, sender)
        match frame:
            case Publish():
                self._publish(frame, who, sender, time_left)
            case Sync():
                page = Pages(self.log, who.room_id, self.now()).page(frame)
                self._reply(page, who, sender, time_left)
            case Ping():
                last_seq = self.log.count(who.room_id).last_seq
                self._reply(events.pong(last_seq, at=self.now(), id=frame.id), who, sender, time_left)
            case _:  # frames.Presence
                self._reply(self._present(who, id=frame.id), who, sender, time_left)

    def _present(self, who: Identity, *, id: str | None) -> Event:
        at = self.now()
        return events.present(self.rooms.roll(who.room_id, names=True).names, at=at, id=id)

    def _publish(self, frame: Publish, who: Identity, sender: Member, time_left: TimeLeft) -> Event:
        appended = self.log.append(who, frame.content, id=frame.id)
        # Whoever handled a repeated message first may have died before telling anybody. So it is told again, to
        # those who know by its seq whether they have it.
        again = not appended.anew
        metrics.count(Count.MESSAGES, appended.anew)
        roll = self._roll(who)
        if roll.rest:
            self.rooms.hand_over(
                who.room_id,
                roll.rest,
                [events.encode(appended.message)],
                members=places.estimate(len(roll.members), roll.rest),
                told=frozenset([sender.connection_id]),
                syncing=again,
            )
        others = [
            member
            for member in roll.members
            if member.connection_id != sender.connection_id and (member.syncs or not again)
        ]
        # The sender is told even if its membership is just ending.
        self.rooms.tell(who.room_id, [sender, *others], appended.message, time_left=time_left)
        return appended.message

    def _roll(self, who: Identity) -> Roll:
        """Who is to be told by us, and in a large room the rest, which is told by others."""
        try:
            return self.rooms.roll(who.room_id, limit=self.rooms.large)
        except Unavailable:
            # The message is stored, so an error would have its sender send it twice. The sender gets the
            # copy that says so, and the others find it by sync.
            logger.exception("stored, but told to its sender only")
            return Roll()

    def _reply(self, event: Event, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        self.rooms.tell(who.room_id, [sender], event, time_left=time_left)
