"""What the inspector leaves out of what it shows: credentials in headers, queries and variables.

Told by the name, and by the form of a JSON Web Token, which may travel under any. A body or a log line is shown as it
is: it is what a person looks for.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ..journal import Entry
from . import fragments

_MAPS = (
    "headers",
    "multiValueHeaders",
    "queryStringParameters",
    "multiValueQueryStringParameters",
    "stageVariables",
)
_NAMES = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "auth", "jwt", "bearer"})
_PARTS = (
    *("token", "ticket", "secret", "password", "passwd", "credential", "signature"),
    *("api-key", "apikey", "api_key", "origin-key", "edge-key"),
)
_WEB_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


def is_secret(name: str) -> bool:
    """Whether what goes by that name is likely to be a credential."""
    lowered = name.lower()
    return lowered in _NAMES or any(part in lowered for part in _PARTS)


def shown_entry(entry: Entry) -> dict[str, Any]:
    """An entry of the journal as the page gets it."""
    facts, cut = dict(entry.facts), entry.cut
    for name in ("event", "result"):
        if isinstance(facts.get(name), str):
            facts[name], whole = _value(facts[name])
            cut = cut or not whole
    if isinstance(facts.get("event"), dict):
        facts["event"] = _event(facts["event"])
    if isinstance(facts.get("result"), dict):
        facts["result"] = _result(facts["result"])
    return {
        "number": entry.number,
        "time": entry.time,
        "kind": entry.kind,
        "facts": facts,
        **({"cut": True} if cut else {}),
    }


def shown_query(query: str) -> list[tuple[str, str]]:
    """Names and values of a query string, decoded, the values of credentials hidden."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return [(name, _shown(name, value)) for name, value in pairs]


def _value(text: str) -> tuple[Any, bool]:
    try:
        return fragments.read(text)
    except ValueError:
        return "(something that is not JSON)", False


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(event)
    for name in _MAPS:
        if isinstance(shown.get(name), dict):
            shown[name] = _masked(shown[name])
    for name in ("cookies", "identitySource", "authorizationToken"):
        if name in shown:
            shown[name] = hidden(shown[name])
    if isinstance(shown.get("rawQueryString"), str):
        shown["rawQueryString"] = urlencode(shown_query(shown["rawQueryString"]), safe="(), ")
    context = shown.get("requestContext")
    if isinstance(context, dict):
        shown["requestContext"] = {
            name: _masked(value) if name in ("identity", "authorizer") and isinstance(value, dict) else value
            for name, value in context.items()
        }
    return shown


def _result(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a function answered to a request: its cookies are credentials as a client's are."""
    shown = dict(result)
    for name in ("headers", "multiValueHeaders"):
        if isinstance(shown.get(name), dict):
            shown[name] = _masked(shown[name])
    if "cookies" in shown:
        shown["cookies"] = hidden(shown["cookies"])
    return shown


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _shown(name, value) for name, value in values.items()}


def _shown(name: str, value: Any) -> Any:
    return hidden(value) if is_secret(name) else without_tokens(value)


def without_tokens(value: Any) -> Any:
    """The value with the web tokens in its texts hidden."""
    if isinstance(value, dict):
        return _masked(value)
    if isinstance(value, list):
        return [without_tokens(item) for item in value]
    return _WEB_TOKEN.sub("(a token, hidden)", value) if isinstance(value, str) else value


def hidden(value: Any) -> Any:
    """What is shown instead of a credential."""
    if isinstance(value, list):
        return [hidden(item) for item in value]
    return f"(hidden, {len(value)} characters)" if isinstance(value, str) and value else value
