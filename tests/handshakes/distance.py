"""A way to a server of this machine on which round trips are counted instead of taking time.

What either side says is held back until both wait; then all of it arrives at once, and half a round trip has passed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

QUIET = 0.02
"""Seconds, and TURNS of the event loop, in which nothing comes from either side when both wait."""

TURNS = 100

Address = tuple[str, int]


class Distance:
    """`port` leads to the server, for TCP and for datagrams alike."""

    def __init__(self) -> None:
        self.port = 0
        self._halves = 0
        self._held: list[Callable[[], None]] = []
        self._more = asyncio.Event()

    @property
    def round_trips(self) -> int:
        """How many there have been, the last one perhaps not whole."""
        return (self._halves + 1) // 2

    def hold(self, deliver: Callable[[], None]) -> None:
        """Something is on its way."""
        self._held.append(deliver)
        self._more.set()

    def connected(self) -> None:
        """TCP's own handshake, of which a program sees nothing, takes a round trip."""
        self._halves += 2

    async def pass_on(self) -> None:
        """Have what is on its way arrive, again and again."""
        while True:
            await self._more.wait()
            await self._quiet()
            arriving, self._held = self._held, []
            self._more.clear()
            self._halves += 1
            for deliver in arriving:
                deliver()

    async def _quiet(self) -> None:
        clock = asyncio.get_running_loop().time
        turns, count, since = 0, len(self._held), clock()
        while turns < TURNS or clock() - since < QUIET:
            await asyncio.sleep(0)
            turns += 1
            if len(self._held) != count:
                turns, count, since = 0, len(self._held), clock()


@asynccontextmanager
async def far(port: int) -> AsyncIterator[Distance]:
    """The way to that port of this machine."""
    loop = asyncio.get_running_loop()
    distance = Distance()
    tasks: set[asyncio.Task[Any]] = {asyncio.create_task(distance.pass_on())}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        distance.connected()
        there, back = await asyncio.open_connection("127.0.0.1", port)
        tasks.update(asyncio.create_task(_carry(distance, *way)) for way in ((reader, back), (there, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    distance.port = server.sockets[0].getsockname()[1]
    datagrams, _ = await loop.create_datagram_endpoint(
        lambda: _Near(distance, port), local_addr=("127.0.0.1", distance.port)
    )
    try:
        yield distance
    finally:
        datagrams.close()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _carry(distance: Distance, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            distance.hold(lambda data=data: sink.write(data))  # type: ignore[misc]
        distance.hold(sink.close)
    except OSError:
        sink.close()


class _Near(asyncio.DatagramProtocol):
    """The end that a client sends to; for each client there is a far one."""

    def __init__(self, distance: Distance, port: int) -> None:
        self._distance, self._port = distance, port
        self._ends: dict[Address, asyncio.Task[Any]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if addr not in self._ends:
            endpoint = asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Far(self._distance, self._transport, addr), remote_addr=("127.0.0.1", self._port)
            )
            self._ends[addr] = asyncio.create_task(endpoint)
        end = self._ends[addr]
        self._distance.hold(lambda: end.result()[0].sendto(data))

    def connection_lost(self, exc: Exception | None) -> None:
        for end in self._ends.values():
            end.result()[0].close()


class _Far(asyncio.DatagramProtocol):
    """What hears the server for one client."""

    def __init__(self, distance: Distance, near: asyncio.DatagramTransport, client: Address) -> None:
        self._distance, self._near, self._client = distance, near, client

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._distance.hold(lambda: self._near.sendto(data, self._client))
