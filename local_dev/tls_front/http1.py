"""hypercorn's connection of TLS, and HTTP/1.1 on it."""

import contextlib
from typing import Any

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import RawData
from hypercorn.protocol.events import Event, Response
from hypercorn.protocol.h11 import H11Protocol

from .seen import Seen, header_lines, shown_target


class Connection(TCPServer):
    """A connection of TLS. With hypercorn's own, what a client does at the end of one lands on the console."""

    async def run(self) -> None:
        connections: set[Connection] = self.config.connections  # type: ignore[attr-defined]
        connections.add(self)
        try:
            await super().run()
        finally:
            connections.discard(self)

    def abort(self) -> None:
        """End it, whatever is still to be said; it would be waited for until the client has closed as well."""
        self.writer.transport.abort()

    async def protocol_send(self, event: Any) -> None:
        if not (isinstance(event, RawData) and self.writer.is_closing()):
            await super().protocol_send(event)

    async def _close(self) -> None:
        with contextlib.suppress(OSError):  # among them all of TLS
            await super()._close()


class Http1(H11Protocol):
    """HTTP/1.1."""

    _seen: Seen | None = None

    async def _check_protocol(self, event: h11.Request) -> None:
        """HTTP/2 is agreed upon within TLS, and in no other way (RFC 9113, 3.1 and 3.3)."""

    async def _create_stream(self, request: h11.Request) -> None:
        target = shown_target(request.target.decode("latin-1"))
        first = f"{request.method.decode()} {target} HTTP/{request.http_version.decode()}"
        upgrade = dict(request.headers).get(b"upgrade", b"").lower() == b"websocket"
        lines = [first, *header_lines(request.headers.raw_items(), ": ")]
        self._seen = self.config.ring.add("1.1", "http/1.1", websocket=upgrade, lines=lines)  # type: ignore[attr-defined]
        await super()._create_stream(request)

    async def stream_send(self, event: Event) -> None:
        if isinstance(event, Response) and self._seen is not None:
            first = f"HTTP/1.1 {event.status_code} "  # hypercorn leaves the reason phrase out
            headers = [*event.headers, *self.config.response_headers("h11")]
            self._seen.answered(event.status_code, [first, *header_lines(headers, ": ")])
        await super().stream_send(event)
