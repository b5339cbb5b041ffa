"""Which route of an HTTP API takes a request. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html says: a route that fits in
full, then one with a greedy variable, then $default. Of several that fit alike the one with the longer beginning
without variables is taken, and a route for the method before one for ANY.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..stack.http_model import DEFAULT

ANY = "ANY"

METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
"""The methods that routes can have; no other is let in, by ANY and $default neither."""

_VARIABLE = re.compile(r"\{([^{}+]+)(\+?)\}")


@dataclass(frozen=True)
class Selected:
    """The key of a route, and what its path's variables stand for."""

    key: str
    parameters: Mapping[str, str]


class _Pattern:
    """A route's key, taken apart. `rank` orders patterns, the best first."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.method, _, path = key.partition(" ")
        segments = path.split("/")[1:]
        variables = [_VARIABLE.fullmatch(segment) for segment in segments]
        kinds = [
            0 if match is None else 2 if match[2] and match is variables[-1] else 1 for match in variables
        ]
        self._names = [match[1] for match in variables if match]
        parts = [
            (re.escape(segment), "([^/]+)", "(.+)")[kind]
            for segment, kind in zip(segments, kinds, strict=True)
        ]
        self._path = re.compile("/" + "/".join(parts), re.DOTALL)
        self.rank = (2 in kinds, tuple(kinds), self.method == ANY)

    def match(self, method: str, path: str) -> Selected | None:
        """What the pattern makes of a request, None where it does not fit."""
        found = self._path.fullmatch(path) if self.method in (method, ANY) else None
        return found and Selected(self.key, dict(zip(self._names, found.groups(), strict=True)))


class Routing:
    """The routes of an API, by their keys."""

    def __init__(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        self._default = DEFAULT in keys
        self._patterns = sorted(
            (_Pattern(key) for key in keys if key != DEFAULT), key=lambda pattern: pattern.rank
        )

    def select(self, method: str, path: str) -> Selected | None:
        """The route for a method and a decoded path; None where there is none."""
        if method not in METHODS:
            return None
        found = (pattern.match(method, path) for pattern in self._patterns)
        default = Selected(DEFAULT, {}) if self._default else None
        return next((selected for selected in found if selected), default)
