"""HTTP on a socket: uvicorn's protocol, with bounds on what a request may have and how long it may take.

Header names of a handshake keep the client's spelling (contract E20).
"""

import asyncio
import contextlib
import json
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .limits import BODY_LIMIT, CLOSE_TIMEOUT, HEAD_LIMIT, REQUEST_TIMEOUT, TARGET_LIMIT


class GatewayHttpProtocol(HttpToolsProtocol):
    """Refuses with 400, 408, 413, 414 or 431 what is not a request of reasonable size; hands handshakes over
    as they were sent.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sent_headers: list[tuple[bytes, bytes]] = []
        self.arriving = False
        """Whether a request has begun to come and is not complete."""
        self.head_complete = False
        self.size = 0
        """Bytes of that request, but for the piece that it began in."""
        self.fault = 400
        self.refused = False
        self.deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.deadline = self.loop.call_later(REQUEST_TIMEOUT, self.too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self.forget_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return
        self._unset_keepalive_if_required()
        self.size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.refuse(self.fault)
            return
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self.forget_deadline()
                self.handle_websocket_upgrade()
                self.hand_over(data[upgrade.args[0] :])
                return
        if not self.arriving:
            self.forget_deadline()
        elif self.size > (BODY_LIMIT if self.head_complete else HEAD_LIMIT):
            self.refuse(413 if self.head_complete else 431)
        elif self.deadline is None:
            self.deadline = self.loop.call_later(REQUEST_TIMEOUT, self.too_late)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {
            "transport": {"abort": self.transport.abort}
        }  # for what is never answered
        self.sent_headers = []
        self.arriving, self.head_complete, self.size = True, False, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > TARGET_LIMIT:
            self.stop(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self.sent_headers.append((name, value))

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(len(name) + len(value) for name, value in self.sent_headers) > HEAD_LIMIT:
            self.stop(431)
        super().on_headers_complete()
        self.head_complete = True

    def on_message_complete(self) -> None:
        self.arriving = False
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        if self.pipeline or (self.cycle is not None and not self.cycle.response_complete):
            self.transport.abort()  # an answer is still due on this socket, and would land among the frames
            return
        self.scope["headers"] = self.sent_headers
        super().handle_websocket_upgrade()

    def hand_over(self, early: bytes) -> None:
        """Give the WebSocket's protocol what a client sent without waiting for the 101."""
        protocol = self.transport.get_protocol()
        if early and protocol is not self and isinstance(protocol, asyncio.Protocol):
            protocol.data_received(early)

    def stop(self, status: int) -> None:
        """Have the parser, in one of whose callbacks this is, give up."""
        self.fault = status
        raise ValueError(status)

    def refuse(self, status: int) -> None:
        """Answer with an error and close; only close where that would land within another answer."""
        self.forget_deadline()
        self.refused = True
        unanswered = self.cycle is not None and not self.cycle.response_complete
        if self.pipeline or (unanswered and (self.cycle.response_started or not self.head_complete)):
            self.transport.close()
            return
        if unanswered:
            self.cycle.disconnected = True  # the application still waits for the rest of this request
            self.cycle.waiting_for_100_continue = False  # and the client for nothing more
            self.cycle.message_event.set()
        self.transport.write(_answer(status))
        # Only our half is closed: a client that is still sending would get a reset, and lose the answer.
        with contextlib.suppress(OSError):
            self.transport.write_eof()
        self.deadline = self.loop.call_later(CLOSE_TIMEOUT, self.transport.abort)

    def too_late(self) -> None:
        """The request has not arrived in time."""
        self.deadline = None
        if self.arriving:
            self.refuse(408)
        elif self.cycle is None:
            self.transport.close()

    def forget_deadline(self) -> None:
        """The request came in time, or it does not matter any more."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None


def _answer(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase
    body = json.dumps({"message": phrase})
    return (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
    ).encode()
