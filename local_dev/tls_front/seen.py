"""What the front has seen lately: each request as its version of HTTP has it, and how it was answered."""

import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from ..inspector.redaction import hidden, is_secret, without_tokens

KEPT = 200
"""Requests that are kept."""

TEXT_LIMIT = 1024
"""Characters that are kept of a line."""

LINES_LIMIT = 100
"""Lines that are kept of a request or an answer."""

_PAIR = re.compile(r"(?<=[?&])([^=&#\s]+)=([^&#\s]*)")

Headers = Iterable[tuple[bytes, bytes]]


@dataclass
class Seen:
    """One request. `version` is "1.1", "2" or "3"; `request` and `response` are lines as that version has them, without
    credentials. `status` is 0 until there is an answer; `time` is in epoch seconds.
    """

    number: int
    time: float
    version: str
    alpn: str
    websocket: bool
    request: list[str]
    status: int = 0
    response: list[str] = field(default_factory=list)

    def answered(self, status: int, lines: Iterable[str]) -> None:
        """The answer has begun."""
        self.status, self.response = status, kept(lines)


class Ring:
    """The last requests."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=KEPT)
        self._count = 0

    def add(self, version: str, alpn: str, *, websocket: bool, lines: Iterable[str]) -> Seen:
        """A request that has come."""
        self._count += 1
        seen = Seen(self._count, time.time(), version, alpn, websocket, kept(lines))
        self._seen.append(seen)
        return seen

    def all(self) -> list[dict[str, Any]]:
        """The requests that are kept, oldest first, as JSON has them."""
        return [dict(vars(seen)) for seen in self._seen]


def kept(lines: Iterable[str]) -> list[str]:
    """As much of the lines as is kept."""
    return [line[:TEXT_LIMIT] for line in list(lines)[:LINES_LIMIT]]


def header_lines(headers: Headers, separator: str) -> list[str]:
    """Headers as lines, credentials hidden. Pseudo-headers of HTTP/2 and /3 are among them."""
    return [
        f"{name}{separator}{_shown(name, value)}"
        for name, value in ((n.decode("latin-1"), v.decode("latin-1")) for n, v in headers)
    ]


def shown_target(target: str) -> str:
    """A request's path and query, the values of credentials hidden."""
    return str(without_tokens(_PAIR.sub(_shown_pair, target)))


def _shown_pair(pair: re.Match[str]) -> str:
    return f"{pair[1]}={hidden(pair[2]) if is_secret(unquote(pair[1])) else pair[2]}"


def _shown(name: str, value: str) -> str:
    if name == ":path":
        return shown_target(value)
    return str(hidden(value) if is_secret(name) else without_tokens(value))
