"""Event filter patterns as templates give them: read and checked at start, so that no record can meet one
that is malformed. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
"""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import TemplateError
from .filters import COMPARISONS

PATTERN_LIMIT = 4096
"""Characters that a pattern may have."""


def read_pattern(text: str) -> Mapping[str, Any]:
    """The pattern that `text`, JSON, stands for; TemplateError says what Lambda would not take of it."""
    try:
        pattern = json.loads(text)
    except (TypeError, ValueError) as error:
        raise TemplateError(f"a filter pattern is not JSON ({error}): {text}") from None
    if not isinstance(pattern, dict):
        raise TemplateError(f"a filter pattern must be a JSON object: {text}")
    if len(text) > PATTERN_LIMIT:
        raise TemplateError(f"a filter pattern has {len(text)} characters, {PATTERN_LIMIT} are allowed")
    check_pattern(pattern)
    return pattern


def check_pattern(pattern: Mapping[str, Any], *, path: str = "") -> None:
    """Refuse with TemplateError what no record could be compared with."""
    for key, wanted in pattern.items():
        here = f"{path}.{key}" if path else key
        if key == "$or":
            if not (isinstance(wanted, list) and wanted and all(isinstance(item, dict) for item in wanted)):
                raise _refused(here, "must be a list of patterns")
            for option in wanted:
                check_pattern(option, path=path)
        elif isinstance(wanted, Mapping):
            if not wanted:
                raise _refused(here, "is an empty object")
            check_pattern(wanted, path=here)
        elif not isinstance(wanted, list):
            raise _refused(here, f"must be a list or an object, not {json.dumps(wanted)}")
        elif not wanted:
            raise _refused(here, "is an empty list")
        else:
            for rule in wanted:
                _check_rule(rule, here)


def _check_rule(rule: Any, where: str) -> None:
    if isinstance(rule, list):
        raise _refused(where, "has a list in its list")
    if not isinstance(rule, dict):
        return
    if len(rule) != 1:
        raise _refused(where, f"needs rules with one operator each, not {json.dumps(rule)}")
    [(name, operand)] = rule.items()
    if not _is_operand(name, operand):
        raise _refused(where, f"has a rule that Lambda does not know: {json.dumps(rule)}")


def _is_operand(name: str, operand: Any) -> bool:
    match name:
        case "exists":
            return isinstance(operand, bool)
        case "prefix" | "suffix":
            return isinstance(operand, str) or _is_ignoring_case(operand)
        case "equals-ignore-case":
            return isinstance(operand, str)
        case "anything-but":
            return _is_exclusion(operand)
        case "numeric":
            return _is_comparison(operand)
        case _:
            return False


def _is_ignoring_case(operand: Any) -> bool:
    return (
        isinstance(operand, dict)
        and list(operand) == ["equals-ignore-case"]
        and isinstance(operand["equals-ignore-case"], str)
    )


def _is_exclusion(operand: Any) -> bool:
    if isinstance(operand, dict):
        if len(operand) != 1:
            return False
        [(name, texts)] = operand.items()
        several = texts if isinstance(texts, list) else [texts]
        known = name in ("prefix", "suffix", "equals-ignore-case")
        return known and bool(several) and all(isinstance(text, str) for text in several)
    values = operand if isinstance(operand, list) else [operand]
    return bool(values) and (all(isinstance(item, str) for item in values) or all(map(_is_number, values)))


def _is_comparison(operand: Any) -> bool:
    if not (isinstance(operand, list) and len(operand) in (2, 4)):
        return False
    signs, bounds = operand[::2], operand[1::2]
    if not all(isinstance(sign, str) and sign in COMPARISONS for sign in signs):
        return False
    if not all(map(_is_number, bounds)):
        return False
    # Of two, the first is the lower bound.
    return len(signs) == 1 or (signs[0] in (">", ">=") and signs[1] in ("<", "<=") and bounds[0] < bounds[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(where: str, what: str) -> TemplateError:
    return TemplateError(f"filter pattern: {where} {what}")
