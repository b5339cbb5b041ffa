"""The Lambda service, as much of it as the gateway needs: functions, each with its workers, invoked by
name.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from ..errors import FunctionError, FunctionExited, FunctionRaised, FunctionThrottled
from ..stack.cloud import CREDENTIALS
from ..stack.model import Function
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


class FunctionPool:
    """One function and its workers. `service` is environment common to all functions (endpoints,
    credentials).
    """

    def __init__(
        self,
        function: Function,
        *,
        service: Mapping[str, str],
        output: Callable[[str, str], None],
        max_workers: int = MAX_WORKERS,
    ) -> None:
        self.function = function
        self._service, self._output, self._max_workers = service, output, max_workers
        self._workers: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._waiters: deque[asyncio.Future[Worker]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting = 0
        self._stopping = False
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    async def invoke(self, event: bytes) -> Any:
        """Run the function once; FunctionError where it gives no result. Its own time-out is counted from
        its start.
        """
        worker = await self._acquire()
        request_id = str(uuid.uuid4())
        timeout = self.function.timeout
        try:
            return await worker.invoke(
                event,
                request_id=request_id,
                arn=self.function.arn,
                timeout=timeout,
                deadline_ms=int((time.time() + timeout) * 1000),
                trace_id=f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
            )
        except FunctionError as error:
            self._report(error)
            raise
        finally:
            self._spawn(self._release(worker))

    async def warm(self) -> None:
        """Have one worker loaded. A module that cannot be loaded is reported now, and tried again when
        invoked.
        """
        if self._workers:
            return
        with contextlib.suppress(FunctionError):
            self._hand_over(await self._acquire())

    async def stop(self) -> None:
        """End every worker."""
        self._stopping = True
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._scratch:
            self._scratch.cleanup()

    async def _acquire(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()  # the one used last; the others may rest
            if worker.state is WorkerState.IDLE:
                return worker
            self._workers.discard(worker)
        if len(self._waiters) >= MAX_WAITING:
            raise FunctionThrottled(
                f"{self.function.label}: too many invocations at once", error_type="Throttled"
            )
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Worker] = loop.create_future()
        self._waiters.append(waiter)
        if self._workers:
            loop.call_later(GROW_AFTER, self._grow_for, waiter)
        else:
            self._grow()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._hand_over(waiter.result())
            raise

    def _grow_for(self, waiter: asyncio.Future[Worker]) -> None:
        if not waiter.done():
            self._grow()

    def _grow(self) -> None:
        """Start a worker if invocations wait that none of those being started will take."""
        waiting = sum(not waiter.done() for waiter in self._waiters)
        if self._stopping or waiting <= self._starting or len(self._workers) >= self._max_workers:
            return
        try:
            worker = Worker(
                handler=self.function.handler,
                cwd=str(self._folder()),
                environment=self._environment(),
                log=lambda line: self._output(self.function.label, line),
            )
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
            self._workers.discard(worker)
            self._starting -= 1
            await worker.stop()
            self._fail_next(error)
            self._grow()
        else:
            self._starting -= 1
            self._hand_over(worker)

    def _fail_next(self, error: FunctionError) -> None:
        self._report(error)
        waiter = self._next_waiter()
        if waiter:
            waiter.set_exception(error)

    async def _release(self, worker: Worker) -> None:
        if await worker.idle():
            self._hand_over(worker)
        else:
            self._workers.discard(worker)
            self._grow()

    def _hand_over(self, worker: Worker) -> None:
        waiter = self._next_waiter()
        if waiter:
            waiter.set_result(worker)
        else:
            self._idle.append(worker)

    def _next_waiter(self) -> asyncio.Future[Worker] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _report(self, error: FunctionError) -> None:
        # What a handler raised, the runtime has printed already.
        if not self._stopping and not isinstance(error, FunctionRaised):
            self._output(self.function.label, f"[ERROR] {error.error_type}: {error}")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _folder(self) -> Path:
        if self.function.inline_code is not None:
            if self._scratch is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="local-dev-")
                (Path(self._scratch.name) / "index.py").write_text(
                    self.function.inline_code, encoding="utf-8"
                )
            return Path(self._scratch.name)
        if self.function.code is None or not self.function.code.is_dir():
            raise FunctionExited(
                f"{self.function.label}: its code is not a folder on this disk: {self.function.code}"
            )
        return self.function.code

    def _environment(self) -> dict[str, str]:
        """The variables a handler finds on Lambda; the service's endpoints win over the template's."""
        function = self.function
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": os.environ.get("HOME", "/"),
            "LANG": "C.UTF-8",
            "TZ": ":UTC",
            "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
            "LAMBDA_TASK_ROOT": str(self._folder()),
            "LAMBDA_RUNTIME_DIR": str(Path(sys.prefix)),
            "_HANDLER": function.handler,
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "AWS_EXECUTION_ENV": "AWS_Lambda_python",
            **({"AWS_LAMBDA_LOG_FORMAT": "JSON"} if function.json_logs else {}),
            **function.environment,
            **CREDENTIALS,
            **self._service,
        }


class LocalFunctions:
    """All functions of a stack. `service_for` gives the endpoints for one of them."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        *,
        service_for: Callable[[Function], Mapping[str, str]],
        output: Callable[[str, str], None],
    ) -> None:
        self._pools = {
            name: FunctionPool(function, service=service_for(function), output=output)
            for name, function in functions.items()
        }
        self._running: set[asyncio.Task[Any]] = set()

    async def invoke(self, name: str, event: Mapping[str, Any], *, wait: float) -> Any:
        """The function's result within `wait` seconds. On TimeoutError the function goes on: only its
        caller gave up.
        """
        pool = self._pools.get(name)
        if pool is None:
            raise FunctionThrottled(
                f"there is no function called {name}", error_type="ResourceNotFoundException"
            )
        payload = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        task = asyncio.get_running_loop().create_task(pool.invoke(payload))
        self._running.add(task)
        task.add_done_callback(self._forget)
        async with asyncio.timeout(wait):
            return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may have given up by now

    async def warm(self, names: list[str]) -> None:
        """Load the named functions, one after the other, so that the first client does not wait for it."""
        for name in names:
            if name in self._pools:
                await self._pools[name].warm()

    async def stop(self) -> None:
        """End every worker of every function."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
