"""The Lambda Runtime API, as much of it as AWS's runtime client uses: one listening socket for each
worker.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. A runtime asks for the next invocation
with a GET that stays open until there is one, and posts its result or error. Served straight from
httptools, because the peer is one known client on the same machine and this hop is in the way of every
message. A page in a browser, which could ask as well and so take an invocation away, is hung up on.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Protocol

import httptools

from ..pages import is_loopback, is_of_a_page

PREFIX = "/2018-06-01/runtime"

MAX_RESPONSE = 6_291_556
"""Bytes of a response. AWS's runtime client ends the process when a response is refused for its size."""

TOO_LARGE = json.dumps(
    {
        "errorMessage": f"Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).",
        "errorType": "RequestEntityTooLarge",
    }
).encode()

ACCEPTED = json.dumps({"status": "OK"}).encode()

MAX_TARGET = 1024
"""Bytes of a request's path."""


_TELLING = (b"origin", b"sec-fetch-site", b"host")


class Runtime(Protocol):
    """Who hears what the runtime says."""

    def on_next(self, connection: "RuntimeConnection") -> None:
        """The runtime waits for an invocation; answer with `connection.reply`."""

    def on_response(self, request_id: str, body: bytes) -> None:
        """The handler returned."""

    def on_too_large(self, request_id: str) -> None:
        """The handler returned more than MAX_RESPONSE."""

    def on_error(self, request_id: str, body: bytes) -> None:
        """The handler raised."""

    def on_init_error(self, body: bytes) -> None:
        """The handler's module could not be loaded."""


class RuntimeConnection(asyncio.Protocol):
    """One TCP connection from a runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._transport: asyncio.Transport | None = None
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._headers: dict[bytes, str] = {}
        """Those that say who asks."""
        self._body = bytearray()
        self._too_large = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            assert self._transport
            self._transport.abort()

    def on_url(self, url: bytes) -> None:
        self._path += url[: MAX_TARGET - len(self._path)]

    def on_header(self, name: bytes, value: bytes) -> None:
        if (name := name.lower()) in _TELLING:
            self._headers[name] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        origin, site, host = map(self._headers.get, _TELLING)
        self._headers = {}
        if is_of_a_page(origin, site) or not is_loopback(host or ""):
            raise PermissionError  # which the parser passes on as an error of its own

    def on_body(self, body: bytes) -> None:
        if len(self._body) + len(body) > MAX_RESPONSE:
            self._too_large = True
            self._body.clear()
        if not self._too_large:
            self._body += body

    def on_message_complete(self) -> None:
        path, body = self._path.decode("ascii", "replace").removeprefix(PREFIX), bytes(self._body)
        too_large = self._too_large
        self._path, self._body, self._too_large = b"", bytearray(), False
        match path.split("/")[1:]:
            case ["invocation", "next"]:
                self._runtime.on_next(self)
                return
            case ["invocation", request_id, "response"] if too_large:
                self._runtime.on_too_large(request_id)
                self.reply(TOO_LARGE, status="413 Payload Too Large")
                return
            case ["invocation", request_id, "response"]:
                self._runtime.on_response(request_id, body)
            case ["invocation", request_id, "error"]:
                self._runtime.on_error(request_id, body)
            case ["init", "error"]:
                self._runtime.on_init_error(body)
            case ["restore", *_]:
                self.reply(b"", status="200 OK")
                return
            case _:
                self.reply(b"", status="404 Not Found")
                return
        self.reply(ACCEPTED, status="202 Accepted")

    def reply(self, body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> None:
        """Answer the request that is open on this connection."""
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        assert self._transport
        self._transport.write("\r\n".join([*lines, "\r\n"]).encode() + body)
