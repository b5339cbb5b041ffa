"""Clients of HTTP/1.1, HTTP/2 and HTTP/3, each made of another library, for what is served over TLS: requests, and
WebSockets as each version opens them.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from tests.versions.http1 import Http1
from tests.versions.http2 import Http2
from tests.versions.http3 import Http3
from tests.versions.streams import Address, Answer, Note, Stream, silent
from tests.versions.websocket import Closed, Refused, Socket, handshake

VERSIONS = ("1.1", "2", "3")

__all__ = ["VERSIONS", "Answer", "Closed", "Connection", "Refused", "Socket", "ask", "connect", "open_socket"]


class Connection(Protocol):
    """A connection of one version. Of HTTP/1.1 it has one stream at a time."""

    async def request(
        self, method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Stream:
        """Ask for something; the stream has the answer."""
        ...

    async def websocket(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Stream:
        """Ask for a WebSocket; the stream has the answer."""
        ...

    def pause(self, stream: Stream) -> None:
        """Take no more of what comes on it."""
        ...


@asynccontextmanager
async def connect(
    version: str, url: str, authority: Path, *, note: Note = silent
) -> AsyncIterator[Connection]:
    """A connection to the host of `url`, whose certificate `authority` has signed. `note` is told what goes over it."""
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    address = Address(parts.hostname, parts.port, authority)
    kinds: dict[str, type[Http1 | Http2 | Http3]] = {"1.1": Http1, "2": Http2, "3": Http3}
    async with kinds[version](address, note) as connection:
        yield connection


@asynccontextmanager
async def open_socket(
    version: str,
    url: str,
    authority: Path,
    *,
    origin: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    subprotocols: Sequence[str] = (),
) -> AsyncIterator[Socket]:
    """A WebSocket on a connection of its own, closed with 1000 at the end; `Refused` where it is not opened. `url` is
    wss://host:port/path?query.
    """
    async with connect(version, url, authority) as connection:
        socket = await handshake(connection, target(url), origin, headers, subprotocols)
        try:
            yield socket
        finally:
            await socket.close()


async def ask(
    version: str,
    method: str,
    url: str,
    authority: Path,
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
) -> Answer:
    """The answer to one request on a connection of its own."""
    async with connect(version, url, authority) as connection:
        stream = await connection.request(method, target(url), headers, body)
        return await stream.answer()


def target(url: str) -> str:
    """The path and the query of a URL."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
