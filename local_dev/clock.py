"""Time, passed in wherever it decides something, so that two hours can pass within a test."""

import asyncio
import contextlib
import time


class Clock:
    """Epoch seconds, and a monotonic time that runs `scale` times as fast as the real one.

    Only how long a connection may live and be idle is measured by the scaled time (`--time-scale`), which can
    also be moved: time stamps, time-outs and throttles stay real.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        self.scale = scale
        self.advanced = 0.0
        """Seconds by which the scaled time was moved."""
        self._moved = asyncio.Event()

    def time(self) -> float:
        """Epoch seconds, never scaled."""
        return time.time()

    def real(self) -> float:
        """Seconds since some moment, never scaled and never set back: for throttles and latencies."""
        return time.monotonic()

    def monotonic(self) -> float:
        """Scaled seconds since some moment."""
        return time.monotonic() * self.scale + self.advanced

    def advance(self, seconds: float) -> None:
        """Let so many scaled seconds pass at once."""
        self.advanced += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many scaled seconds, however they pass."""
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left / self.scale):
                    await self._moved.wait()
