"""What is here, as the page is told: APIs with routes and open connections, functions, tables, notes.

Never the value of a variable, never a credential.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..gateway.gateway import Gateway
from ..http_api.gateway import HttpGateway
from ..stack.http_model import HttpApi
from ..stack.model import Api, Function, Note, Route
from .redaction import shown_query

CONNECTIONS = 300
"""Connections of an API that are described."""


def describe(
    gateways: Mapping[str, Gateway],
    functions: Mapping[str, Function],
    tables: Mapping[str, str],
    notes: Sequence[Note],
    http_gateways: Mapping[str, HttpGateway],
) -> dict[str, Any]:
    """{apis, http_apis, functions, tables, notes}, ready to be written as JSON. An API's `key` is its path here."""
    return {
        "apis": [
            {"key": key, **_api(gateway.api), **_connections(gateway)} for key, gateway in gateways.items()
        ],
        "http_apis": [{"key": key, **_http_api(gateway.api)} for key, gateway in http_gateways.items()],
        "functions": [
            {
                "name": function.name,
                "label": function.label,
                "handler": function.handler,
                "timeout": function.timeout,
                "memory": function.memory,
            }
            for function in functions.values()
        ],
        "tables": [{"id": logical_id, "name": name} for logical_id, name in tables.items()],
        "notes": [{"line": note.line, "id": note.logical_id, "text": note.text} for note in notes],
    }


def _api(api: Api) -> dict[str, Any]:
    return {
        "id": api.id,
        "logical_id": api.logical_id,
        "stage": api.stage,
        "domain": api.domain_name,
        "selection": api.route_selection_expression,
        "routes": [_route(route) for route in api.routes.values()],
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "key": route.key,
        "function": route.integration.function if route.integration else None,
        "integration": route.integration.type.value if route.integration else None,
        "authorization": route.authorization.value,
        "authorizer": route.authorizer.function if route.authorizer else None,
        "api_key": route.api_key_required,
        "responds": route.responds,
    }


def _http_api(api: HttpApi) -> dict[str, Any]:
    return {
        "id": api.id,
        "logical_id": api.logical_id,
        "stage": api.stage,
        "domain": api.domain_name,
        "routes": [
            {
                "key": route.key,
                "function": route.integration.function if route.integration else None,
                "payload": route.integration.payload if route.integration else None,
                "authorization": route.authorizer.type.value if route.authorizer else "NONE",
                "authorizer": route.authorizer.function if route.authorizer else None,
            }
            for route in api.routes.values()
        ],
    }


def _connections(gateway: Gateway) -> dict[str, Any]:
    """How many are open, and the newest of them; times in epoch milliseconds."""
    opened = gateway.snapshot()
    shown = opened[-CONNECTIONS:]
    return {
        "open": len(opened),
        "connections": [{**each, "query": shown_query(each["query"])} for each in shown],
    }
