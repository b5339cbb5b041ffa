"""The Lambda service, as much of it as the gateway needs: the functions of a stack, invoked by name."""

import asyncio
import json
import os
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from ..errors import FunctionError, FunctionThrottled
from ..faults.faults import Faults
from ..gateway.ids import request_id as new_request_id
from ..journal import Journal
from ..stack.clients import Clients
from ..stack.model import Function
from ..stack.opaque import function_name
from .asynchronous import MAX_EVENT, MAX_QUEUED, deliver
from .bytecode import cache_folder, prune
from .debugger import DebugPort
from .destinations import Letter, letters, send, service_of
from .function import LocalFunction
from .preloaded import Preloaded


class LocalFunctions:
    """All functions of a stack, by physical name. `service_for` gives the environment that points one of
    them at the local services, with its credentials; `debug` the ports of those that wait for a debugger. With
    `preloaded` workers start faster; whoever started it ends it, after this. `faults` happen to invocations.
    `waiting` are names of functions whose invocations may be long polls. `clients` reach the queues and topics that are
    told what asynchronous events came to.
    """

    def __init__(
        self,
        functions: Mapping[str, Function],
        *,
        service_for: Callable[[Function], Mapping[str, str]],
        output: Callable[[str, str], None],
        journal: Journal | None = None,
        debug: Mapping[str, DebugPort] | None = None,
        preloaded: Preloaded | None = None,
        faults: Faults | None = None,
        waiting: Collection[str] = (),
        clients: Clients | None = None,
    ) -> None:
        debug = debug or {}
        self._clients = clients
        self._functions = {
            name: LocalFunction(
                function,
                service=service_for(function),
                output=output,
                journal=journal,
                debug=debug.get(name),
                preloaded=preloaded,
                faults=faults,
                waits=name in waiting,
            )
            for name, function in functions.items()
        }
        self._running: set[asyncio.Task[Any]] = set()
        self._queued = 0
        self._loading = asyncio.Semaphore(os.cpu_count() or 1)

    async def invoke(self, name: str, event: Any, *, wait: float) -> Any:
        """The function's result within `wait` seconds. On TimeoutError the function goes on: only its
        caller gave up. For a function that is debugged, everybody waits.
        """
        function = self._find(name)
        task = self._spawn(function.invoke(_payload(event)))
        async with asyncio.timeout(None if function.debug else wait):
            return await asyncio.shield(task)

    def invoke_later(self, name: str, event: Any) -> None:
        """Take an event for an asynchronous invocation; its result goes to whom the function names, its failure is
        reported as well. FunctionError where it is not taken on.
        """
        function, payload = self._find(name), _payload(event)
        if len(payload) > MAX_EVENT:
            raise FunctionError(
                f"{len(payload)} byte payload is too large for the Event invocation type "
                f"(limit {MAX_EVENT} bytes)",
                error_type="RequestEntityTooLargeException",
            )
        if self._queued >= MAX_QUEUED:
            raise FunctionThrottled("too many events wait", error_type="TooManyRequestsException")
        self._queued += 1
        self._spawn(self._deliver(function, payload))

    async def warm(self, *stages: Sequence[str]) -> None:
        """Load the named functions, so that the first client does not wait for it: stage after stage, within
        one as many at once as there are processors, in order. Whoever waits for a debugger does not hold up
        the others.
        """
        for function in self._functions.values():
            if function.debug:
                self._spawn(function.warm())
        for names in stages:
            functions = [self._functions[name] for name in names if name in self._functions]
            await asyncio.gather(*(self._load(function) for function in functions if not function.debug))
        await asyncio.to_thread(prune, cache_folder())

    def reload(self, names: Collection[str]) -> None:
        """The code of these functions has changed: new invocations get new workers. Functions that were in
        use get one at once, so that a module that cannot be loaded is reported now.
        """
        for name in names:
            function = self._functions.get(name)
            if function and function.renew():
                self._spawn(function.warm() if function.debug else self._load(function))

    async def stop(self) -> None:
        """End every worker of every function."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*(function.stop() for function in self._functions.values()))
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _load(self, function: LocalFunction) -> None:
        async with self._loading:
            await function.warm()

    async def _deliver(self, function: LocalFunction, payload: bytes) -> None:
        request_id = ""

        async def attempt() -> Any:
            nonlocal request_id
            request_id = new_request_id()  # Lambda's attempts share one; here each is told apart by it
            return await function.invoke(payload, request_id)

        try:
            outcome = await deliver(attempt, function.function.asynchronous)
            if outcome.error is not None:
                function.say(f"[ERROR] {outcome}")
            for letter in letters(
                function.function, payload, outcome, request_id=request_id, now=time.time()
            ):
                await self._send(letter, function)
        finally:
            self._queued -= 1

    async def _send(self, letter: Letter, function: LocalFunction) -> None:
        service = service_of(letter.destination)
        try:
            if service is None:
                self.invoke_later(function_name(letter.destination), json.loads(letter.text))
            elif self._clients is not None:
                await asyncio.to_thread(send, await self._clients.get(service), letter)
        except Exception as error:  # the event is over, its function goes on
            function.say(f"[ERROR] {letter.destination} could not be told of an asynchronous event: {error}")

    def _find(self, name: str) -> LocalFunction:
        function = self._functions.get(name)
        if function is None:
            raise FunctionThrottled(
                f"there is no function called {name}", error_type="ResourceNotFoundException"
            )
        return function

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # the caller may have given up by now


def _payload(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
