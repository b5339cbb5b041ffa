"""What it costs to be in a room for an hour, by each transport: the requests of that hour, each counted and billed."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from chat import clock
from chat.identity import Identity
from chat.memberships import Memberships
from chat.notices import NoticeBoard
from chat.polling import LONGEST_WAIT
from chat.sessions import Session

from tests.bench.cost import times
from tests.bench.cost.counting import MEMBERSHIPS, ROOM, Counts, Stack, access_line, stack
from tests.bench.cost.events import CONTENT, Table, count
from tests.bench.cost.prices import PRICES, dollars
from tests.bench.tables import table
from tests.functions.stand_ins import Context, http_event

MEMBERS = 10
GAPS = {"a message a second": 1.0, "a message a minute": 60.0}
"""Seconds between two messages of the room, each by another member in turn."""
APART = 0.3
"""Seconds between an answer and the next request that waits, as on the page."""
PINGS = 15
"""An hour, of a page with a WebSocket."""
HOUR = 3600
ANSWER_HEAD = 330
"""Bytes of an answer's first line and headers, about as `make bench` counts them."""
SERVICES = ("API Gateway", "DynamoDB", "Lambda", "CloudWatch Logs", "traffic")


class Clock:
    """A request's time, which goes on while it sleeps and calls. At `at` seconds somebody else says something."""

    def __init__(self, functions: Stack, *, at: float | None) -> None:
        self._functions, self._at = functions, at
        self._began, self.slept = clock.now(), 0.0

    def now(self) -> int:
        """Epoch milliseconds."""
        return self._began + round(self._elapsed() * 1000)

    def sleep(self, seconds: float) -> None:
        """Pass the time."""
        self.slept += seconds
        if self._at is not None and self._elapsed() >= self._at:
            self._at = None
            self._functions.uncounted("say", _message(1))

    def _elapsed(self) -> float:
        calls = self._functions.meter.engine.counts.calls.total()
        return self.slept + (times.START_MS + times.CALL_MS * calls) / 1000


def who(number: int) -> Identity:
    return Identity(ROOM, f"member {number}")


_sessions = [Session.begin(who(number)) for number in range(MEMBERS)]
_said = 0


def speak(functions: Stack, number: int) -> Counts:
    """A member that polls says something."""
    return _request(functions, "say", _message(number))


def _message(number: int) -> dict[str, Any]:
    global _said  # noqa: PLW0603 (ids have to differ, no more)
    _said += 1
    body = json.dumps({"content": CONTENT, "id": f"0190c3e0-7b1a-{_said}"})
    return http_event("POST /api/messages", {"room_id": ROOM}, key=_sessions[number].key, body=body)


def _request(functions: Stack, name: str, event: dict[str, Any], *, time: Clock | None = None) -> Counts:
    counts = functions.run(name, event, Context())
    counts.sent = ANSWER_HEAD + len(functions.answer.get("body", "").encode())
    counts.requests = 1
    counts.logged += access_line("REQUEST")
    return times.bill_time(name, counts, slept_ms=time.slept * 1000 if time else 0.0)


def _poll(functions: Stack, after: int, *, wait: bool = False, at: float | None = None) -> Counts:
    poll = functions.entries["poll"]
    time = Clock(functions, at=at)
    functions.meter.take()  # the clock counts from nothing
    poll.polling = dataclasses.replace(poll.polling, now=time.now, sleep=time.sleep)
    query = {"room_id": ROOM, "after": str(after), "noticed": str(clock.now())}
    if wait:
        query["wait"] = str(LONGEST_WAIT)
    return _request(functions, "poll", http_event("GET /api/events", query, key=_sessions[0].key), time=time)


def _last_seq(functions: Stack) -> int:
    told = json.loads(functions.answer["body"])
    return int(told["seq"])


def requests() -> dict[str, Counts]:
    """Each kind of request in a room of `MEMBERS` who poll, by name."""
    with stack() as functions:
        table_of: Any = Table()
        memberships = Memberships(table_of, table=MEMBERSHIPS)
        for session in _sessions:
            joined_at = clock.now() - 60_000
            memberships.enter(session.who, session.connection_id, joined_at=joined_at, polls=True)
        functions.meter.on = False
        NoticeBoard.from_environment().add(ROOM, [])
        functions.meter.on = True
        query = {"room_id": ROOM, "client_id": "one more"}
        found = {"enter": _request(functions, "enter", http_event("POST /api/members", query))}
        found["say"] = speak(functions, 0)
        last = _last_seq(functions)
        found["poll, nothing new"] = _poll(functions, last)
        speak(functions, 1)
        found["poll, one message"] = _poll(functions, last)
        for _ in range(4):
            speak(functions, 1)
        found["poll, five messages"] = _poll(functions, last)
        last += 5
        found["wait of 25 s, nothing new"] = _poll(functions, last, wait=True)
        for gap in GAPS.values():
            _, rest = waits(gap)
            found[_ended(rest)] = _poll(functions, last, wait=True, at=rest)
            last += 1
        leave = http_event("DELETE /api/members", {"room_id": ROOM}, key=_sessions[9].key)
        found["leave"] = _request(functions, "say", leave)
    return found


def waits(gap: float) -> tuple[int, float]:
    """From one message to the next: how many requests wait in vain, and after how many seconds the last is answered."""
    full = int(gap // (LONGEST_WAIT + APART))
    return full, gap - full * (LONGEST_WAIT + APART) - APART


def _ended(rest: float) -> str:
    return f"wait of {rest:.1f} s, one message"


def hours(found: dict[str, Counts], gap: float) -> dict[str, Counts]:
    """What an hour of one member counts, by transport, with its part of what is said."""
    messages = HOUR / gap
    said = found["say"].times(messages / MEMBERS)
    by_transport = {}
    for interval in (1, 5):
        polls = HOUR / interval
        full = min(polls, messages)
        kind = "poll, five messages" if messages / full > 1 else "poll, one message"
        counts = found[kind].times(full)
        counts.add(found["poll, nothing new"].times(polls - full))
        by_transport[f"polling, {interval} s"] = counts
    full, rest = waits(gap)
    counts = found[_ended(rest)].times(messages)
    counts.add(found["wait of 25 s, nothing new"].times(messages * full))
    by_transport["long polling"] = counts
    for counts in by_transport.values():
        counts.add(said)
    room = count(MEMBERS)
    counts = Counts(minutes=60)
    counts.add(room.ping.times(PINGS))
    counts.add(room.message.times(messages / MEMBERS))
    by_transport["WebSocket"] = counts
    return by_transport


def sections() -> dict[str, str]:
    """Markdown by the name of its marker. Hours are those of 1,000 members, in rooms of `MEMBERS`."""
    found = requests()
    return {"requests": _requests(found), "user-hour": _hours(found)}


def _requests(found: dict[str, Counts]) -> str:
    rows: list[Sequence[object]] = []
    for name, counts in found.items():
        calls = ", ".join(f"{made} {call}" for call, made in sorted(counts.calls.items()))
        rows.append(
            [
                name,
                calls,
                counts.calls.total(),
                float(counts.writes),
                float(counts.reads),
                counts.milliseconds,
                sum(dollars(counts).values()) * 1e6,
            ]
        )
    head = ["a request", "calls of DynamoDB", "together", "WRU", "RRU", "Lambda ms, assumed", "$ a million"]
    return table(head, rows)


def _hours(found: dict[str, Counts]) -> str:
    parts = []
    for title, gap in GAPS.items():
        rows: list[Sequence[object]] = []
        by_transport = hours(found, gap)
        least = sum(dollars(by_transport["WebSocket"]).values())
        for name, counts in by_transport.items():
            bill = dollars(counts)
            paid = sum(bill.values())
            requests = counts.requests or 1 / 2  # a connection lasts two hours
            rows.append(
                [
                    name,
                    round(counts.requests) or None,
                    *(1000 * bill[service] for service in SERVICES),
                    1000 * paid,
                    f"{paid / least:.1f}",
                    1000 * edge(requests),
                    counts.milliseconds / HOUR,
                ]
            )
        head = [
            f"{title}, $",
            "requests",
            *SERVICES,
            "together",
            "x WebSocket",
            "CloudFront",
            "Lambda at once",
        ]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def edge(requests: float) -> float:
    """Dollars for so many requests through the distribution, each of them by its function."""
    return requests * (PRICES["CloudFront request"].dollars + PRICES["edge function"].dollars)
