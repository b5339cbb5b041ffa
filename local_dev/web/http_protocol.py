"""HTTP on a socket: uvicorn's protocol, with bounds on what a request may have and how long it may take.

Header names of a handshake keep the client's spelling (contract E20). Posts to connections, of which each message
makes as many as there are members, are answered here, without a task and an application for each.
"""

import asyncio
import contextlib
import json
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ..iam.claims import SignedRequest
from ..iam.guard import signed_request
from .behind import Behind, nobody
from .limits import BODY_LIMIT, CLOSE_TIMEOUT, HEAD_LIMIT, MESSAGE_LIMIT, REQUEST_TIMEOUT, TARGET_LIMIT
from .management import Answer

POST_PATHS = (b"/@connections/", b"/%40connections/")
"""What the path of a post has in it."""


class GatewayHttpProtocol(HttpToolsProtocol):
    """Refuses with 400, 408, 413, 414 or 431 what is not a request of reasonable size; hands handshakes over
    as they were sent. `post` answers plain posts to connections, but for what begins with one of `elsewhere`; without
    it the application does. Who asks is told by `behind`.
    """

    def __init__(
        self,
        *args: Any,
        post: Callable[[SignedRequest], Answer] | None = None,
        elsewhere: tuple[bytes, ...] = (),
        behind: Behind = nobody,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.post, self.elsewhere, self.behind = post, elsewhere, behind
        self.posted: bytearray | None = None
        """What has come of the body of a post that is answered here."""
        self.sent_headers: list[tuple[bytes, bytes]] = []
        self.arriving = False
        """Whether a request has begun to come and is not complete."""
        self.head_complete = False
        self.head_size = 0
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
        if client := self.behind(self.client):
            self.scope["client"], self.scope["scheme"] = client, "https"
        self.sent_headers = []
        self.arriving, self.head_complete, self.size, self.head_size = True, False, 0, 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > TARGET_LIMIT:
            self.stop(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.head_size += len(name) + len(value)
        self.sent_headers.append((name, value))
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if len(self.url) + self.head_size > HEAD_LIMIT:
            self.stop(431)
        if self.is_plain_post():
            self.posted = bytearray()
        else:
            super().on_headers_complete()
        self.head_complete = True

    def on_body(self, body: bytes) -> None:
        if self.posted is not None:
            self.posted += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.arriving = False
        if self.posted is not None:
            body, self.posted = bytes(self.posted), None
            self.answer_post(body)
        else:
            super().on_message_complete()

    def is_plain_post(self) -> bool:
        """Whether the request, of which the head is there, is a post to a connection without anything special
        about it. Everything else is the application's, and so is what comes while an answer of its own is due.
        """
        return (
            self.post is not None
            and any(path in self.url for path in POST_PATHS)
            and not self.url.startswith(self.elsewhere)
            and self.parser.get_method() == b"POST"
            and _length(self.headers) <= MESSAGE_LIMIT
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused or self.expect_100_continue)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )

    def answer_post(self, body: bytes) -> None:
        """Have a post answered, at once."""
        assert self.post is not None
        url = httptools.parse_url(self.url)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers]
        query = (url.query or b"").decode("latin-1")
        try:
            answer = self.post(signed_request("POST", url.path.decode("latin-1"), query, headers, body))
        except Exception:
            self.logger.exception("a post could not be answered")
            self.refuse(500)
            return
        content = [STATUS_LINE[answer.status]]
        for name, value in (*self.server_state.default_headers, *answer.headers):
            content += (name, b": ", value, b"\r\n")
        self.transport.write(b"".join([*content, b"\r\n", answer.body]))
        self.on_response_complete()

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


def _length(headers: list[tuple[bytes, bytes]]) -> float:
    """The length of a body that was declared."""
    for name, value in headers:
        if name == b"content-length":
            return int(value)  # the parser has seen to it that it is one
    return math.inf


def _answer(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase
    body = json.dumps({"message": phrase})
    return (
        f"HTTP/1.1 {status} {phrase}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n{body}"
    ).encode()
