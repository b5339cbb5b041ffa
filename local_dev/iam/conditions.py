"""The Condition of a policy statement, with IAM's operators (part of contract A04). Pure.

An operator is a comparison of the request's value with one from the policy, and whether it is negated:
a plain one holds if any of the policy's values compares, a negated one if none does.
"""

import operator
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from .wildcards import matches

Comparison = Callable[[str, str], bool]


def holds(condition: Any, facts: Mapping[str, str]) -> bool:
    """Whether all conditions hold; ValueError where one is none of IAM's. `facts` have lower-case names."""
    if not isinstance(condition, dict) or not all(isinstance(test, dict) for test in condition.values()):
        raise ValueError("Condition has to be an object of operators")
    return all(
        _test(name, facts.get(str(key).lower()), _texts(values))
        for name, test in condition.items()
        for key, values in test.items()
    )


def _test(name: str, fact: str | None, values: list[str]) -> bool:
    quantifier, _, plain = name.rpartition(":")
    optional = plain.endswith("IfExists")
    plain = plain.removesuffix("IfExists").lower()
    if plain == "null":
        return any((value.lower() == "true") is (fact is None) for value in values)
    if plain not in _OPERATORS or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise ValueError(f"{name} is no operator of conditions")
    compare, negated = _OPERATORS[plain]
    if fact is None:
        return optional or quantifier == "ForAllValues" or (negated and not quantifier)
    return any(_compares(compare, fact, value) for value in values) is not negated


def _compares(compare: Comparison, fact: str, value: str) -> bool:
    try:
        return compare(fact, value)
    except (ValueError, OverflowError):
        return False  # the value is no number, date or network: nothing compares with it


def _texts(values: Any) -> list[str]:
    listed = values if isinstance(values, list) else [values]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _ordered(convert: Callable[[str], float], compare: Callable[[float, float], bool]) -> Comparison:
    return lambda fact, value: compare(convert(fact), convert(value))


def _in_network(fact: str, value: str) -> bool:
    return ip_address(fact) in ip_network(value, strict=False)


def _same(fact: str, value: str) -> bool:
    return fact.lower() == value.lower()


def _like(fact: str, value: str) -> bool:
    return matches(value, fact)


_OPERATORS: dict[str, tuple[Comparison, bool]] = {
    "stringequals": (operator.eq, False),
    "stringnotequals": (operator.eq, True),
    "stringequalsignorecase": (_same, False),
    "stringnotequalsignorecase": (_same, True),
    "stringlike": (_like, False),
    "stringnotlike": (_like, True),
    "arnequals": (_like, False),
    "arnlike": (_like, False),
    "arnnotequals": (_like, True),
    "arnnotlike": (_like, True),
    "bool": (_same, False),
    "ipaddress": (_in_network, False),
    "notipaddress": (_in_network, True),
    **{
        kind + name: (_ordered(convert, compare), negated)
        for kind, convert in (("numeric", float), ("date", _moment))
        for name, compare, negated in (
            ("equals", operator.eq, False),
            ("notequals", operator.eq, True),
            ("lessthan", operator.lt, False),
            ("lessthanequals", operator.le, False),
            ("greaterthan", operator.gt, False),
            ("greaterthanequals", operator.ge, False),
        )
    },
}
