"""Time, passed in wherever it decides something, so that two hours can pass within a test."""

import asyncio
import time


class Clock:
    """Epoch seconds, and a monotonic time that runs `scale` times as fast as the real one.

    Only how long a connection may live and be idle is measured by the scaled time (`--time-scale`):
    time stamps, time-outs and throttles stay real.
    """

    def __init__(self, *, scale: float = 1.0) -> None:
        self.scale = scale

    def time(self) -> float:
        """Epoch seconds, never scaled."""
        return time.time()

    def real(self) -> float:
        """Seconds since some moment, never scaled and never set back: for throttles and latencies."""
        return time.monotonic()

    def monotonic(self) -> float:
        """Scaled seconds since some moment."""
        return time.monotonic() * self.scale

    async def sleep(self, seconds: float) -> None:
        """Wait for so many scaled seconds."""
        await asyncio.sleep(seconds / self.scale)
