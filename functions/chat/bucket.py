"""How much a connection may say: a token bucket that lives in the membership's own item.

DynamoDB can add and compare, and can neither multiply nor take the larger of two numbers. So the bucket is
kept as the one moment at which it will be full again, `full_at`, which each token puts off by the time that
one takes to flow back. A bucket that is full is written one way, another the other way.
"""

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat.settings import whole

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

DEFAULT_BURST = 20
DEFAULT_RATE = 5


@dataclass(frozen=True, slots=True)
class Taking:
    """What a write of the membership says besides, to take a token: what it sets, on which condition."""

    change: str = ""
    condition: str = ""
    values: "dict[str, AttributeValueTypeDef]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`burst` tokens at most, and one more every `interval_ms`."""

    burst: int
    interval_ms: int

    @classmethod
    def from_environment(cls) -> "Bucket | None":
        """None where the rate is 0: no limit. It may be a fraction: 0.5 is a token every two seconds."""
        rate = float(os.environ.get("MESSAGE_RATE", DEFAULT_RATE))
        if rate == 0:
            return None
        return cls(whole(os.environ.get("MESSAGE_BURST", DEFAULT_BURST)), max(1, round(1000 / rate)))

    def takings(self, now: int) -> list[Taking]:
        """Two ways to take a token, to be tried in turn. The first is for a bucket that is full, as of nearly
        everyone who types; if both fail there is no token.
        """
        time = {":now": _number(now)}
        return [
            Taking(
                ", full_at = :next",
                " AND (attribute_not_exists(full_at) OR full_at <= :now)",
                {":next": _number(now + self.interval_ms)} | time,
            ),
            Taking(
                ", full_at = full_at + :interval",
                " AND full_at > :now AND full_at <= :latest",
                {":interval": _number(self.interval_ms), ":latest": _number(self._latest(now))} | time,
            ),
        ]

    def retry_after_ms(self, full_at: int, *, now: int) -> int:
        """How long until there is a token, in a bucket that is full at `full_at`."""
        return max(1, full_at - self._latest(now))

    def _latest(self, now: int) -> int:
        """When a bucket that has one token left will be full."""
        return now + (self.burst - 1) * self.interval_ms


def _number(value: int) -> "AttributeValueTypeDef":
    return {"N": str(value)}
