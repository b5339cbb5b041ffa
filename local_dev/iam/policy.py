"""What IAM policies allow: an explicit Deny wins, and what no statement allows is denied. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
Conditions are not part of a Statement here: whoever reads one decides by `conditions.py` whether it counts.
Policy variables are not known.
"""

from collections.abc import Mapping
from dataclasses import replace
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


@lru_cache(maxsize=4096)
def allows_somewhere(statements: tuple[Statement, ...], *, action: str) -> bool:
    """Whether the statements allow `action` on any resource at all."""
    return any(item.effect == "Allow" and _on_action(item, action) for item in statements)


def denies(statements: tuple[Statement, ...], *, action: str, resource: str) -> bool:
    """Whether a statement denies `action` on the resource, whatever others allow."""
    return any(item.effect == "Deny" and _applies(item, action, resource) for item in statements)


def without(statements: tuple[Statement, ...], *, action: str, resource: str = "*") -> tuple[Statement, ...]:
    """The statements as they would be had their author left out `action`, as they spell it, for the resources that
    fit the pattern.
    """
    kept: list[Statement] = []
    for item in statements:
        hit = [arn for arn in item.resources if matches(resource, arn)]
        if item.effect != "Allow" or action not in item.actions or not hit:
            kept.append(item)
            continue
        rest = tuple(arn for arn in item.resources if arn not in hit)
        others = tuple(each for each in item.actions if each != action)
        kept += [replace(item, resources=rest)] if rest else []
        kept += [replace(item, actions=others, resources=tuple(hit))] if others else []
    return tuple(kept)


def _applies(statement: Statement, action: str, resource: str) -> bool:
    if statement.not_resources:
        on_resource = not any(_arn_matches(pattern, resource) for pattern in statement.not_resources)
    else:
        on_resource = any(_arn_matches(pattern, resource) for pattern in statement.resources)
    return on_resource and _on_action(statement, action)


def _on_action(statement: Statement, action: str) -> bool:
    if statement.not_actions:
        return not any(_action_matches(pattern, action) for pattern in statement.not_actions)
    return any(_action_matches(pattern, action) for pattern in statement.actions)


def _action_matches(pattern: str, action: str) -> bool:
    return matches(pattern.lower(), action.lower())  # actions know no case


def _arn_matches(pattern: str, arn: str) -> bool:
    """A wildcard stays within one of the six parts of an ARN; parts that a pattern leaves out match
    anything.
    """
    wanted = pattern.split(":", _ARN_PARTS - 1)
    wanted += ["*"] * (_ARN_PARTS - len(wanted))
    return all(map(matches, wanted, arn.split(":", _ARN_PARTS - 1)))
