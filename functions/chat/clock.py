"""The time, in the two units that the tables and events use, so that a test can pass in its own."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Answers the time in epoch milliseconds."""


def now() -> int:
    """The time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def timestamp(milliseconds: int) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-11-22T18:58:46.123Z`."""
    moment = datetime.fromtimestamp(milliseconds // 1000, tz=UTC).replace(
        microsecond=milliseconds % 1000 * 1000
    )
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
