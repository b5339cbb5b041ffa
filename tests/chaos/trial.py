"""One run from one seed: a storm, its healing, a last round, the presence, and everybody leaves; then it is judged."""

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.chaos.chat_copy import Change, copy_chat
from tests.chaos.checker import check
from tests.chaos.client import ChaosClient
from tests.chaos.ending import Ending
from tests.chaos.history import History, Kind, Record
from tests.chaos.nemesis import Nemesis
from tests.chaos.schedule import Action, schedule
from tests.chaos.session import Pace
from tests.chaos.stage import SWEEP_SECONDS, Gateway, Store, gateway, store
from tests.chaos.talk import rooms_of, say_something, talk, transports_of
from tests.chaos.violations import Violation

LEASE_SECONDS = 12
GHOST_SECONDS = LEASE_SECONDS + SWEEP_SECONDS + 8.0
"""How long a connection that ended without a goodbye may count as there, once all faults are over: a lease, the time
between two looks for ended ones, and the rest for the stream and for the next question of each client.
"""

START_SECONDS = 60.0
ROUND_SECONDS = 10.0
"""More than a last round takes on a machine that does nothing else. Where it takes longer, so may all the rest."""
PACE = Pace(hole=1.0, ping=5.0, presence=2, answer=4.0, silence=15.0)
# As little as may be said at once, so that limits are met.
PARAMETERS = {"LeaseSeconds": str(LEASE_SECONDS), "MessageBurst": "3", "MessageRate": "2"}
LOST_GOODBYES = tuple({"at": "invoke", "do": "lose", "function": each} for each in ("Disconnect*", "Say*"))
# No parameter says how long a poller's lease is.
POLL_LEASE = Change(
    "functions/chat/memberships.py", "POLL_LEASE_SECONDS = 60", f"POLL_LEASE_SECONDS = {LEASE_SECONDS}"
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """In seconds, by when things have to be right. `convergence`: everything said is stored and shown after the last
    round, which may take its time on a busy machine, but not stand still for `standstill`; `presence`: who is there
    is told rightly once all faults are over; `leaving`: no membership is left after all have left. These two are
    longer on a busy machine.
    """

    convergence: float = 360.0
    standstill: float = 120.0  # more than a client waits for an answer before it asks again
    presence: float = GHOST_SECONDS
    leaving: float = GHOST_SECONDS


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is played. `changes` are made to the server; `faults` stands in for the schedule of the seed."""

    seed: int
    folder: Path
    clients: int = 24
    rooms: int = 6
    seconds: float = 40.0
    pause: float = 0.9
    changes: Sequence[Change] = ()
    faults: Sequence[tuple[float, Action]] | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass
class Outcome:
    """What came of it. `times` are seconds from one phase to the next."""

    violations: list[Violation] = field(default_factory=list)
    messages: int = 0
    acked: int = 0
    stored: int = 0
    shown: int = 0
    reconnects: int = 0
    changes: int = 0
    connections: Mapping[str, int] = field(default_factory=dict)  # by transport
    injected: Mapping[str, int] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    history: Path = Path()


async def play(trial: Trial) -> Outcome:
    """Play it; the history is in `trial.folder`."""
    shutil.rmtree(trial.folder, ignore_errors=True)
    trial.folder.mkdir(parents=True)
    path = trial.folder / "history.jsonl"
    history = History(path)
    template = copy_chat(trial.folder / "chat", [POLL_LEASE, *trial.changes])
    try:
        async with store() as kept:
            parameters = dict(PARAMETERS)
            if trial.seed % 2 == 0:
                parameters["LargeRoom"] = "4"  # most of what is told then goes in slices
            async with gateway(trial.folder, kept.url, template=template, parameters=parameters) as served:
                run = _Run(trial, history, kept, served)
                ending, injected = await run.play()
    finally:
        history.close()
    outcome = Outcome(violations=check(history, ending), injected=injected, times=run.times, history=path)
    kinds = Counter(record.kind for record in history)
    outcome.messages, outcome.acked, outcome.shown = kinds[Kind.SAY], kinds[Kind.ACKED], kinds[Kind.SHOWN]
    outcome.stored = sum(map(len, ending.log.values()))
    outcome.connections = Counter(record.facts["by"] for record in history if record.kind is Kind.CONNECTED)
    outcome.changes = sum(record.facts.get("why") == "changed" for record in history)
    outcome.reconnects = kinds[Kind.CONNECTED] - trial.clients - outcome.changes
    return outcome


class _Run:
    """The phases of one trial."""

    def __init__(self, trial: Trial, history: History, kept: Store, served: Gateway) -> None:
        self.times: dict[str, float] = {}
        self._trial, self._history, self._store, self._gateway = trial, history, kept, served
        self._begun = self._phase_begun = time.monotonic()
        self._clients: list[ChaosClient] = []
        self._gone: list[ChaosClient] = []

    def now(self) -> float:
        return time.monotonic() - self._begun

    async def play(self) -> tuple[Ending, Mapping[str, int]]:
        trial = self._trial
        self._clients = [
            ChaosClient(
                room,
                name,
                server=self._gateway.address,
                history=self._history,
                now=self.now,
                random=Random(f"{trial.seed}/{name}/client"),
                pace=PACE,
                transports=transports_of(number),
            )
            for number, (room, name) in enumerate(rooms_of(trial.clients, trial.rooms))
        ]
        nemesis = Nemesis(self._gateway, self._clients, history=self._history, now=self.now, seed=trial.seed)
        await self._until(self._all_have_begun, START_SECONDS)
        self._phase("start")
        await self._storm(nemesis)
        await nemesis.heal()
        self._phase("storm")
        healed = self.now()
        await self._last_round()
        self._phase("last round")
        busy = max(1.0, (self.now() - healed) / ROUND_SECONDS)
        await self._until(self._presence_is_right, trial.limits.presence * busy - (self.now() - healed))
        settled = self.now()
        await asyncio.sleep(1.0)  # and it stays so
        present = self._rooms(lambda client: client.is_connected)
        leaving = self.now()
        self._phase("presence")
        memberships = await self._leave(trial.limits.leaving * busy)
        self._phase("leaving")
        ending = Ending(
            log=await self._store.log(),
            expected=self._rooms(lambda _: True),
            present=present,
            settled=settled,
            leaving=leaving,
            memberships=memberships,
        )
        self._history.add(Record(self.now(), "", "", Kind.ENDING, ending.facts()))
        return ending, nemesis.injected

    async def _storm(self, nemesis: Nemesis) -> None:
        trial = self._trial
        planned = schedule(trial.seed, seconds=trial.seconds) if trial.faults is None else trial.faults
        talking = (
            talk(
                client,
                random=Random(f"{trial.seed}/{client.name}/talk"),
                pause=trial.pause,
                seconds=trial.seconds,
            )
            for client in self._clients
        )
        begun = self.now()
        carried_out = nemesis.carry_out([(begun + at, action) for at, action in planned])
        await asyncio.gather(carried_out, self._some_leave(), *talking)

    async def _some_leave(self) -> None:
        """The last of each larger room leaves for good in the midst of it: one in two without a word."""
        for room in range(self._trial.rooms):
            await asyncio.sleep(self._trial.seconds * 0.7 / self._trial.rooms)
            others = [client for client in self._clients if client.room == f"room {room}"]
            if len(others) > 2:
                self._clients.remove(others[-1])
                self._gone.append(others[-1])
                await others[-1].leave(abruptly=room % 2 == 0)

    async def _last_round(self) -> None:
        """Everybody says one more thing, and all see everything; or time runs out, and the checker says what of
        it went wrong.
        """
        random = Random(f"{self._trial.seed}/last")
        for client in self._clients:
            await client.say(say_something(random))
        limits = self._trial.limits
        progress, since = self._count_told(), self.now()

        def over() -> bool:
            nonlocal progress, since
            if (told := self._count_told()) != progress:
                progress, since = told, self.now()
            return self._have_converged() or self.now() - since > limits.standstill

        await self._until(over, limits.convergence)

    def _count_told(self) -> int:
        return sum(client.told for client in self._clients)

    def _all_have_begun(self) -> bool:
        return all(client.session.timeline.cursor is not None for client in self._clients)

    def _have_converged(self) -> bool:
        sessions = [client.session for client in self._clients]
        if any(not session.connected or session.outbox.waiting for session in sessions):
            return False
        ends: dict[str, set[int | None]] = {}
        for client in self._clients:
            ends.setdefault(client.room, set()).add(client.session.timeline.cursor)
        return all(len(cursors) == 1 for cursors in ends.values()) and not any(
            session.timeline.is_behind for session in sessions
        )

    def _presence_is_right(self) -> bool:
        there = self._rooms(lambda client: client.is_connected)
        return all(client.session.users == sorted(there[client.room]) for client in self._clients)

    async def _leave(self, seconds: float) -> list[tuple[str, str]]:
        """All leave, and nobody's goodbye arrives, or that of some; the memberships that are left after so long, when
        there may be none.
        """
        chance = 1.0 if self._trial.seed % 2 else 0.4
        lost = [each | {"chance": chance} for each in LOST_GOODBYES]
        await self._gateway.set_faults(lost, seed=self._trial.seed)
        await asyncio.gather(*(client.leave() for client in self._clients))
        deadline = self.now() + seconds
        while True:
            left = await self._store.memberships()
            if not left or self.now() > deadline:
                return left
            await asyncio.sleep(0.5)

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        deadline = self.now() + seconds
        while True:
            if done() or self.now() > deadline:
                return
            await asyncio.sleep(0.1)

    def _phase(self, name: str) -> None:
        now = time.monotonic()
        self.times[name] = round(now - self._phase_begun, 1)
        self._phase_begun = now
        self._history.add(Record(self.now(), "", "", Kind.PHASE, {"name": f"after the {name}"}))

    def _rooms(self, wanted: Callable[[ChaosClient], bool]) -> dict[str, list[str]]:
        rooms: dict[str, list[str]] = {client.room: [] for client in self._clients}
        for client in self._clients:
            if wanted(client):
                rooms[client.room].append(client.name)
        return rooms
