"""HTTP/1.1 over TLS, made of h11."""

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import h11

from tests.versions.streams import Address, Note, Stream

KEY = base64.b64encode(b"the same always.").decode()
"""What should be random, in a client for anything else than tests."""


class Http1:
    """One connection, with one request at a time on it."""

    def __init__(self, address: Address, note: Note) -> None:
        self._address, self._note = address, note
        self._state = h11.Connection(h11.CLIENT)
        self._stream: Stream | None = None
        self._raw = False

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            self._address.host, self._address.port, ssl=self._address.context("http/1.1")
        )
        assert self._writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    def pause(self, _: Stream) -> None:
        """Take no more of what comes."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    async def request(
        self, method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Stream:
        length = [("Content-Length", str(len(body)))] if body else []
        return await self._ask(method, path, [("Host", self._address.name), *length, *headers], body)

    async def websocket(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Stream:
        own = [
            ("Host", self._address.name),
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", KEY),
            ("Sec-WebSocket-Version", "13"),
        ]
        return await self._ask("GET", path, [*own, *headers])

    async def _ask(
        self, method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes = b""
    ) -> Stream:
        if self._state.our_state is h11.DONE:
            self._state.start_next_cycle()
        self._stream = Stream(None, self._send, self._writer.transport.abort)
        request = h11.Request(method=method, target=path, headers=list(headers))
        parts = [request, *([h11.Data(body)] if body else []), h11.EndOfMessage()]
        data = [self._state.send(part) or b"" for part in parts]
        self._note("client", "request", None, data[0].decode("latin-1").splitlines()[:-1])
        self._writer.write(b"".join(data))
        await self._writer.drain()
        return self._stream

    async def _send(self, data: bytes, end: bool) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(65536):
                self._take(data)
            self._take(b"")
        except (OSError, h11.RemoteProtocolError) as error:
            if self._stream is not None:
                self._stream.reset(str(error))

    def _take(self, data: bytes) -> None:
        if self._raw:
            self._feed(data)
            return
        self._state.receive_data(data)
        while not isinstance(event := self._state.next_event(), type):
            assert self._stream is not None
            if isinstance(event, (h11.Response, h11.InformationalResponse)):
                first = f"HTTP/{event.http_version.decode()} {event.status_code} {event.reason.decode()}"
                fields = [f"{name.decode()}: {value.decode()}" for name, value in event.headers.raw_items()]
                self._note("server", "response", None, [first.rstrip(), *fields])
                self._stream.respond(event.status_code, list(event.headers))
                if event.status_code == 101:
                    self._raw = True
                    self._feed(self._state.trailing_data[0])
                    return
            elif isinstance(event, h11.Data):
                self._stream.feed(bytes(event.data))
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                self._stream.finish()
                return

    def _feed(self, data: bytes) -> None:
        assert self._stream is not None
        self._stream.feed(data)
        if not data and self._reader.at_eof():
            self._stream.finish()
