"""One execution environment of a Lambda function: a process under AWS's own runtime client, one invocation
at a time.

Where no invocation waits for it the process is frozen (SIGSTOP), as on Lambda, where nothing that a handler left
running goes on. It is put into a process group of its own within the gateway's session: should the
gateway be killed outright, the group is orphaned, and the kernel hangs up on its stopped processes, so
that none is left behind. Its temporary folder lives as long as it does.
"""

import asyncio
import json
import signal
from collections.abc import Callable
from enum import Enum

from ..errors import (
    DebugError,
    FunctionError,
    FunctionExited,
    FunctionNotLoaded,
    FunctionRaised,
    FunctionTimedOut,
)
from .debugger import port_free
from .preloaded import Preloaded
from .process import Launch, WorkerProcess
from .runtime_api import MAX_RESPONSE, RuntimeConnection

INIT_TIMEOUT = 60.0
"""Seconds a module may take to load. Lambda gives it 10, and then once more as long as the function may run; but this
machine has other things to do besides.
"""


class WorkerState(Enum):
    """STARTING until the module is loaded; IDLE; BUSY with an invocation; DEAD."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    DEAD = "dead"


class Worker:
    """A process that runs the handler of `launch`. `log` gets each line it prints. One that is debugged is
    never frozen, and may take any time.
    """

    def __init__(
        self, launch: Launch, *, log: Callable[[str], None], preloaded: Preloaded | None = None
    ) -> None:
        self._debug = launch.debug
        self._process = WorkerProcess(launch, log=log, preloaded=preloaded)
        self._server: asyncio.Server | None = None
        self._waiting: RuntimeConnection | None = None
        self._watching: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = loop.create_future()
        self._result: asyncio.Future[bytes] | None = None
        self._told: Callable[[bool], None] | None = None
        self._frozen = False
        self._request_id = ""
        self.state = WorkerState.STARTING
        self.cold = True

    async def start(self) -> None:
        """Start the process and wait until its module is loaded; FunctionError says why it cannot be."""
        if self._debug:
            try:
                await port_free(self._debug)
            except DebugError as error:
                raise FunctionExited(str(error)) from None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: RuntimeConnection(self), "127.0.0.1", 0
        )
        await self._process.start(api_port=self._server.sockets[0].getsockname()[1])
        self._watching = asyncio.get_running_loop().create_task(self._watch())
        if self.state is WorkerState.DEAD:  # stopped meanwhile
            self.kill()
        try:
            async with asyncio.timeout(None if self._debug else INIT_TIMEOUT):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self.kill()
            raise FunctionTimedOut(
                f"the module took more than {INIT_TIMEOUT:g} s to load", error_type="Sandbox.Timedout"
            ) from None

    async def invoke(
        self, event: bytes, *, request_id: str, arn: str, timeout: float, deadline_ms: int, trace_id: str
    ) -> bytes:
        """The handler's result as JSON. On a time-out the process is killed: what it was doing is lost, as
        on Lambda.
        """
        if self.state is not WorkerState.IDLE or self._waiting is None:
            raise FunctionExited(f"the worker is {self.state.value}, not idle")
        self.state, self.cold = WorkerState.BUSY, False
        self._request_id = request_id
        loop = asyncio.get_running_loop()
        self._result = loop.create_future()
        connection, self._waiting = self._waiting, None
        self._thaw()
        connection.reply(
            event,
            headers={
                "Lambda-Runtime-Aws-Request-Id": request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": arn,
                "Lambda-Runtime-Trace-Id": trace_id,
            },
        )
        timer = None if self._debug else loop.call_later(timeout, self._too_late, timeout)
        try:
            return await self._result
        finally:
            if timer is not None:
                timer.cancel()

    def when_idle(self, told: Callable[[bool], None]) -> None:
        """Call `told` once the worker can take the next invocation, which may be at once; with False if it never
        will.
        """
        if self._ready.done():
            told(self.state is WorkerState.IDLE)
        else:
            self._told = told

    def freeze(self) -> None:
        """Let nothing of it run until the next invocation. One that is debugged goes on."""
        if not (self._frozen or self._debug):
            self._frozen = True
            self._process.signal(signal.SIGSTOP)

    def crash(self) -> None:
        """Have the process die by itself, as whoever waits for it will see it."""
        self._process.signal(signal.SIGKILL)

    def kill(self) -> None:
        """End the process at once."""
        self._process.signal(signal.SIGKILL)
        self._fail(FunctionExited("the worker was stopped"))

    async def stop(self) -> None:
        """End the process and wait until nothing of it is left."""
        self.kill()
        if self._watching:
            await asyncio.gather(self._watching, return_exceptions=True)

    # What the runtime says (runtime_api.Runtime)

    def on_next(self, connection: RuntimeConnection) -> None:
        if self.state is WorkerState.DEAD:
            return
        self._waiting = connection
        self.state = WorkerState.IDLE
        if not self._ready.done():
            self._ready.set_result(None)
        self._tell(idle=True)

    def on_response(self, request_id: str, body: bytes) -> None:
        self._expect_next()
        if self._is_current(request_id):
            assert self._result
            self._result.set_result(body)

    def on_too_large(self, request_id: str) -> None:
        self._expect_next()
        self._raise(
            request_id,
            FunctionRaised(
                f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).",
                error_type="Function.ResponseSizeTooLarge",
            ),
        )
        # It would end by itself, with a trace of how AWS's runtime client gets to that.
        self._process.signal(signal.SIGKILL)

    def on_error(self, request_id: str, body: bytes) -> None:
        self._expect_next()
        self._raise(request_id, _raised(body))

    def on_init_error(self, body: bytes) -> None:
        raised = _raised(body)
        self._fail(FunctionNotLoaded(str(raised), error_type=raised.error_type))

    def _thaw(self) -> None:
        if self._frozen:
            self._frozen = False
            self._process.signal(signal.SIGCONT)

    def _too_late(self, timeout: float) -> None:
        assert self._result
        if not self._result.done():
            text = f"Task timed out after {timeout:.2f} seconds"
            self._result.set_exception(FunctionTimedOut(text, error_type="Sandbox.Timedout"))
        self.kill()

    def _tell(self, *, idle: bool) -> None:
        told, self._told = self._told, None
        if told:
            told(idle)

    def _raise(self, request_id: str, error: FunctionRaised) -> None:
        if self._is_current(request_id):
            assert self._result
            self._result.set_exception(error)

    def _expect_next(self) -> None:
        if self._ready.done() and self.state is not WorkerState.DEAD:
            self._ready = asyncio.get_running_loop().create_future()

    def _is_current(self, request_id: str) -> bool:
        return self._result is not None and not self._result.done() and request_id == self._request_id

    async def _watch(self) -> None:
        status = await self._process.ended()
        self._fail(FunctionExited(f"Runtime exited with status {status}", error_type="Runtime.ExitError"))
        await self._process.clean_up()

    def _fail(self, error: FunctionError) -> None:
        self.state = WorkerState.DEAD
        if self._server:
            self._server.close()
        for future in (self._ready, self._result):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # whoever still waits gets it; nobody has to
        self._tell(idle=False)


def _raised(body: bytes) -> FunctionRaised:
    try:
        error = json.loads(body)
        return FunctionRaised(str(error["errorMessage"]), error_type=str(error["errorType"]))
    except (ValueError, KeyError, TypeError):
        return FunctionRaised("the handler failed without saying how")
