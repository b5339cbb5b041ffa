"""One execution environment of a Lambda function: a process under AWS's own runtime client, one invocation
at a time.

Between invocations the process is frozen (SIGSTOP), as on Lambda, where nothing that a handler left
running goes on. It is put into a process group of its own within the gateway's session: should the
gateway be killed outright, the group is orphaned, and the kernel hangs up on its stopped processes, so
that none is left behind.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from ..errors import FunctionError, FunctionExited, FunctionRaised, FunctionTimedOut
from .runtime_api import RuntimeConnection

INIT_TIMEOUT = 10.0
"""Seconds a module may take to load, as on Lambda."""


class WorkerState(Enum):
    """STARTING until the module is loaded; IDLE (frozen); BUSY with an invocation; DEAD."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    DEAD = "dead"


class Worker:
    """A process that runs `handler` with `cwd` as its task root. `log` gets each line it prints."""

    def __init__(
        self, *, handler: str, cwd: str, environment: Mapping[str, str], log: Callable[[str], None]
    ) -> None:
        self._handler, self._cwd, self._environment, self._log = handler, cwd, environment, log
        self.state = WorkerState.STARTING
        self._process: asyncio.subprocess.Process | None = None
        self._server: asyncio.Server | None = None
        self._waiting: RuntimeConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._result: asyncio.Future[Any] | None = None
        self._request_id = ""

    async def start(self) -> None:
        """Start the process and wait until its module is loaded; FunctionError says why it cannot be."""
        self._server = await asyncio.get_running_loop().create_server(
            lambda: RuntimeConnection(self), "127.0.0.1", 0
        )
        port = self._server.sockets[0].getsockname()[1]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "awslambdaric",
            self._handler,
            cwd=self._cwd,
            env={**self._environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=2**22,
            process_group=0,
        )
        self._spawn(self._watch(self._process))
        try:
            async with asyncio.timeout(INIT_TIMEOUT):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill()
            raise FunctionTimedOut(
                f"the module took more than {INIT_TIMEOUT:g} s to load", error_type="Sandbox.Timedout"
            ) from None

    async def invoke(
        self, event: bytes, *, request_id: str, arn: str, timeout: float, deadline_ms: int, trace_id: str
    ) -> Any:
        """The handler's result, parsed. On a time-out the process is killed: what it was doing is lost, as
        on Lambda.
        """
        if self.state is not WorkerState.IDLE or self._waiting is None:
            raise FunctionExited(f"the worker is {self.state.value}, not idle")
        self.state = WorkerState.BUSY
        self._request_id = request_id
        self._result = asyncio.get_running_loop().create_future()
        connection, self._waiting = self._waiting, None
        self._signal(signal.SIGCONT)
        connection.reply(
            event,
            headers={
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Lambda-Runtime-Trace-Id": trace_id,
            },
        )
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._result)
        except TimeoutError:
            self.kill()
            raise FunctionTimedOut(
                f"Task timed out after {timeout:.2f} seconds", error_type="Sandbox.Timedout"
            ) from None

    async def idle(self) -> bool:
        """Wait until the worker can take the next invocation; False if it died instead."""
        with contextlib.suppress(FunctionError):
            await asyncio.shield(self._ready)
        return self.state is WorkerState.IDLE

    def kill(self) -> None:
        """End the process at once."""
        self._signal(signal.SIGKILL)
        self._fail(FunctionExited("the worker was stopped"))

    async def stop(self) -> None:
        """End the process and wait until nothing of it is left."""
        self.kill()
        if self._process:
            await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # What the runtime says (runtime_api.Runtime)

    def on_next(self, connection: RuntimeConnection) -> None:
        if self.state is WorkerState.DEAD:
            return
        self._waiting = connection
        self.state = WorkerState.IDLE
        self._signal(signal.SIGSTOP)
        if not self._ready.done():
            self._ready.set_result(None)

    def on_response(self, request_id: str, body: bytes) -> None:
        self._expect_next()
        if not self._is_current(request_id):
            return
        assert self._result
        try:
            self._result.set_result(json.loads(body) if body else None)
        except ValueError:
            self._result.set_exception(FunctionRaised("the handler's result is not JSON"))

    def on_error(self, request_id: str, body: bytes) -> None:
        self._expect_next()
        if self._is_current(request_id):
            assert self._result
            self._result.set_exception(_raised(body))

    def on_init_error(self, body: bytes) -> None:
        raised = _raised(body)
        self._fail(FunctionExited(str(raised), error_type=raised.error_type))

    def _expect_next(self) -> None:
        if self._ready.done():
            self._ready = asyncio.get_running_loop().create_future()

    def _is_current(self, request_id: str) -> bool:
        return self._result is not None and not self._result.done() and request_id == self._request_id

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit; the stream has dropped it
                self._log("(a log line of over 4 MB was dropped)")
                continue
            if not line:
                break
            self._log(line.decode("utf-8", "replace").rstrip("\n"))
        status = await process.wait()
        self._fail(FunctionExited(f"Runtime exited with status {status}", error_type="Runtime.ExitError"))

    def _fail(self, error: FunctionError) -> None:
        self.state = WorkerState.DEAD
        if self._server:
            self._server.close()
        for future in (self._ready, self._result):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # whoever still waits gets it; nobody has to

    def _signal(self, number: int) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _raised(body: bytes) -> FunctionRaised:
    try:
        error = json.loads(body)
        return FunctionRaised(str(error["errorMessage"]), error_type=str(error["errorType"]))
    except (ValueError, KeyError, TypeError):
        return FunctionRaised("the handler failed without saying how")
