"""Event filter patterns of Lambda's event source mappings. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ABSENT = object()


def matches_any(patterns: Iterable[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """Whether the mapping hands the record on: it has no pattern, or one of them matches."""
    patterns = list(patterns)
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def matches(pattern: Mapping[str, Any], value: Any) -> bool:
    """Whether every key of the pattern finds what it asks for in `value`."""
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(option, value) for option in wanted):
                return False
            continue
        found = value.get(key, _ABSENT) if isinstance(value, Mapping) else _ABSENT
        if isinstance(wanted, Mapping):
            if not matches(wanted, {} if found is _ABSENT else found):
                return False
        elif not any(_accepts(rule, found) for rule in wanted):
            return False
    return True


def _accepts(rule: Any, found: Any) -> bool:
    if isinstance(rule, Mapping) and "exists" in rule:
        return (found is not _ABSENT) is bool(rule["exists"])
    if found is _ABSENT:
        return False
    if isinstance(found, list):
        return any(_accepts(rule, item) for item in found)
    if not isinstance(rule, Mapping):
        return bool(rule == found)
    text = found if isinstance(found, str) else None
    match next(iter(rule.items())):
        case ("prefix", start):
            return text is not None and text.startswith(start)
        case ("suffix", end):
            return text is not None and text.endswith(end)
        case ("equals-ignore-case", other):
            return text is not None and text.casefold() == str(other).casefold()
        case ("anything-but", excluded):
            rules = excluded if isinstance(excluded, list) else [excluded]
            return not any(_accepts(item, found) for item in rules)
        case ("numeric", terms):
            return _numeric(terms, found)
        case _:
            return False


def _numeric(terms: list[Any], found: Any) -> bool:
    # DynamoDB's records carry numbers as text.
    try:
        number = Decimal(str(found))
    except InvalidOperation:
        return False
    pairs = zip(terms[::2], terms[1::2], strict=True)
    return all(_COMPARISONS[sign](number, Decimal(str(bound))) for sign, bound in pairs)
