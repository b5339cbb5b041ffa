"""The permissions that a stack's template gives its functions, one by one, to see what goes without each."""

from local_dev.services import Withheld
from local_dev.stack.model import Stack


def permissions(stack: Stack) -> list[Withheld]:
    """Each action on each resource, by function, as the template spells them."""
    return [
        Withheld(function.label, action, resource)
        for function in stack.functions.values()
        for role in [stack.roles.get(function.role or "")]
        if role is not None
        for statement in role.statements
        if statement.effect == "Allow"
        for action in statement.actions
        for resource in statement.resources
    ]
