"""Event filter patterns."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import TemplateError
from local_dev.runtime.filters import matches, matches_any, message_matches_any
from local_dev.runtime.patterns import check_pattern, read_pattern

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {
        "Keys": {"id": {"S": "abc"}},
        "NewImage": {
            "name": {"S": "Ali"},
            "age": {"N": "41"},
            "tags": {"SS": ["x", "y"]},
            "marks": {"NS": ["1", "20"]},
            "member": {"BOOL": True},
            "gone": {"NULL": None},
            "note": {"S": ""},
            "empty": {"L": []},
            "orders": {"L": [{"M": {"id": {"S": "1"}, "size": {"S": "L"}}}, {"M": {"id": {"S": "2"}}}]},
        },
    },
}


def image(**fields: Any) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": fields}}


@pytest.mark.parametrize(
    "pattern",
    [
        {},
        {"eventName": ["INSERT", "REMOVE"]},
        {"eventName": [{"anything-but": ["REMOVE"]}]},
        {"eventName": [{"anything-but": "REMOVE"}]},
        {"eventName": [{"anything-but": {"prefix": "RE"}}]},
        {"eventName": [{"anything-but": {"suffix": ["OVE", "IFY"]}}]},
        {"eventName": [{"anything-but": {"equals-ignore-case": "remove"}}]},
        {"eventName": [{"equals-ignore-case": "insert"}]},
        {"eventName": [{"prefix": {"equals-ignore-case": "ins"}}]},
        {"eventName": [{"suffix": {"equals-ignore-case": "ert"}}]},
        image(name={"S": [{"prefix": "A"}]}),
        image(name={"S": [{"suffix": "li"}]}),
        image(name={"S": [{"exists": True}]}),
        image(other={"S": [{"exists": False}]}),
        image(age={"N": [{"numeric": [">", 40, "<=", 41]}]}),
        image(age={"N": [{"numeric": ["=", 41]}]}),
        image(age={"N": [{"numeric": ["<", 10]}, {"numeric": [">", 40]}]}),
        image(age={"N": ["41"]}),
        image(marks={"NS": [{"numeric": [">", 10]}]}),
        image(tags={"SS": ["y"]}),
        image(tags={"SS": [{"anything-but": "x"}]}),
        image(member={"BOOL": [True]}),
        image(gone={"NULL": [None]}),
        image(gone={"NULL": [{"exists": True}]}),
        image(note={"S": [""]}),
        image(empty={"L": [{"exists": False}]}),
        image(name=[{"exists": False}]),  # a node between has no value of its own
        image(orders={"L": {"M": {"id": {"S": ["1"]}, "size": {"S": ["L"]}}}}),
        {"$or": [{"eventName": ["REMOVE"]}, image(name={"S": ["Ali"]})]},
        {"eventName": ["INSERT"], "$or": [image(age={"N": ["41"]}), image(age={"N": ["42"]})]},
    ],
)
def test_matches(pattern: dict[str, Any]) -> None:
    check_pattern(pattern)
    assert matches(pattern, RECORD)


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["MODIFY"]},
        {"eventName": ["insert"]},
        {"eventName": [{"anything-but": "INSERT"}]},
        {"eventName": [{"anything-but": {"prefix": ["IN", "RE"]}}]},
        {"dynamodb": {"OldImage": {"name": {"S": [{"exists": True}]}}}},
        image(other={"S": [{"anything-but": ["x"]}]}),
        image(other={"S": [None]}),
        image(name={"S": [{"exists": False}]}),
        image(name={"S": [{"numeric": [">", 1]}]}),
        image(name={"S": [""]}),
        image(name=[{"exists": True}]),
        image(empty={"L": [{"exists": True}]}),
        image(age={"N": [{"numeric": [">", 41]}]}),
        image(age={"N": [{"numeric": [">", 40, "<", 41]}]}),
        image(age={"N": [41]}),
        image(member={"BOOL": [1]}),
        image(member={"BOOL": [{"numeric": ["=", 1]}]}),
        image(member={"BOOL": [{"prefix": "T"}]}),
        image(note={"S": [None]}),
        image(gone={"NULL": [""]}),
        image(orders={"L": {"M": {"id": {"S": ["2"]}, "size": {"S": ["L"]}}}}),
        {"eventName": ["INSERT"], "dynamodb": {"Keys": {"id": {"S": ["other"]}}}},
        {"eventName": {"deeper": ["INSERT"]}},
        {"eventName": ["INSERT"], "$or": [image(age={"N": ["1"]}), image(age={"N": ["2"]})]},
    ],
)
def test_does_not_match(pattern: dict[str, Any]) -> None:
    check_pattern(pattern)
    assert not matches(pattern, RECORD)


@pytest.mark.parametrize("number", ["not a number", "NaN", "Infinity"])
def test_text_that_is_no_number_is_in_no_range(number: str) -> None:
    assert not matches({"N": [{"numeric": [">", -1]}]}, {"N": number})


def test_no_pattern_lets_everything_through_and_one_of_several_is_enough() -> None:
    assert matches_any([], RECORD)
    assert matches_any([{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}], RECORD)
    assert not matches_any([{"eventName": ["REMOVE"]}], RECORD)


@pytest.mark.parametrize(
    ("body", "pattern", "expected"),
    [
        ('{"code": "B", "n": 5}', {"body": {"code": ["B"]}}, True),
        ('{"code": "B", "n": 5}', {"body": {"code": ["A"]}}, False),
        ('{"code": "B", "n": 5}', {"body": {"n": [{"numeric": [">", 4]}]}}, True),
        ('{"n": "5"}', {"body": {"n": [{"numeric": [">", 4]}]}}, False),
        ('{"code": "B"}', {"body": ['{"code": "B"}']}, False),
        ('{"code": "B"}', {"body": [{"prefix": "{"}]}, False),
        ('{"code": "B"}', {"messageId": ["m1"]}, True),
        ("hello", {"body": ["hello"]}, True),
        ("hello", {"body": [{"prefix": "he"}]}, True),
        ("hello", {"body": [{"prefix": "x"}]}, False),
        ("hello", {"body": {"code": ["B"]}}, False),
        ("hello", {"messageId": ["m1"]}, True),
        ("12", {"body": ["12"]}, True),
        ('["a"]', {"body": [{"prefix": "["}]}, True),
        ('["a"]', {"body": {"code": ["a"]}}, False),
    ],
)
def test_the_body_of_a_message_is_compared_as_json_or_as_text(
    body: str, pattern: dict[str, Any], expected: bool
) -> None:
    check_pattern(pattern)
    assert message_matches_any([pattern], {"messageId": "m1", "body": body}) is expected


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
scalars = st.booleans() | st.integers() | st.text(max_size=8) | st.none()


@given(pattern=st.dictionaries(st.sampled_from(["a", "b", "$or", "N"]), values), value=values)
def test_what_is_read_can_be_matched_with_anything(pattern: dict[str, Any], value: Any) -> None:
    try:
        read = read_pattern(json.dumps(pattern))
    except TemplateError:
        return
    assert matches(read, value) in (True, False)


operators = st.one_of(
    scalars,
    st.builds(lambda text: {"prefix": text}, st.text(max_size=2)),
    st.builds(lambda text: {"suffix": text}, st.text(max_size=2)),
    st.builds(lambda text: {"equals-ignore-case": text}, st.text(max_size=4)),
    st.builds(lambda yes: {"exists": yes}, st.booleans()),
    st.builds(lambda texts: {"anything-but": texts}, st.lists(st.text(max_size=3), min_size=1, max_size=3)),
    st.builds(lambda text: {"anything-but": {"prefix": text}}, st.text(max_size=2)),
    st.builds(lambda low: {"numeric": [">", low, "<=", low + 5]}, st.integers(-100, 100)),
)


@given(
    pattern=st.dictionaries(st.sampled_from("abc"), st.lists(operators, min_size=1, max_size=3), max_size=3),
    value=st.dictionaries(st.sampled_from("abc"), values, max_size=3),
)
def test_well_formed_patterns_are_taken_and_matched(pattern: dict[str, Any], value: dict[str, Any]) -> None:
    read = read_pattern(json.dumps(pattern))
    one_by_one = all(any(matches({key: [rule]}, value) for rule in rules) for key, rules in read.items())
    assert matches(read, value) is one_by_one


@given(found=scalars)
def test_a_value_matches_itself_and_never_its_exclusion(found: Any) -> None:
    assert matches({"a": [found]}, {"a": found})
    if isinstance(found, str):
        assert not matches({"a": [{"anything-but": found}]}, {"a": found})


@given(st.dictionaries(st.text(max_size=4), values, max_size=3), values)
def test_something_is_there_or_it_is_not(value: dict[str, Any], other: Any) -> None:
    event = {**value, "a": other}
    present, absent = {"a": [{"exists": True}]}, {"a": [{"exists": False}]}
    assert matches(present, event) is not matches(absent, event)


@pytest.mark.parametrize("depth", [900, 100_000])
def test_a_body_that_is_nested_too_deeply_harms_nothing(depth: int) -> None:
    body = '{"a": ' + "[" * depth + "]" * depth + "}"
    assert message_matches_any([{"body": {"a": ["x"]}}], {"body": body}) is False


@given(body=st.text() | values.map(json.dumps))
def test_any_body_can_be_compared(body: str) -> None:
    for pattern in ({"body": {"a": ["x"]}}, {"body": ["x"]}):
        assert message_matches_any([pattern], {"body": body}) in (True, False)
