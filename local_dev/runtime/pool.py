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

MAX_HELD = 200
"""Workers beyond MAX_WORKERS that a function may have whose invocations wait for something, as long polls do."""

HELD_AFTER = 0.3
"""Seconds after which an invocation counts as one that waits."""

KEPT_FOR = 60.0
"""Seconds that a worker beyond MAX_WORKERS may be idle before it is ended."""

MAX_WAITING = 1000
"""Invocations that may wait for one function; beyond that they are throttled, as by an account's
concurrency limit.
"""


class WorkerPool:
    """Workers made by `make`, which raises FunctionError where none can be. `failed` hears why a worker
    could not be started. Up to `max_held` more are added while others are held by invocations that take long.
    """

    def __init__(
        self,
        make: Callable[[], Worker],
        *,
        failed: Callable[[FunctionError], None],
        max_workers: int = MAX_WORKERS,
        max_held: int = 0,
    ) -> None:
        self._make, self._failed = make, failed
        self._max_workers, self._max_held = max_workers, max_held
        self._since: dict[Worker, float] = {}
        """Since when workers that may be held are busy, or idle."""
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
                self._mark(worker)
                return worker
            self._discard(worker)
        if self._stopping:
            raise FunctionExited("the gateway is ending")
        if len(self._waiters) >= MAX_WAITING:
            raise FunctionThrottled("too many invocations at once", error_type="TooManyRequestsException")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Worker] = loop.create_future()
        self._waiters.append(waiter)
        if self._max_held and self._held() == len(self._workers):
            self._grow_for(waiter)  # none is about to be free
        elif self._current():
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
            if self._max_held and not self._stopping:  # others may be held by then
                asyncio.get_running_loop().call_later(HELD_AFTER, self._grow_for, waiter)

    def _grow(self) -> None:
        """Start a worker if invocations wait that none of those being started will take."""
        waiting = sum(not waiter.done() for waiter in self._waiters)
        if self._stopping or waiting <= self._starting or len(self._workers) >= self._limit():
            return
        try:
            worker = self._make()
        except FunctionError as error:
            self._fail_next(error)
            return
        self._workers.add(worker)
        self._starting += 1
        self._spawn(self._start(worker))

    def _limit(self) -> int:
        """How many workers there may be: twice as many more as are held, so that a crowd is soon served, but
        MAX_WORKERS at most that start at once.
        """
        if not self._max_held:
            return self._max_workers
        most = self._max_workers + min(self._max_held, 2 * self._held())
        return most if self._starting < self._max_workers else 0

    def _held(self) -> int:
        """How many workers are busy with an invocation that waits for something."""
        late = asyncio.get_running_loop().time() - HELD_AFTER
        idle = set(self._idle)
        return sum(since < late for worker, since in self._since.items() if worker not in idle)

    def _mark(self, worker: Worker) -> None:
        """From now on the worker is busy, or idle."""
        if self._max_held:
            self._since[worker] = asyncio.get_running_loop().time()

    def _retire(self) -> None:
        """End those beyond MAX_WORKERS that nobody has needed for long."""
        late = asyncio.get_running_loop().time() - KEPT_FOR
        while self._idle and len(self._workers) > self._max_workers and self._since[self._idle[0]] <= late:
            self._discard(self._idle.popleft())

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
            if self._max_held:
                self._grow()

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
        self._mark(worker)
        if waiter:
            waiter.set_result(worker)
        else:
            worker.freeze()
            self._idle.append(worker)
            if len(self._workers) > self._max_workers:
                asyncio.get_running_loop().call_later(KEPT_FOR, self._retire)

    def _discard(self, worker: Worker) -> None:
        self._workers.discard(worker)
        self._outdated.discard(worker)
        self._since.pop(worker, None)
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
