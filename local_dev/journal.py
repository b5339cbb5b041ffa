"""What happened lately, for whoever looks on: connections, frames, invocations, log lines.

Kept in memory and bounded; the live page at /_local/ reads it.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

KEPT = 2000
"""Entries that are kept."""

TEXT_LIMIT = 16 * 1024
"""Characters that are kept of a text."""


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `number` counts up without gaps; `time` is in epoch seconds.

    Kinds and their facts:
    connected {connection, api, stage, source}, refused {connection, api, stage, status},
    received and sent {connection, text}, disconnected {connection, code, reason},
    invoked {function, request, event, cold}, returned {function, request, result, duration_ms},
    failed {function, request, error_type, error, duration_ms}, log {function, line}, notice {text}.
    """

    number: int
    time: float
    kind: str
    facts: dict[str, Any]


class Journal:
    """The last entries, in order. Cheap to write to: nothing is formatted until somebody reads."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._listeners: set[Callable[[Entry], None]] = set()
        self._count = 0

    def record(self, kind: str, **facts: Any) -> None:
        """Add an entry. Texts are cut at TEXT_LIMIT."""
        kept = {
            name: value[:TEXT_LIMIT] if isinstance(value, str) else value for name, value in facts.items()
        }
        self._count += 1
        entry = Entry(self._count, self._clock(), kind, kept)
        self._entries.append(entry)
        for listener in tuple(self._listeners):
            listener(entry)

    def since(self, number: int) -> list[Entry]:
        """Every kept entry after `number`, oldest first."""
        return [entry for entry in self._entries if entry.number > number]

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Have `listener` called with each new entry; returns what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)
