"""A clock that a test moves, so that two hours pass at once."""

import asyncio
import contextlib
import threading
import time

from local_dev.clock import Clock


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
        """Let time pass; called from another thread, after something has slept."""
        assert self._loop is not None, "nobody sleeps by this clock"
        done = threading.Event()

        def move() -> None:
            self._ahead += seconds
            for moved in self._sleepers:
                moved.set()
            done.set()

        self._loop.call_soon_threadsafe(move)
        assert done.wait(20), "the deployment does not answer"
