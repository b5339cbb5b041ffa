"""Whether the gateway stays as it is: many messages, joins and leaves, and the memory of every process meanwhile.

python -m tests.bench.soak [--messages 200000] [--joins 20000] [--minutes 45]. Members of a few rooms talk as fast as
each hears its own message, while others come and go in the same rooms. Old messages are deleted as the retention
time would, 1,000 stay in each room: what a table is asked to keep is no leak. A process is flat where over the second
half of the run, by a straight line through all measurements, it grew by no more than 5 MB or 5 %. At the end everybody
stays and nobody talks, and all CPU is counted. The exit status is 1 where something was lost or grows.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import machine
from tests.bench.processes import cpu, footprints
from tests.bench.store import Store
from tests.bench.tables import table
from tests.bench.wire import Refused, Socket, connect
from tests.conftest import ServedGateway, serve, stop

ROOMS, MEMBERS = 8, 3
COMERS = 16
"""Clients that come and go, each by itself; each stays until it is told that it joined, or a second."""
KEPT = 1000
IDLE_SECONDS = 10
PATIENCE = 30.0
"""Seconds until a message that has not come back counts as lost."""
FLAT_MB, FLAT_SHARE = 5.0, 0.05
PARAMETERS = ("MessageRate=0", "ThrottleRate=10000", "ThrottleBurst=5000")

Sample = tuple[float, dict[str, float]]
"""Seconds since the beginning, and MB (PSS) by role."""


class Soak:
    """A run: what was done so far, and what was seen."""

    def __init__(self, served: ServedGateway, messages: int, joins: int, minutes: float) -> None:
        self._served, self._messages, self._joins = served, messages, joins
        self._store = Store(served)
        self._ends = time.monotonic() + minutes * 60
        self._stay = asyncio.Event()
        self.said = self.heard = self.joined = self.lost = self.refused = 0
        self.trimmed: dict[str, int] = defaultdict(int)
        self.last_seq: dict[str, int] = defaultdict(int)
        self.samples: list[Sample] = []
        self.idle_cpu = 0.0

    async def run(self, every: float) -> None:
        """Everything; lines to standard output meanwhile."""
        rooms = [f"soak-{number}" for number in range(ROOMS)]
        talking = [asyncio.create_task(self._talk(room, n)) for room in rooms for n in range(MEMBERS)]
        coming = [asyncio.create_task(self._come_and_go(n, rooms)) for n in range(COMERS)]
        beside = [asyncio.create_task(self._watch(every)), asyncio.create_task(self._trim())]
        try:
            while self._going():
                failed = [task for task in [*talking, *coming] if task.done() and task.exception()]
                if failed:
                    break
                await asyncio.sleep(0.2)
            await asyncio.wait(coming, timeout=PATIENCE)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await asyncio.sleep(5)
            self._sample()
            before = cpu(self._served.process.pid)
            await asyncio.sleep(IDLE_SECONDS)
            self.idle_cpu = (cpu(self._served.process.pid) - before) / IDLE_SECONDS
        finally:
            self._stay.set()
            for task in [*talking, *coming]:
                task.cancel()
            ended = await asyncio.gather(*talking, *coming, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    def _going(self) -> bool:
        return time.monotonic() < self._ends and (self.said < self._messages or self.joined < self._joins)

    async def _talk(self, room: str, number: int) -> None:
        """Says the next thing once the last one is back; stays connected at the end."""
        back = asyncio.Event()
        expected = b""

        def heard(text: bytes) -> None:
            self.heard += b'"message"' in text
            if expected and expected in text:
                with suppress(ValueError, KeyError):
                    self.last_seq[room] = max(self.last_seq[room], json.loads(text)["seq"])
                back.set()

        socket = await self._connect(room, f"member-{number}", heard)
        count = 0
        while self._going():
            if self.said >= self._messages:
                await asyncio.sleep(0.5)
                continue
            self.said += 1
            count += 1
            expected = f"#{number}.{count}#".encode()
            back.clear()
            socket.send(b'{"content":"' + expected + b'"}')
            try:
                await asyncio.wait_for(back.wait(), PATIENCE)
            except TimeoutError:
                self.lost += 1
            if socket.closed.done():
                socket = await self._connect(room, f"member-{number}", heard)
        await self._stay.wait()
        socket.abort()

    async def _come_and_go(self, number: int, rooms: Sequence[str]) -> None:
        """Joins one room after the other, at a pace at which messages and joins end together."""
        mine = 0
        while self._going() and self.joined < self._joins:
            due = self._joins * self.said / self._messages if self.said < self._messages else self._joins
            if self.joined > due:
                await asyncio.sleep(0.02)
                continue
            mine += 1
            self.joined += 1
            told = asyncio.Event()
            name = f"comer-{number}-{mine}"

            def heard(text: bytes, name: bytes = name.encode(), told: asyncio.Event = told) -> None:
                if name in text:
                    told.set()

            try:
                socket = await self._connect(rooms[mine % len(rooms)], name, heard)
            except (Refused, OSError, TimeoutError):
                self.refused += 1
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), 1)
            socket.close()

    async def _connect(self, room: str, name: str, heard: Callable[[bytes], None]) -> Socket:
        return await connect(f"{self._served.ws_url}/ws/{room}/{name}", heard)

    async def _watch(self, every: float) -> None:
        began, said = time.monotonic(), 0
        while True:
            await asyncio.sleep(every)
            sizes = self._sample()
            rate = (self.said - said) / every
            said = self.said
            shown = "  ".join(f"{role} {size:.0f}" for role, size in sizes.items())
            print(
                f"{time.monotonic() - began:5.0f} s  {self.said:,} messages ({rate:.0f}/s), {self.joined:,} joins, "
                f"{self.lost} lost  MB: {shown}",
                flush=True,
            )

    def _sample(self) -> dict[str, float]:
        sizes: dict[str, float] = defaultdict(float)
        counts: dict[str, int] = defaultdict(int)
        for each in footprints(self._served.process.pid):
            sizes[each.role] += each.pss
            counts[each.role] += 1
        labelled = {f"{role}x{counts[role]}" if counts[role] > 1 else role: mb for role, mb in sizes.items()}
        self.samples.append((time.monotonic(), labelled))
        return labelled

    async def _trim(self) -> None:
        """Deletes what is older than the newest of each room, as DynamoDB's TTL does in time."""
        while True:
            await asyncio.sleep(1)
            for room, last in list(self.last_seq.items()):
                first, end = self.trimmed[room] + 1, last - KEPT
                if end - first < 200:
                    continue
                await asyncio.to_thread(
                    self._store.write,
                    "RoomLog",
                    [
                        {"DeleteRequest": {"Key": {"room_id": {"S": room}, "seq": {"N": str(seq)}}}}
                        for seq in range(first, end + 1)
                    ],
                )
                self.trimmed[room] = end


def growth(samples: Sequence[tuple[float, float]]) -> float:
    """How much a quantity grew over the second half of the time, by the straight line nearest to its samples."""
    if len(samples) < 4:
        return 0.0
    middle = (samples[0][0] + samples[-1][0]) / 2
    half = [(when, value) for when, value in samples if when >= middle]
    mean_when = sum(when for when, _ in half) / len(half)
    mean_value = sum(value for _, value in half) / len(half)
    across = sum((when - mean_when) ** 2 for when, _ in half)
    if not across:
        return 0.0
    slope = sum((when - mean_when) * (value - mean_value) for when, value in half) / across
    return slope * (half[-1][0] - half[0][0])


def is_flat(grown: float, level: float) -> bool:
    """Whether growth over half a run is none, beside how large the thing is (MB)."""
    return grown <= max(FLAT_MB, FLAT_SHARE * level)


def judge(samples: Sequence[Sample]) -> list[tuple[str, float, float, float, str]]:
    """For each role: MB in the middle, MB at the end, growth over the second half, and the verdict."""
    roles = list(dict.fromkeys(role.partition("x")[0] for _, sizes in samples for role in sizes))
    rows = []
    for role in [*roles, "all"]:
        line = [
            (when, sum(mb for its, mb in sizes.items() if role == "all" or its.partition("x")[0] == role))
            for when, sizes in samples
        ]
        grown = growth(line)
        middle, end = line[len(line) // 2][1], line[-1][1]
        rows.append((role, middle, end, grown, "flat" if is_flat(grown, end) else "GROWS"))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--joins", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=45, help="it ends by then, however far it is")
    parser.add_argument("--every", type=float, default=15, help="seconds between lines")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        arguments = [part for parameter in PARAMETERS for part in ("--param", parameter)]
        served = serve(Path(folder) / "log.txt", *arguments)
        try:
            soak = Soak(served, options.messages, options.joins, options.minutes)
            began = time.monotonic()
            asyncio.run(soak.run(options.every))
            took = time.monotonic() - began
        finally:
            stop(served)
    rows = judge(soak.samples)
    print("", machine.line(), "", sep="\n")
    print(table(("process", "MB halfway", "MB at the end", "grown in the second half, MB", "verdict"), rows))
    print(
        f"\n{soak.said:,} messages, {soak.heard:,} copies heard, {soak.joined:,} joins and leaves in {took:.0f} s; "
        f"{soak.lost} lost, {soak.refused} refused; CPU when nobody talks: {soak.idle_cpu * 100:.1f} % of a core"
    )
    if soak.lost or any(verdict != "flat" for *_, verdict in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
