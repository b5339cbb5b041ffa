"""What a member's frame does: a message is stored and told to the room, a question is answered."""

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from chat import clock, events, frames
from chat.clock import Clock
from chat.connections import TimeLeft
from chat.errors import Code, ParleyError, Unavailable
from chat.events import Event
from chat.frames import Frame, Ping, Publish, Sync
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import Member
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
            self._reply(events.error(refusal, at=self.now()), who, sender, time_left)

    def _answer(self, frame: Frame, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        self.rooms.memberships.touch(
            who.room_id,
            sender.connection_id,
            takes_token=isinstance(frame, Publish | Sync),
            syncs=isinstance(frame, Sync),
        )
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
                at = self.now()
                names = self.rooms.roll(who.room_id, names=True).names
                self._reply(events.present(names, at=at, id=frame.id), who, sender, time_left)

    def _publish(self, frame: Publish, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        appended = self.log.append(who, frame.content, id=frame.id)
        audience = self._audience(who, sender)
        if not appended.anew:
            # Whoever handled it first may have died before telling anybody. So it is told again, to those who
            # know by its seq whether they have it.
            audience = [member for member in audience if member.syncs or member == sender]
        self.rooms.tell(who.room_id, audience, appended.message, time_left=time_left)

    def _audience(self, who: Identity, sender: Member) -> list[Member]:
        """The room's members; the sender among them, even if its membership is just ending."""
        try:
            members = self.rooms.roll(who.room_id).members
        except Unavailable:
            # The message is stored, so an error would have its sender send it twice. The sender gets the
            # copy that says so, and the others find it by sync.
            logger.exception("stored, but told to its sender only")
            members = []
        others = [member for member in members if member.connection_id != sender.connection_id]
        return [sender, *others]

    def _reply(self, event: Event, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        self.rooms.tell(who.room_id, [sender], event, time_left=time_left)
