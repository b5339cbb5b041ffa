"""Rules of what is to go wrong, as plain data: read strictly, so that a misspelt rule is an error and not a calm run.

`{"seed": 7, "faults": [{"at": "post", "do": "answer", "status": 429, "chance": 0.1}, …]}`, as YAML or JSON. Pure.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import FaultsError

MAX_MS = 24 * 3_600_000.0
"""Milliseconds that a fault may take at most."""

MAX_SEED = 2**53
"""Beyond it JavaScript loses digits."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule. What is None does not matter for it; `function`, `service` and `operation` are globs."""

    at: str
    do: str
    chance: float = 1.0
    skip: int = 0
    times: int | None = None
    function: str | None = None
    connection: str | None = None
    service: str | None = None
    operation: str | None = None
    status: int | None = None
    ms: float | None = None
    after_ms: float | None = None
    code: str | None = None

    def data(self) -> dict[str, Any]:
        """The rule as it can be read again."""
        found = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: value for name, value in found.items() if value is not None}


@dataclass(frozen=True)
class Plan:
    """All rules, in order, and what their draws begin with."""

    seed: int
    rules: tuple[Rule, ...] = ()


_SELECTORS: Mapping[str, frozenset[str]] = {
    "post": frozenset({"function", "connection"}),
    "invoke": frozenset({"function"}),
    "aws": frozenset({"function", "service", "operation"}),
}
"""Fields by which a rule says what it is about, by its place."""

_REQUIRED, _OPTIONAL = True, False
_DETAILS: Mapping[str, Mapping[str, Mapping[str, bool]]] = {
    "post": {
        "answer": {"status": _REQUIRED},
        "delay": {"ms": _REQUIRED},
        "repeat": {},
        "lose": {},
        "hang": {"ms": _REQUIRED},
        "late": {},
    },
    "invoke": {
        "delay": {"ms": _REQUIRED},
        "repeat": {},
        "lose": {},
        "throttle": {},
        "crash": {"after_ms": _OPTIONAL},
    },
    "aws": {
        "error": {"code": _REQUIRED, "status": _OPTIONAL},
        "delay": {"ms": _REQUIRED},
        "lose-answer": {},
        "crash": {},
    },
}
"""Fields that belong to a deed, by place and deed."""


def _number(low: float, high: float) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and low <= value <= high


def _integer(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable() and len(value) <= 256


_FIELDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "chance": (_number(0, 1), "a number from 0 to 1"),
    "skip": (_integer(0, MAX_SEED), "a whole number"),
    "times": (_integer(0, MAX_SEED), "a whole number"),
    "function": (_text, "a logical id, with * for any part of it"),
    "connection": (_text, "a connection id"),
    "service": (_text, "a service, with * for any part of it"),
    "operation": (_text, "an operation, with * for any part of it"),
    "status": (_integer(400, 599), "an HTTP status from 400 to 599"),
    "ms": (_number(0, MAX_MS), "milliseconds, up to a day"),
    "after_ms": (_number(0, MAX_MS), "milliseconds, up to a day"),
    "code": (
        lambda value: isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._]{1,100}", value) is not None,
        "the name of an error",
    ),
}


def read_plan(value: Any, *, seed: int) -> Plan:
    """The plan that a value of JSON's types stands for, with `seed` where it names none; FaultsError says in one
    line what is wrong with it.
    """
    if not isinstance(value, dict):
        raise FaultsError(f"give a mapping with seed and faults, not {_shown(value)}")
    for name in value:
        if name not in ("seed", "faults"):
            raise FaultsError(f"{_shown(name)}: there is only seed and faults")
    given = value.get("seed", seed)
    if not _integer(0, MAX_SEED)(given):
        raise FaultsError(f"seed: give a whole number, not {_shown(given)}")
    rules = value.get("faults", [])
    if not isinstance(rules, list):
        raise FaultsError(f"faults: give a list of rules, not {_shown(rules)}")
    return Plan(given, tuple(_rule(item, f"faults[{number}]") for number, item in enumerate(rules)))


def _rule(value: Any, where: str) -> Rule:
    if not isinstance(value, dict):
        raise FaultsError(f"{where}: give a mapping, not {_shown(value)}")
    at = _one_of(value.get("at"), _DETAILS, f"{where}.at")
    do = _one_of(value.get("do"), _DETAILS[at], f"{where}.do")
    details = _DETAILS[at][do]
    known = {"at", "do", "chance", "skip", "times", *_SELECTORS[at], *details}
    for name, given in value.items():
        if name not in known:
            raise FaultsError(f"{where}.{_word(name)}: {do} at {at} knows {', '.join(sorted(known))}")
        if name in _FIELDS and not _FIELDS[name][0](given):
            raise FaultsError(f"{where}.{name}: give {_FIELDS[name][1]}, not {_shown(given)}")
    for name, required in details.items():
        if required and name not in value:
            raise FaultsError(f"{where}.{name}: {do} at {at} needs {_FIELDS[name][1]}")
    return Rule(**value)


def _one_of(value: Any, choices: Mapping[str, Any], where: str) -> str:
    if not isinstance(value, str) or value not in choices:
        given = "is missing" if value is None else f"cannot be {_shown(value)}"
        raise FaultsError(f"{where}: it {given}; it is one of {', '.join(choices)}")
    return value


def _word(name: Any) -> str:
    return name if isinstance(name, str) and name.isidentifier() and len(name) <= 40 else _shown(name)


def _shown(value: Any) -> str:
    """A value within a line."""
    text = ascii(value) if not isinstance(value, int) or abs(value) < 10**40 else "a very long number"
    return text if len(text) <= 60 else f"{text[:57]}…"
