"""What some networks have between a page and its server: it lets no WebSocket through, or no long request."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_CHUNK = 65_536
_REFUSAL = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TIMEOUT = b"HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_REQUEST = re.compile(rb"^([A-Z]+ /api/\S+) HTTP/1.1\r\n")
_WAITS = re.compile(rb"wait=[1-9]")


@dataclass
class Wall:
    """Before the server at `port`. What it lets through may be changed at any time."""

    port: int
    url: str
    sockets: bool = True
    """Whether WebSockets come through."""
    mute: bool = False
    """Whether nothing comes back on a WebSocket but that it is open."""
    hangs: bool = False
    """Whether nothing comes back at all to who asks for a WebSocket."""
    patience: float | None = None
    """Seconds that a request which the server may hold lasts, if there is a limit."""
    gone: bool = False
    """Whether nothing comes through at all."""
    upgrades: int = 0
    """How often a WebSocket was asked for."""
    requests: list[str] = field(default_factory=list)
    """Each request to the API: its method and its address."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _open: dict[asyncio.StreamWriter, bool] = field(default_factory=dict)

    async def block(self) -> None:
        """Let no WebSocket through, and cut those that are open."""
        self.sockets = False
        self._cut(sockets_only=True)

    async def vanish(self) -> None:
        """Let nothing through, and cut what is open."""
        self.gone = True
        self._cut(sockets_only=False)

    def _cut(self, *, sockets_only: bool) -> None:
        for writer, is_socket in list(self._open.items()):
            if is_socket or not sockets_only:
                writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            is_socket = b"upgrade: websocket" in head.lower()
            self.upgrades += is_socket
            if is_socket and not self.sockets:
                writer.write(_REFUSAL)
                await writer.drain()
            elif not self.gone:
                self._open[writer] = is_socket
                if is_socket and self.hangs:
                    await reader.read()
                else:
                    await self._join(head, reader, writer, is_socket=is_socket)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            self._open.pop(writer, None)
            writer.close()

    async def _join(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_socket: bool
    ) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self.port)
        opening, timer = is_socket, None

        def cut() -> None:
            writer.write(_TIMEOUT)
            writer.close()

        async def up(data: bytes) -> None:
            nonlocal timer
            while data:
                if found := _REQUEST.match(data):
                    self.requests.append(found[1].decode())
                    if self.patience and _WAITS.search(found[1]):
                        timer = asyncio.get_running_loop().call_later(self.patience, cut)
                if found or data is head:  # the server lets in the page at its own address only
                    data = data.replace(self.url.encode(), b"http://127.0.0.1:%d" % self.port)
                forth.write(data)
                await forth.drain()
                data = await reader.read(_CHUNK)
            forth.close()

        going = asyncio.create_task(up(head))
        try:
            while data := await back.read(_CHUNK):
                if timer:
                    timer.cancel()
                if not (is_socket and self.mute) or opening:
                    writer.write(data)
                    await writer.drain()
                opening = False
        finally:
            going.cancel()
            forth.close()


@asynccontextmanager
async def wall_before(port: int) -> AsyncIterator[Wall]:
    wall = Wall(port, "")
    server = await asyncio.start_server(wall.serve, "127.0.0.1", 0)
    wall.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wall
    finally:
        server.close()
        for task in wall._tasks:
            task.cancel()
        await asyncio.gather(*wall._tasks, return_exceptions=True)
