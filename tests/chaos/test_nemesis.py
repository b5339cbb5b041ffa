"""The nemesis does what is planned, counts what came of it, and after a death the rules are in force again."""

from typing import Any, cast

import pytest

from tests.chaos.history import History, Kind
from tests.chaos.nemesis import Nemesis
from tests.chaos.schedule import Action, Advance, Fault, Kill, Rules
from tests.chaos.stage import Gateway

pytestmark = pytest.mark.anyio

LOSE: Fault = {"at": "post", "do": "lose"}
BUSY: Fault = {"at": "post", "do": "answer", "status": 429}


class StandIn:
    """Stands in for the gateway: every rule in force has done harm five times when it is asked."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self._rules: list[Fault] = []

    async def set_faults(self, faults: list[Fault], *, seed: int) -> None:
        self.calls.append(faults)
        self._rules = faults

    async def faults(self) -> list[Fault]:
        return [{**rule, "injected": 5} for rule in self._rules]

    async def advance(self, seconds: float) -> None:
        self.calls.append(seconds)

    async def kill(self) -> None:
        self.calls.append("kill")
        self._rules = []

    async def start(self) -> None:
        self.calls.append("start")


@pytest.fixture
def gateway() -> StandIn:
    return StandIn()


@pytest.fixture
def history() -> History:
    return History()


class Time:
    """Passes while somebody sleeps, and no faster."""

    now = 0.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def nemesis(gateway: StandIn, history: History) -> Nemesis:
    time = Time()
    return Nemesis(
        cast(Gateway, gateway), [], history=history, now=lambda: time.now, seed=1, sleep=time.sleep
    )


async def test_what_rules_did_is_counted_before_others_take_their_place(
    nemesis: Nemesis, gateway: StandIn
) -> None:
    await nemesis.carry_out([(0.1, Rules((LOSE,))), (0.2, Rules((LOSE, BUSY))), (0.3, Advance(601.0))])
    await nemesis.heal()
    assert nemesis.injected == {"post lose": 10, "post answer 429": 5, "clock leap": 1}
    assert gateway.calls == [[LOSE], [LOSE, BUSY], 601.0, []]


async def test_a_gateway_that_was_killed_goes_by_the_same_rules(nemesis: Nemesis, gateway: StandIn) -> None:
    await nemesis.carry_out([(0.1, Rules((LOSE,))), (0.2, Kill(0.0))])
    assert gateway.calls == [[LOSE], "kill", "start", [LOSE]]
    assert nemesis.injected == {"post lose": 5, "gateway kill -9": 1}


async def test_of_what_came_too_late_the_last_is_done_and_what_cuts_everybody(
    nemesis: Nemesis, gateway: StandIn
) -> None:
    late: list[tuple[float, Action]] = [(0.2, Rules((LOSE,))), (0.25, Advance(601.0)), (0.3, Rules((BUSY,)))]
    await nemesis.carry_out([(0.1, Kill(0.8)), *late, (1.2, Rules(()))])
    assert gateway.calls == ["kill", "start", [], 601.0, [BUSY], []]


async def test_what_it_does_is_in_the_history(nemesis: Nemesis, history: History) -> None:
    await nemesis.carry_out([(0.0, Rules((LOSE,)))])
    (record,) = history
    assert (record.kind, record.facts) == (Kind.FAULT, {"action": "rules", "faults": (LOSE,)})
