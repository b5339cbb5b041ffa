"""Carries a schedule out against a gateway and its clients, and counts what it did."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import zip_longest
from random import Random

from tests.chaos.client import ChaosClient
from tests.chaos.history import History, Kind, Record
from tests.chaos.schedule import Action, Advance, Cut, Kill, Rules, describe
from tests.chaos.stage import Gateway

LATE_SECONDS = 0.5


class Nemesis:
    """`injected` counts by kind what went wrong, not what was planned."""

    def __init__(
        self,
        gateway: Gateway,
        clients: Sequence[ChaosClient],
        *,
        history: History,
        now: Callable[[], float],
        seed: int,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.injected: Counter[str] = Counter()
        self._gateway, self._clients = gateway, clients
        self._history, self._now, self._sleep = history, now, sleep
        self._seed, self._random = seed, Random(f"{seed}/cuts")
        self._rules: Rules = Rules(())

    async def carry_out(self, planned: Sequence[tuple[float, Action]]) -> None:
        """Each at its time, in seconds since the run began. Of what should have been while the gateway was down, the
        last is done, and whatever cuts everybody.
        """
        for (at, action), following in zip_longest(planned, planned[1:]):
            await self._sleep(max(0.0, at - self._now()))
            is_past = following is not None and following[0] <= self._now() - LATE_SECONDS
            if isinstance(action, Kill | Advance) or not is_past:
                await self._act(action)

    async def heal(self) -> None:
        """From now on nothing goes wrong."""
        await self._act(Rules(()))

    async def _act(self, action: Action) -> None:
        self._history.add(Record(self._now(), "", "", Kind.FAULT, describe(action)))
        match action:
            case Rules():
                await self._count()
                await self._set(action)
            case Cut(chance):
                for client in self._clients:
                    if client.is_connected and self._random.random() < chance:
                        client.cut()
                        self.injected["connection cut"] += 1
            case Advance(seconds):
                self.injected["clock leap"] += 1
                await self._gateway.advance(seconds)
            case Kill(down):
                await self._count()
                self.injected["gateway kill -9"] += 1
                await self._gateway.kill()
                await self._sleep(down)
                await self._gateway.start()
                await self._set(self._rules)

    async def _set(self, rules: Rules) -> None:
        self._rules = rules
        self._seed += 1  # or each window would draw the same
        await self._gateway.set_faults(list(rules.faults), seed=self._seed)

    async def _count(self) -> None:
        with contextlib.suppress(OSError):
            for rule in await self._gateway.faults():
                if rule["injected"]:
                    self.injected[_kind(rule)] += rule["injected"]


def _kind(rule: dict[str, object]) -> str:
    what = rule.get("status") or rule.get("code") or ""
    return " ".join(filter(None, (str(rule["at"]), str(rule["do"]), str(what))))
