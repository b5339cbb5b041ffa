"""What the lab shows of handshakes is what goes over the wire."""

import pytest

from tests.handshakes.record import FILE, recorded, written

pytestmark = pytest.mark.anyio


async def test_the_recorded_handshakes_are_those_of_today() -> None:
    assert written(await recorded()) == FILE.read_text(encoding="utf-8"), "python -m tests.handshakes"
