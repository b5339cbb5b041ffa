"""One request to the gateway's own server, over HTTP/1.1 on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import h11

Headers = list[tuple[bytes, bytes]]

READ_SIZE = 64 * 1024

HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
"""Headers that are about one connection (RFC 9110, 7.6.1), in small letters."""

Address = tuple[str, int]


class Clients:
    """For whom the gateway is asked at the moment."""

    def __init__(self) -> None:
        self._found: dict[Address, Address] = {}
        self._none = asyncio.Event()
        self._none.set()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    def of(self, address: Address | None) -> Address | None:
        """The address of the client for whom the socket at `address` asks; None for a socket of others."""
        return self._found.get(address) if address is not None else None

    def add(self, address: Address, client: Address) -> None:
        """That socket is going to ask for this client."""
        self._found[address] = client
        self._none.clear()

    def remove(self, address: Address) -> None:
        """It is over."""
        self._found.pop(address, None)
        if not self._found:
            self._none.set()

    async def none_left(self) -> None:
        """Wait until there is nobody."""
        await self._none.wait()


class Unreachable(Exception):
    """The gateway does not answer, or not with HTTP."""


class Unsendable(Exception):
    """HTTP/1.1 cannot carry the request."""


class Exchange:
    """`async with Exchange(...) as origin`: a connection to the gateway, on which one request is made for `client`."""

    def __init__(self, target: Address, client: Address | None, clients: Clients) -> None:
        self._target, self._client, self._clients = target, client, clients
        self._state = h11.Connection(h11.CLIENT, max_incomplete_event_size=READ_SIZE)
        self._reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self._name: Address = ("", 0)

    async def __aenter__(self) -> "Exchange":
        try:
            self._reader, self.writer = await asyncio.open_connection(*self._target, limit=2 * READ_SIZE)
        except OSError as error:
            raise Unreachable(str(error)) from None
        self._name = self.writer.get_extra_info("sockname")[:2]
        self._clients.add(self._name, (self._client or self._target)[:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._clients.remove(self._name)
        self.writer.close()  # what is still to be written is written first

    def send(self, event: h11.Event) -> None:
        """Say a part of the request; `Unsendable` where HTTP/1.1 has no way to."""
        try:
            data = self._state.send(event)
        except h11.LocalProtocolError as error:
            raise Unsendable(str(error)) from None
        if data and not self.writer.is_closing():
            self.writer.write(data)

    async def events(self) -> AsyncIterator[h11.Event]:
        """What is answered, until the end of the answer or the switch to another protocol; `Unreachable` where
        it breaks off.
        """
        while True:
            try:
                event = self._state.next_event()
                if event is h11.NEED_DATA:
                    self._state.receive_data(await self._reader.read(READ_SIZE))
                    continue
            except (OSError, h11.RemoteProtocolError) as error:
                raise Unreachable(str(error)) from None
            if event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                return
            assert isinstance(event, h11.Event)
            yield event
            if isinstance(event, h11.EndOfMessage):
                return

    async def raw(self) -> AsyncIterator[bytes]:
        """What comes after the switch to another protocol, until the gateway ends it."""
        data = self._state.trailing_data[0]
        while True:
            if data:
                yield data
            try:
                data = await self._reader.read(READ_SIZE)
            except OSError:
                return
            if not data:
                return


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The headers without those that are about one connection, and with the cookies in one, as HTTP/1.1 has them
    (RFC 9113, 8.2.3).
    """
    sent = list(headers)
    named = {
        token.strip().lower()
        for name, value in sent
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    kept = [(name, value) for name, value in sent if name.lower() not in HOP_BY_HOP | named]
    cookies = [value for name, value in kept if name.lower() == b"cookie"]
    if len(cookies) < 2:
        return kept
    return [(name, value) for name, value in kept if name.lower() != b"cookie"] + [
        (b"cookie", b"; ".join(cookies))
    ]
