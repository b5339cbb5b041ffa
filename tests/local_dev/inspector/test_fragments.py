"""A text without its end gives what is there of its value, and nothing that is not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.inspector import fragments

texts = st.text(max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_a_whole_text_is_read_as_it_is(value: Any) -> None:
    assert fragments.read(json.dumps(value)) == (value, True)


@given(st.dictionaries(texts, values, min_size=1, max_size=4), st.floats(0, 1), st.booleans())
def test_any_beginning_is_read_or_refused(value: Any, share: float, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    part, whole = fragments.read(text[: 1 + int(share * (len(text) - 2))])
    assert not whole
    for name in list(part)[:-1]:  # all but the one that it was cut in
        assert part[name] == value[name]
    assert set(part) <= set(value)


def test_what_comes_before_the_cut_is_all_there() -> None:
    text = '{"requestContext":{"connectionId":"abc=","routeKey":"$default"},"body":"a long te'
    assert fragments.read(text) == (
        {"requestContext": {"connectionId": "abc=", "routeKey": "$default"}, "body": "a long te"},
        False,
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1,"b', {"a": 1}),
        ('{"a":1,"b":', {"a": 1}),
        ('{"a":1,"b":tr', {"a": 1}),
        ('{"a":[1,2,{"b":"x\\', {"a": [1, 2, {"b": "x"}]}),
        ('{"a":[1,"\\u00', {"a": [1]}),
        ("[1,2,", [1, 2]),
        ("{", {}),
    ],
)
def test_a_member_that_is_not_whole_is_left_out(text: str, value: Any) -> None:
    assert fragments.read(text) == (value, False)


@pytest.mark.parametrize("text", ["no json", "[" * 100_000, '{"a"', "]", '"\ud800'])
def test_what_cannot_be_read_is_refused_or_empty(text: str) -> None:
    try:
        value, whole = fragments.read(text)
    except ValueError:
        return
    assert not whole
    json.dumps(value)


def test_nothing_is_none() -> None:
    assert fragments.read("") == (None, True)


def test_what_json_has_no_form_for_becomes_text() -> None:
    assert fragments.read('{"a":NaN,"b":1e999}') == ({"a": "nan", "b": "inf"}, True)
