"""HTTP/3 over QUIC, made of aioquic. A WebSocket is opened by extended CONNECT (RFC 9220)."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, cast

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, ErrorCode, H3Connection, Setting
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, ProtocolNegotiated, QuicEvent, StreamReset

from tests.versions.streams import PATIENCE, Address, Fields, Note, Stream, lines


class Http3:
    """One connection, with any number of streams. It ends after `idle_timeout` seconds without a sign of life."""

    idle_timeout = 60.0

    def __init__(self, address: Address, note: Note) -> None:
        self._address, self._note = address, note
        self._cleanup = AsyncExitStack()

    async def __aenter__(self) -> Self:
        configuration = QuicConfiguration(
            is_client=True, alpn_protocols=H3_ALPN, idle_timeout=self.idle_timeout
        )
        configuration.load_verify_locations(str(self._address.authority))
        opening = connect(
            self._address.host,
            self._address.port,
            configuration=configuration,
            create_protocol=lambda *args, **kwargs: _Protocol(*args, note=self._note, **kwargs),
        )
        async with asyncio.timeout(PATIENCE):
            self._protocol = cast(_Protocol, await self._cleanup.enter_async_context(opening))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._cleanup.aclose()

    def pause(self, stream: Stream) -> None:
        """Take no more of what comes on the stream: the server may send as much as its window has room for."""
        limits = self._protocol._quic._write_stream_limits

        def others(builder: Any, space: Any, stream: Any) -> None:
            if stream.stream_id != paused:
                limits(builder, space, stream)

        paused = stream.number
        self._protocol._quic._write_stream_limits = others  # type: ignore[method-assign]

    def vanish(self) -> None:
        """Be gone without a word, as when a cable is pulled."""
        self._protocol.transmit = lambda: None  # type: ignore[method-assign]
        transport = self._protocol._transport
        assert transport is not None
        transport.close()
        self._protocol._closed.set()  # or it would be waited for when this is left

    async def request(
        self, method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Stream:
        stream = self._protocol.ask([(":method", method), *self._place(path), *headers], end=not body)
        if body:
            await stream.send(body, end=True)
        return stream

    async def websocket(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Stream:
        async with asyncio.timeout(PATIENCE):
            await self._protocol.settled.wait()
        own = [(":method", "CONNECT"), (":protocol", "websocket"), *self._place(path)]
        return self._protocol.ask([*own, ("sec-websocket-version", "13"), *headers], end=False)

    def _place(self, path: str) -> list[tuple[str, str]]:
        return [(":scheme", "https"), (":path", path), (":authority", self._address.name)]


class _Protocol(QuicConnectionProtocol):
    def __init__(self, *args: Any, note: Note, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._note = note
        self._http: H3Connection | None = None
        self._streams: dict[int, Stream] = {}
        self.settled = asyncio.Event()

    def ask(self, headers: Sequence[tuple[str, str]], *, end: bool) -> Stream:
        number = self._quic.get_next_available_stream_id()
        http = self._http
        assert http is not None

        async def send(data: bytes, last: bool) -> None:
            http.send_data(number, data, last)
            self.transmit()

        def cancel() -> None:
            self._quic.reset_stream(number, ErrorCode.H3_REQUEST_CANCELLED)
            self._quic.stop_stream(number, ErrorCode.H3_REQUEST_CANCELLED)
            self.transmit()

        stream = self._streams[number] = Stream(number, send, cancel)
        fields: Fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        self._note("client", "request", number, lines(fields))
        http.send_headers(number, fields, end_stream=end)
        self.transmit()
        return stream

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated):
            assert event.alpn_protocol == "h3"
            self._http = H3Connection(self._quic)
            self._note("client", "SETTINGS", None, _settings(self._http.sent_settings))
        if isinstance(event, ConnectionTerminated):
            for stream in self._streams.values():
                stream.reset(f"the connection has ended: {event.reason_phrase or event.error_code}")
        elif isinstance(event, StreamReset) and event.stream_id in self._streams:
            self._streams[event.stream_id].reset(f"reset with {event.error_code}")
        if self._http is None:
            return
        for got in self._http.handle_event(event):
            self._take(got)
        settings = self._http.received_settings
        if settings is not None and not self.settled.is_set():
            self._note("server", "SETTINGS", None, _settings(settings))
            assert settings[Setting.ENABLE_CONNECT_PROTOCOL] == 1
            self.settled.set()

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            self._note("server", "response", event.stream_id, lines(event.headers))
            stream = self._streams[event.stream_id]
            stream.respond(int(dict(event.headers)[b":status"]), event.headers[1:])
            if event.stream_ended:
                stream.finish()
        elif isinstance(event, DataReceived):
            stream = self._streams[event.stream_id]
            stream.feed(event.data)
            if event.stream_ended:
                stream.finish()


def _settings(settings: dict[int, int] | None) -> list[str]:
    """The settings as lines; one of no meaning is sent to see whether it is put up with (RFC 9114, 7.2.4.1)."""
    told = sorted((settings or {}).items())
    return [f"SETTINGS_{Setting(code).name} = {value}" for code, value in told if code != Setting.DUMMY]
