"""The clock by which connections are cut: it can run faster, and it can be moved while somebody waits."""

import asyncio
import time

import pytest

from local_dev.clock import Clock

pytestmark = pytest.mark.anyio


async def test_who_sleeps_wakes_when_the_clock_is_moved_far_enough() -> None:
    clock = Clock()
    sleeping = asyncio.create_task(clock.sleep(7200))
    await asyncio.sleep(0)
    clock.advance(7000)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not sleeping.done()
    clock.advance(200)
    async with asyncio.timeout(60):
        await sleeping
    assert clock.advanced == 7200


async def test_a_sleep_is_as_long_as_it_should_be_without() -> None:
    clock = Clock(scale=1000)
    began, at = time.monotonic(), clock.monotonic()
    await clock.sleep(50)
    assert 0.05 <= time.monotonic() - began < 50
    assert clock.monotonic() - at >= 50


async def test_time_stamps_and_throttles_are_not_moved() -> None:
    clock = Clock()
    real, epoch, at = clock.real(), clock.time(), clock.monotonic()
    clock.advance(3600)
    assert clock.monotonic() - at >= 3600
    assert clock.real() - real < 60
    assert abs(clock.time() - epoch) < 60
