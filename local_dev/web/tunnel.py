"""Two sockets joined: what one hears, the other says, at the pace of the slower one."""

import asyncio


class TunnelEnd(asyncio.Protocol):
    """One side. It is joined to the other by `peer` before any data can come."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.peer: TunnelEnd | None = None
        self.full = False
        """Whether more is waiting to be written here than should."""
        self.closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def take_over(self, transport: asyncio.Transport | None) -> None:
        """Go on with the transport that a TLS handshake made, which is None if it was lost within."""
        if transport is None:
            self.abort()
            return
        self.transport = transport
        if self.peer is not None and self.peer.full:
            transport.pause_reading()

    def join(self, peer: "TunnelEnd") -> None:
        """Make each the other's peer."""
        self.peer, peer.peer = peer, self

    def write(self, data: bytes) -> None:
        """Say something; nothing happens where nobody is left."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        if self.peer is not None:
            self.peer.write(data)

    def eof_received(self) -> bool:
        """Pass a half-close on. TLS has none: there the end of one direction is the end."""
        peer = self.peer.transport if self.peer is not None else None
        encrypted = self.transport is not None and self.transport.get_extra_info("sslcontext") is not None
        if peer is None or peer.is_closing() or encrypted:
            return False
        if not peer.can_write_eof():
            return False
        peer.write_eof()
        return True

    def pause_writing(self) -> None:
        self.full = True
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        self.full = False
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed:
            return
        self.closed = True
        if self.peer is not None and self.peer.transport is not None:
            self.peer.transport.close()  # what is still to be written is written first

    def abort(self) -> None:
        """End both sides at once."""
        if self.transport is not None:
            self.transport.abort()
        if not self.closed:  # within a TLS handshake asyncio tells nobody
            self.connection_lost(None)
