"""The chat keeps its promise while everything under it breaks: a short run; `make chaos` has the long ones."""

from pathlib import Path

import pytest

from tests.chaos.trial import Outcome, Trial, play
from tests.chaos.ways import Transport

pytestmark = pytest.mark.anyio


async def test_what_is_acknowledged_is_stored_and_shown_to_all_once_and_in_one_order(tmp_path: Path) -> None:
    for longer in (1, 3, 9):  # on a busy machine it takes longer until enough has been said and gone wrong
        outcome = await play(
            Trial(seed=8, folder=tmp_path / "trial", clients=8, rooms=2, seconds=longer * 12.0, pause=0.8)
        )
        assert outcome.violations == [], f"see {outcome.history}"
        if was_put_to_the_test(outcome):
            return
    raise AssertionError(outcome)


def was_put_to_the_test(outcome: Outcome) -> bool:
    return (
        outcome.acked > 30
        and outcome.reconnects > 0
        and outcome.changes > 0
        and outcome.reconnects + outcome.changes > 3
        and set(outcome.connections) == {*Transport}
        and sum(outcome.injected.values()) > 20
    )
