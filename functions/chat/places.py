"""Where a connection stands in its room's partition, and how a large room is cut into slices.

The sort key of a membership is its place: four hexadecimal digits of a hash, and then the connection id. The
gateway's ids need not be spread evenly, hashes are. So equal parts of the room are equal parts of all places: it
can be cut without having been read, and a part of it that was read tells how large the whole is.
"""

import hashlib
from dataclasses import dataclass

# Ahead of a person's name in the sort key (see `people`). It sorts after the places of all connections.
PERSON = "~"
_DIGITS = 4
_PLACES = 0x10000
# A guess from few members may be far off, and slices cost something. What is too large is cut again when it is read.
_MOST_SPANS = 1024


@dataclass(frozen=True, slots=True)
class Span:
    """All places from `low` to `high`. Neither is itself the place of a connection."""

    low: str
    high: str

    def __contains__(self, place: str) -> bool:
        return self.low <= place <= self.high


WHOLE = Span("0", PERSON)


def of(connection_id: str) -> str:
    return hashlib.sha256(connection_id.encode()).hexdigest()[:_DIGITS] + connection_id


def connection_at(place: str) -> str:
    return place[_DIGITS:]


def is_person(place: str) -> bool:
    return place.startswith(PERSON)


def after(place: str, span: Span) -> Span:
    """What remains of a span once it has been read as far as to this place."""
    return Span(place + "!", span.high)  # ids are base64url and `=` (contract E15), and "!" sorts before that


def estimate(before: int, rest: Span) -> int:
    """How many members a room has of which so many stand before the rest."""
    return before * _PLACES // max(_cell(rest.low), 1)


def cut(span: Span, *, members: int, size: int) -> list[Span]:
    """Cuts a span of a room that has about so many members into spans of about `size` each, or down to half as
    many. The cuts are at halves, quarters, eighths… of the room, so those for its next message are the same.
    """
    parts = 1
    while parts < _MOST_SPANS and members > size * parts:
        parts *= 2
    cuts = [f"{cell:0{_DIGITS}x}" for cell in range(0, _PLACES, _PLACES // parts) if cell > _cell(span.low)]
    return [Span(low, high) for low, high in zip([span.low, *cuts], [*cuts, span.high], strict=True)]


def _cell(low: str) -> int:
    return int(low[:_DIGITS], 16)
