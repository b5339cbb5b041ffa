"""The connections of the gateway, and the states each goes through."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum

from .events import Session


class State(Enum):
    """CONNECTING until the 101 is sent, OPEN while frames flow, CLOSING once the gateway has begun to close
    it, CLOSED when the socket is.
    """

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


_MOVES = {
    State.CONNECTING: (State.OPEN, State.CLOSED),
    State.OPEN: (State.CLOSING, State.CLOSED),
    State.CLOSING: (State.CLOSED,),
    State.CLOSED: (),
}


class IllegalMove(Exception):
    """A connection was asked to go from one state to another that cannot follow it."""

    def __init__(self, connection_id: str, current: State, wanted: State) -> None:
        super().__init__(f"connection {connection_id} cannot go from {current.value} to {wanted.value}")


class Gone(Exception):
    """The connection is not open: not yet, no more, or it never was (contract P01, P02, M05)."""


class BufferFull(Exception):
    """The client reads too slowly; what waits for it fills its buffer (contract M10)."""


class Throttled(Exception):
    """The account's limit of requests a second is used up (contract L13, M10)."""


@dataclass(eq=False)
class Connection:
    """One client. `send` puts a text frame on the wire, or raises BufferFull, or Gone where the socket is
    no more; `close` starts the closing handshake.

    `last_active_ms` is what GetConnection shows, in epoch milliseconds; `opened_at` and `active_at` are
    seconds of the clock by which connections are cut.
    """

    session: Session
    send: Callable[[str], None]
    close: Callable[[int, str], Awaitable[None]]
    last_active_ms: int
    opened_at: float = 0.0
    active_at: float = 0.0
    state: State = State.CONNECTING
    closed_by_gateway: tuple[int, str] | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _running: int = field(default=0, repr=False)
    _settled: asyncio.Event | None = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The connection id."""
        return self.session.connection_id

    def move_to(self, state: State) -> None:
        """Change the state; IllegalMove where that cannot follow."""
        if state not in _MOVES[self.state]:
            raise IllegalMove(self.id, self.state, state)
        self.state = state

    @asynccontextmanager
    async def running(self, *, in_turn: bool) -> AsyncIterator[None]:
        """Around the run of a message; `in_turn` lets one run after the other, as they came (contract O05)."""
        self._running += 1
        try:
            if in_turn:
                async with self._turn:  # a lock of asyncio is fair: first come, first served
                    yield
            else:
                yield
        finally:
            self._running -= 1
            if not self._running and self._settled:
                self._settled.set()
                self._settled = None

    async def settled(self) -> None:
        """Wait until no message of the connection runs any more."""
        if self._running:
            self._settled = self._settled or asyncio.Event()
            await self._settled.wait()


class Connections:
    """The open connections of one API, by id."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def open(self, connection: Connection) -> None:
        """Make the connection reachable."""
        connection.move_to(State.OPEN)
        self._open[connection.id] = connection

    def begin_close(self, connection: Connection) -> None:
        """Make the connection unreachable: its close frame is about to be sent."""
        connection.move_to(State.CLOSING)
        self._open.pop(connection.id, None)

    def close(self, connection: Connection) -> None:
        """The socket is closed; make the connection unreachable, once and for all."""
        connection.move_to(State.CLOSED)
        self._open.pop(connection.id, None)

    def get(self, connection_id: str) -> Connection:
        """The open connection with that id; else Gone."""
        try:
            return self._open[connection_id]
        except KeyError:
            raise Gone(connection_id) from None

    def all(self) -> list[Connection]:
        """Every open connection."""
        return list(self._open.values())
