"""uvicorn, made exact where API Gateway's data plane differs from an ordinary web server.

Header names keep the client's spelling (contract E20), frames and messages have limits of their own
(L01 to L03), close codes are told apart (L18), compression and server pings are off (L15, L19), and a
client that reads slowly never blocks a sender (M10). Everything else is uvicorn's.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

FRAME_LIMIT = 32 * 1024
MESSAGE_LIMIT = 128 * 1024
BUFFER_LIMIT = 1024 * 1024
"""Bytes that may wait for one client before posts to it are refused."""

CLOSE_TIMEOUT = 5.0
"""Seconds a client has to answer a closing handshake."""


class GatewayHttpProtocol(HttpToolsProtocol):
    """Hands the handshake's headers over as they were sent, where uvicorn would lower their names."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.sent_headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self.sent_headers.append((name, value))

    def handle_websocket_upgrade(self) -> None:
        self.scope["headers"] = self.sent_headers
        super().handle_websocket_upgrade()


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """Offers two things in the scope's extensions: `sent_headers`, and `buffered()`, the bytes not yet on
    the wire.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # Above our own limit, so that uvicorn's `send` never waits for a client.
        self.transport.set_write_buffer_limits(high=2 * BUFFER_LIMIT)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: dict[str, Any] | None = getattr(self, "scope", None)
        if scope is None:
            return  # refused before there was a scope: not a WebSocket handshake
        sent = scope["headers"]
        scope["headers"] = [(name.lower(), value) for name, value in sent]
        scope["extensions"]["sent_headers"] = sent
        scope["extensions"]["buffered"] = self.transport.get_write_buffer_size

    def data_received(self, data: bytes) -> None:
        self.conn.receive_data(data)
        self.handle_events()  # what came before a fault still counts
        if self.conn.parser_exc is not None:
            self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        if self.close_sent or self.conn.close_sent is None:
            return
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Only our half is closed: a peer that is still sending would get a reset and lose the close frame.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT, self.transport.close)

    def eof_received(self) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = None
        self.transport.close()

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # uvicorn forgets it, and then reports a refusal as a fault

    def connection_lost(self, exc: Exception | None) -> None:
        if self.handshake_complete:
            # First in the queue unless a close frame came: no close frame is 1006, where uvicorn says 1005.
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        super().connection_lost(exc)


class Server(uvicorn.Server):
    """A server whose signals are its owner's to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(app: Any) -> Server:
    """A server for `app` with the gateway's protocols."""
    return Server(
        uvicorn.Config(
            app,
            http=GatewayHttpProtocol,
            ws=GatewayWebSocketProtocol,
            ws_max_size=(MESSAGE_LIMIT, FRAME_LIMIT),  # type: ignore[arg-type]  # websockets takes a pair
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            backlog=4096,
        )
    )
