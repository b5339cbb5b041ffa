"""Medians and tails."""

import math
import statistics
from collections.abc import Sequence


def summary_ms(seconds: Sequence[float]) -> dict[str, float]:
    """The median and the 99th percentile in milliseconds; of few samples the longest is the 99th percentile."""
    return {"p50": statistics.median(seconds) * 1000, "p99": percentile(seconds, 99) * 1000}


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
