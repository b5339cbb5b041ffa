"""The shorter way through moto's serialiser gives the very bytes of the longer one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.serialize import JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model

from local_dev.stack.moto_serializer import patches

NUMBERS = st.integers().map(str)
SCALARS = st.one_of(
    st.text().map(lambda value: {"S": value}),
    NUMBERS.map(lambda value: {"N": value}),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.binary().map(lambda value: {"B": value}),
    st.just({"NULL": True}),
    st.lists(st.text(), min_size=1).map(lambda value: {"SS": value}),
    st.lists(NUMBERS, min_size=1).map(lambda value: {"NS": value}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner).map(lambda value: {"L": value})
        | st.dictionaries(st.text(min_size=1), inner).map(lambda value: {"M": value})
    ),
    max_leaves=6,
)
ODD = st.sampled_from(
    [{"S": None}, {"S": 5}, {"N": 5}, {}, {"S": "a", "N": "1"}, {"SS": [5]}, {"X": "a"}, {"L": [{}]}]
)
ITEMS = st.lists(st.dictionaries(st.text(min_size=1), VALUES | ODD, max_size=4), max_size=3)


QUERY = get_service_model("dynamodb").operation_model("Query")


def body(items: list[dict[str, Any]]) -> Any:
    """What moto answers to a Query that found these items."""
    picker = XFormedAttributePicker(response_transformers=None)
    return JSONSerializer(QUERY, value_picker=picker).serialize({"Items": items, "Count": len(items)})["body"]


@given(ITEMS)
def test_answers_do_not_change(items: list[dict[str, Any]]) -> None:
    before = body(items)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, replacement in patches():
            patch.setattr(owner, name, replacement)
        assert body(items) == before
