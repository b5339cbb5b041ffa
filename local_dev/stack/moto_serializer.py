"""A faster way through moto's parser and serialiser for DynamoDB's attribute values, which are most of what it is asked
and answers.

moto walks the service model for every attribute of every item, trying all ten kinds of value for each. Mostly the value
is in Python as it is on the wire. The answers are the same, byte for byte.
"""

import base64
from typing import Any

from moto.core.parse import BaseJSONParser
from moto.core.serialize import DEFAULT_ALIAS_PROVIDERS, BaseJSONSerializer, XFormedAttributePicker

from .moto_patches import Patch

_VALUE = "AttributeValue"


class _Unusual(Exception):
    """A value that the model has to be walked for."""


def patches() -> list[Patch]:
    """Values pass through; so do maps of them, and lists of such maps. What else an answer has is found by names that
    are worked out once.
    """
    return [
        Patch(XFormedAttributePicker, "__call__", _pick),
        Patch(BaseJSONParser, "_parse_structure", _parse_structure(BaseJSONParser._parse_structure)),
        Patch(
            BaseJSONSerializer,
            "_serialize_type_structure",
            _shortened(BaseJSONSerializer._serialize_type_structure, _is_value, _wire),
        ),
        Patch(
            BaseJSONSerializer,
            "_serialize_type_map",
            _shortened(BaseJSONSerializer._serialize_type_map, _is_item, _wire_item),
        ),
        Patch(
            BaseJSONSerializer,
            "_serialize_type_list",
            _shortened(BaseJSONSerializer._serialize_type_list, _is_items, _wire_items),
        ),
    ]


_moto_pick = XFormedAttributePicker.__call__


def _pick(picker: Any, context: Any) -> Any:
    found = context.obj
    if (
        type(found) is not dict
        or picker.response_transformers
        or picker.alias_providers is not DEFAULT_ALIAS_PROVIDERS
        or "." in context.key
    ):
        return _moto_pick(picker, context)
    known = context.shape.__dict__.setdefault("_names_of", {})  # a member's shape has one parent
    names = known.get(context.key)
    if names is None:
        names = known[context.key] = tuple(picker.get_possible_keys(context))
    return next((found[name] for name in names if name in found), None)


def _parse_structure(walk: Any) -> Any:
    def parse(parser: Any, shape: Any, value: Any) -> Any:
        if shape.name == _VALUE and type(value) is dict and len(value) == 1:
            ((kind, inner),) = value.items()
            if (kind in ("S", "N") and type(inner) is str) or (
                kind in ("BOOL", "NULL") and type(inner) is bool
            ):
                return {kind: inner}
        return walk(parser, shape, value)

    return parse


def _shortened(walk: Any, fits: Any, wire: Any) -> Any:
    def serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if key and fits(shape):
            try:
                short = wire(value)
            except _Unusual:
                pass
            else:
                serialized[serializer.get_serialized_name(shape, key)] = short
                return
        walk(serializer, serialized, value, shape, key)

    return serialize


def _is_value(shape: Any) -> bool:
    return bool(shape.name == _VALUE)


def _is_item(shape: Any) -> bool:
    return bool(shape.value.name == _VALUE)


def _is_items(shape: Any) -> bool:
    member = shape.member
    return bool(member.type_name == "map" and member.value.name == _VALUE)


def _wire(value: Any) -> dict[str, Any]:
    if type(value) is not dict or len(value) != 1:
        raise _Unusual
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "N" if type(inner) is str:
            return {kind: inner}
        case "BOOL" | "NULL" if type(inner) is bool:
            return {kind: inner}
        case "M" if type(inner) is dict:
            return {kind: _wire_item(inner)}
        case "L" if type(inner) is list:
            return {kind: [_wire(each) for each in inner]}
        case "SS" | "NS" if type(inner) is list and all(type(each) is str for each in inner):
            return {kind: list(inner)}
        case "B" if type(inner) is bytes:
            return {kind: base64.b64encode(inner).decode()}
        case "BS" if type(inner) is list and all(type(each) is bytes for each in inner):
            return {kind: [base64.b64encode(each).decode() for each in inner]}
    raise _Unusual


def _wire_item(item: Any) -> dict[str, Any]:
    if type(item) is not dict:
        raise _Unusual
    return {name: _wire(value) for name, value in item.items()}


def _wire_items(items: Any) -> list[dict[str, Any]]:
    if type(items) is not list:
        raise _Unusual
    return [_wire_item(item) for item in items]
