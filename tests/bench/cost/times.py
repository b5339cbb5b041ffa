"""How long Lambda would run for what was counted. These are assumptions: nothing here was measured on AWS."""

import math

from tests.bench.cost.counting import Counts

START_MS = 2.0
"""Parsing the event, powertools, answering."""
POLL_START_MS = 10.0
"""The same for `poll`, whose 256 MB bring a seventh of a core."""
CALL_MS = 4.0
"""DynamoDB or SQS, within the region, with a connection that is open."""
ROW_MS = 0.02
"""To read and parse one more row of a query or scan."""
POST_MS = 10.0
"""From a post to its answer."""
POST_CPU_MS = 0.1
"""What a post takes of a whole core, so it is the least that each takes however many go at once."""
AT_ONCE = 64
BOTO_CPU_MS = 2.5

MEMORY_GB = {
    "admit": 0.5,
    "connect": 0.5,
    "disconnect": 0.5,
    "default": 1769 / 1024,
    "announce": 1769 / 1024,
    "deliver": 1769 / 1024,
    "enter": 0.5,
    "poll": 0.25,
    "say": 1769 / 1024,
    "naive": 0.5,
}
PLATFORM_LOG = 650
"""Bytes of the two lines, start and report, that Lambda itself writes in JSON for each invocation."""


def bill_time(name: str, counts: Counts, *, slept_ms: float = 0.0) -> Counts:
    """Adds to the counts of one invocation what it would have run, besides what it slept."""
    posting = max(math.ceil(counts.posts / AT_ONCE) * POST_MS, counts.posts * POST_CPU_MS)
    if name == "naive":
        posting = counts.posts * (POST_MS + BOTO_CPU_MS)
    counts.milliseconds = (
        slept_ms
        + (POLL_START_MS if name == "poll" else START_MS)
        + counts.calls.total() * CALL_MS
        + counts.rows * ROW_MS
        + posting
    )
    counts.gigabyte_seconds = counts.milliseconds / 1000 * MEMORY_GB[name]
    counts.logged += PLATFORM_LOG
    return counts
