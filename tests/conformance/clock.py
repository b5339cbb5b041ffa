"""A clock that a test moves, so that two hours pass at once."""

import asyncio
import contextlib
import time

from local_dev.clock import Clock

TURNS = 20
"""Turns of the loop within which whoever has slept long enough has done what it woke for."""


class MovedClock(Clock):
    """Real time, plus what a test has added: the clock of one deployment, in whose loop all moves happen, so
    that nothing there sees time jump while it is at work.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ahead = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sleepers: set[asyncio.Event] = set()

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return time.monotonic() + self._ahead

    async def sleep(self, seconds: float) -> None:
        """Wait until so many seconds have passed, really or by `advance`."""
        self._loop = asyncio.get_running_loop()
        until = self.monotonic() + seconds
        moved = asyncio.Event()
        self._sleepers.add(moved)
        try:
            while (left := until - self.monotonic()) > 0:
                moved.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await moved.wait()
        finally:
            self._sleepers.discard(moved)

    def advance(self, seconds: float) -> None:
        """Let time pass, and all happen that is due then; called from another thread, after something has
        slept.
        """
        assert self._loop is not None, "nobody sleeps by this clock"

        async def move() -> None:
            self._ahead += seconds
            for moved in self._sleepers:
                moved.set()
            for _ in range(TURNS):
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(move(), self._loop).result(60)
