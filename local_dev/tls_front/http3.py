"""hypercorn's HTTP/3, with QUIC and the socket below it: the end of one client is told, and is that of no other."""

import asyncio
import contextlib
import logging
from typing import Any, cast

import aioquic.quic.events as quic_events
from aioquic.h3.connection import ErrorCode
from hypercorn.asyncio.udp_server import UDPServer
from hypercorn.events import Closed
from hypercorn.protocol.events import Body, Data, EndBody, EndData, Event, Response, StreamClosed
from hypercorn.protocol.h3 import H3Protocol
from hypercorn.protocol.quic import QuicProtocol

from .seen import Seen
from .streams import Streams, note, refusal, tell

log = logging.getLogger(__name__)

STREAM_BUFFER = 256 * 1024
"""Bytes that wait for one stream of HTTP/3, acknowledgements included; hypercorn lets any number wait."""

PING_INTERVAL = 20.0
"""Seconds between signs of life on a QUIC connection in use: it ends after a minute without any (RFC 9000, 10.1.2)."""


class Http3(H3Protocol):
    """HTTP/3 on one connection of QUIC."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.streams = Streams()
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
        self._seen[request.stream_id] = note(self.config, "3", "h3", request.headers)
        status = refusal(request.headers)
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
            tell(self._seen, event, self.config.response_headers("h3"))
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
