"""Asynchronous invocation: Lambda takes the event, answers at once, and runs the function later.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html. A function that fails
is tried twice more, after one minute and two on Lambda, after RETRY_AFTER here; an event that is throttled
is tried for up to six hours. What is left in the end goes to a dead-letter queue or destination there;
here it is reported.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import FunctionError, FunctionThrottled

MAX_EVENT = 1_048_576
"""Bytes of the event of an asynchronous invocation."""

RETRY_AFTER = (1.0, 2.0)
"""Seconds before the second and the third attempt."""

MAX_AGE = 6 * 3600.0
"""Seconds for which a throttled event is tried."""

THROTTLED_AGAIN = (0.1, 5.0)
"""Seconds before a throttled event is tried again, doubling from the first to the second."""

MAX_QUEUED = 10_000
"""Events of all functions that may wait; Lambda's queue has no such bound."""


async def deliver(
    invoke: Callable[[], Awaitable[Any]],
    *,
    failed: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Invoke until it succeeds or is to be given up; `failed` hears why it was."""
    give_up_at = clock() + MAX_AGE
    pauses = list(RETRY_AFTER)
    throttled_for, longest = THROTTLED_AGAIN
    while True:
        try:
            await invoke()
        except FunctionThrottled as error:
            if clock() + throttled_for > give_up_at:
                failed(f"an asynchronous event was given up, throttled for six hours: {error}")
                return
            await sleep(throttled_for)
            throttled_for = min(throttled_for * 2, longest)
        except FunctionError as error:
            if not pauses:
                attempts = len(RETRY_AFTER) + 1
                failed(f"an asynchronous event was given up after {attempts} attempts: {error}")
                return
            await sleep(pauses.pop(0))
        else:
            return
