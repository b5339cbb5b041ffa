"""What the nemesis plans: the same from the same seed, understood by the gateway, and with a calm between storms."""

from itertools import pairwise
from random import Random

import pytest

from local_dev.faults.rules import read_plan
from tests.chaos.schedule import CALM, MENU, Advance, Cut, Kill, Rules, describe, schedule

SEEDS = range(1, 21)


def test_a_seed_makes_one_schedule_and_another_seed_another() -> None:
    assert schedule(7, seconds=30) == schedule(7, seconds=30)
    assert schedule(7, seconds=30) != schedule(8, seconds=30)


@pytest.mark.parametrize("number", range(len(MENU)))
def test_the_gateway_takes_every_fault_of_the_menu(number: int) -> None:
    fault = MENU[number](Random(1))
    assert len(read_plan({"seed": 1, "faults": [fault]}, seed=1).rules) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_storms_and_calm_take_turns_up_to_the_end(seed: int) -> None:
    actions = schedule(seed, seconds=30)
    times = [at for at, _ in actions]
    assert times == sorted(times)
    rules = [(at, action) for at, action in actions if isinstance(action, Rules)]
    for (before, storm), (after, calm) in pairwise(rules):
        assert bool(storm.faults) is not bool(calm.faults)
        assert after - before >= CALM[0]
    assert rules[-1][1] == Rules(())


def test_twenty_seeds_have_all_that_there_is() -> None:
    actions = [action for seed in SEEDS for _, action in schedule(seed, seconds=30)]
    assert {type(action) for action in actions} == {Rules, Cut, Advance, Kill}
    assert {action.seconds for action in actions if isinstance(action, Advance)} == {601.0, 7201.0}
    planned = [fault for action in actions if isinstance(action, Rules) for fault in action.faults]
    assert len({_kind(fault) for fault in planned}) == len({_kind(make(Random(1))) for make in MENU})


def test_an_action_is_described_for_the_history() -> None:
    assert describe(Kill(1.5)) == {"action": "kill", "down": 1.5}


def _kind(fault: dict[str, object]) -> tuple[object, ...]:
    names = ("at", "do", "function", "operation", "status", "code", "ms")
    return tuple(fault.get(name) for name in names)
