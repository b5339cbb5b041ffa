"""Which worker an invocation gets, and which of them rest."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from local_dev.runtime.pool import WorkerPool
from local_dev.runtime.worker import WorkerState

pytestmark = pytest.mark.anyio


class StandIn:
    """A worker without a process, whose handler returns when the test says so."""

    def __init__(self) -> None:
        self.state = WorkerState.STARTING
        self.frozen = self.stopped = False
        self._told: Callable[[bool], None] | None = None

    async def start(self) -> None:
        self.state = WorkerState.IDLE

    def when_idle(self, told: Callable[[bool], None]) -> None:
        self._told = told

    def freeze(self) -> None:
        self.frozen = True

    def returns(self, *, alive: bool = True) -> None:
        self.state = WorkerState.IDLE if alive else WorkerState.DEAD
        told, self._told = self._told, None
        assert told
        told(alive)

    def kill(self) -> None:
        self.state = WorkerState.DEAD

    async def stop(self) -> None:
        self.stopped = True


def pool_of(made: list[StandIn]) -> Any:
    def make() -> Any:
        made.append(StandIn())
        return made[-1]

    return WorkerPool(make, failed=lambda _: None, max_workers=1)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def one_that_is_waited_for(made: list[StandIn]) -> tuple[Any, Any, asyncio.Task[Any]]:
    """A pool, its one worker, which has answered and not yet asked for more, and an invocation that waits."""
    pool = pool_of(made)
    worker = await pool.acquire()
    waiting = asyncio.create_task(pool.acquire())
    await turns()
    pool.release(worker)
    return pool, worker, waiting


async def test_a_worker_rests_only_where_nobody_waits_for_it() -> None:
    made: list[StandIn] = []
    pool, worker, waiting = await one_that_is_waited_for(made)
    assert not waiting.done()  # it has answered, and does not ask for more yet
    worker.returns()
    assert await waiting is worker
    assert not worker.frozen
    pool.release(worker)
    worker.returns()
    assert worker.frozen
    assert await pool.acquire() is worker


async def test_a_worker_whose_next_invocation_was_given_up_rests() -> None:
    made: list[StandIn] = []
    pool, worker, waiting = await one_that_is_waited_for(made)
    worker.returns()
    waiting.cancel()  # it has been handed over by now, and nobody has noticed
    await asyncio.gather(waiting, return_exceptions=True)
    assert worker.frozen
    assert await pool.acquire() is worker


async def test_a_worker_that_died_is_replaced_for_whoever_waits() -> None:
    made: list[StandIn] = []
    _, worker, waiting = await one_that_is_waited_for(made)
    worker.returns(alive=False)
    assert await waiting is made[1]
    await turns()
    assert worker.stopped
