"""A slice of a large room's fan-out: which members are to get which frames. It travels through a queue as JSON."""

import json
from dataclasses import dataclass
from typing import Any, Self

from chat import places
from chat.memberships import Member
from chat.places import Span

# What reading something else comes to.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Slice:
    """The members of the room whose places are in the span, but for those that were told already, get the
    frames. `syncing`: only those get them who know a message again by its seq. The `id` is the slice's own.
    """

    id: str
    room_id: str
    span: Span
    frames: tuple[bytes, ...]
    told: frozenset[str] = frozenset()
    syncing: bool = False

    def is_for(self, member: Member) -> bool:
        return member.connection_id not in self.told and (member.syncs or not self.syncing)

    def encode(self) -> str:
        body = {
            "id": self.id,
            "room_id": self.room_id,
            "low": self.span.low,
            "high": self.span.high,
            "frames": [frame.decode() for frame in self.frames],
            "told": sorted(self.told),
            "syncing": self.syncing,
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> Self:
        """Raises one of `MALFORMED`."""
        body: dict[str, Any] = json.loads(text)
        id, room_id, low, high = (_text(body[name]) for name in ("id", "room_id", "low", "high"))
        frames, told = ([_text(each) for each in body[name]] for name in ("frames", "told"))
        return cls(
            id=id,
            room_id=room_id,
            span=Span(low, high),
            frames=tuple(frame.encode() for frame in frames),
            told=frozenset(told),
            syncing=body["syncing"] is True,
        )


def told_in(span: Span, connection_ids: "frozenset[str]") -> "frozenset[str]":
    """Those of the connections whose places are in the span."""
    return frozenset(each for each in connection_ids if places.of(each) in span)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where text is expected")
    return value
