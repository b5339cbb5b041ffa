"""Asynchronous invocation: what is tried again, when, and what is given up."""

from collections.abc import Sequence

import pytest

from local_dev.errors import FunctionRaised, FunctionThrottled
from local_dev.runtime.asynchronous import MAX_AGE, RETRY_AFTER, deliver

pytestmark = pytest.mark.anyio


class Timeline:
    """A clock that sleeping moves, and a function that answers as it is told to."""

    def __init__(self, *outcomes: Exception | None, then: Exception | None = None) -> None:
        self.now, self.attempts = 0.0, 0
        self.slept: list[float] = []
        self.failures: list[str] = []
        self._outcomes, self._then = list(outcomes), then

    async def invoke(self) -> None:
        self.attempts += 1
        outcome = self._outcomes.pop(0) if self._outcomes else self._then
        if outcome:
            raise outcome

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    async def run(self) -> None:
        await deliver(self.invoke, failed=self.failures.append, sleep=self.sleep, clock=lambda: self.now)


def raised(times: int) -> Sequence[Exception]:
    return [FunctionRaised("no")] * times


@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_an_event_that_succeeds_in_the_end(failures: int) -> None:
    line = Timeline(*raised(failures))
    await line.run()
    assert line.attempts == failures + 1
    assert line.slept == list(RETRY_AFTER[:failures])
    assert line.failures == []


async def test_after_two_retries_it_is_given_up_and_reported() -> None:
    line = Timeline(*raised(3))
    await line.run()
    assert line.attempts == 3
    assert line.failures == ["an asynchronous event was given up after 3 attempts: no"]


async def test_throttles_cost_no_attempt_and_wait_ever_longer() -> None:
    throttle = FunctionThrottled("busy")
    line = Timeline(throttle, throttle, *raised(2), throttle)
    await line.run()
    assert line.attempts == 6
    assert line.slept == [0.1, 0.2, *RETRY_AFTER, 0.4]
    assert line.failures == []


async def test_a_function_that_is_throttled_for_six_hours() -> None:
    line = Timeline(then=FunctionThrottled("busy"))
    await line.run()
    assert line.now <= MAX_AGE < line.now + 5.0
    assert line.failures == ["an asynchronous event was given up, throttled for six hours: busy"]
