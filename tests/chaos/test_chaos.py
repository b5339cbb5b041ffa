"""The chat keeps its promise while everything under it breaks: a short run; `make chaos` has the long ones."""

from pathlib import Path

import pytest

from tests.chaos.trial import Trial, play
from tests.chaos.ways import Transport

pytestmark = pytest.mark.anyio


async def test_what_is_acknowledged_is_stored_and_shown_to_all_once_and_in_one_order(tmp_path: Path) -> None:
    outcome = await play(
        Trial(seed=8, folder=tmp_path / "trial", clients=8, rooms=2, seconds=12.0, pause=0.8)
    )
    assert outcome.violations == [], f"see {outcome.history}"
    # It has been put to the test.
    assert outcome.acked > 30
    # How often a client had to come back, by the same way or another, depends on the machine as well.
    assert outcome.reconnects > 0
    assert outcome.changes > 0
    assert outcome.reconnects + outcome.changes > 3
    assert set(outcome.connections) == {*Transport}
    assert sum(outcome.injected.values()) > 20
