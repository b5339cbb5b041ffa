"""What stages of WebSocket and of HTTP APIs have in common: throttles and custom domains."""

from collections.abc import Iterable
from typing import Any

from .cloud import Resource
from .model import CustomDomain, Throttle
from .values import mapping, number

ACCOUNT_RATE, ACCOUNT_BURST = 10_000.0, 5_000
"""What bounds a stage that leaves one of the two open (contract L13)."""


def read_throttle(settings: Any) -> Throttle | None:
    """The throttle in a stage's or a route's settings, None where they have none."""
    rate = mapping(settings).get("ThrottlingRateLimit")
    burst = mapping(settings).get("ThrottlingBurstLimit")
    if rate is None and burst is None:
        return None
    return Throttle(number(rate, ACCOUNT_RATE), int(number(burst, ACCOUNT_BURST)))


def read_domains(mappings: Iterable[Resource], stage: str) -> tuple[CustomDomain, ...]:
    """The custom domains, of an API's mappings, that lead to the stage."""
    return tuple(
        CustomDomain(
            str(item.properties.get("DomainName", "")), str(item.properties.get("ApiMappingKey") or "")
        )
        for item in mappings
        if item.properties.get("Stage") == stage
    )
