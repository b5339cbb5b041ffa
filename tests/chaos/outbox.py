"""What a careful client has to say: one message under way at a time, sent under its id until it is stored."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: anything from nothing up to a limit that doubles with each try."""

    chance: Callable[[], float]
    first: float = 0.5
    most: float = 8.0

    def pause(self, tries: int) -> float:
        """Seconds to wait after so many tries, the first of them included."""
        return self.chance() * min(self.most, self.first * 2.0 ** max(0, tries - 1))

    def patience(self, first: float, tries: int) -> float:
        """Seconds to wait for an answer before another try. A server that is late only gets later by more of them,
        so this doubles as well, twice.
        """
        return first * 2.0 ** min(2, tries - 1) + self.pause(tries)


@dataclass(slots=True)
class Outbox:
    """Two messages under way at once may be swapped by the gateway, so there is never more than one.

    `patience` are the seconds without an answer after which it is sent again.
    """

    backoff: Backoff
    patience: float
    waiting: deque[tuple[str, str]] = field(default_factory=deque)
    _tries: int = 0
    _due: float | None = None  # None: not connected

    def say(self, id: str, content: str) -> None:
        self.waiting.append((id, content))

    def opened(self, now: float) -> None:
        self._due, self._tries = now, 0

    def closed(self) -> None:
        self._due = None

    def due(self, now: float) -> dict[str, Any] | None:
        """The frame to send at this moment, if there is one."""
        if self._due is None or self._due > now or not self.waiting:
            return None
        self._tries += 1
        self._due = now + self.backoff.patience(self.patience, self._tries)
        id, content = self.waiting[0]
        return {"content": content, "id": id}

    def is_head(self, id: str | None) -> bool:
        return bool(self.waiting) and self.waiting[0][0] == id

    def done(self, now: float) -> None:
        """The message under way is stored, or refused for good: the next one's turn."""
        self.waiting.popleft()
        self._tries = 0
        if self._due is not None:
            self._due = now

    def again(self, now: float, *, wait: float | None = None) -> None:
        """Send what is under way once more, after `wait` seconds or a pause of the backoff."""
        if self._due is not None and self._tries:
            self._due = now + (self.backoff.pause(self._tries) if wait is None else wait)
