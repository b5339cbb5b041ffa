"""One Lambda function: what an invocation of it is, around the workers that run it."""

import asyncio
import contextlib
import json
import math
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import FunctionError, FunctionExited, FunctionNotLoaded, FunctionRaised, FunctionThrottled
from ..faults.faults import Faults, Running
from ..faults.invocations import Invocations
from ..gateway.ids import request_id as new_request_id
from ..journal import TEXT_LIMIT, Journal
from ..stack.model import Function
from .bytecode import cache_folder
from .debugger import DebugPort
from .environment import layer_path, variables
from .pool import MAX_HELD, MAX_WORKERS, WorkerPool
from .preloaded import Preloaded
from .process import Launch
from .worker import Worker

MAX_EVENT = 6_291_456
"""Bytes of the event of a synchronous invocation."""

THROTTLED_NOTICE = 1.0
"""Seconds between two lines about throttled invocations: a flood of them is no flood of lines."""

DEBUG_TIME = 3600.0
"""Seconds that `context` promises at least to a function that is debugged."""


class LocalFunction:
    """A function and its workers. `service` is what the local services add to its environment; `waits`: its invocations
    may be long polls, of which many have to run at once.
    """

    def __init__(
        self,
        function: Function,
        *,
        service: Mapping[str, str],
        output: Callable[[str, str], None],
        journal: Journal | None = None,
        debug: DebugPort | None = None,
        preloaded: Preloaded | None = None,
        faults: Faults | None = None,
        max_workers: int = MAX_WORKERS,
        waits: bool = False,
    ) -> None:
        self.function, self.debug = function, debug
        self._service, self._output, self._journal = service, output, journal
        self._preloaded = preloaded
        self._faults = faults
        self._disturbed = Invocations(faults, function.label) if faults else None
        self._running = 0
        self._throttled_at = -math.inf
        self._inline: tempfile.TemporaryDirectory[str] | None = None
        self._pool = WorkerPool(
            self._make_worker,
            failed=self._report,
            max_workers=1 if debug else max_workers,
            max_held=MAX_HELD if waits and not debug else 0,
        )

    async def invoke(self, event: bytes, request_id: str | None = None) -> Any:
        """Run the function once, unless a fault has it otherwise; FunctionError where it gives no result. Its own
        time-out is counted from its start.
        """
        if self._disturbed is None:
            return await self._invoke(event, request_id)
        return await self._disturbed.invoke(lambda crash_after: self._invoke(event, request_id, crash_after))

    async def _invoke(self, event: bytes, request_id: str | None, crash_after: float | None = None) -> Any:
        request_id = request_id or new_request_id()
        started = time.perf_counter()
        try:
            self._admit(event)
            self._running += 1
            try:
                result = await self._run(event, request_id, crash_after)
                answer = self._parsed(result)
            finally:
                self._running -= 1
        except FunctionError as error:
            if isinstance(error, FunctionThrottled):
                self._report_throttled(error)
            facts = {"error_type": error.error_type, "error": str(error)}
            self._record("failed", request_id, started, **facts)
            raise
        self._record("returned", request_id, started, result=_text(result))
        return answer

    async def warm(self) -> None:
        """Have one worker loaded. A module that cannot be loaded is reported now, and tried again when
        invoked.
        """
        if self.function.code is not None or self.function.inline_code is not None:  # else that is noted
            await self._pool.warm()

    def renew(self) -> bool:
        """The code has changed: let no worker started before now take another invocation; whether one
        was ever wanted.
        """
        return self._pool.renew()

    async def stop(self) -> None:
        """End every worker."""
        await self._pool.stop()
        if self._inline:
            self._inline.cleanup()

    def say(self, line: str) -> None:
        """Put a line into the function's log."""
        self._output(self.function.label, line)
        if self._journal:
            self._journal.record("log", function=self.function.label, line=line)

    def _admit(self, event: bytes) -> None:
        if len(event) > MAX_EVENT:
            raise FunctionError(
                f"{len(event)} byte payload is too large for the RequestResponse invocation type "
                f"(limit {MAX_EVENT} bytes)",
                error_type="RequestEntityTooLargeException",
            )
        reserved = self.function.reserved_concurrency
        if reserved is not None and self._running >= reserved:
            raise FunctionThrottled("Rate Exceeded.", error_type="TooManyRequestsException")

    async def _run(self, event: bytes, request_id: str, crash_after: float | None) -> bytes:
        worker = await self._pool.acquire()
        timeout = self.function.timeout
        if self._journal:
            self._journal.record(
                "invoked",
                function=self.function.label,
                request=request_id,
                event=_text(event),
                cold=worker.cold,
            )
        promised = max(timeout, DEBUG_TIME) if self.debug else timeout
        root = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
        try:
            with self._exposed(worker, root, crash_after):
                return await worker.invoke(
                    event,
                    request_id=request_id,
                    arn=self.function.arn,
                    timeout=timeout,
                    deadline_ms=int((time.time() + promised) * 1000),
                    trace_id=f"Root={root};Sampled=0",
                )
        except FunctionError as error:
            self._report(error)
            raise
        finally:
            self._pool.release(worker)

    @contextlib.contextmanager
    def _exposed(self, worker: Worker, root: str, crash_after: float | None) -> Iterator[None]:
        """While an invocation runs, a fault may crash its worker: by a call that it made, or after a time."""
        if self._faults is None:
            yield
            return
        timer = None
        if crash_after:
            timer = asyncio.get_running_loop().call_later(crash_after, worker.crash)
        elif crash_after is not None:
            worker.crash()  # it is frozen still: the handler never hears of the event
        self._faults.running[root] = Running(self.function.label, worker.crash)
        try:
            yield
        finally:
            del self._faults.running[root]
            if timer:
                timer.cancel()

    def _parsed(self, result: bytes) -> Any:
        """The value of a result. The runtime writes JSON, except where the handler returned bytes."""
        try:
            return json.loads(result) if result else None
        except (ValueError, RecursionError):
            self.say(f"[ERROR] the handler's result is not JSON: {_excerpt(result)}")
            raise FunctionRaised("the handler's result is not JSON") from None

    def _report_throttled(self, error: FunctionThrottled) -> None:
        now = time.monotonic()
        if now - self._throttled_at >= THROTTLED_NOTICE:
            self._throttled_at = now
            self.say(f"[ERROR] {error.error_type}: {error}")

    def _record(self, kind: str, request_id: str, started: float, **facts: Any) -> None:
        if self._journal:
            duration = round((time.perf_counter() - started) * 1000, 1)
            self._journal.record(
                kind, function=self.function.label, request=request_id, duration_ms=duration, **facts
            )

    def _report(self, error: FunctionError) -> None:
        # What a handler or its module raised, the runtime has printed already.
        printed = isinstance(error, FunctionNotLoaded) or (
            isinstance(error, FunctionRaised) and error.error_type != "Function.ResponseSizeTooLarge"
        )
        if not printed:
            self.say(f"[ERROR] {error.error_type}: {error}")

    def _make_worker(self) -> Worker:
        folder = self._folder()
        log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
        environment = variables(self.function, folder=folder, log_stream=log_stream, service=self._service)
        launch = Launch(
            handler=self.function.handler,
            folder=folder,
            environment=environment,
            layers=layer_path(self.function),
            bytecode=None if self._inline else cache_folder(),
            debug=self.debug,
        )
        return Worker(launch, log=self.say, preloaded=self._preloaded)

    def _folder(self) -> Path:
        if self.function.inline_code is not None:
            if self._inline is None:
                self._inline = tempfile.TemporaryDirectory(prefix="local-dev-")
                source = Path(self._inline.name) / "index.py"
                source.write_text(self.function.inline_code, encoding="utf-8")
            return Path(self._inline.name)
        if self.function.code is None:
            raise FunctionExited(f"{self.function.label}: its code is not here to be run")
        if not self.function.code.is_dir():
            raise FunctionExited(
                f"{self.function.label}: its code is not a folder on this disk: {self.function.code}"
            )
        return self.function.code


def _excerpt(payload: bytes) -> str:
    return repr(payload[:60]) + ("…" if len(payload) > 60 else "")


def _text(payload: bytes) -> str:
    """As much of it as the journal keeps."""
    return payload[: 4 * TEXT_LIMIT].decode("utf-8", "replace")
