"""Asynchronous invocation: Lambda takes the event, answers at once, and runs the function later.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html. A function that fails
is tried twice more if it does not ask for less, after one minute and two on Lambda, after RETRY_AFTER here; an event
that is throttled is tried for up to six hours. Who hears of the outcome is in `destinations.py`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..errors import FunctionError, FunctionThrottled
from ..stack.model import Asynchronous

MAX_EVENT = 1_048_576
"""Bytes of the event of an asynchronous invocation."""

RETRY_AFTER = (1.0, 2.0)
"""Seconds before the second and the third attempt."""

THROTTLED_AGAIN = (0.1, 5.0)
"""Seconds before a throttled event is tried again, doubling from the first to the second."""

MAX_QUEUED = 10_000
"""Events of all functions that may wait; Lambda's queue has no such bound."""


class Condition(Enum):
    """How it ended, in the words that a destination gets."""

    SUCCESS = "Success"
    RETRIES = "RetriesExhausted"
    AGE = "EventAgeExceeded"


@dataclass(frozen=True)
class Outcome:
    """What an event came to. `attempts` are those that the function ran in; `error` is the last, None of success."""

    condition: Condition
    attempts: int
    result: Any = None
    error: FunctionError | None = None

    def __str__(self) -> str:
        many = "" if self.attempts == 1 else "s"
        why = f"after {self.attempts} attempt{many}" if self.condition is Condition.RETRIES else "as too old"
        return f"an asynchronous event was given up {why}: {self.error}"


async def deliver(
    invoke: Callable[[], Awaitable[Any]],
    settings: Asynchronous,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome:
    """Invoke until it succeeds or is to be given up."""
    give_up_at = clock() + settings.max_age
    pauses = list(RETRY_AFTER[: max(settings.max_retries, 0)])
    throttled_for, longest = THROTTLED_AGAIN
    attempts = 0
    while True:
        try:
            return Outcome(Condition.SUCCESS, attempts + 1, result=await invoke())
        except FunctionThrottled as error:
            last: FunctionError = error
            pause, throttled_for = throttled_for, min(throttled_for * 2, longest)
        except FunctionError as error:
            last = error
            attempts += 1
            if not pauses:
                return Outcome(Condition.RETRIES, attempts, error=error)
            pause = pauses.pop(0)
        if clock() + pause > give_up_at:
            return Outcome(Condition.AGE, attempts, error=last)
        await sleep(pause)
