"""JSON schemas of draft 4, as API Gateway's models are. A `$ref` leads nowhere but into the schema itself."""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT4

from ..errors import ModelError

log = logging.getLogger(__name__)

_DIGITS = 4000
"""A whole number longer than this is refused: the interpreter would not read it."""

_NESTING = 50
"""Levels of objects and lists in a schema; those that people write have a dozen."""

_HEADROOM = 300
"""Calls that are left for a schema of that many levels, when a `$ref` is followed."""

_SAMPLES: tuple[Any, ...] = (None, True, 0, 0.5, "", [], [0], {}, {"": 0})
_DATA = frozenset({"enum", "default", "example", "examples"})
"""Keywords whose value is data, where `$ref` and `pattern` mean nothing."""

_BY_NAME = frozenset({"properties", "patternProperties", "definitions", "dependencies"})
"""Keywords whose value has names of the author's own, each with a schema."""


_REFERENCES = 20_000
"""References that one message may lead through: far more than people's messages have objects."""


class Endless(Exception):
    """A schema, or a message under it, that refers on and on."""


class Schema:
    """A compiled schema. What is wrong with it is found here, and not by the first message."""

    def __init__(self, schema: Mapping[str, Any], *, route: str) -> None:
        """ModelError, with the route's key, where the schema is none."""
        self._route = route
        self._followed = 0
        try:
            self._validator = self._compile(schema)
        except SchemaError as error:
            reason = error.message
        except Exception as error:
            reason = str(error) or type(error).__name__
        else:
            return
        first = reason.partition("\n")[0]
        raise ModelError(f"route {route}: its request model cannot be used: {first}") from None

    def accepts(self, body: str) -> bool:
        """Whether the body is JSON and satisfies the schema."""
        self._followed = 0
        try:
            document = json.loads(body, parse_int=_integer, parse_constant=_not_json)
            return bool(self._validator.is_valid(document))
        except (ValueError, RecursionError, Endless):
            return False
        except Exception as error:  # a fault that only this message brings out
            log.warning("route %s: its request model could not be applied: %r", self._route, error)
            return False

    def _compile(self, schema: Mapping[str, Any]) -> Any:
        plain = json.loads(json.dumps(schema))  # dicts and lists only, whatever the template was read into
        if _levels(plain) > _NESTING:
            raise Endless(f"it is nested deeper than {_NESTING} levels")
        Draft4Validator.check_schema(plain)
        # A registry of nothing, without a retriever: by itself the library would fetch what a $ref names.
        registry: Registry[Any] = Registry()
        resolver = registry.resolver_with_root(DRAFT4.create_resource(plain))
        for keyword, value in _keywords(plain):
            if keyword == "$ref":
                resolver.lookup(value)
            else:
                re.compile(value)
        guarded: Any = extend(Draft4Validator, {"$ref": self._follow})  # type: ignore[no-untyped-call]
        validator = guarded(plain, registry=registry)
        for sample in _SAMPLES:
            self._followed = 0
            validator.is_valid(sample)
        return validator

    def _follow(self, validator: Any, ref: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        """`$ref`, through which alone a schema can go on for ever, deep or wide. It is stopped well before
        the interpreter's own limit: met inside the library's native part, that ends in a panic which no
        `except Exception` catches.
        """
        self._followed += 1
        try:
            sys._getframe(sys.getrecursionlimit() - _HEADROOM)
        except ValueError:  # the stack is not that deep
            if self._followed > _REFERENCES:
                raise Endless("it refers to itself too often") from None
            yield from Draft4Validator.VALIDATORS["$ref"](validator, ref, instance, schema)
        else:
            raise Endless("it refers to itself without end")


def _levels(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_levels, inner), default=0)


def _keywords(schema: Any) -> Iterator[tuple[str, str]]:
    """Each `$ref` and each pattern in the schema, wherever it is."""
    if isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
    elif isinstance(schema, dict):
        for name, value in schema.items():
            if name in ("$ref", "pattern") and isinstance(value, str):
                yield name, value
            elif name in _BY_NAME and isinstance(value, dict):
                if name == "patternProperties":
                    yield from (("pattern", pattern) for pattern in value)
                for inner in value.values():
                    yield from _keywords(inner)
            elif name not in _DATA:
                yield from _keywords(value)


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError("a number of too many digits")
    return int(text)


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
