"""When a connection has been idle for too long, or has lived for too long (contract L08, L09). Pure.

Each connection has one entry in a heap, under a time at which it may be due. An entry that comes up too
early, because the connection was active since, goes back in under its new time: activity itself costs
nothing, and nobody looks at all connections.
"""

import heapq
from collections.abc import Callable

from .connections import Connection

IDLE = 600.0
"""Seconds without a message in either direction."""

LIFE = 7200.0
"""Seconds since the connection was opened."""

GOING_AWAY = (1001, "Going away")
"""What client and $disconnect hear of either (contract L10)."""


def deadline(connection: Connection) -> float:
    """When the connection is to be cut, unless it is active before, on the clock of its times."""
    return min(connection.active_at + IDLE, connection.opened_at + LIFE)


class Lifetimes:
    """Which connections are due, by id, and when to look again."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, str]] = []

    def watch(self, connection_id: str, due: float) -> None:
        """Look at this connection at `due`."""
        heapq.heappush(self._queue, (due, connection_id))

    def due(self, now: float, deadline_of: Callable[[str], float | None]) -> list[str]:
        """The ids whose deadline has passed; they are watched no more. None is the deadline of a connection
        that is gone.
        """
        found = []
        while self._queue and self._queue[0][0] <= now:
            _, connection_id = heapq.heappop(self._queue)
            actual = deadline_of(connection_id)
            if actual is None:
                continue
            if actual <= now:
                found.append(connection_id)
            else:
                self.watch(connection_id, actual)
        return found

    def next_look(self, now: float) -> float:
        """Seconds until the next connection may be due. One that is opened meanwhile cannot be due before."""
        return max(0.0, min(self._queue[0][0] - now, IDLE)) if self._queue else IDLE
