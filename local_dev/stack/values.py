"""Reads resolved properties, which come as text, numbers or booleans, whatever the template's author wrote."""

import math
from typing import Any


def text(value: Any) -> str:
    """A scalar as CloudFormation hands it on: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def texts(value: Any) -> tuple[str, ...]:
    """A list of texts, of which one may stand by itself."""
    if value is None:
        return ()
    return tuple(map(text, value)) if isinstance(value, list) else (text(value),)


def number(value: Any, default: float) -> float:
    """A number, or the default where there is none."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return found if math.isfinite(found) else default


def is_true(value: Any) -> bool:
    """Whether a boolean, or its text, is true."""
    return text(value).lower() == "true"


def mapping(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one where there is none."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
