"""Event filter patterns."""

from typing import Any

import pytest

from local_dev.runtime.filters import matches, matches_any

RECORD = {
    "eventName": "INSERT",
    "dynamodb": {
        "Keys": {"id": {"S": "abc"}},
        "NewImage": {"name": {"S": "Ali"}, "age": {"N": "41"}, "tags": {"SS": ["x", "y"]}},
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
        {"eventName": [{"anything-but": {"prefix": "RE"}}]},
        {"eventName": [{"equals-ignore-case": "insert"}]},
        image(name={"S": [{"prefix": "A"}]}),
        image(name={"S": [{"suffix": "li"}]}),
        image(name={"S": [{"exists": True}]}),
        image(other={"S": [{"exists": False}]}),
        image(age={"N": [{"numeric": [">", 40, "<=", 41]}]}),
        image(tags={"SS": ["y"]}),
        {"$or": [{"eventName": ["REMOVE"]}, image(name={"S": ["Ali"]})]},
    ],
)
def test_matches(pattern: dict[str, Any]) -> None:
    assert matches(pattern, RECORD)


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["MODIFY"]},
        {"eventName": [{"anything-but": "INSERT"}]},
        {"eventName": [{"unknown": 1}]},
        {"dynamodb": {"OldImage": {"name": {"S": [{"exists": True}]}}}},
        image(other={"S": [{"anything-but": ["x"]}]}),
        image(name={"S": [{"exists": False}]}),
        image(name={"S": [{"numeric": [">", 1]}]}),
        image(age={"N": [{"numeric": [">", 41]}]}),
        {"eventName": ["INSERT"], "dynamodb": {"Keys": {"id": {"S": ["other"]}}}},
    ],
)
def test_does_not_match(pattern: dict[str, Any]) -> None:
    assert not matches(pattern, RECORD)


def test_no_pattern_lets_everything_through_and_one_of_several_is_enough() -> None:
    assert matches_any([], RECORD)
    assert matches_any([{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}], RECORD)
    assert not matches_any([{"eventName": ["REMOVE"]}], RECORD)
