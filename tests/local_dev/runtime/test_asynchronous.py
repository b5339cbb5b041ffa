"""Asynchronous invocation: what is tried again, when, and what is given up."""

from collections.abc import Sequence

import pytest

from local_dev.errors import FunctionRaised, FunctionThrottled
from local_dev.runtime.asynchronous import RETRY_AFTER, Condition, Outcome, deliver
from local_dev.stack.model import Asynchronous

pytestmark = pytest.mark.anyio


class Timeline:
    """A clock that sleeping moves, and a function that answers as it is told to."""

    def __init__(self, *outcomes: Exception | None, then: Exception | None = None) -> None:
        self.now, self.attempts = 0.0, 0
        self.slept: list[float] = []
        self._outcomes, self._then = list(outcomes), then

    async def invoke(self) -> str:
        self.attempts += 1
        outcome = self._outcomes.pop(0) if self._outcomes else self._then
        if outcome:
            raise outcome
        return "done"

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)

    async def run(self, settings: Asynchronous = Asynchronous()) -> Outcome:  # noqa: B008 (a value)
        return await deliver(self.invoke, settings, sleep=self.sleep, clock=lambda: self.now)


def raised(times: int) -> Sequence[Exception]:
    return [FunctionRaised("no")] * times


@pytest.mark.parametrize("failures", [0, 1, 2])
async def test_an_event_that_succeeds_in_the_end(failures: int) -> None:
    line = Timeline(*raised(failures))
    assert await line.run() == Outcome(Condition.SUCCESS, failures + 1, "done")
    assert line.attempts == failures + 1
    assert line.slept == list(RETRY_AFTER[:failures])


@pytest.mark.parametrize(
    ("retries", "attempts"), [(0, "1 attempt"), (1, "2 attempts"), (2, "3 attempts"), (-1, "1 attempt")]
)
async def test_after_its_retries_it_is_given_up(retries: int, attempts: str) -> None:
    line = Timeline(then=FunctionRaised("no"))
    outcome = await line.run(Asynchronous(max_retries=retries))
    assert (outcome.condition, f"{line.attempts} {attempts[2:]}") == (Condition.RETRIES, attempts)
    assert outcome.attempts == line.attempts
    assert str(outcome) == f"an asynchronous event was given up after {attempts}: no"


async def test_throttles_cost_no_attempt_and_wait_ever_longer() -> None:
    throttle = FunctionThrottled("busy")
    line = Timeline(throttle, throttle, *raised(2), throttle)
    assert await line.run() == Outcome(Condition.SUCCESS, 3, "done")
    assert line.attempts == 6
    assert line.slept == [0.1, 0.2, *RETRY_AFTER, 0.4]


@pytest.mark.parametrize(
    ("settings", "seconds"), [(Asynchronous(), 6 * 3600.0), (Asynchronous(max_age=60), 60)]
)
async def test_a_function_that_is_throttled_for_too_long(settings: Asynchronous, seconds: float) -> None:
    line = Timeline(then=FunctionThrottled("busy"))
    outcome = await line.run(settings)
    assert (outcome.condition, outcome.attempts) == (Condition.AGE, 0)
    assert line.now <= seconds < line.now + 5.0
    assert str(outcome) == "an asynchronous event was given up as too old: busy"


async def test_an_event_that_is_too_old_is_not_tried_again() -> None:
    line = Timeline(then=FunctionRaised("no"))
    outcome = await line.run(Asynchronous(max_age=RETRY_AFTER[0]))
    assert (outcome.condition, outcome.attempts) == (Condition.AGE, 2)
