"""What happened lately, for whoever looks on: connections, frames, invocations, log lines.

Kept in memory and bounded; the live page at /_local/ reads it.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from sys import getsizeof
from typing import Any, NamedTuple

KEPT = 2000
"""Entries that are kept."""

KEPT_BYTES = 16 * 1024 * 1024
"""Bytes that the texts of all entries may take together: the oldest go first."""

TEXT_LIMIT = 16 * 1024
"""Characters that are kept of a text."""

VALUE_LIMIT = 64 * 1024
"""Characters that are kept of an event or a result, as JSON text or as a value with all texts in it together."""

DEPTH_LIMIT = 40
"""Levels that are kept of an event or a result."""

SAFE_INTEGER = 2**53
"""Beyond it JavaScript loses digits, so the number is kept as text."""


ITEM_BYTES = 64
"""About what an item of a list or an object takes besides its texts."""


class Entry(NamedTuple):
    """One thing that happened. `number` counts up without gaps; `time` is in epoch seconds; `cut` tells
    that some of the facts were too long and are not whole; `size` is about what it takes, in bytes. `facts` can
    always be written as JSON.

    Kinds and their facts:
    connected {connection, api, stage, source}, refused {connection, api, stage, status},
    received and sent {connection, text}, disconnected {connection, code, reason},
    requested {request, api, stage, method, path, route, source}, answered {request, status, duration_ms},
    invoked {function, request, event, cold}, returned {function, request, result, duration_ms},
    failed {function, request, error_type, error, duration_ms}, log {function, line}, notice {text},
    fault {at, do, rule, and what it is about}.
    `function` is a name or a logical id; `event` and `result` are values, or their JSON text.
    """

    number: int
    time: float
    kind: str
    facts: dict[str, Any]
    cut: bool = False
    size: int = 0


class Journal:
    """The last entries, in order. Written to from the event loop alone, and cheaply: nothing is formatted
    until somebody reads.
    """

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque()
        self._listeners: set[Callable[[Entry], None]] = set()
        self._count = 0
        self._size = 0

    @property
    def last(self) -> int:
        """The number of the newest entry, 0 before there is one."""
        return self._count

    def record(self, kind: str, **facts: Any) -> None:
        """Add an entry. What is too long is cut, so that no client and no handler can fill the memory;
        what could be changed afterwards is copied.
        """
        size, cut = 0, False
        for name, value in facts.items():
            # Nearly all facts are texts of moderate length, which are kept as they are.
            if type(value) is str and len(value) <= TEXT_LIMIT:
                size += getsizeof(value)
                continue
            keeper = _Keeper()  # each has room of its own: no fact crowds out another
            if name in ("event", "result") and isinstance(value, str):
                facts[name] = keeper.text(value, VALUE_LIMIT)
            else:
                facts[name] = keeper.keep(value)
            size, cut = size + keeper.bytes, cut or keeper.cut
        self._count += 1
        entry = Entry(self._count, self._clock(), kind, facts, cut, size)
        self._entries.append(entry)
        self._size += size
        while len(self._entries) > KEPT or (self._size > KEPT_BYTES and len(self._entries) > 1):
            self._size -= self._entries.popleft().size
        for listener in tuple(self._listeners):
            listener(entry)

    def since(self, number: int, *, limit: int | None = None) -> list[Entry]:
        """Every kept entry after `number`, oldest first; at most `limit` of them."""
        if not self._entries:
            return []
        start = max(0, number + 1 - self._entries[0].number)
        stop = None if limit is None else start + limit
        return list(islice(self._entries, start, stop))

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Have `listener` called with each new entry; returns what ends that."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)


def plain(value: Any) -> Any:
    """The value as an entry would have it: within the limits, and fit to be written as JSON."""
    return _Keeper().keep(value)


class _Keeper:
    """Copies a fact within the limits, and counts: characters and items in `size`, what it takes in `bytes`."""

    def __init__(self) -> None:
        self.size = self.bytes = 0
        self.cut = False

    def keep(self, value: Any, depth: int = 0) -> Any:
        """The value as JSON can have it."""
        match value:
            case None | bool():
                return value
            case str():
                return self.text(value)
            case int():
                return self._integer(value)
            case float():
                return value if math.isfinite(value) else str(value)
            case Mapping() | list() | tuple() if depth >= DEPTH_LIMIT:
                self.cut = True
                return "…"
            case Mapping():
                pairs = self._while_room(value.items())
                return {self.text(str(name)): self.keep(item, depth + 1) for name, item in pairs}
            case list() | tuple():
                return [self.keep(item, depth + 1) for item in self._while_room(value)]
            case _:
                return self.text(str(value))

    def text(self, text: str, limit: int = TEXT_LIMIT) -> str:
        """As much of the text as there is room for."""
        room = max(0, min(limit, VALUE_LIMIT - self.size))
        self.cut = self.cut or len(text) > room
        kept = text[:room]
        self.size += len(kept)
        self.bytes += getsizeof(kept)
        return kept

    def _integer(self, number: int) -> int | str:
        if abs(number) <= SAFE_INTEGER:
            return number
        # Python itself refuses to write integers of more than some thousand digits.
        bits = number.bit_length()
        return str(number) if bits < 4096 else f"an integer of {bits} bits"

    def _while_room(self, items: Iterable[Any]) -> Iterable[Any]:
        for item in items:
            self.size += 8  # an item costs something even where it has no text
            self.bytes += ITEM_BYTES
            if self.size >= VALUE_LIMIT:
                self.cut = True
                return
            yield item
