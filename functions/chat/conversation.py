"""What a member's frame does: a message is stored and told to the room, a ping or sync is answered."""

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from chat import clock, events, frames
from chat.clock import Clock
from chat.connections import TimeLeft
from chat.errors import Code, ParleyError, Unavailable
from chat.events import Event
from chat.frames import Frame, Ping, Publish
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import Member
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
            if refusal.id is None and isinstance(frame, Publish):
                refusal.id = frame.id
            log = logger.exception if refusal.code is Code.UNAVAILABLE else logger.info
            log("refused a frame", code=refusal.code.value)
            self._reply(events.error(refusal, at=self.now()), who, sender, time_left)

    def _answer(self, frame: Frame, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        self.rooms.memberships.touch(who.room_id, sender.connection_id)
        if isinstance(frame, Publish):
            message = self.log.append(who, frame.content, id=frame.id)
            self.rooms.tell(who.room_id, self._audience(who, sender), message, time_left=time_left)
        elif isinstance(frame, Ping):
            last_seq = self.log.last_seq(who.room_id)
            self._reply(events.pong(last_seq, at=self.now()), who, sender, time_left)
        else:
            self._reply(self.log.page(who.room_id, after=frame.after), who, sender, time_left)

    def _audience(self, who: Identity, sender: Member) -> list[Member]:
        try:
            return self.rooms.memberships.members(who.room_id)
        except Unavailable:
            # The message is stored, so an error would have its sender send it twice. The sender gets the
            # copy that says so, and the others find it by sync.
            logger.exception("stored, but told to its sender only")
            return [sender]

    def _reply(self, event: Event, who: Identity, sender: Member, time_left: TimeLeft) -> None:
        self.rooms.tell(who.room_id, [sender], event, time_left=time_left)
