"""Stands between the functions and the AWS they call: only where calls are to be checked, or to go wrong.

Each back end gets an address here. What is said to it goes on as it is, over connections that are kept, unless an
interceptor has it otherwise.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from .calls import Call, call_of
from .exchanges import Answer, Request, Requests

log = logging.getLogger(__name__)

GoOn = Callable[[], Awaitable[bytes | None]]
"""Has a call carried out by whoever comes after; its whole answer, None where the caller is to get none."""


class Interceptor(Protocol):
    """Has a say in every call."""

    async def intercept(self, call: Call, go_on: GoOn) -> bytes | None:
        """The answer that the caller gets, None to hang up on it."""


class Relay:
    """`async with Relay([…]) as relay`: `await relay.front(url)` gives an address to be used instead of `url`. The
    interceptors are asked in order, each before the next.
    """

    def __init__(self, interceptors: Sequence[Interceptor]) -> None:
        self._interceptors = interceptors
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
            task = asyncio.get_running_loop().create_task(
                _Caller(self._interceptors, url, reader, writer).serve()
            )
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
        self,
        interceptors: Sequence[Interceptor],
        url: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._interceptors, self._url = interceptors, urlsplit(url)
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
        was_sent = False

        async def send() -> bytes:
            nonlocal was_sent
            was_sent = True
            return await self._carry_out(request)

        go_on: GoOn = send
        for interceptor in reversed(self._interceptors):
            go_on = functools.partial(interceptor.intercept, call, go_on)
        answer = await go_on()
        if answer is None:
            return False
        self._writer.write(answer)
        await self._writer.drain()
        return request.keep_alive and (self._far is not None or not was_sent)

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
