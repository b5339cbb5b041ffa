"""How a run ended: what the clients cannot know of it, and what the checker needs besides their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in the final log."""

    seq: int
    client: str
    id: str | None
    content: str


@dataclass(frozen=True)
class Ending:
    """What the clients cannot know. `log` is each room's at the very end; `expected` are the clients of each room
    that should have been connected then, `present` those that were; from `settled` to `leaving`, in seconds since
    the start, presence has to be right; `memberships` are the room and connection of each that was left.
    """

    log: Mapping[str, Sequence[Stored]]
    expected: Mapping[str, Sequence[str]] = field(default_factory=dict)
    present: Mapping[str, Sequence[str]] = field(default_factory=dict)
    settled: float = float("inf")
    leaving: float = float("inf")
    memberships: Sequence[tuple[str, str]] = ()

    def facts(self) -> dict[str, Any]:
        """As the last record of a history."""
        log = {room: [[m.seq, m.client, m.id, m.content] for m in log] for room, log in self.log.items()}
        return {
            "log": log,
            "expected": dict(self.expected),
            "present": dict(self.present),
            "settled": self.settled,
            "leaving": self.leaving,
            "memberships": [list(left) for left in self.memberships],
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Ending":
        log = {room: [Stored(*message) for message in log] for room, log in facts["log"].items()}
        memberships = [(room, connection) for room, connection in facts["memberships"]]
        return cls(**{**facts, "log": log, "memberships": memberships})
