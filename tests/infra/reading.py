"""What is asked of a template's resources, whatever the test."""

import re
from typing import Any

import pytest

FUNCTIONS = {
    "AdmitFunction": "admit",
    "ConnectFunction": "connect",
    "DisconnectFunction": "disconnect",
    "DefaultFunction": "default",
    "EnterFunction": "enter",
    "PollFunction": "poll",
    "SayFunction": "say",
    "AnnounceFunction": "announce",
    "DeliverFunction": "deliver",
    "PutOutFunction": "expel",
}

each_function = pytest.mark.parametrize("function", FUNCTIONS)


def text(value: Any) -> str:
    """An intrinsic as one short string: Logical.Attribute, a Sub's pattern, or a Ref's name."""
    if isinstance(value, dict):
        [(kind, argument)] = value.items()
        return ".".join(argument) if kind == "Fn::GetAtt" else str(argument)
    return str(value)


def listed(value: Any) -> list[Any]:
    """What may be one or several, as a list."""
    return value if isinstance(value, list) else [value]


def parameters_in(value: Any, template: dict[str, Any]) -> set[str]:
    """Names of the parameters on which a value depends, through conditions and mappings too."""
    if isinstance(value, list):
        return {name for item in value for name in parameters_in(item, template)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key == "Ref":
            found.add(item)
        elif key == "Fn::Sub" and isinstance(item, str):
            found.update(re.findall(r"\$\{(\w+)\}", item))
        elif key == "Fn::If":
            found |= parameters_in(template["Conditions"][item[0]], template) | parameters_in(
                item[1:], template
            )
        else:
            found |= parameters_in(item, template)
    return found & set(template["Parameters"])


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """All of them, also those that depend on a condition."""
    return [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for policy in role["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]
