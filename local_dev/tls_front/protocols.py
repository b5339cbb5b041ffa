"""hypercorn's three protocols, with what they lack for being in front: that each request is noted down, that WebSockets
are passed on as they are (tunnel.py), and that no client's odd end is another's.

hypercorn has no place to put such classes in, so `install` puts them where it looks for its own. Each repair has a test
in tests/local_dev/tls_front, which says when hypercorn no longer needs it.
"""

import asyncio
import contextlib
import logging
from typing import Any, cast

import aioquic.quic.events as quic_events
import h2.errors
import h11
import hypercorn.asyncio.run
import hypercorn.protocol
import hypercorn.protocol.h2
import hypercorn.protocol.h3
import hypercorn.protocol.h11
import hypercorn.protocol.quic
from aioquic.h3.connection import ErrorCode
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.udp_server import UDPServer
from hypercorn.events import Closed, RawData
from hypercorn.protocol.events import Body, Data, EndBody, EndData, Event, Response, StreamClosed
from hypercorn.protocol.h2 import BUFFER_HIGH_WATER, BufferCompleteError, H2Protocol, StreamBuffer
from hypercorn.protocol.h3 import H3Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.quic import QuicProtocol

from .seen import Seen, header_lines, shown_target
from .tunnel import Tunnel

log = logging.getLogger(__name__)

STREAM_BUFFER = 256 * 1024
"""Bytes that wait for one stream of HTTP/3, acknowledgements included; hypercorn lets any number wait."""

PING_INTERVAL = 20.0
"""Seconds between signs of life on a QUIC connection in use: it ends after a minute without any (RFC 9000, 10.1.2)."""

Fields = list[tuple[bytes, bytes]]


class _Nobody:
    """Stands for a stream that is over: what a client still sends on it is for nobody."""

    idle = True

    async def handle(self, event: Event) -> None: ...


class _Streams(dict[int, Any]):
    """The open streams by number. hypercorn ends a connection, or all of HTTP/3, at a frame for one that is over."""

    def __missing__(self, number: int) -> _Nobody:
        return _Nobody()


class Connection(TCPServer):
    """A connection of TLS. With hypercorn's own, what a client does at the end of one lands on the console."""

    async def protocol_send(self, event: Any) -> None:
        if not (isinstance(event, RawData) and self.writer.is_closing()):
            await super().protocol_send(event)

    async def _close(self) -> None:
        with contextlib.suppress(OSError):  # among them all of TLS
            await super()._close()


class Http1(H11Protocol):
    """HTTP/1.1."""

    _seen: Seen | None = None

    async def _check_protocol(self, event: h11.Request) -> None:
        """HTTP/2 is agreed upon within TLS, and in no other way (RFC 9113, 3.1 and 3.3)."""

    async def _create_stream(self, request: h11.Request) -> None:
        target = shown_target(request.target.decode("latin-1"))
        first = f"{request.method.decode()} {target} HTTP/{request.http_version.decode()}"
        upgrade = dict(request.headers).get(b"upgrade", b"").lower() == b"websocket"
        lines = [first, *header_lines(request.headers.raw_items(), ": ")]
        self._seen = self.config.ring.add("1.1", "http/1.1", websocket=upgrade, lines=lines)  # type: ignore[attr-defined]
        await super()._create_stream(request)

    async def stream_send(self, event: Event) -> None:
        if isinstance(event, Response) and self._seen is not None:
            first = f"HTTP/1.1 {event.status_code} "  # hypercorn leaves the reason phrase out
            headers = [*event.headers, *self.config.response_headers("h11")]
            self._seen.answered(event.status_code, [first, *header_lines(headers, ": ")])
        await super().stream_send(event)


class Buffer(StreamBuffer):
    """What waits for one stream of HTTP/2. hypercorn's lets in any amount once the client's window is full."""

    async def push(self, data: bytes) -> None:
        """Add something, and wait until most of it was taken."""
        if self._complete:
            raise BufferCompleteError
        self.buffer.extend(data)
        await self._is_empty.clear()
        while len(self.buffer) >= BUFFER_HIGH_WATER and not self._complete:
            await self._paused.clear()
            await self._paused.wait()

    async def pop(self, max_length: int) -> bytes:
        """Take as much as the window has room for, which may be nothing."""
        data = bytes(self.buffer[:max_length])
        del self.buffer[:max_length]
        if len(self.buffer) < BUFFER_HIGH_WATER:
            await self._paused.set()
        if not self.buffer:
            await self._is_empty.set()
        return data


class Http2(H2Protocol):
    """HTTP/2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.streams = _Streams()
        self._seen: dict[int, Seen] = {}

    async def _create_stream(self, request: Any) -> None:
        headers: Fields = request.headers
        self._seen[request.stream_id] = _note(self.config, "2", "h2", headers)
        status = _refusal(headers)
        if status:
            self.connection.send_headers(request.stream_id, [(b":status", b"%d" % status)], end_stream=True)
            self._seen.pop(request.stream_id).answered(status, [f":status = {status}"])
        else:
            await super()._create_stream(request)

    async def stream_send(self, event: Event) -> None:
        if isinstance(event, Response):
            _tell(self._seen, event, self.config.response_headers("h2"))
        elif isinstance(event, StreamClosed):
            await self._give_up(event.stream_id)
        await super().stream_send(event)

    async def _close_stream(self, stream_id: int) -> None:
        self._seen.pop(stream_id, None)
        await super()._close_stream(stream_id)

    async def _give_up(self, stream_id: int) -> None:
        """Tell the client of an answer that broke off; hypercorn leaves its stream as it is."""
        buffer = self.stream_buffers.get(stream_id)
        if buffer is not None and not buffer._complete:
            with contextlib.suppress(h2.exceptions.ProtocolError):
                self.connection.reset_stream(stream_id, h2.errors.ErrorCodes.CANCEL)
                await self._flush()
            await buffer.close()
            self.priority.unblock(stream_id)


class Http3(H3Protocol):
    """HTTP/3 on one connection of QUIC."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.streams = _Streams()
        self.quic = self.connection._quic
        self.moved = asyncio.Event()
        """Set whenever something was sent or acknowledged."""
        self._seen: dict[int, Seen] = {}
        self._ended: set[int] = set()

    async def handle(self, quic_event: quic_events.QuicEvent) -> None:
        """Do what the client asks; of a stream or a connection that it ends hypercorn tells nobody."""
        await super().handle(quic_event)
        if isinstance(quic_event, (quic_events.StreamReset, quic_events.StopSendingReceived)):
            await self._gone(quic_event.stream_id)
        elif isinstance(quic_event, quic_events.ConnectionTerminated):
            await self.end()

    async def end(self) -> None:
        """The client has gone."""
        for stream_id in tuple(self.streams):
            await self._gone(stream_id)

    async def _gone(self, stream_id: int) -> None:
        stream = self.streams.pop(stream_id, None)
        self._seen.pop(stream_id, None)
        if stream is not None:
            await stream.handle(StreamClosed(stream_id=stream_id))
        self.moved.set()

    async def _create_stream(self, request: Any) -> None:
        self._seen[request.stream_id] = _note(self.config, "3", "h3", request.headers)
        status = _refusal(request.headers)
        if status:
            self.connection.send_headers(request.stream_id, [(b":status", b"%d" % status)], end_stream=True)
            self._seen.pop(request.stream_id).answered(status, [f":status = {status}"])
            await self.send()
        else:
            await super()._create_stream(request)

    async def stream_send(self, event: Event) -> None:
        if event.stream_id not in self.streams:
            return
        if isinstance(event, Response):
            _tell(self._seen, event, self.config.response_headers("h3"))
        elif isinstance(event, (EndBody, EndData)):
            self._ended.add(event.stream_id)
        elif isinstance(event, StreamClosed):
            self._seen.pop(event.stream_id, None)
            if event.stream_id not in self._ended:
                self.quic.reset_stream(event.stream_id, ErrorCode.H3_REQUEST_CANCELLED)
                await self.send()
            self._ended.discard(event.stream_id)
        # aioquic takes nothing for a stream that the client has just ended, of which we hear next.
        with contextlib.suppress(AssertionError, ValueError):
            await super().stream_send(event)
        if isinstance(event, (Body, Data)):
            await self._room(event.stream_id)

    async def _room(self, stream_id: int) -> None:
        """Wait until the client has taken what waits for it."""
        while stream_id in self.streams and self._waiting(stream_id) > STREAM_BUFFER:
            self.moved.clear()
            await self.moved.wait()

    def _waiting(self, stream_id: int) -> int:
        stream = self.quic._streams.get(stream_id)
        return 0 if stream is None else len(stream.sender._buffer)


class Quic(QuicProtocol):
    """All connections of QUIC."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._life = asyncio.create_task(self._show_life())

    async def handle(self, event: Any) -> None:
        """Take a datagram. What goes wrong with it is not to be the end of all connections."""
        try:
            await super().handle(event)
        except Exception as error:
            log.error("a datagram of HTTP/3 could not be dealt with: %r", error)  # noqa: TRY400 (a line is enough)

    async def send_all(self, connection: Any) -> None:
        await super().send_all(connection)
        if connection.h3 is not None:
            connection.h3.moved.set()

    async def close(self) -> None:
        """End all connections, and say so to the clients."""
        self._life.cancel()
        for connection in self._connections():
            if connection.h3 is not None:
                await connection.h3.end()
            connection.quic.close(error_code=ErrorCode.H3_NO_ERROR)
            await self.send_all(connection)
            await connection.task.stop()
        self.connections.clear()

    async def _show_life(self) -> None:
        while True:
            await asyncio.sleep(PING_INTERVAL)
            for connection in self._connections():
                if connection.h3 is not None and connection.h3.streams:
                    connection.quic.send_ping(0)
                    await self.send_all(connection)

    def _connections(self) -> list[Any]:
        return list({id(connection): connection for connection in self.connections.values()}.values())


class Datagrams(UDPServer):
    """The socket of QUIC. hypercorn waits for one more datagram before it ends, and keeps the socket then."""

    async def run(self) -> None:
        ending = asyncio.create_task(self._end())
        try:
            await super().run()
        finally:
            ending.cancel()
            assert self.transport is not None
            self.transport.close()

    async def _end(self) -> None:
        await self.context.terminated.wait()
        await cast(Quic, self.protocol).close()
        self.protocol_queue.put_nowait(Closed())


def install() -> None:
    """Have hypercorn use these from now on, in this process."""
    for module, name, ours in (
        (hypercorn.protocol, "H11Protocol", Http1),
        (hypercorn.protocol, "H2Protocol", Http2),
        (hypercorn.protocol.h2, "StreamBuffer", Buffer),
        (hypercorn.protocol.quic, "H3Protocol", Http3),
        (hypercorn.protocol.quic, "QuicProtocol", Quic),
        (hypercorn.asyncio.run, "TCPServer", Connection),
        (hypercorn.asyncio.run, "UDPServer", Datagrams),
        (hypercorn.protocol.h11, "WSStream", Tunnel),
        (hypercorn.protocol.h2, "WSStream", Tunnel),
        (hypercorn.protocol.h3, "WSStream", Tunnel),
    ):
        assert hasattr(module, name)
        setattr(module, name, ours)


def _note(config: Any, version: str, alpn: str, headers: Fields) -> Seen:
    websocket = (b":protocol", b"websocket") in headers
    seen: Seen = config.ring.add(version, alpn, websocket=websocket, lines=header_lines(headers, " = "))
    return seen


def _tell(seen: dict[int, Seen], event: Response, added: Fields) -> None:
    if event.stream_id in seen:
        headers = [(b":status", b"%d" % event.status_code), *event.headers, *added]
        seen.pop(event.stream_id).answered(event.status_code, header_lines(headers, " = "))


def _refusal(headers: Fields) -> int:
    """The status for a request that hypercorn does not know what to do with, 0 for any other: 501 is for a CONNECT to
    something else than a WebSocket (RFC 9220, section 3).
    """
    found = dict(headers)
    if not (found.get(b":method", b"") + found.get(b":path", b"")).isascii():
        return 400
    return 501 if found.get(b":method") == b"CONNECT" and found.get(b":protocol") != b"websocket" else 0
