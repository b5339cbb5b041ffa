"""The careful client of docs/protocol.md without a socket: frames, time and chance go in, frames to send come out."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.history import Kind
from tests.chaos.outbox import Backoff, Outbox
from tests.chaos.timeline import Event, Tell, Timeline

FINAL = frozenset({"content_missing", "content_invalid", "content_too_long", "frame_too_large", "id_invalid"})
"""Codes of a message that will be refused however often it is sent."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """In seconds, how long the client waits for what. `presence`: one question to so many pings."""

    hole: float = 1.0
    ping: float = 240.0
    presence: int = 1
    answer: float = 5.0
    silence: float = 20.0


@dataclass(frozen=True, slots=True)
class Send:
    """A frame for the server."""

    frame: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reconnect:
    """The connection is of no use any more."""

    why: str


Output = Send | Reconnect | Tell


@dataclass(slots=True)
class _Sync:
    """A question for a page that has no answer yet, or is to be asked at `due`."""

    due: float
    id: str | None = None
    tries: int = 0


@dataclass(slots=True)
class Session:
    """One client in one room, over all its connections. Every method answers what is to be done, in order."""

    client: str
    chance: Callable[[], float]
    pace: Pace = field(default_factory=Pace)
    timeline: Timeline = field(default_factory=Timeline)
    outbox: Outbox = field(init=False)
    connected: bool = False
    users: list[str] | None = None
    _sync: _Sync | None = None
    _asked: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    _hole: tuple[int | None, float] | None = None
    _backoff: Backoff = field(init=False)
    _questions: int = 0
    _pings: int = 0
    _ping_at: float = 0.0
    _heard_at: float = 0.0
    _present_at: str = ""

    def __post_init__(self) -> None:
        self._backoff = Backoff(self.chance)
        self.outbox = Outbox(self._backoff, self.pace.answer)

    def say(self, id: str, content: str, now: float) -> list[Output]:
        self.outbox.say(id, content)
        return [Tell(Kind.SAY, {"id": id, "content": content}), *self.tick(now)]

    def opened(self, now: float, *, by: str = "") -> list[Output]:
        self.connected = True
        self._heard_at, self._ping_at, self._pings = now, now + self.chance() * self.pace.ping, 0
        self._sync, self._hole, self._asked = _Sync(now), None, {}
        self.outbox.opened(now)
        return [Tell(Kind.CONNECTED, {"by": by}), *self._ask_presence(), *self.tick(now)]

    def closed(self, why: str) -> list[Output]:
        self.connected = False
        self.outbox.closed()
        return [Tell(Kind.DISCONNECTED, {"why": why})]

    def frame(self, text: str, now: float, *, after: int | None = None) -> list[Output]:
        """What came from the server: an event, or several in their order. A page without an id is what was found by a
        poll, which asked after `after`.
        """
        found: Event | list[Event] = json.loads(text)
        self._heard_at = now
        events = found if isinstance(found, list) else [found]
        return [*(output for event in events for output in self._event(event, now, after)), *self.tick(now)]

    def _event(self, event: Event, now: float, after: int | None) -> list[Output]:
        match event.get("type"):
            case "message":
                outputs = [*self._acked(event, now), *self.timeline.live(event)]
            case "page":
                outputs = self._page(event, now, after)
            case "pong":
                outputs = self._pong(event, now)
            case "presence":
                outputs = self._presence(event)
            case "error":
                outputs = self._error(event, now)
            case None:  # the gateway's own: unknown whether it was done, nor of which frame it tells
                outputs = [Tell(Kind.ERROR, {"code": "gateway_fault", "id": None})]
                self.outbox.again(now)
                self._sync_again(now)
            case _:
                outputs = []
        return outputs

    def tick(self, now: float) -> list[Output]:
        """What has become due."""
        if not self.connected:
            return []
        if now - self._heard_at > self.pace.silence:
            return [Reconnect("silence")]
        outputs: list[Output] = []
        self._watch_holes(now)
        if self._sync and self._sync.due <= now:
            outputs.append(self._ask_page(self._sync, now))
        if frame := self.outbox.due(now):
            outputs.append(Send(frame))
        if self._ping_at <= now:
            self._ping_at = now + self.pace.ping
            self._pings += 1
            outputs.append(self._ask("ping"))
            if self._pings % self.pace.presence == 0:
                outputs += self._ask_presence()
        return outputs

    def ask_before(self, seq: int) -> list[Output]:
        """Look at what came before; that page is told, and nothing of it is shown."""
        return [self._ask("sync", before=seq)] if self.connected else []

    def _ask(self, action: str, **place: int) -> Send:
        self._questions += 1
        id = f"q{self._questions}"
        if action == "sync":
            way = next(iter(place), "newest")
            self._asked[id] = (way, place.get(way))
        return Send({"action": action, "id": id, **place})

    def _ask_presence(self) -> list[Output]:
        return [self._ask("presence")]

    def _ask_page(self, sync: _Sync, now: float) -> Send:
        cursor = self.timeline.cursor
        asked = self._ask("sync") if cursor is None else self._ask("sync", after=cursor)
        sync.tries += 1
        sync.id = asked.frame["id"]
        sync.due = now + self._backoff.patience(self.pace.answer, sync.tries)
        return asked

    def _sync_now(self, now: float) -> None:
        if self._sync is None:
            self._sync = _Sync(now)

    def _sync_again(self, now: float, *, wait: float | None = None) -> None:
        if self._sync and self._sync.id:
            self._sync.due = now + (self._backoff.pause(self._sync.tries) if wait is None else wait)

    def _watch_holes(self, now: float) -> None:
        """A hole mostly fills itself: the log is asked where one has stood for a while."""
        if self._sync or not self.timeline.is_behind:
            self._hole = None
        elif self._hole is None or self._hole[0] != self.timeline.cursor:
            self._hole = (self.timeline.cursor, now + self.pace.hole)
        elif self._hole[1] <= now:
            self._hole = None
            self._sync_now(now)

    def _page(self, page: Event, now: float, after: int | None) -> list[Output]:
        polled = ("unasked", None) if after is None else ("after", after)
        way, place = self._asked.get(page.get("id", ""), polled)
        told: dict[str, Any] = {"way": way, "place": place, "first": page["from"]}
        told |= {"through": page["through"], "last_seq": page["last_seq"]}
        told["seqs"] = [message["seq"] for message in page["messages"]]
        outputs: list[Output] = [Tell(Kind.PAGE, told)]
        for message in page["messages"]:
            outputs += self._acked(message, now)
        if way in ("before", "unasked"):
            return outputs
        if way == "after":
            assert place is not None
            outputs += self.timeline.forward(page, after=place)
        else:
            outputs += self.timeline.newest(page)
        if self._sync and self._sync.id == page.get("id"):
            self._sync = None
        if self.timeline.cursor is None or (way == "after" and page["more"]):
            self._sync_now(now)
        return outputs

    def _pong(self, pong: Event, now: float) -> list[Output]:
        self.timeline.heard_of(pong["last_seq"])
        if self.timeline.is_behind:
            self._sync_now(now)
        return []

    def _presence(self, event: Event) -> list[Output]:
        if event["timestamp"] < self._present_at:  # overtaken on the way
            return []
        self._present_at, self.users = event["timestamp"], event["users"]
        return [Tell(Kind.PRESENCE, {"users": event["users"]})]

    def _acked(self, message: Event, now: float) -> list[Output]:
        if message["client_id"] != self.client or not self.outbox.is_head(message.get("id")):
            return []
        self.outbox.done(now)
        return [Tell(Kind.ACKED, {"id": message["id"], "seq": message["seq"]})]

    def _error(self, error: Event, now: float) -> list[Output]:
        code, id = error["code"], error.get("id")
        outputs: list[Output] = [Tell(Kind.ERROR, {"code": code, "id": id})]
        if code == "not_a_member":
            return [*outputs, Reconnect(code)]
        wait = error["retry_after_ms"] / 1000 if code == "rate_limited" else None
        if self.outbox.is_head(id):
            if code in FINAL:
                outputs.append(Tell(Kind.FAILED, {"id": id, "code": code}))
                self.outbox.done(now)
            else:
                self.outbox.again(now, wait=wait)
        elif self._sync and self._sync.id == id:
            self._sync_again(now, wait=wait)
        return outputs
