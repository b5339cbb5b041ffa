"""Whether the policy that an authorizer answers with allows a connection (contract A04, A08, H11). Pure."""

from collections.abc import Mapping
from typing import Any

from ..iam.conditions import holds
from ..iam.policy import allows as permits
from ..iam.policy import statement

INVOKE_ACTION = "execute-api:Invoke"


class MalformedPolicy(Exception):
    """The document is no policy."""


def allows(document: Any, *, resource: str, facts: Mapping[str, str]) -> bool:
    """Whether the policy lets the client invoke the resource; MalformedPolicy where it is none. A statement
    counts only where its conditions hold; `facts` are the values of their keys, by lower-case name.
    """
    listed = document.get("Statement") if isinstance(document, dict) else None
    if isinstance(listed, dict):
        listed = [listed]
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise MalformedPolicy("the answer has no policyDocument with statements")
    counted = tuple(statement(item) for item in listed if _holds(item.get("Condition"), facts))
    return permits(counted, action=INVOKE_ACTION, resource=resource)


def _holds(condition: Any, facts: Mapping[str, str]) -> bool:
    try:
        return condition is None or holds(condition, facts)
    except ValueError as error:
        raise MalformedPolicy(str(error)) from None
