"""Connections that let posts time out: they are left alone for a while, so that nobody else waits for them.

Known to one Lambda process only, which is what waits. The member loses nothing: what it was not posted, it
finds missing with the next message that reaches it or with its next ping, and asks for.
"""

from chat.clock import Clock

# One time-out can be anybody's fault.
PATIENCE = 2
REST_MS = 15_000
DOUBLINGS = 4
KNOWN = 1_000


class Stragglers:
    """Counts time-outs in a row, by connection."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._strikes: dict[str, tuple[int, int]] = {}

    def rests(self, connection_id: str) -> bool:
        """Whether the connection is to be left alone for now."""
        _, until = self._strikes.get(connection_id, (0, 0))
        return self._now() < until

    def note(self, connection_id: str) -> None:
        """A post to it timed out: after the second in a row it rests, after further ones up to 4 minutes."""
        count = min(self._strikes.pop(connection_id, (0, 0))[0] + 1, PATIENCE + DOUBLINGS)
        rest = REST_MS << count - PATIENCE if count >= PATIENCE else 0
        self._strikes[connection_id] = (count, self._now() + rest)
        if len(self._strikes) > KNOWN:
            del self._strikes[next(iter(self._strikes))]  # the one that was noted longest ago

    def forget(self, connection_id: str) -> None:
        """It has been reached, or heard from."""
        self._strikes.pop(connection_id, None)
