"""Event filter patterns of Lambda's event source mappings, matched with records. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBERS_AS_TEXT = ("N", "NS")
"""Keys of DynamoDB's records under which a number is written as text."""


def matches_any(patterns: Iterable[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """Whether the mapping hands the record on: it has no pattern, or one of them matches."""
    patterns = list(patterns)
    return not patterns or any(matches(pattern, record) for pattern in patterns)


def message_matches_any(patterns: Iterable[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """The same for a record of a queue, whose body may be JSON: a pattern for a text never matches a JSON
    object, nor the other way round.
    """
    try:
        body = json.loads(record["body"])
        return matches_any(patterns, {**record, "body": body} if isinstance(body, dict) else record)
    except RecursionError:  # nested deeper than anything that a pattern is for
        return False
    except ValueError:
        return matches_any(patterns, record)


def matches(pattern: Mapping[str, Any], value: Any) -> bool:
    """Whether every key of the pattern finds what it asks for in `value`. In a list, one element has to
    answer the whole pattern.
    """
    if isinstance(value, list):
        return any(matches(pattern, item) for item in value)
    for key, wanted in pattern.items():
        if key == "$or":
            if not any(matches(option, value) for option in wanted):
                return False
            continue
        found = value.get(key, {}) if isinstance(value, Mapping) else {}
        if isinstance(wanted, Mapping):
            if not matches(wanted, found):
                return False
        else:
            leaves = list(_leaves(found))
            if not any(_accepts(rule, leaves, numbers=key in _NUMBERS_AS_TEXT) for rule in wanted):
                return False
    return True


def _leaves(found: Any) -> Iterator[Any]:
    """The values that rules are compared with: an object has none of its own, a list those of its items."""
    if isinstance(found, list):
        for item in found:
            yield from _leaves(item)
    elif not isinstance(found, Mapping):
        yield found


def _accepts(rule: Any, leaves: list[Any], *, numbers: bool) -> bool:
    if isinstance(rule, Mapping) and "exists" in rule:
        return bool(leaves) is bool(rule["exists"])
    return any(_fits(rule, leaf, numbers=numbers) for leaf in leaves)


def _fits(rule: Any, found: Any, *, numbers: bool) -> bool:
    if not isinstance(rule, Mapping):
        return isinstance(rule, bool) == isinstance(found, bool) and bool(rule == found)
    match next(iter(rule.items()), None):
        case ("prefix", start):
            return _text(found, start, str.startswith)
        case ("suffix", end):
            return _text(found, end, str.endswith)
        case ("equals-ignore-case", other):
            return isinstance(found, str) and found.casefold() == other.casefold()
        case ("anything-but", excluded):
            return not any(_fits(item, found, numbers=numbers) for item in _excluded(excluded))
        case ("numeric", terms):
            return _numeric(terms, found, as_text=numbers)
        case _:
            return False


def _text(found: Any, wanted: Any, compare: Callable[[str, str], bool]) -> bool:
    if not isinstance(found, str):
        return False
    if isinstance(wanted, Mapping):
        return compare(found.casefold(), str(wanted["equals-ignore-case"]).casefold())
    return compare(found, wanted)


def _excluded(excluded: Any) -> Iterator[Any]:
    """The rules that `anything-but` turns round: values, or an operator with one text or several."""
    if isinstance(excluded, Mapping):
        name, texts = next(iter(excluded.items()))
        for text in texts if isinstance(texts, list) else [texts]:
            yield {name: text}
    else:
        yield from excluded if isinstance(excluded, list) else [excluded]


def _numeric(terms: list[Any], found: Any, *, as_text: bool) -> bool:
    if isinstance(found, bool) or not isinstance(found, (int, float, str) if as_text else (int, float)):
        return False
    try:
        number = Decimal(str(found))
    except InvalidOperation:
        return False
    if not number.is_finite():
        return False
    pairs = zip(terms[::2], terms[1::2], strict=True)
    return all(COMPARISONS[sign](number, Decimal(str(bound))) for sign, bound in pairs)
