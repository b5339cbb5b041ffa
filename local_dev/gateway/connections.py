"""The connections of the gateway, and the states each goes through."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum

from .events import Session


class State(Enum):
    """CONNECTING until the 101 is sent, OPEN while frames flow, CLOSED from the moment either side ends
    it.
    """

    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


_MOVES = {State.CONNECTING: (State.OPEN, State.CLOSED), State.OPEN: (State.CLOSED,), State.CLOSED: ()}


class IllegalMove(Exception):
    """A connection was asked to go from one state to another that cannot follow it."""

    def __init__(self, connection_id: str, current: State, wanted: State) -> None:
        super().__init__(f"connection {connection_id} cannot go from {current.value} to {wanted.value}")


class Gone(Exception):
    """The connection is not open: not yet, no more, or it never was (contract P01, P02, M05)."""


class BufferFull(Exception):
    """The client reads too slowly; what waits for it fills its buffer (contract M10)."""


@dataclass
class Connection:
    """One client. `send` puts a text frame on the wire or raises BufferFull; `close` starts the closing
    handshake.
    """

    session: Session
    send: Callable[[str], Awaitable[None]]
    close: Callable[[int, str], Awaitable[None]]
    last_active_ms: int
    state: State = State.CONNECTING
    closed_by_gateway: tuple[int, str] | None = field(default=None)

    @property
    def id(self) -> str:
        """The connection id."""
        return self.session.connection_id

    def move_to(self, state: State) -> None:
        """Change the state; IllegalMove where that cannot follow."""
        if state not in _MOVES[self.state]:
            raise IllegalMove(self.id, self.state, state)
        self.state = state


class Connections:
    """The open connections of one API, by id."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def open(self, connection: Connection) -> None:
        """Make the connection reachable."""
        connection.move_to(State.OPEN)
        self._open[connection.id] = connection

    def close(self, connection: Connection) -> None:
        """Make the connection unreachable, once and for all."""
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
