"""Stands between the functions and the AWS they call, so that calls can go wrong: only where faults are wanted.

Each back end gets an address here. What is said to it goes on as it is, over connections that are kept.
"""

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from .calls import Call, call_of, error_answer
from .draws import Question
from .exchanges import Answer, Request, Requests
from .faults import Faults
from .rules import Rule

log = logging.getLogger(__name__)


class Relay:
    """`async with Relay(faults) as relay`: `await relay.front(url)` gives an address to be used instead of `url`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def front(self, url: str) -> str:
        """An address on this machine whose requests go on to `url`."""

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(_Caller(self._faults, url, reader, writer).serve())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

        server = await asyncio.start_server(begin, "127.0.0.1", 0, backlog=1024)
        self._servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("a call of a function was dropped: %r", error)


class _Caller:
    """One connection of a worker, and the one to the back end that belongs to it."""

    def __init__(
        self, faults: Faults, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._faults, self._url = faults, urlsplit(url)
        self._requests, self._writer = Requests(reader, writer), writer
        self._far: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def serve(self) -> None:
        """Answer its requests until either side has had enough."""
        try:
            while request := await self._requests.next():
                if not await self._answer(request):
                    return
        except OSError:
            pass  # what the worker sees: its connection is gone
        finally:
            self._hang_up()
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()

    async def _answer(self, request: Request) -> bool:
        """Answer a request; whether another may follow."""
        method, target = request.method, request.target.decode("latin-1")
        call = call_of(method, target, request.header_map(), bytes(request.body))
        fault = self._ask(call)
        do = fault.do if fault else None
        if fault and do == "error":
            assert fault.code
            self._writer.write(error_answer(call, fault.code, fault.status))
            await self._writer.drain()
            return request.keep_alive
        if fault and do == "delay":
            assert fault.ms is not None
            await asyncio.sleep(fault.ms / 1000)
        answer = await self._carry_out(request)
        if do == "crash" and (running := self._faults.running.get(call.trace)):
            running.crash()
        if do in ("crash", "lose-answer"):
            return False
        self._writer.write(answer)
        await self._writer.drain()
        return request.keep_alive and self._far is not None

    def _ask(self, call: Call) -> Rule | None:
        return self._faults.ask(
            Question(
                at="aws",
                function=self._faults.caller(call.access_key, call.trace),
                service=call.service,
                operation=call.operation,
            )
        )

    async def _carry_out(self, request: Request) -> bytes:
        reader, writer = await self._connection()
        writer.write(request.wire(self._url.path))
        await writer.drain()
        answer = Answer(head_only=request.method == "HEAD")
        read = await answer.read(reader)
        if not answer.keep_alive:
            self._hang_up()
        return read

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._far and self._far[0].at_eof():  # it was idle for too long
            self._hang_up()
        if self._far is None:
            secure = self._url.scheme == "https"
            port = self._url.port or (443 if secure else 80)
            self._far = await asyncio.open_connection(self._url.hostname, port, ssl=secure or None)
        return self._far

    def _hang_up(self) -> None:
        if self._far:
            self._far[1].close()
            self._far = None
