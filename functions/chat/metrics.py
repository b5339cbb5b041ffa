"""What is counted for CloudWatch. An invocation that has counted something ends with a line of it, in the embedded
metric format; one more for each reason something was refused for, since a metric's dimensions go for a whole line.

Nobody's room, name or connection is in them. POWERTOOLS_METRICS_DISABLED=true, a variable of Powertools, ends them.
"""

import functools
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from typing import Any

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.metrics.functions import is_metrics_disabled

from chat.errors import Code
from chat.refusals import Reason

Handler = Callable[[dict[str, Any], Any], Any]


class Count(StrEnum):
    """What is counted in pieces, by the names that infra/watch.yaml asks for."""

    MESSAGES = "Messages"  # stored; not those that were sent again
    DELIVERIES = "Deliveries"  # posts that the gateway accepted, answers to a single client among them
    GONE = "Gone"  # connections found closed, and evicted
    RETRIES = "Retries"  # posts that were made again
    UNREACHED = "Unreached"  # members who were to get something, and did not


# Not left to the environment, where it could be missing: what was told would fail for what was counted.
NAMESPACE = "Parley"
FAN_OUT_TIME = "FanOutTime"
REFUSED = "Refused"
REASON = "reason"

_counts: Counter[Count] = Counter()
_fan_outs: list[int] = []
_refusals: Counter[Code | Reason] = Counter()


def count(what: Count, number: int = 1) -> None:
    """So many more of it."""
    if number:
        _counts[what] += number


def fan_out(milliseconds: int) -> None:
    """How long it took to tell several members, from the first post to the last answer. Each is kept for itself: a
    percentile cannot be had of sums.
    """
    _fan_outs.append(milliseconds)


def refused(code: Code | Reason) -> None:
    """One more frame or handshake that was refused for this reason."""
    _refusals[code] += 1


def published(handler: Handler) -> Handler:
    """A handler that says at its end what it has counted, however it ends."""

    @functools.wraps(handler)
    def counting(event: dict[str, Any], context: Any) -> Any:
        clear()
        try:
            return handler(event, context)
        finally:
            publish()

    return counting


def publish() -> None:
    """Prints what has been counted, and forgets it."""
    if not is_metrics_disabled():
        _print()
    clear()


def clear() -> None:
    """Forgets what has been counted."""
    _counts.clear()
    _fan_outs.clear()
    _refusals.clear()


def _print() -> None:
    if _counts or _fan_outs:
        told = EphemeralMetrics(namespace=NAMESPACE)
        for what, number in _counts.items():
            told.add_metric(what, MetricUnit.Count, number)
        for milliseconds in _fan_outs:
            told.add_metric(FAN_OUT_TIME, MetricUnit.Milliseconds, milliseconds)  # every hundred are a line
        if told.metric_set:
            told.flush_metrics()
    for code, number in _refusals.items():
        refusal = EphemeralMetrics(namespace=NAMESPACE, dimension_set={REASON: code.value})
        refusal.add_metric(REFUSED, MetricUnit.Count, number)
        refusal.flush_metrics()
