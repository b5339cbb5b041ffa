"""What a message costs its receiver by each transport, and how late it is: requests, bytes and latency, all transports
in one room of the local gateway at the same time; and what a WebSocket costs over each version of HTTP.

python -m tests.bench.transports
"""

import asyncio
import json
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import machine
from tests.bench.ears import Ear, PollEar, SocketEar, Traffic
from tests.bench.progress import say
from tests.bench.statistic import summary_ms
from tests.bench.subjects import PARAMETERS
from tests.bench.tables import table
from tests.bench.wire import connect, ignore
from tests.conftest import ROOT, ServedGateway, serve, stop
from tests.versions import VERSIONS, open_socket

KINDS: Mapping[str, Callable[[Any], Any]] = {
    "polling, 1 s": lambda heard: PollEar(heard, interval=1.0),
    "polling, 5 s": lambda heard: PollEar(heard, interval=5.0),
    "long polling": lambda heard: PollEar(heard, interval=None),
    "WebSocket": SocketEar,
}
ROUNDS = 3
LEAD, QUICK, SLOW = 6.0, 20.0, 60.0
"""Seconds until all are at it, and of the measurement with a message a second and with one a minute."""
PINGS_A_MINUTE = 1 / 4
SECOND, MINUTE = "a message a second", "a message a minute"
HANDSHAKES, MESSAGES = 10, 60
RECORDED = ROOT / "site" / "lab" / "handshakes.json"


@dataclass
class Talk:
    """A room with a member who speaks and one who listens by each transport."""

    name: str
    ears: dict[str, Any] = field(default_factory=dict)
    sent: dict[int, float] = field(default_factory=dict)
    arrivals: dict[str, list[tuple[float, float]]] = field(default_factory=dict)  # moment, seconds under way
    speak: Callable[[], None] = lambda: None

    def heard(self, kind: str) -> Callable[[int, float], None]:
        """For the ear of that kind."""

        def note(number: int, at: float) -> None:
            self.arrivals[kind].append((at, at - self.sent[number]))

        return note

    def traffic(self) -> dict[str, Traffic]:
        """Of each kind, up to now."""
        return {kind: ear.traffic() for kind, ear in self.ears.items()}


@asynccontextmanager
async def talk_in(served: ServedGateway, room: str) -> AsyncIterator[Talk]:
    """All are in the room, and have heard who is there."""
    talk = Talk(room)
    for kind, make in KINDS.items():
        talk.arrivals[kind] = []
        talk.ears[kind] = make(talk.heard(kind))
        await talk.ears[kind].enter(served.url, room, kind.replace(" ", "-"))
    speaker = await connect(f"{served.ws_url}/ws/{room}/speaker", ignore)

    def speak() -> None:
        number = len(talk.sent)
        talk.sent[number] = time.perf_counter()
        content = f"~{number}~ Shall we meet at half past seven, at the corner?"
        speaker.send(json.dumps({"content": content, "id": f"{number}"}).encode())

    talk.speak = speak
    await asyncio.sleep(2)
    try:
        yield talk
    finally:
        speaker.close()
        ears: list[Ear] = [*talk.ears.values()]
        await asyncio.gather(*(ear.leave() for ear in ears))
        speaker.abort()


async def quick(served: ServedGateway, number: int) -> dict[str, Any]:
    """A message a second on average, at moments that keep no time with the polls."""
    chance = random.Random(number)
    async with talk_in(served, f"quick-{number}") as talk:

        async def keep_talking() -> None:
            while True:
                talk.speak()
                await asyncio.sleep(chance.uniform(0.5, 1.5))

        talking = asyncio.create_task(keep_talking())
        await asyncio.sleep(LEAD)
        before, began = talk.traffic(), time.perf_counter()
        await asyncio.sleep(QUICK)
        after, ended = talk.traffic(), time.perf_counter()
        talking.cancel()
        return _figures(talk, before, after, began, ended)


async def slow(served: ServedGateway, number: int) -> dict[str, Any]:
    """One message in a minute, and a part of a ping for those who send any."""
    async with talk_in(served, f"slow-{number}") as talk:
        socket: SocketEar = talk.ears["WebSocket"]
        ping = await _ping(socket)
        await asyncio.sleep(LEAD)
        before, began = talk.traffic(), time.perf_counter()
        await asyncio.sleep(SLOW * (0.1 + 0.27 * number))
        talk.speak()
        await asyncio.sleep(began + SLOW - time.perf_counter())
        after, ended = talk.traffic(), time.perf_counter()
        after["WebSocket"] = after["WebSocket"].plus(ping, times=PINGS_A_MINUTE)
        return _figures(talk, before, after, began, ended)


async def _ping(ear: SocketEar) -> Traffic:
    """What one ping and its answer take."""
    before = ear.traffic()
    ear.ping()
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.05)
            if ear.pongs:
                return ear.traffic().plus(before, times=-1.0)


def _figures(
    talk: Talk, before: Mapping[str, Traffic], after: Mapping[str, Traffic], began: float, ended: float
) -> dict[str, Any]:
    """By kind: what it took for each message that arrived meanwhile, and how many seconds these took."""
    found = {}
    for kind, arrivals in talk.arrivals.items():
        late = [seconds for at, seconds in arrivals if began <= at < ended]
        assert late, f"nothing arrived by {kind}"
        spent = after[kind].plus(before[kind], times=-1.0)
        each = {name: value / len(late) for name, value in vars(spent).items()}
        found[kind] = {**each, "late": late}
    return found


async def _transports(served: ServedGateway) -> dict[str, Any]:
    rounds = []
    for number in range(ROUNDS):
        say(f"a message a second, {number + 1} of {ROUNDS}")
        rounds.append(await quick(served, number))
    say("a message a minute")
    slowly = await asyncio.gather(*(slow(served, number) for number in range(ROUNDS)))
    return {SECOND: _summary(rounds), MINUTE: _summary(slowly)}


def _summary(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The median of the rounds, by kind; of all their messages the median and 99th percentile."""
    found = {}
    for kind in KINDS:
        figures = [each[kind] for each in rounds]
        late = [seconds for each in figures for seconds in each["late"]]
        medians = {name: statistics.median(each[name] for each in figures) for name in vars(Traffic())}
        found[kind] = {**medians, **summary_ms(late), "messages": len(late)}
    return found


async def _versions(served: ServedGateway) -> dict[str, Any]:
    """Milliseconds, by version: until a WebSocket is open on a new connection, and until what one says is back."""
    opened: dict[str, list[float]] = {version: [] for version in VERSIONS}
    back: dict[str, list[float]] = {version: [] for version in VERSIONS}
    url = served.secure.replace("https", "wss", 1)
    for number in range(HANDSHAKES):
        for version in VERSIONS:
            began = time.perf_counter()
            async with open_socket(version, f"{url}/ws/v{version}/a{number}", served.authority) as socket:
                if number:  # the first of each waits for functions to start
                    opened[version].append(time.perf_counter() - began)
                for message in range(MESSAGES // HANDSHAKES):
                    mark = f"~{number}.{message}~"
                    sent = time.perf_counter()
                    await socket.send(json.dumps({"content": mark}))
                    while mark not in str(await socket.receive()):
                        pass
                    if number:
                        back[version].append(time.perf_counter() - sent)
    trips = {each["id"]: each["round_trips"] for each in json.loads(RECORDED.read_text())["handshakes"]}
    return {
        version: {
            "round_trips": trips[f"h{version[0]}-websocket"],
            "open_ms": statistics.median(opened[version]) * 1000,
            **summary_ms(back[version]),
        }
        for version in VERSIONS
    }


def figures() -> dict[str, Any]:
    """All that is measured, about two and a half minutes."""
    with TemporaryDirectory() as folder:
        arguments = [part for parameter in PARAMETERS for part in ("--param", parameter)]
        served = serve(Path(folder) / "log.txt", *arguments)
        try:
            found = asyncio.run(_transports(served))
        finally:
            stop(served)
        say("WebSocket over HTTP/1.1, HTTP/2 and HTTP/3")
        served = serve(Path(folder) / "log.txt", "--https", "--https-port", "0", *arguments)
        try:
            return {**found, "versions": asyncio.run(_versions(served))}
        finally:
            stop(served)


def tables(found: Mapping[str, Any]) -> dict[str, str]:
    """Markdown by the name of its marker in docs/transports.md."""
    return {
        "transports": "\n\n".join(_table(title, found[title]) for title in (SECOND, MINUTE)),
        "versions": _versions_table(found["versions"]),
    }


def _table(title: str, by_kind: Mapping[str, Any]) -> str:
    least = by_kind["WebSocket"]
    rows: list[Sequence[object]] = []
    for kind, each in by_kind.items():
        whole = each["up"] + each["down"]
        rows.append(
            [
                kind,
                each["requests"],
                each["payload_down"],
                each["up"],
                each["down"],
                f"{whole / (least['up'] + least['down']):.1f}",
                each["compressed_up"] + each["compressed_down"],
                each["p50"],
                each["p99"] if each["messages"] > ROUNDS else None,
                f"{each['p50'] / least['p50']:.1f}",
            ]
        )
    head = [
        title,
        "requests",
        "bytes of bodies",
        "bytes up",
        "bytes down",
        "x WebSocket",
        "bytes over HTTP/2",
        "p50 ms",
        "p99 ms",
        "x WebSocket",
    ]
    return table(head, rows)


def _versions_table(by_version: Mapping[str, Any]) -> str:
    first = by_version["1.1"]
    rows = [
        [
            f"HTTP/{version}",
            each["round_trips"],
            each["open_ms"],
            f"{each['open_ms'] / first['open_ms']:.2f}",
            each["p50"],
            each["p99"],
            f"{each['p50'] / first['p50']:.2f}",
        ]
        for version, each in by_version.items()
    ]
    head = ["WebSocket over", "round trips to open", "open, p50 ms", "x HTTP/1.1"]
    return table([*head, "own message back, p50 ms", "p99 ms", "x HTTP/1.1"], rows)


if __name__ == "__main__":
    began = time.monotonic()
    print(machine.line())
    for text in tables(figures()).values():
        print(f"\n{text}")
    say(f"{time.monotonic() - began:.0f} s")
