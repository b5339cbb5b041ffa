"""What WebSocket and HTTP APIs have in common: resources of their own, throttles and custom domains."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

from .cloud import Resource
from .model import CustomDomain, Throttle
from .notes import Notebook
from .values import mapping, number

ACCOUNT_RATE, ACCOUNT_BURST = 10_000.0, 5_000
"""What bounds a stage that leaves one of the two open (contract L13)."""


def parts_of(api: Resource, by_type: Mapping[str, list[Resource]], kind: str) -> list[Resource]:
    """The resources of that kind that belong to the API."""
    return [
        item
        for item in by_type.get(f"AWS::ApiGatewayV2::{kind}", [])
        if item.properties.get("ApiId") == api.id
    ]


def read_throttle(settings: Any) -> Throttle | None:
    """The throttle in a stage's or a route's settings, None where they have none."""
    rate = mapping(settings).get("ThrottlingRateLimit")
    burst = mapping(settings).get("ThrottlingBurstLimit")
    if rate is None and burst is None:
        return None
    return Throttle(number(rate, ACCOUNT_RATE), int(number(burst, ACCOUNT_BURST)))


def read_route_throttles(stage: Resource, routes: Container[str], notes: Notebook) -> dict[str, Throttle]:
    """The throttles that a stage has for single routes."""
    throttles = {}
    for key, settings in mapping(stage.properties.get("RouteSettings")).items():
        throttle = read_throttle(settings)
        if key not in routes:
            text = f"RouteSettings are for {key}, which is no route"
            notes.add(stage.logical_id, text, "Properties", "RouteSettings", key)
        elif throttle:
            throttles[key] = throttle
    return throttles


def note_second(route: Resource, key: str, notes: Notebook) -> None:
    """Note a route whose key another one of its API has: that one stands."""
    text = f"AWS would refuse this: another route of the API has the RouteKey {key}, and is run here"
    notes.add(route.logical_id, text, "Properties", "RouteKey")


def read_domains(mappings: Iterable[Resource], stage: str) -> tuple[CustomDomain, ...]:
    """The custom domains, of an API's mappings, that lead to the stage."""
    return tuple(
        CustomDomain(
            str(item.properties.get("DomainName", "")), str(item.properties.get("ApiMappingKey") or "")
        )
        for item in mappings
        if item.properties.get("Stage") == stage
    )
