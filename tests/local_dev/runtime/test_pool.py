"""Which worker an invocation gets, and which of them rest."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from local_dev.runtime import pool as pool_module
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


def pool_of(made: list[StandIn], max_held: int = 0) -> Any:
    def make() -> Any:
        made.append(StandIn())
        return made[-1]

    return WorkerPool(make, failed=lambda _: None, max_workers=1, max_held=max_held)


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


@pytest.mark.parametrize(("max_held", "served"), [(0, 1), (2, 3), (20, 9)])
async def test_workers_are_added_while_others_are_held(
    monkeypatch: pytest.MonkeyPatch, max_held: int, served: int
) -> None:
    monkeypatch.setattr(pool_module, "HELD_AFTER", 0.01)
    monkeypatch.setattr(pool_module, "GROW_AFTER", 0.01)
    made: list[StandIn] = []
    pool = pool_of(made, max_held)
    waiting = [asyncio.create_task(pool.acquire()) for _ in range(9)]
    async with asyncio.timeout(60):
        while sum(task.done() for task in waiting) < served:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # in which one more would have been
    assert sum(task.done() for task in waiting) == len(made) == served
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await pool.stop()


async def test_workers_that_were_added_are_ended_when_nobody_needs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pool_module, "HELD_AFTER", 0.01)
    monkeypatch.setattr(pool_module, "GROW_AFTER", 0.01)
    monkeypatch.setattr(pool_module, "KEPT_FOR", 0.05)
    made: list[StandIn] = []
    pool = pool_of(made, 20)
    async with asyncio.timeout(60):
        workers = await asyncio.gather(*(pool.acquire() for _ in range(4)))
        for worker in workers:
            pool.release(worker)
            worker.returns()
        assert await pool.acquire() is workers[-1]  # used again, so it stays
        while sum(worker.stopped for worker in made) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not workers[-1].stopped
    await pool.stop()


async def test_where_all_are_held_another_is_started_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "HELD_AFTER", 0.0)
    monkeypatch.setattr(pool_module, "GROW_AFTER", 60.0)
    pool = pool_of([], 20)
    async with asyncio.timeout(60):
        first = await pool.acquire()
        await asyncio.sleep(0.01)
        assert await pool.acquire() is not first
    await pool.stop()
