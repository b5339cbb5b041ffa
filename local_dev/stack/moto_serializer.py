"""A faster way through moto's serialiser for DynamoDB's attribute values, which are most of what it answers.

moto walks the service model for every attribute of every item, trying all ten kinds of value for each. Where the
value is a string or a number it is already as it goes over the wire. The answers are the same, byte for byte.
"""

from typing import Any

from moto.core.serialize import BaseJSONSerializer


def shorten_the_way_of_attribute_values() -> None:
    """Replace the serialiser's method by one that passes plain values through; once for the process."""
    walk = BaseJSONSerializer._serialize_type_structure

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if key and shape.name == "AttributeValue" and type(value) is dict and len(value) == 1:
            ((kind, inner),) = value.items()
            if kind in ("S", "N") and type(inner) is str:
                serialized[self.get_serialized_name(shape, key)] = {kind: inner}
                return
        walk(self, serialized, value, shape, key)

    BaseJSONSerializer._serialize_type_structure = serialize
