"""A room in memory that keeps the protocol's promises, and clients in it over lines that keep none: every step is a
choice from outside, so that a test can explore them and a seed can repeat them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.history import Kind, Record
from tests.chaos.session import Pace, Reconnect, Send, Session
from tests.chaos.timeline import Event, Tell

PAGE = 3
ROOM = "room"


@dataclass(slots=True)
class Taken:
    """A number that was given to a message which is not stored yet."""

    client: str
    content: str
    id: str | None
    reply: Callable[[Event], None]


@dataclass(slots=True)
class RoomModel:
    """The log of one room. `floor` is the last seq that is older than the retention time."""

    last_seq: int = 0
    floor: int = 0
    stored: dict[int, Event] = field(default_factory=dict)
    taken: dict[int, Taken] = field(default_factory=dict)
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    everything: dict[int, Event] = field(default_factory=dict)

    def take(self, client: str, content: str, id: str | None, reply: Callable[[Event], None]) -> None:
        """The first half of publishing."""
        if id is not None and (client, id) in self.ids:
            reply(self.everything[self.ids[client, id]])
            return
        self.last_seq += 1
        self.taken[self.last_seq] = Taken(client, content, id, reply)

    def commit(self, seq: int) -> Event | None:
        """The second half; None where its id was stored under another number, and this one stays empty."""
        taken = self.taken.pop(seq)
        if taken.id is not None and (taken.client, taken.id) in self.ids:
            taken.reply(self.everything[self.ids[taken.client, taken.id]])
            return None
        event: Event = {"type": "message", "client_id": taken.client, "content": taken.content, "seq": seq}
        if taken.id is not None:
            event["id"] = taken.id
            self.ids[taken.client, taken.id] = seq
        self.stored[seq] = self.everything[seq] = event
        return event

    def void(self, seq: int) -> None:
        """Nothing will come under this number any more."""
        del self.taken[seq]

    def expire(self, seq: int) -> None:
        """What is as old as `seq` is gone. Nothing unsettled is that old."""
        self.floor = max(self.floor, min([seq, self.last_seq, *(seq - 1 for seq in self.taken)]))
        self.stored = {seq: event for seq, event in self.stored.items() if seq > self.floor}

    def page(self, *, after: int | None) -> Event:
        """A forward page, or the newest one."""
        settled = min([self.last_seq, *(seq - 1 for seq in self.taken)])
        listed = sorted(self.stored)
        if after is None:
            chosen = listed[-PAGE:]
            first = chosen[0] if chosen else settled + 1
            through, more = settled, len(chosen) < len(listed)
        else:
            ahead = [seq for seq in listed if seq > after]
            chosen, more = ahead[:PAGE], len(ahead) > PAGE
            first = max(after, self.floor) + 1
            through = max(min(chosen[-1], settled) if more else settled, first - 1)
            more = more and through > after
        messages = [self.stored[seq] for seq in chosen]
        page = {"type": "page", "messages": messages, "from": first, "through": through}
        return page | {"last_seq": self.last_seq, "more": more}


@dataclass(slots=True)
class Line:
    """A client, its connection, and what is on the way. `up` and `down` are taken from and reordered at will."""

    session: Session
    connection: int = 0
    up: list[str] = field(default_factory=list)
    down: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


class World:
    """Clients in one room over bad lines. Every method is one thing that may happen next."""

    def __init__(self, clients: int, *, seed: int = 0) -> None:
        self.now = 0.0
        self.room = RoomModel()
        self.records: list[Record] = []
        chance = Random(seed).random
        pace = Pace(ping=4.0, answer=3.0)
        self.lines = [Line(Session(f"c{number}", chance, pace)) for number in range(clients)]
        self._said = 0

    def open(self, line: Line) -> None:
        if not line.session.connected:
            line.connection += 1
            self._do(line, line.session.opened(self.now))

    def cut(self, line: Line) -> None:
        """What was on its way down is lost. What was on its way up may still arrive."""
        if line.session.connected:
            line.down.clear()
            self._do(line, line.session.closed("cut"))

    def say(self, line: Line, content: str = "") -> None:
        self._said += 1
        id = f"{line.session.client}-{self._said}"
        self._do(line, line.session.say(id, content or f"text {self._said}", self.now))

    def write_elsewhere(self, *, commit: bool) -> None:
        """Somebody without ids, whose line is not looked at."""
        self._said += 1
        self.room.take("other", f"text {self._said}", None, lambda _: None)
        if commit:
            self.commit(self.room.last_seq)

    def arrive_up(self, line: Line, index: int) -> None:
        """The server gets one of the frames that are on their way."""
        frame = json.loads(line.up.pop(index))
        connection = line.connection

        def reply(event: Event) -> None:
            self._post(line, event, connection)

        match frame:
            case {"content": content, "id": id}:
                self.room.take(line.session.client, content, id, reply)
            case {"action": "sync", "id": id}:
                reply(self.room.page(after=frame.get("after")) | {"id": id})
            case {"action": "ping", "id": id}:
                reply({"type": "pong", "last_seq": self.room.last_seq, "id": id})

    def fail_up(self, line: Line, index: int, event: Event) -> None:
        """The server answers one of the frames with this, and does nothing of it."""
        frame = json.loads(line.up.pop(index))
        self._post(line, event | ({"id": frame["id"]} if "code" in event else {}), line.connection)

    def arrive_down(self, line: Line, index: int, *, again: bool = False) -> None:
        """The client gets one of the frames that are on their way to it, and maybe once more later."""
        text = line.down[index] if again else line.down.pop(index)
        self._do(line, line.session.frame(text, self.now))

    def lose_down(self, line: Line, index: int) -> None:
        line.down.pop(index)

    def commit(self, seq: int) -> None:
        """A taken number's message is stored, and told to all."""
        if event := self.room.commit(seq):
            for line in self.lines:
                self._post(line, event, line.connection)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        for line in self.lines:
            self._do(line, line.session.tick(self.now))

    def check(self) -> None:
        """What must hold at every moment: order, truth, and no gap that is not one."""
        for line in self.lines:
            seqs = [record.facts["seq"] for record in line.records if record.kind is Kind.SHOWN]
            assert seqs == sorted(set(seqs))
            for record in line.records:
                if record.kind is Kind.SHOWN:
                    event = self.room.everything[record.facts["seq"]]
                    assert record.facts["sender"] == event["client_id"]
                    assert record.facts["content"] == event["content"]
                elif record.kind is Kind.GAP:
                    assert record.facts["last"] <= self.room.floor

    def heal(self) -> None:
        """From now on lines are good, and the server settles what it left open."""
        for _ in range(60):
            for seq in list(self.room.taken):
                self.room.void(seq)
            for line in self.lines:
                self.open(line)
            while any(line.up or line.down or self.room.taken for line in self.lines):
                for line in self.lines:
                    while line.up:
                        self.arrive_up(line, 0)
                for seq in list(self.room.taken):
                    self.commit(seq)
                for line in self.lines:
                    while line.down:
                        self.arrive_down(line, 0)
            self.pass_time(1.0)

    def _post(self, line: Line, event: Event, connection: int) -> None:
        if line.session.connected and line.connection == connection:
            line.down.append(json.dumps(event))

    def _do(self, line: Line, outputs: list[Any]) -> None:
        for output in outputs:
            match output:
                case Send(frame):
                    line.up.append(json.dumps(frame))
                case Reconnect():
                    self.cut(line)
                case Tell(kind, facts):
                    record = Record(self.now, ROOM, line.session.client, kind, facts)
                    line.records.append(record)
                    self.records.append(record)
