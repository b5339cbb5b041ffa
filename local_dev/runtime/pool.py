"""The workers of one function: taken and given back, added while invocations wait, replaced when the code
changes.
"""

import asyncio
import contextlib
import functools
import os
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from ..errors import FunctionError, FunctionExited, FunctionThrottled
from .worker import Worker, WorkerState

MAX_WORKERS = max(4, os.cpu_count() or 1)
"""Workers a function may have at once; invocations beyond that wait their turn."""

GROW_AFTER = 0.5
"""Seconds an invocation waits for a busy worker before another is started: a laptop pays more for a cold
start than for this wait, and a handler whose answer reached the client is about to be free.
"""

MAX_WAITING = 1000
"""Invocations that may wait for one function; beyond that they are throttled, as by an account's
concurrency limit.
"""


class WorkerPool:
    """Workers made by `make`, which raises FunctionError where none can be. `failed` hears why a worker
    could not be started.
    """

    def __init__(
        self,
        make: Callable[[], Worker],
        *,
        failed: Callable[[FunctionError], None],
        max_workers: int = MAX_WORKERS,
    ) -> None:
        self._make, self._failed, self._max_workers = make, failed, max_workers
        self._workers: set[Worker] = set()
        self._outdated: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._waiters: deque[asyncio.Future[Worker]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._stopping = False
        self._used = False

    async def acquire(self) -> Worker:
        """An idle worker, once there is one; FunctionThrottled if too many wait already."""
        self._used = True
        while self._idle:
            worker = self._idle.pop()  # the one used last; the others may rest
            if worker.state is WorkerState.IDLE:
                return worker
            self._discard(worker)
        if self._stopping:
            raise FunctionExited("the gateway is ending")
        if len(self._waiters) >= MAX_WAITING:
            raise FunctionThrottled("too many invocations at once", error_type="TooManyRequestsException")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Worker] = loop.create_future()
        self._waiters.append(waiter)
        if self._current():
            loop.call_later(GROW_AFTER, self._grow_for, waiter)
        else:
            self._grow()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._hand_over(waiter.result())
            raise

    def release(self, worker: Worker) -> None:
        """Give a worker back, whatever became of it."""
        worker.when_idle(functools.partial(self._returned, worker))

    async def warm(self) -> None:
        """Have one worker loaded. That one cannot be is reported, and tried again when invoked."""
        if not self._current():
            with contextlib.suppress(FunctionError):
                self._hand_over(await self.acquire())

    def renew(self) -> bool:
        """Use no worker any more that was started before now; whether one was ever wanted. Those that are
        busy finish first.
        """
        self._outdated |= self._workers
        while self._idle:
            self._discard(self._idle.pop())
        for worker in self._workers:
            if worker.state is WorkerState.STARTING:
                worker.kill()
        return self._used

    async def stop(self) -> None:
        """End every worker."""
        self._stopping = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(FunctionExited("the gateway is ending"))
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _current(self) -> set[Worker]:
        return self._workers - self._outdated

    def _grow_for(self, waiter: asyncio.Future[Worker]) -> None:
        if not waiter.done():
            self._grow()

    def _grow(self) -> None:
        """Start a worker if invocations wait that none of those being started will take."""
        waiting = sum(not waiter.done() for waiter in self._waiters)
        if self._stopping or waiting <= self._starting or len(self._workers) >= self._max_workers:
            return
        try:
            worker = self._make()
        except FunctionError as error:
            self._fail_next(error)
            return
        self._workers.add(worker)
        self._starting += 1
        self._spawn(self._start(worker))

    async def _start(self, worker: Worker) -> None:
        try:
            await worker.start()
        except FunctionError as error:
            self._starting -= 1
            outdated = worker in self._outdated
            self._discard(worker)
            if not outdated:  # otherwise its code was replaced meanwhile, and says nothing of the new one
                self._fail_next(error)
            self._grow()
        else:
            self._starting -= 1
            self._hand_over(worker)

    def _fail_next(self, error: FunctionError) -> None:
        if not self._stopping:
            self._failed(error)
        waiter = self._next_waiter()
        if waiter:
            waiter.set_exception(error)

    def _returned(self, worker: Worker, alive: bool) -> None:
        if alive:
            self._hand_over(worker)
        else:
            self._discard(worker)
            self._grow()

    def _hand_over(self, worker: Worker) -> None:
        """Give it to whoever waits, and let it rest only if there is nobody."""
        if worker in self._outdated or worker.state is not WorkerState.IDLE:
            self._discard(worker)
            self._grow()
            return
        waiter = self._next_waiter()
        if waiter:
            waiter.set_result(worker)
        else:
            worker.freeze()
            self._idle.append(worker)

    def _discard(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._outdated.discard(worker)
        self._spawn(worker.stop())

    def _next_waiter(self) -> asyncio.Future[Worker] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
