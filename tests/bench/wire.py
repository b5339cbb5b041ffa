"""A WebSocket client that costs as little as Python lets it, so that what is measured is the server.

It masks with zeros, which the protocol allows and which leaves the payload as it is, and hands over each text as the
bytes that came. `python -m tests.bench` states how far it goes against a server that only echoes.
"""

import asyncio
import base64
import os
import ssl
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

OPEN_TIMEOUT = 30.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    """The server did not accept the handshake; its answer's first line."""


class Socket(asyncio.Protocol):
    """One connection. `heard` is called with each whole text message, and may be replaced. `sent` and `received` count
    its bytes, those of the handshake among them.
    """

    def __init__(self, request: bytes, heard: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        self.heard = heard
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.sent, self.received = len(request), 0
        self._request = request
        self._buffer = b""
        self._parts: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self._buffer = self._buffer + data if self._buffer else data
        if not self.opened.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._buffer = rest
            if b" 101 " not in head[:20]:
                self.opened.set_exception(Refused(head.partition(b"\r\n")[0].decode()))
                self._transport.close()
                return
            self.opened.set_result(None)
        self._read_frames()

    def connection_lost(self, exception: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exception or Refused("closed in the handshake"))
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, text: bytes) -> None:
        """Send a text message."""
        data = frame(TEXT, text)
        self.sent += len(data)
        self._transport.write(data)

    def close(self) -> None:
        """Begin the closing handshake."""
        self._transport.write(frame(CLOSE, b"\x03\xe8"))

    def abort(self) -> None:
        """Be gone."""
        self._transport.abort()

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:
            first, length, start = buffer[at], buffer[at + 1], at + 2
            if length == 126:
                if len(buffer) < at + 4:
                    break
                (length,) = struct.unpack_from("!H", buffer, at + 2)
                start = at + 4
            elif length == 127:
                if len(buffer) < at + 10:
                    break
                (length,) = struct.unpack_from("!Q", buffer, at + 2)
                start = at + 10
            if len(buffer) < start + length:
                break
            at = start + length
            self._frame(first, buffer[start:at])
        self._buffer = buffer[at:]

    def _frame(self, first: int, payload: bytes) -> None:
        kind = first & 15
        if kind <= TEXT:
            if first & 128 and not self._parts:
                self.heard(payload)
                return
            self._parts.append(payload)
            if first & 128:
                whole, self._parts = b"".join(self._parts), []
                self.heard(whole)
        elif kind == PING:
            self._transport.write(frame(PONG, payload))
        elif kind == CLOSE:
            self._transport.close()


def frame(kind: int, payload: bytes) -> bytes:
    """A frame as a client sends it."""
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 128 | kind, 128 | length)
    elif length < 65536:
        head = struct.pack("!BBH", 128 | kind, 254, length)
    else:
        head = struct.pack("!BBQ", 128 | kind, 255, length)
    return head + b"\0\0\0\0" + payload


async def connect(url: str, heard: Callable[[bytes], None]) -> Socket:
    """Connect to a ws:// or wss:// address, within half a minute. Refused, OSError or TimeoutError where that fails."""
    parts = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    request = (
        f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    secure = parts.scheme == "wss"
    async with asyncio.timeout(OPEN_TIMEOUT):
        _, socket = await asyncio.get_running_loop().create_connection(
            lambda: Socket(request.encode(), heard),
            parts.hostname or "",
            parts.port or (443 if secure else 80),
            ssl=ssl.create_default_context() if secure else None,
        )
        await socket.opened
    return socket


def ignore(_: bytes) -> None:
    """For who does not listen."""
