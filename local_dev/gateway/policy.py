"""Whether the policy that an authorizer answers with allows a connection (contract A04, A08, H11). Pure.

IAM's rules: what is not allowed is denied, a Deny wins, `*` is any text and `?` one character, and a
statement with conditions counts only where all of them hold.
"""

from collections.abc import Mapping
from typing import Any

from .conditions import holds
from .wildcards import matches

INVOKE_ACTION = "execute-api:Invoke"


class MalformedPolicy(Exception):
    """The document is no policy."""


def allows(document: Any, *, resource: str, facts: Mapping[str, str]) -> bool:
    """Whether the policy lets the client invoke the resource; MalformedPolicy where it is none. `facts` are
    the values of condition keys, by lower-case name.
    """
    statements = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not all(isinstance(item, dict) for item in statements):
        raise MalformedPolicy("the answer has no policyDocument with statements")
    effects = [item.get("Effect") for item in statements if _applies(item, resource, facts)]
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Mapping[str, Any], resource: str, facts: Mapping[str, str]) -> bool:
    return (
        _names(statement, "Action", INVOKE_ACTION.lower(), ignore_case=True)
        and _names(statement, "Resource", resource)
        and _holds(statement.get("Condition"), facts)
    )


def _holds(condition: Any, facts: Mapping[str, str]) -> bool:
    try:
        return condition is None or holds(condition, facts)
    except ValueError as error:
        raise MalformedPolicy(str(error)) from None


def _names(statement: Mapping[str, Any], element: str, text: str, *, ignore_case: bool = False) -> bool:
    """Whether the statement's Action or Resource (or its NotAction, NotResource) covers the text."""
    negated = element not in statement and f"Not{element}" in statement
    patterns = texts(statement.get(f"Not{element}" if negated else element))
    found = any(matches(pattern.lower() if ignore_case else pattern, text) for pattern in patterns)
    return found is not negated


def texts(value: Any) -> list[str]:
    """The texts in what may be one text or a list of them."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]
