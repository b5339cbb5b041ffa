"""A WebSocket, passed on byte by byte: the handshake goes to the gateway as HTTP/1.1 has it, and what follows as it is.

It stands where hypercorn has a WebSocket server of its own, of which an application sees messages alone: not the
frames, pings and close codes, about which the gateway is exact. Frames are the same in all versions of HTTP (RFC 8441,
section 5; RFC 9220, section 3), so there is nothing to translate in them.
"""

import asyncio
import base64
import contextlib
import os
from collections.abc import Awaitable, Callable
from typing import Any

import h11
from hypercorn.protocol.events import Body, Data, EndBody, EndData, Event, Request, Response, StreamClosed

from ..web.limits import BUFFER_LIMIT, EARLY_LIMIT
from .forward import problem
from .origin import Exchange, Headers, Unreachable, Unsendable, end_to_end

Send = Callable[[Event], Awaitable[None]]

OF_THE_SWITCH = frozenset((b"sec-websocket-accept", b"sec-websocket-key"))
"""Headers of a handshake that only HTTP/1.1 has."""


class Tunnel:
    """One stream, as hypercorn knows its own `WSStream`; `config` is a `FrontConfig`."""

    def __init__(  # noqa: PLR0917 (as hypercorn calls it)
        self,
        app: Any,
        config: Any,
        context: Any,
        task_group: Any,
        ssl: bool,
        client: tuple[str, int] | None,
        server: tuple[str, int] | None,
        send: Send,
        stream_id: int,
    ) -> None:
        self._config, self._tasks, self._client = config, task_group, client
        self._send, self._stream_id = send, stream_id
        self._early = bytearray()
        self._early_end = False
        self._origin: Exchange | None = None
        self._task: asyncio.Task[Any] | None = None
        self._responded = self._over = self._gone = False

    @property
    def idle(self) -> bool:
        """Whether the connection may be closed as far as this stream is concerned."""
        return self._over

    async def handle(self, event: Event) -> None:
        """Take what the client did. Nothing is waited for here: all streams of a connection come by."""
        if self._over or self._gone:
            return
        if isinstance(event, Request):
            self._tasks.spawn(self._run, event)
        elif isinstance(event, (Body, Data)):
            self._write(event.data)
        elif isinstance(event, (EndBody, EndData)):
            self._end()
        elif isinstance(event, StreamClosed):
            self._gone = True
            if self._task is not None:
                self._task.cancel()

    def _write(self, data: bytes) -> None:
        if self._origin is None:
            self._early += data
            if len(self._early) > EARLY_LIMIT and self._task is not None:
                self._task.cancel()
        elif not self._origin.writer.is_closing():
            self._origin.writer.write(data)
            if self._origin.writer.transport.get_write_buffer_size() > BUFFER_LIMIT:
                self._origin.writer.transport.abort()  # the gateway has stopped to read: it hears no more

    def _end(self) -> None:
        """The client has nothing more to say."""
        if self._origin is None:
            self._early_end = True
        elif not self._origin.writer.is_closing():
            with contextlib.suppress(OSError):
                self._origin.writer.write_eof()

    async def _run(self, request: Request) -> None:
        """The whole life of the socket. It ends by itself when the gateway ends it, and is cancelled when the client
        has gone; what the client said last still arrives.
        """
        self._task = asyncio.current_task()
        if self._gone:
            return
        try:
            await self._pass_on(request)
        finally:
            self._over = True
            if not self._gone:
                await self._send(StreamClosed(stream_id=self._stream_id))

    async def _pass_on(self, request: Request) -> None:
        fault = 0
        try:
            async with Exchange(self._config.target, self._client, self._config.clients) as origin:
                origin.send(_handshake(request))
                origin.send(h11.EndOfMessage())
                if await self._answered(origin, request.http_version):
                    self._origin = origin
                    self._write(bytes(self._early))
                    if self._early_end:
                        self._end()
                    async for data in origin.raw():
                        await self._send(Data(stream_id=self._stream_id, data=data))
                    await self._send(EndData(stream_id=self._stream_id))
        except Unsendable:
            fault = 400
        except Unreachable:
            fault = 502
        if fault and not self._responded:
            status, headers, body = problem(fault)
            await self._respond(status, headers)
            await self._send(Body(stream_id=self._stream_id, data=body))
            await self._send(EndBody(stream_id=self._stream_id))

    async def _answered(self, origin: Exchange, version: str) -> bool:
        """Pass the answer to the handshake on; whether the socket is open."""
        async for event in origin.events():
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                await self._respond(*_accepted(event, version))
                return True
            if isinstance(event, h11.Response):
                await self._respond(event.status_code, end_to_end(event.headers))
            elif isinstance(event, h11.Data):
                await self._send(Body(stream_id=self._stream_id, data=bytes(event.data)))
            elif isinstance(event, h11.EndOfMessage):
                await self._send(EndBody(stream_id=self._stream_id))
        return False

    async def _respond(self, status: int, headers: Headers) -> None:
        self._responded = True
        await self._send(Response(stream_id=self._stream_id, status_code=status, headers=headers))


def _handshake(request: Request) -> h11.Request:
    """The request as HTTP/1.1 has it: as it is, or made from an extended CONNECT (RFC 8441, section 5)."""
    headers = list(request.headers)
    if request.http_version[0] != "1":
        headers = [(n, v) for n, v in end_to_end(headers) if n not in OF_THE_SWITCH]
        key = base64.b64encode(os.urandom(16))
        headers += [(b"connection", b"Upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-key", key)]
    try:
        return h11.Request(method="GET", target=request.raw_path, headers=headers)
    except h11.LocalProtocolError as error:
        raise Unsendable(str(error)) from None


def _accepted(answer: h11.InformationalResponse, version: str) -> tuple[int, Headers]:
    if version[0] == "1":
        return 101, answer.headers.raw_items()
    return 200, [(n, v) for n, v in end_to_end(answer.headers) if n.lower() not in OF_THE_SWITCH]
