"""HTTP/2 over TLS, made of h2. A WebSocket is opened by extended CONNECT (RFC 8441)."""

import asyncio
import contextlib
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from h2.config import H2Configuration

from tests.versions.streams import PATIENCE, Address, Fields, Note, Stream, lines


class Http2:
    """One connection, with any number of streams."""

    def __init__(self, address: Address, note: Note) -> None:
        self._address, self._note = address, note
        self._state = h2.connection.H2Connection(H2Configuration(client_side=True, header_encoding=False))
        self._streams: dict[int, Stream] = {}
        self._settled, self._moved = asyncio.Event(), asyncio.Event()
        self._paused: set[int] = set()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            self._address.host, self._address.port, ssl=self._address.context("h2")
        )
        assert self._writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        self._state.initiate_connection()
        own = sorted((int(code), value) for code, value in self._state.local_settings.items())
        self._note("client", "SETTINGS", 0, [f"{_name(code)} = {value}" for code, value in own])
        await self._flush()
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

    def pause(self, stream: Stream) -> None:
        """Take no more of what comes on the stream: the server may send as much as its window has room for."""
        assert stream.number is not None
        self._paused.add(stream.number)

    async def request(
        self, method: str, path: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Stream:
        stream = await self._ask([(":method", method), *self._place(path), *headers], end=not body)
        if body:
            await stream.send(body, end=True)
        return stream

    async def websocket(self, path: str, headers: Sequence[tuple[str, str]] = ()) -> Stream:
        async with asyncio.timeout(PATIENCE):
            await (
                self._settled.wait()
            )  # only the server's settings say that it may be asked (RFC 8441, section 3)
        assert self._state.remote_settings.enable_connect_protocol == 1
        own = [(":method", "CONNECT"), (":protocol", "websocket"), *self._place(path)]
        return await self._ask([*own, ("sec-websocket-version", "13"), *headers], end=False)

    def _place(self, path: str) -> list[tuple[str, str]]:
        return [(":scheme", "https"), (":path", path), (":authority", self._address.name)]

    async def _ask(self, headers: Sequence[tuple[str, str]], *, end: bool) -> Stream:
        number = self._state.get_next_available_stream_id()

        async def send(data: bytes, last: bool) -> None:
            await self._send(number, data, last)

        def cancel() -> None:
            self._state.reset_stream(number, h2.errors.ErrorCodes.CANCEL)
            self._writer.write(self._state.data_to_send())

        stream = self._streams[number] = Stream(number, send, cancel)
        fields: Fields = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        self._note("client", "request", number, lines(fields))
        self._state.send_headers(number, fields, end_stream=end)
        await self._flush()
        return stream

    async def _send(self, number: int, data: bytes, end: bool) -> None:
        while data:
            room = min(
                self._state.local_flow_control_window(number), self._state.max_outbound_frame_size, len(data)
            )
            if room > 0:
                self._state.send_data(number, data[:room])
                data = data[room:]
                await self._flush()
            else:
                self._moved.clear()
                async with asyncio.timeout(PATIENCE):
                    await self._moved.wait()
        if end:
            self._state.end_stream(number)
            await self._flush()

    async def _flush(self) -> None:
        self._writer.write(self._state.data_to_send())
        await self._writer.drain()

    async def _read(self) -> None:
        reason = "the connection has ended"
        try:
            while data := await self._reader.read(65536):
                for event in self._state.receive_data(data):
                    self._take(event)
                await self._flush()
        except (OSError, h2.exceptions.ProtocolError) as error:
            reason = str(error)
        for stream in self._streams.values():
            stream.reset(reason)

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RemoteSettingsChanged):
            if not self._settled.is_set():
                changed = sorted((int(code), item.new_value) for code, item in event.changed_settings.items())
                self._note("server", "SETTINGS", 0, [f"{_name(code)} = {value}" for code, value in changed])
            self._settled.set()
            self._moved.set()
        elif isinstance(event, h2.events.WindowUpdated):
            self._moved.set()
        elif isinstance(event, h2.events.ResponseReceived):
            fields: Fields = [(bytes(name), bytes(value)) for name, value in event.headers]
            self._note("server", "response", event.stream_id, lines(fields))
            status = int(dict(fields)[b":status"])
            self._streams[event.stream_id].respond(status, fields[1:])
        elif isinstance(event, h2.events.DataReceived):
            self._streams[event.stream_id].feed(event.data)
            if event.stream_id not in self._paused:
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._streams[event.stream_id].finish()
        elif isinstance(event, h2.events.StreamReset):
            self._streams[event.stream_id].reset(f"reset with {event.error_code}")
        elif isinstance(event, h2.events.ConnectionTerminated):
            for stream in self._streams.values():
                stream.reset("GOAWAY")


def _name(code: int) -> str:
    """A setting's name as the RFCs have it."""
    with contextlib.suppress(ValueError):
        return f"SETTINGS_{h2.settings.SettingCodes(code).name}"
    return f"setting 0x{code:x}"
