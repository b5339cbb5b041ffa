"""What is wrong with a server that is broken on purpose is found: else nothing would be proved of the true one."""

from pathlib import Path

import pytest

from tests.chaos.schedule import Rules
from tests.chaos.trial import GHOST_SECONDS, Limits, Trial, play
from tests.chaos.variants import VARIANTS
from tests.chaos.violations import Rule

pytestmark = pytest.mark.anyio

SECONDS = 8.0


@pytest.mark.parametrize("name", VARIANTS)
async def test_a_broken_server_is_found_out(name: str, tmp_path: Path) -> None:
    variant = VARIANTS[name]
    presence = GHOST_SECONDS if variant.breaks is Rule.PRESENCE_WRONG else 0.0
    for longer in (1, 5, 10):  # on a busy machine it takes longer until enough has been said
        seconds = longer * SECONDS
        outcome = await play(
            Trial(
                seed=1,
                folder=tmp_path / "trial",
                clients=6,
                rooms=2,
                seconds=seconds,
                pause=0.5,
                changes=variant.changes,
                faults=((0.2, Rules(variant.faults)), (seconds, Rules(()))),
                limits=Limits(convergence=longer * 6.0, presence=presence, leaving=0.0),
            )
        )
        if variant.breaks in {violation.rule for violation in outcome.violations}:
            return
    raise AssertionError(outcome)
