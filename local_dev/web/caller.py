"""The two sides of a tunnel through the proxy: the worker, who first says where it wants to go, and the rest."""

import asyncio
from collections.abc import Callable

from .tunnel import TunnelEnd

HEAD_LIMIT = 16 * 1024
"""Bytes of a CONNECT request."""

HEAD_TIMEOUT = 10.0
"""Seconds in which it has to arrive, and a TLS handshake to be done."""

_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    501: "Not Implemented",
    502: "Bad Gateway",
    504: "Gateway Timeout",
}


class FarEnd(TunnelEnd):
    """The side of the gateway or of another host; it is in `ends` for as long as it is open."""

    def __init__(self, ends: set[TunnelEnd]) -> None:
        super().__init__()
        self._ends = ends

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._ends.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ends.discard(self)
        super().connection_lost(exc)


class Caller(FarEnd):
    """The side of a worker. `asked` is called once, with the head of its request."""

    def __init__(self, ends: set[TunnelEnd], asked: Callable[["Caller", bytes], None]) -> None:
        super().__init__(ends)
        self._asked = asked
        self._head: bytearray | None = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self.early = b""
        """What came behind the request's head."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._timer = asyncio.get_running_loop().call_later(HEAD_TIMEOUT, self._too_late)

    def data_received(self, data: bytes) -> None:
        if self._head is None:
            super().data_received(data)
            return
        self._head += data
        head, end, early = bytes(self._head).partition(b"\r\n\r\n")
        if end:
            self._stop_listening()
            self.early = early
            self._asked(self, head + end)
        elif len(self._head) > HEAD_LIMIT:
            self._stop_listening()
            self.refuse(431, "this request has too long a head")

    def eof_received(self) -> bool:
        return False if self._head is not None else super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def go_on(self) -> None:
        """Listen again, now that there is somebody to hear it."""
        if self.transport is None or self.peer is None:
            return
        if self.early:
            self.peer.write(self.early)
            self.early = b""
        if not self.peer.full:
            self.transport.resume_reading()

    def refuse(self, status: int, text: str) -> None:
        """Answer with an error, and close."""
        body = f"{text}\n".encode()
        self.write(
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        if self.transport is not None:
            self.transport.close()

    def _stop_listening(self) -> None:
        self._stop_timer()
        self._head = None
        assert self.transport is not None
        self.transport.pause_reading()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._stop_listening()
        self.refuse(408, "the request did not arrive in time")
