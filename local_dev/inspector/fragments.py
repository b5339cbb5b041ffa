"""JSON texts of the journal, read again: whole ones, and those whose end was not kept."""

import json
from typing import Any

from ..journal import DEPTH_LIMIT, plain

_CLOSERS = {"{": "}", "[": "]"}


def read(text: str) -> tuple[Any, bool]:
    """The value, and whether the text was whole. Of a text without its end, what is there of the value;
    ValueError where that is nothing.
    """
    if not text:
        return None, True
    try:
        return plain(json.loads(text)), True
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:
        return _fragment(text), False


def _fragment(text: str) -> Any:
    """The value whose text was cut off, without the member or item that it was cut in, if need be."""
    for candidate in _completed(text):
        try:
            return plain(json.loads(candidate))
        except ValueError:
            continue
    raise ValueError("no JSON")


def _completed(text: str) -> tuple[str, str]:
    """The text with all that is open in it closed: at its end, and where the last member or item began."""
    closers = ""
    in_string = escaped = False
    place, closers_there = 0, ""
    for index, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in _CLOSERS:
            closers = _CLOSERS[character] + closers
            place, closers_there = index + 1, closers
        elif character == ",":
            place, closers_there = index, closers
        elif character in "}]":
            closers = closers[1:]
        if len(closers) > DEPTH_LIMIT:
            break
    whole = text[:-1] if escaped else text
    return whole + '"' * in_string + closers, text[:place] + closers_there
