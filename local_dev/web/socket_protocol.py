"""WebSocket on a socket: uvicorn's protocol, made exact where API Gateway's data plane differs.

Frames and messages have limits of their own, in both directions (contract L01 to L03), close codes are told
apart (L18), and a client that reads slowly, or never, holds up nobody (M10).
"""

import asyncio
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from .behind import Behind, nobody
from .limits import BUFFER_LIMIT, CLOSE_TIMEOUT, EARLY_LIMIT, FRAME_LIMIT, MESSAGE_LIMIT

REASON_LIMIT = 123
"""Bytes of a close frame's reason (RFC 6455)."""

DEFLATE_MARGIN = 256
"""Bytes by which compression may make a frame of text that does not compress longer."""

_SURROGATES = re.compile("[\ud800-\udfff]")


def _head(length: int) -> bytes:
    """What stands before the payload of a whole text frame of a server, of at most 64 KB (RFC 6455, 5.2)."""
    return bytes((0x81, length)) if length < 126 else b"\x81\x7e" + length.to_bytes(2, "big")


class Frames(ServerProtocol):
    """websockets' state machine, saying what the gateway says when it refuses."""

    def __init__(self, *, too_large_reason: str, **options: Any) -> None:
        super().__init__(**options)
        self.too_large_reason = too_large_reason

    def fail(self, code: CloseCode | int, reason: str = "") -> None:
        """End the connection; a message that is too large has a reason of its own (contract L05)."""
        said = self.too_large_reason if code == CloseCode.MESSAGE_TOO_BIG else reason
        super().fail(code, said.encode()[:REASON_LIMIT].decode(errors="ignore"))

    def reject(self, status: Any, text: str) -> Response:
        """A handshake that is none."""
        response = super().reject(status, json.dumps({"message": HTTPStatus(status).phrase}))
        response.headers.pop("Content-Type", None)
        response.headers["Content-Type"] = "application/json"
        return response


class GatewayWebSocketProtocol(WebSocketsSansIOProtocol):
    """One client. The application finds it in its scope's extensions, as `wire`, and may use what has no
    name of uvicorn's: `sent_headers`, `buffered`, `send_text`, `on_text`, `on_control`.
    """

    def __init__(
        self, *args: Any, too_large_reason: str = "", behind: Behind = nobody, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.behind = behind
        self.conn = Frames(
            too_large_reason=too_large_reason,
            extensions=self.conn.available_extensions,
            # Messages are measured below: websockets would count a control frame among them.
            max_size=(None, FRAME_LIMIT),
            logger=self.conn.logger,
        )
        self.close_timeout = CLOSE_TIMEOUT
        self.sent_headers: list[tuple[bytes, bytes]] = []
        """The handshake's headers, names as the client spelt them."""
        self.on_text: Callable[[str], None] | None = None
        """Called for each message of text, at once, unless something that came before it is still to be received."""
        self.on_control: Callable[[], None] | None = None
        """Called for each ping and pong that comes."""
        self.message_size = 0
        self.early = bytearray()
        """What came before the handshake was answered."""
        self.abort_timer: asyncio.TimerHandle | None = None

    def buffered(self) -> int:
        """Bytes that the client has not taken yet."""
        return self.transport.get_write_buffer_size()

    def send_text(self, text: str) -> None:
        """Put a message on the wire, in frames of the permitted size that no other message comes between;
        ClientDisconnected where there is nobody.
        """
        try:
            data = text.encode()
        except UnicodeEncodeError:  # L07: what has no UTF-8 is one replacement character
            data = _SURROGATES.sub("\ufffd", text).encode()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        if len(data) <= FRAME_LIMIT and not (self.conn.extensions or self.conn.writes):
            # One frame as it is, which is what nearly all of them are: websockets' own way takes twice as long.
            if self.conn.state is not State.OPEN:
                raise ClientDisconnected
            self.transport.write(_head(len(data)) + data)
            return
        size = FRAME_LIMIT - (DEFLATE_MARGIN if self.conn.extensions else 0)
        try:
            self.conn.send_text(data[:size], fin=len(data) <= size)
            for start in range(size, len(data), size):
                self.conn.send_continuation(data[start : start + size], fin=start + size >= len(data))
        except InvalidState:
            raise ClientDisconnected from None
        self.flush()

    def flush(self) -> None:
        """Write what the state machine has to say."""
        self.transport.write(b"".join(self.conn.data_to_send()))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if client := self.behind(self.client):
            self.client, self.scheme = client, "wss"
        # Above our own limit, so that uvicorn's `send` never waits for a client.
        self.transport.set_write_buffer_limits(high=3 * BUFFER_LIMIT)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.abort_timer is not None:
            self.abort_timer.cancel()
        if self.handshake_complete:
            # First in the queue unless a close frame came: no close frame is 1006, where uvicorn says 1005.
            self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.handshake_initiated and not self.handshake_complete:
            self.early += data
            if len(self.early) > EARLY_LIMIT:
                self.transport.abort()
            return
        self.conn.receive_data(data)
        self.handle_events()  # what came before a fault still counts
        if not self.handshake_initiated:
            self.handle_unreadable_handshake()
        elif self.conn.parser_exc is not None:
            self.handle_parser_exception()

    def eof_received(self) -> None:
        if self.close_timer is not None:
            self.close_timer.cancel()
            self.close_timer = None
        self.transport.close()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        scope: dict[str, Any] | None = getattr(self, "scope", None)
        if scope is None:
            return  # refused before there was a scope: not a WebSocket handshake
        self.sent_headers = scope["headers"]
        scope["headers"] = [(name.lower(), value) for name, value in self.sent_headers]
        scope["extensions"]["wire"] = self

    def handle_unreadable_handshake(self) -> None:
        """Answer what websockets, unlike the HTTP parser before it, did not take for a request."""
        if self.conn.handshake_exc is None:
            return
        answer = b"".join(self.conn.data_to_send()) or self.conn.reject(400, "").serialize()
        self.transport.write(answer)
        self.transport.close()

    def handle_text(self, event: Frame) -> None:
        self.message_size = len(event.data)
        super().handle_text(event)

    def handle_bytes(self, event: Frame) -> None:
        self.message_size = len(event.data)
        super().handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        self.message_size += len(event.data)
        if self.message_size > MESSAGE_LIMIT and not self.close_sent:
            self.fail(CloseCode.MESSAGE_TOO_BIG)
            return
        if event.data:
            self.frames.append(bytes(event.data))
        if event.fin:
            self.send_receive_event_to_app()

    def handle_ping(self) -> None:
        if self.close_sent:
            self.conn.data_to_send()  # nothing may follow a close frame, not even a pong
            return
        if self.buffered() > 2 * BUFFER_LIMIT:
            self.transport.abort()  # it asks and asks, and never reads the answers
            return
        super().handle_ping()
        if self.on_control is not None:
            self.on_control()

    def handle_pong(self, event: Frame) -> None:
        super().handle_pong(event)
        if self.on_control is not None:
            self.on_control()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                text = b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.fail(CloseCode.INVALID_DATA)
                return
            if self.on_text is not None and self.queue.empty():
                self.frames = []
                self.on_text(text)
                return
        super().send_receive_event_to_app()

    def fail(self, code: CloseCode) -> None:
        """End the connection for what a frame's header does not show."""
        self.frames = []
        self.conn.fail(code)
        self.handle_parser_exception()

    def handle_parser_exception(self) -> None:
        if self.close_sent or self.conn.close_sent is None:
            return
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.flush()
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Only our half is closed: a peer that is still sending would get a reset and lose the close frame.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.close_timer = self.loop.call_later(CLOSE_TIMEOUT, self.transport.close)

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.accept":
            # Of the handshake nothing is needed any more, and there may be thousands who only listen. (websockets'
            # parser keeps the request itself.)
            self.request.headers.clear()
            del self.request, self.response
            self.sent_headers = []
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True  # uvicorn forgets it, and then reports a refusal as a fault
        elif message["type"] == "websocket.accept" and self.early:
            early, self.early = bytes(self.early), bytearray()
            self.data_received(early)

    async def run_asgi(self) -> None:
        await super().run_asgi()
        if not self.disconnected:
            # Closing waits until the client has taken everything, which it may never do.
            self.abort_timer = self.loop.call_later(2 * CLOSE_TIMEOUT, self.transport.abort)
