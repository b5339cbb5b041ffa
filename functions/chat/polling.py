"""What a member that polls is told when it asks: at once, or as soon as there is something, while its request waits."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chat import clock, events, frames
from chat.clock import Clock
from chat.connections import TimeLeft
from chat.errors import Code, FrameRefused, NotAMember
from chat.events import Event
from chat.frames import Sync
from chat.log import RoomLog
from chat.memberships import Memberships
from chat.pages import Pages
from chat.pulse import Beat, Pulse
from chat.sessions import Session
from chat.settings import whole

LONGEST_WAIT = 25
"""Seconds. The gateway gives up on a function after 30."""

# Between two looks: what a message is late on average is half of it.
PAUSE = 0.3
# To read the page, and to answer.
LAST_SECONDS = 2.0
_DIGITS = 15  # every reader of JSON holds a number of so many


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: a page of the log as `sync` does, and what was announced after the notice `noticed`, or only
    who is there where that is None. `wait` in seconds, for something after `after`.
    """

    page: Sync
    noticed: int | None = None
    wait: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Ask":
        """From a query's names and values. `FrameRefused` where these are not what they have to be."""
        id = query.get("id")
        if id is not None and not 0 < len(id) <= frames.MAX_ID:
            raise FrameRefused(Code.ID_INVALID)
        after, before, noticed, wait = (
            _number(query, name, id=id) for name in ("after", "before", "noticed", "wait")
        )
        if before == 0 or (before is not None and after is not None) or (wait or 0) > LONGEST_WAIT:
            raise FrameRefused(Code.SYNC_INVALID, id=id)
        # To wait means to wait for what comes after something, and a page that is asked for by an id comes at once.
        waits = after is not None and id is None
        return cls(Sync(after, before, id), noticed, wait or 0 if waits else 0)


@dataclass(frozen=True, slots=True)
class Polling:
    """Answers requests for events. `longest` in seconds, what a request may wait at most."""

    memberships: Memberships
    log: RoomLog
    pulse: Pulse
    longest: int = LONGEST_WAIT
    now: Clock = clock.now
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def from_environment(cls) -> "Polling":
        return cls(
            Memberships.from_environment(),
            RoomLog.from_environment(),
            Pulse.from_environment(),
            longest=whole(os.environ.get("POLL_WAIT_SECONDS", LONGEST_WAIT)),
        )

    def events(self, ask: Ask, session: Session, *, time_left: TimeLeft) -> tuple[list[Event], int]:
        """The events, and the number of the latest notice among them. `NotAMember`, `RateLimited`, `Unavailable`.

        A request that waits ends when another one of the same member begins to, with nothing; and when the membership
        does.
        """
        room_id, connection_id = session.who.room_id, session.connection_id
        seconds = min(ask.wait, self.longest)
        until = self.now() + seconds * 1000
        number = self.memberships.touch(
            room_id, connection_id, takes_token=True, syncs=True, polls=True, waits=seconds > 0
        )
        beat = self.pulse.beat(room_id, connection_id)
        while not (told := [*self._announced(ask, room_id, beat), *self._page(ask, room_id, beat)]):
            if self.now() >= until or time_left() < LAST_SECONDS:
                break
            self.sleep(PAUSE)
            beat = self.pulse.beat(room_id, connection_id)
            if beat.waits is None and not self.memberships.holds(room_id, [connection_id]):
                raise NotAMember
            if (beat.waits or 0) > number:
                return [], ask.noticed or 0
        return told, max(beat.notices.number, ask.noticed or 0)

    def _announced(self, ask: Ask, room_id: str, beat: Beat) -> list[Event]:
        if ask.noticed is not None and beat.notices.number <= ask.noticed:
            return []
        lines = [] if ask.noticed is None else beat.notices.since(ask.noticed)
        at = self.now()
        return [*lines, events.present(self.memberships.roll(room_id, names=True).names, at=at)]

    def _page(self, ask: Ask, room_id: str, beat: Beat) -> list[Event]:
        """The page that is asked for. Without an id it is left out where it does not get further than `after`: what is
        beyond a number that may still come could not be shown yet, and would be asked for again and again.
        """
        after, asked = ask.page.after, ask.page.id is not None
        if after == beat.last_seq and not asked:
            return []
        page = Pages(self.log, room_id, self.now()).page(ask.page)
        if after is None or asked or page["last_seq"] < after:
            return [page]
        moved = (page["from"], page["through"]) != (after + 1, after)
        return [page] if moved else []


def _number(query: Mapping[str, str], name: str, *, id: str | None) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise FrameRefused(Code.SYNC_INVALID, id=id)
    return int(text)
