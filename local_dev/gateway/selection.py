"""Route selection: which route key a message asks for (contract R01 to R10).

`$request.body.action` and `${request.body.a}/${request.body.b[0].c}`: each expression is a path into
the message parsed as JSON; text around expressions is constant. A message that is not JSON, or a key
that is missing, selects nothing by itself.
"""

import json
import re
from collections.abc import Collection
from typing import Any

DEFAULT_ROUTE = "$default"
LIFECYCLE_ROUTES = ("$connect", "$disconnect")
_EXPRESSION = re.compile(r"\$\{\s*request\.body((?:[.\[][^}]*)?)\s*\}|\$request\.body((?:\.[\w-]+|\[\d+\])*)")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(?:(\d+)|'([^']*)')\]")
_MISSING = object()


def select_route(expression: str, body: str, route_keys: Collection[str]) -> str | None:
    """The key of the route for `body`, `$default` where that is what is left, or None where nothing matches.

    A client can never select $connect or $disconnect by name (R10).
    """
    wanted = evaluate(expression, body)
    if wanted is not None and wanted in route_keys and wanted not in LIFECYCLE_ROUTES:
        return wanted
    return DEFAULT_ROUTE if DEFAULT_ROUTE in route_keys else None


def evaluate(expression: str, body: str) -> str | None:
    """The text that `expression` gives for `body`; None where the body is not JSON or a lone expression
    finds nothing.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    whole = _EXPRESSION.fullmatch(expression)
    if whole:
        value = _look_up(document, whole[1] or whole[2] or "")
        return None if value is _MISSING else _as_text(value)

    def fill(match: re.Match[str]) -> str:
        value = _look_up(document, match[1] or match[2] or "")
        return "" if value is _MISSING else _as_text(value)

    return _EXPRESSION.sub(fill, expression).replace("\\$", "$")


def _look_up(document: Any, path: str) -> Any:
    position = 0
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return _MISSING
        position = step.end()
        name = step[1] if step[1] is not None else step[3]
        if name is not None:
            if not isinstance(document, dict) or name not in document:
                return _MISSING
            document = document[name]
        else:
            index = int(step[2])
            if not isinstance(document, list) or index >= len(document):
                return _MISSING
            document = document[index]
    return document


def _as_text(value: Any) -> str:
    # Arrays join with comma and blank (R04); numbers, booleans and objects keep their JSON form (R05, a guess).
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{', '.join(map(_as_text, value))}]"
    return json.dumps(value, separators=(",", ":"))
