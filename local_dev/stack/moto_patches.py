"""What of moto is replaced by something that gives the same answers at a fraction of the cost.

Each module that says what to replace is tested against moto as it is.
"""

from importlib import import_module
from typing import Any, NamedTuple


class Patch(NamedTuple):
    """The attribute `name` of `owner`, a class or a module of moto's, becomes `replacement`."""

    owner: Any
    name: str
    replacement: Any


_MODULES = ("dispatch", "expressions", "instances", "serializer", "streams", "tables", "values")


def patches() -> list[Patch]:
    """All of them. It imports moto's DynamoDB."""
    modules = [import_module(f".moto_{name}", __package__) for name in _MODULES]
    return [patch for module in modules for patch in module.patches()]


def apply() -> None:
    """Replace it all, once for the process."""
    for owner, name, replacement in patches():
        setattr(owner, name, replacement)
