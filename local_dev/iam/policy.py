"""What IAM policies allow: an explicit Deny wins, and what no statement allows is denied. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Conditions are not part of a Statement here: whoever reads one decides by `conditions.py` whether it counts.
Policy variables are not known.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..stack.model import Statement
from ..stack.values import texts
from .credentials import Principal
from .wildcards import matches

_ARN_PARTS = 6


def statement(item: Mapping[str, Any]) -> Statement:
    """What an object in a policy's Statement says, but for its Condition."""
    return Statement(
        str(item.get("Effect")),
        actions=texts(item.get("Action")),
        resources=texts(item.get("Resource")),
        not_actions=texts(item.get("NotAction")),
        not_resources=texts(item.get("NotResource")),
    )


def permits(principal: Principal, *, action: str, resource: str) -> bool:
    """Whether the principal may do `action` to the resource with that ARN."""
    return principal.statements is None or allows(principal.statements, action=action, resource=resource)


@lru_cache(maxsize=4096)  # asked for every post, and always the same few questions
def allows(statements: tuple[Statement, ...], *, action: str, resource: str) -> bool:
    """Whether the statements together allow `action` on the resource with that ARN."""
    effects = {item.effect for item in statements if _applies(item, action, resource)}
    return "Allow" in effects and "Deny" not in effects


def _applies(statement: Statement, action: str, resource: str) -> bool:
    if statement.not_actions:
        on_action = not any(_action_matches(pattern, action) for pattern in statement.not_actions)
    else:
        on_action = any(_action_matches(pattern, action) for pattern in statement.actions)
    if statement.not_resources:
        on_resource = not any(_arn_matches(pattern, resource) for pattern in statement.not_resources)
    else:
        on_resource = any(_arn_matches(pattern, resource) for pattern in statement.resources)
    return on_action and on_resource


def _action_matches(pattern: str, action: str) -> bool:
    return matches(pattern.lower(), action.lower())  # actions know no case


def _arn_matches(pattern: str, arn: str) -> bool:
    """A wildcard stays within one of the six parts of an ARN; parts that a pattern leaves out match
    anything.
    """
    wanted = pattern.split(":", _ARN_PARTS - 1)
    wanted += ["*"] * (_ARN_PARTS - len(wanted))
    return all(map(matches, wanted, arn.split(":", _ARN_PARTS - 1)))
