"""Rows of the stack's tables, a page at a time, readable."""

import asyncio
import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import LocalError

ROWS = 100
"""Rows of a page unless asked for fewer or more."""

MAX_ROWS = 500

AT_ONCE = 2
"""Reads at a time: the functions are to get on with theirs."""


class TableUnreadable(LocalError):
    """The table's rows cannot be had, or the place to start from is none."""


class Tables:
    """The tables, by logical id. `client` makes a boto3 DynamoDB client; it is called once, in a thread."""

    def __init__(self, names: Mapping[str, str], client: Callable[[], Any] | None) -> None:
        self.names = names
        self._make_client = client
        self._client: Any = None
        self._keys: dict[str, list[str]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def rows(self, logical_id: str, *, start: str = "", limit: int = ROWS) -> dict[str, Any]:
        """{table, keys: [names of the key attributes], rows: [{attribute: value}], next: where to go on,
        or null}; TableUnreadable says what stood in the way, KeyError that there is no such table.
        """
        name = self.names[logical_id]
        place = _decoded(start) if start else None
        async with self._turn:
            try:
                return await asyncio.to_thread(self._read, name, place, max(1, min(limit, MAX_ROWS)))
            except Exception as error:  # whatever a client of anyone's back end comes up with
                text = str(error).strip().splitlines() or [""]
                raise TableUnreadable(f"{type(error).__name__}: {text[0][:300]}") from None

    def _read(self, name: str, place: Mapping[str, Any] | None, limit: int) -> dict[str, Any]:
        if self._client is None:
            if self._make_client is None:
                raise TableUnreadable("there is no DynamoDB here")
            self._client = self._make_client()
        if name not in self._keys:
            schema = self._client.describe_table(TableName=name)["Table"]["KeySchema"]
            self._keys[name] = [key["AttributeName"] for key in schema]
        from_place = {"ExclusiveStartKey": place} if place else {}
        page = self._client.scan(TableName=name, Limit=limit, **from_place)
        last = page.get("LastEvaluatedKey")
        return {
            "table": name,
            "keys": self._keys[name],
            "rows": [{key: readable(value) for key, value in item.items()} for item in page.get("Items", [])],
            "next": _encoded(last) if last else None,
        }


def readable(value: Mapping[str, Any]) -> Any:
    """An attribute value of DynamoDB as a person reads it: {"S": "a"} is "a"; sets are sorted lists."""
    [(kind, held)] = value.items()
    match kind:
        case "N":
            return _number(held)
        case "B":
            return _binary(held)
        case "NULL":
            return None
        case "M":
            return {name: readable(item) for name, item in held.items()}
        case "L":
            return [readable(item) for item in held]
        case "NS":
            return [_number(item) for item in sorted(held, key=float)]
        case "BS":
            return [_binary(item) for item in sorted(held)]
        case "SS":
            return sorted(held)
        case _:
            return held


def _number(digits: str) -> int | float | str:
    """A number where JavaScript has exactly that one, else its digits."""
    if digits.lstrip("-").isdecimal():
        return int(digits) if len(digits) < 16 else digits
    number = float(digits)
    return number if math.isfinite(number) and repr(number) == digits else digits


def _binary(data: bytes) -> str:
    return f"({len(data)} bytes) {base64.b64encode(data[:96]).decode()}{'…' if len(data) > 96 else ''}"


def _encoded(key: Mapping[str, Mapping[str, Any]]) -> str:
    """A key as a word for an URL: bytes are the one thing in it that JSON has no form for."""
    plain = {
        name: {kind: base64.b64encode(held).decode() if isinstance(held, bytes) else held}
        for name, value in key.items()
        for kind, held in value.items()
    }
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def _decoded(word: str) -> dict[str, Any]:
    try:
        plain = json.loads(base64.b64decode(word, altchars=b"-_", validate=True))
        return {
            name: {kind: base64.b64decode(held, validate=True) if kind == "B" else str(held)}
            for name, value in plain.items()
            for kind, held in value.items()
        }
    except (binascii.Error, ValueError, AttributeError, TypeError):
        raise TableUnreadable("that is no place to start from") from None
