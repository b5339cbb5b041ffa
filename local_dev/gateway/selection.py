"""Route selection: which route key a message asks for (contract R01 to R10). Pure.

`$request.body.action` and `${request.body.a}/${request.body.b[0]['c d']}`: each variable is a path into
the message parsed as JSON; text around variables is constant, and `\\$` is a dollar sign. A message that
is not JSON, or a lone variable that finds nothing, selects nothing by itself.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .assumptions import Assumptions

DEFAULT_ROUTE = "$default"
LIFECYCLE_ROUTES = ("$connect", "$disconnect")

_QUOTED = r"""\[\s*'[^']*'\s*\]|\[\s*"[^"]*"\s*\]"""
_PART = re.compile(
    rf"""\$\{{\s*request\.body(?P<braced>(?:\.[^.\[\]{{}}]+|\[\d+\]|{_QUOTED})*)\s*\}}
    |\$request\.body(?P<bare>(?:\.[\w-]+|\[\d+\]|{_QUOTED})*)
    |(?P<unknown>\$\{{[^}}]*\}})
    |(?P<escaped>\\\$)
    |(?P<constant>[^\\$]+|[\\$])""",
    re.VERBOSE | re.DOTALL,
)
_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\[\s*'([^']*)'\s*\]|\[\s*"([^"]*)"\s*\]""")
_MISSING = object()

Path = tuple[str | int, ...]


class _Number(str):
    """A number as it stands in the message: it is only ever compared as text, however long it is."""

    __slots__ = ()


@dataclass(frozen=True)
class Expression:
    """A parsed selection expression: constants, and paths; a path that is None can never be found."""

    parts: tuple[str | Path | None, ...]

    @property
    def is_constant(self) -> bool:
        """Whether no message changes what it selects."""
        return all(isinstance(part, str) for part in self.parts)


@lru_cache(maxsize=256)
def parse(expression: str) -> Expression:
    """The parts of an expression. Any text is one: what is no variable is constant."""
    parts: list[str | Path | None] = []
    for match in _PART.finditer(expression):
        part: str | Path | None
        if match["escaped"] is not None:
            part = "$"
        elif match["constant"] is not None:
            part = match["constant"]
        elif match["unknown"] is not None:
            part = None
        else:
            part = _path(match["braced"] if match["braced"] is not None else match["bare"])
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return Expression(tuple(parts))


def select_route(
    expression: str,
    body: str,
    route_keys: Collection[str],
    assumptions: Assumptions = Assumptions(),  # noqa: B008 (frozen)
) -> str | None:
    """The key of the route for `body`, `$default` where that is what is left, or None where nothing matches.

    A client can never select $connect or $disconnect by name (R10).
    """
    wanted = evaluate(expression, body, assumptions)
    if wanted is not None and assumptions.route_keys == "case-insensitive":
        wanted = next((key for key in route_keys if key.casefold() == wanted.casefold()), wanted)
    if wanted in LIFECYCLE_ROUTES:
        if assumptions.lifecycle_by_name == "forbidden":
            return None
    elif wanted is not None and wanted in route_keys:
        return wanted
    return DEFAULT_ROUTE if DEFAULT_ROUTE in route_keys else None


def evaluate(
    expression: str,
    body: str,
    assumptions: Assumptions = Assumptions(),  # noqa: B008 (frozen)
) -> str | None:
    """The text that `expression` gives for `body`; None where the body is not JSON (R07) or a lone variable
    finds nothing (R03).
    """
    parsed = parse(expression)
    if parsed.is_constant:
        return "".join(str(part) for part in parsed.parts)
    try:
        document = json.loads(body, parse_int=_Number, parse_float=_Number, parse_constant=_not_json)
        texts = [_text_of(part, document, assumptions) for part in parsed.parts]
    except (ValueError, RecursionError):  # nested deeper than the interpreter goes: as good as not JSON
        return None
    if len(texts) == 1:
        return texts[0]
    return "".join(text or "" for text in texts)


def find_json(path: str, body: str) -> str:
    """The JSON text of what `path` (as after `$request.body`) finds in `body`: `""` where that is nothing,
    and a body that is not JSON is taken as text.
    """
    try:
        document = json.loads(body, parse_int=_Number, parse_float=_Number, parse_constant=_not_json)
    except (ValueError, RecursionError):
        document = body
    found = _look_up(document, _path(path))
    return '""' if found is _MISSING else _as_json(found)


def _path(text: str) -> Path:
    steps: list[str | int] = []
    for match in _STEP.finditer(text):
        name, index, single, double = match.groups()
        if index is not None:
            # No message has as many elements as a number of more than nine digits counts.
            steps.append(int(index) if len(index) <= 9 else -1)
        else:
            steps.append(name.strip() if name is not None else single if single is not None else double)
    return tuple(steps)


def _text_of(part: str | Path | None, document: Any, assumptions: Assumptions) -> str | None:
    if isinstance(part, str):
        return part
    if part is None or (isinstance(document, list) and assumptions.array_bodies == "no"):
        return None
    value = _look_up(document, part)
    if value is _MISSING or (value is None and assumptions.null_selects == "nothing"):
        return None
    return _as_text(value)


def _look_up(document: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, str):
            found = isinstance(document, dict) and step in document
        else:
            found = isinstance(document, list) and 0 <= step < len(document)
        if not found:
            return _MISSING
        document = document[step]
    return document


def _as_text(value: Any) -> str:
    # Arrays join with comma and blank (R04); numbers, booleans and objects keep their JSON form (R05, a guess).
    if isinstance(value, str):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_as_text, value))}]"
    return _as_json(value)


def _as_json(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_as_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_as_json, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value)


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
