"""HTTP/1.1 a message at a time over asyncio's streams, kept as the bytes that came."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import httptools

CHUNK = 64 * 1024

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_REWRITTEN = (b"content-length", b"transfer-encoding", b"connection", b"expect")


@dataclass
class Request:
    """A whole request. Names and values of its headers are as they came."""

    method: str = ""
    target: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    keep_alive: bool = True

    def header_map(self) -> dict[str, str]:
        """Values by names in small letters."""
        return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self.headers}

    def wire(self, prefix: str) -> bytes:
        """The request as bytes, `prefix` before its path. The host is what the client said: it has signed that."""
        kept = [(name, value) for name, value in self.headers if name.lower() not in _REWRITTEN]
        lines = [f"{self.method} {prefix}".encode() + self.target + b" HTTP/1.1"]
        lines += [name + b": " + value for name, value in kept]
        lines.append(b"Content-Length: %d" % len(self.body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


class Requests:
    """The requests of one client, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._parser = httptools.HttpRequestParser(self)
        self._current = Request()
        self._complete: deque[Request] = deque()

    async def next(self) -> Request | None:
        """The next request, None once the client has gone or says what is no HTTP."""
        while not self._complete:
            data = await self._reader.read(CHUNK)
            if not data:
                return None
            try:
                self._parser.feed_data(data)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade):
                return None
        return self._complete.popleft()

    # What the parser says

    def on_message_begin(self) -> None:
        self._current = Request()

    def on_url(self, url: bytes) -> None:
        self._current.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._current.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._current.method = self._parser.get_method().decode("latin-1")
        if self._current.header_map().get("expect", "").lower() == "100-continue":
            self._writer.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        self._current.body += body

    def on_message_complete(self) -> None:
        self._current.keep_alive = self._parser.should_keep_alive()
        self._complete.append(self._current)


class Answer:
    """One answer, read whole. `keep_alive`: another request may follow on the connection."""

    def __init__(self, *, head_only: bool) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._head_only = head_only
        self._begun = self._complete = False
        self.keep_alive = False

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """Its bytes; ConnectionError where it breaks off."""
        read = bytearray()
        while not self._complete:
            data = await reader.read(CHUNK)
            if not data:
                if self._begun and not self._sized:
                    return bytes(read)  # its end is the connection's
                raise ConnectionResetError("the answer breaks off")
            read += data
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserError:
                raise ConnectionResetError("the answer is no HTTP") from None
        return bytes(read)

    _sized = False

    # What the parser says

    def on_header(self, name: bytes, _: bytes) -> None:
        self._sized = self._sized or name.lower() in (b"content-length", b"transfer-encoding")

    def on_headers_complete(self) -> None:
        self._begun = True
        if self._head_only:
            self._finish()

    def on_message_complete(self) -> None:
        if not self._complete:
            self._finish()

    def _finish(self) -> None:
        self.keep_alive = self._sized and self._parser.should_keep_alive()
        self._complete = True
