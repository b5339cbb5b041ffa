"""DynamoDB's values and items. moto asks each value for each of ten kinds, at every comparison, and weighs all that an
item has again for every attribute that it gains; most values are strings and numbers.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from moto.dynamodb import responses
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import dynamo_type
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.utilities import dynamo_to_dict

from .moto_patches import Patch

ITEM_LIMIT = 405_000
"""Bytes of an item at which moto refuses it."""

_MUTABLE = ("L", "M", "SS", "NS", "BS")
_DIGITS = 38
"""A number of so many digits is kept as it is written."""

_moto_cast: Any = DynamoType.cast_value.fget
_moto_size = DynamoType.size
_moto_project = Item.project


def patches() -> list[Patch]:
    """Values that know what they are, and items that are copied, weighed and projected at once."""
    return [
        Patch(DynamoType, "cast_value", property(_cast_value)),
        Patch(DynamoType, "size", _size),
        Patch(DynamoType, "__eq__", _equals),
        Patch(Item, "__init__", _make_item),
        Patch(Item, "__deepcopy__", _copy_item),
        Patch(Item, "project", _project),
        Patch(Item, "size", _item_size),
        Patch(LimitedSizeDict, "__setitem__", _set_attribute),
        Patch(responses, "dynamo_to_dict", _to_dict),
    ]


def _cast_value(value: Any) -> Any:
    return value.value if value.type == "S" else _moto_cast(value)


def _size(value: Any) -> int:
    kind, inner = value.type, value.value
    if type(inner) is str and kind in ("S", "N"):
        return len(inner) if kind == "N" or inner.isascii() else len(inner.encode())
    if type(inner) is bool and kind == "BOOL":
        return 1
    return int(_moto_size(value))


def _weigh(attrs: Mapping[str, Any]) -> int:
    weight = 0
    for name, value in attrs.items():
        weight += (len(name) if name.isascii() else len(name.encode())) + _size(value)
    return weight


def _item_size(item: Any) -> int:
    return _weigh(item.attrs)


def _equals(value: Any, other: Any) -> bool:
    if value.type != other.type:
        return False
    if value.type == "S":
        return bool(value.value == other.value)
    return bool(_moto_cast(value) == _moto_cast(other))


def _make_item(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    item.hash_key, item.range_key = hash_key, range_key
    made = {key: DynamoType(value) for key, value in attrs.items()}
    item.attrs = LimitedSizeDict()
    if _weigh(made) <= ITEM_LIMIT:
        dict.update(item.attrs, made)
    else:
        for key, value in made.items():
            item.attrs[key] = value  # until it is too much


def _set_attribute(attrs: Any, key: str, value: Any) -> None:
    # What is replaced is weighed as well, as in moto.
    if _weigh(attrs) + _weigh({key: value}) > ITEM_LIMIT:
        raise ItemSizeTooLarge
    dict.__setitem__(attrs, key, value)


def _copy_item(item: Any, memo: dict[int, Any]) -> Any:
    made = object.__new__(type(item))
    memo[id(item)] = made
    made.hash_key, made.range_key = item.hash_key, item.range_key  # nobody changes keys
    made.attrs = LimitedSizeDict()
    dict.update(
        made.attrs,
        {
            # Values of the other kinds are replaced, and never changed.
            key: deepcopy(value, memo) if value.type in _MUTABLE else value
            for key, value in item.attrs.items()
        },
    )
    return made


def _project(item: Any, paths: list[list[str]]) -> Any:
    found = {}
    for path in paths:
        name = path[0]
        if len(path) > 1 or name[-1:] == "]":
            return _moto_project(item, paths)
        value = item.attrs.get(name)
        if value is not None:
            found[name] = _passed_through(value)
    made = object.__new__(Item)
    made.hash_key, made.range_key = item.hash_key, item.range_key
    made.attrs = LimitedSizeDict()
    dict.update(made.attrs, found)
    return made


def _passed_through(value: Any) -> Any:
    """The value as it is after moto has made one of Python's of it, and again one of DynamoDB's of that."""
    kind, inner = value.type, value.value
    if type(inner) is str:
        if kind == "S" or (kind == "N" and _is_plain(inner)):
            return value
    elif type(inner) is bool and kind == "BOOL":
        return value
    native = dynamo_type.deserializer.deserialize(value.to_regular_json())
    return DynamoType(dynamo_type.serializer.serialize(native))


def _is_plain(number: str) -> bool:
    return (
        number.isdecimal()
        and number.isascii()
        and len(number) <= _DIGITS
        and (number[0] != "0" or number == "0")
    )


def _to_dict(value: Any) -> Any:
    kind = type(value)
    if kind is DynamoType:
        inner = value.value
        if type(inner) in (str, bool) and value.type in ("S", "N", "BOOL", "NULL"):
            return {value.type: inner}
        return dynamo_to_dict(value)
    if kind is dict or kind is LimitedSizeDict:
        return {key: _to_dict(each) for key, each in value.items()}
    if kind is list:
        return [_to_dict(each) for each in value]
    return dynamo_to_dict(value)
