"""A WebSocket on a stream of any version, made of websockets' state machine, which knows the frames alone."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from tests.versions.streams import PATIENCE, Reset, Stream

if TYPE_CHECKING:
    from tests.versions import Connection

MESSAGE_LIMIT = 1024 * 1024


class Refused(Exception):
    """The server did not open the WebSocket."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(f"{status} {body!r}")
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The WebSocket is closed: with a code and a reason, 1006 where there was no close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


async def handshake(
    connection: "Connection",
    path: str,
    origin: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    subprotocols: Sequence[str] = (),
) -> "Socket":
    """Open a WebSocket on the connection; `Refused` where the server does not."""
    asked = [
        *([("Origin", origin)] if origin else []),
        *([("Sec-WebSocket-Protocol", ", ".join(subprotocols))] if subprotocols else []),
        *headers,
    ]
    stream = await connection.websocket(path, asked)
    status, answered = await stream.head()
    if status not in (101, 200):
        answer = await stream.answer()
        raise Refused(answer.status, answer.headers, answer.body)
    return Socket(stream, status, answered)


class Socket:
    """An open WebSocket; `headers` are the answer's."""

    def __init__(self, stream: Stream, status: int, headers: dict[str, str]) -> None:
        self.stream, self.status, self.headers = stream, status, headers
        self._state = Protocol(Side.CLIENT, state=State.OPEN, max_size=MESSAGE_LIMIT)
        self._frames: deque[Frame] = deque()
        self._over = False

    async def send(self, message: str | bytes, *, fragment: int | None = None) -> None:
        """Send a message, in fragments of so many bytes if asked for."""
        data = message.encode() if isinstance(message, str) else message
        size = fragment or max(len(data), 1)
        first = self._state.send_text if isinstance(message, str) else self._state.send_binary
        first(data[:size], fin=len(data) <= size)
        for start in range(size, len(data), size):
            self._state.send_continuation(data[start : start + size], fin=start + size >= len(data))
        await self._flush()

    async def ping(self, data: bytes) -> None:
        """Ask for a sign of life."""
        self._state.send_ping(data)
        await self._flush()

    async def receive(self) -> str | bytes:
        """The next message; `Closed` where there will be none."""
        parts: list[Frame] = []
        while not parts or not parts[-1].fin:
            frame = await self.frame()
            if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                parts.append(frame)
        data = b"".join(bytes(part.data) for part in parts)
        return data.decode() if parts[0].opcode is Opcode.TEXT else data

    async def frame(self) -> Frame:
        """The next frame, close frames excepted: `Closed`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._frames:
                    frame = self._frames.popleft()
                    if frame.opcode is not Opcode.CLOSE:
                        return frame
                if self._over or self._state.close_rcvd is not None:
                    raise self._closed()
                await self._read()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, and wait until the server has done so as well."""
        if self._state.state is State.OPEN:
            self._state.send_close(code, reason)
            await self._flush()
        async with asyncio.timeout(PATIENCE):
            while not self._over and self._state.close_rcvd is None:
                await self._read()

    async def end(self) -> None:
        """Wait until the server has ended the stream."""
        async with asyncio.timeout(PATIENCE):
            while not self._over:
                await self._read()

    async def _read(self) -> None:
        try:
            data = await self.stream.receive()
        except Reset:
            data = b""
        if data:
            self._state.receive_data(data)
        else:
            self._over = True
            self._state.receive_eof()
        self._frames.extend(event for event in self._state.events_received() if isinstance(event, Frame))
        if not self._over:
            with contextlib.suppress(OSError):  # who has gone needs no answer
                await self._flush()

    async def _flush(self) -> None:
        data = b"".join(self._state.data_to_send())
        if data:
            await self.stream.send(data)

    def _closed(self) -> Closed:
        close = self._state.close_rcvd
        return Closed(close.code, close.reason) if close is not None else Closed(1006, "")
