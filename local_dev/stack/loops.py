"""`Fn::ForEach` of the language extensions: each loop replaced by what it makes.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import TemplateError

LOOP = "Fn::ForEach::"

Items = Callable[[Any], list[Any]]
"""Resolves what a loop runs over."""


def expand(node: Any, items: Items) -> Any:
    """`node` with the loops in it, and in what they make, replaced. TemplateError where one cannot be."""
    if isinstance(node, list):
        return [expand(item, items) for item in node]
    if not isinstance(node, dict):
        return node
    made: dict[str, Any] = {}
    for key, value in node.items():
        if isinstance(key, str) and key.startswith(LOOP):
            for part in _rounds(key, value, items):
                made |= expand(part, items)
        else:
            made[key] = expand(value, items)
    return made


def made_by_loops(resources: Mapping[str, Any], items: Items) -> Iterator[tuple[str, str]]:
    """What the loops among `resources` make: logical id, and the loop's key."""
    for key, value in resources.items():
        if key.startswith(LOOP):
            yield from ((name, key) for name in expand({key: value}, items))


def _rounds(key: str, loop: Any, items: Items) -> Iterator[dict[str, Any]]:
    match loop:
        case [str(name), collection, dict(body)]:
            for item in items(collection):
                yield _put(body, name, str(item))
        case _:
            raise TemplateError(f"{key}: a loop is a list of a name, a collection and what to make")


def _put(node: Any, name: str, item: str) -> Any:
    """`node` with the loop's name replaced by one of its items, `&{name}` by its letters and digits."""
    if isinstance(node, list):
        return [_put(part, name, item) for part in node]
    if isinstance(node, dict):
        if node == {"Ref": name}:
            return item
        return {_put(key, name, item): _put(value, name, item) for key, value in node.items()}
    if isinstance(node, str):
        plain = re.sub(r"[^A-Za-z0-9]", "", item)
        return node.replace(f"${{{name}}}", item).replace(f"&{{{name}}}", plain)
    return node
