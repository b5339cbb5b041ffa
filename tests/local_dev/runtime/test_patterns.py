"""Event filter patterns that Lambda would not take."""

import json

import pytest

from local_dev.errors import TemplateError
from local_dev.runtime.patterns import PATTERN_LIMIT, read_pattern


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '"eventName"',
        '{"eventName": "INSERT"}',
        '{"eventName": null}',
        '{"eventName": []}',
        '{"eventName": {}}',
        '{"eventName": [["INSERT"]]}',
        '{"eventName": [{}]}',
        '{"eventName": [{"unknown": 1}]}',
        '{"eventName": [{"wildcard": "IN*"}]}',
        '{"eventName": [{"prefix": "a", "suffix": "b"}]}',
        '{"eventName": [{"prefix": 1}]}',
        '{"eventName": [{"suffix": {"prefix": "x"}}]}',
        '{"eventName": [{"equals-ignore-case": 1}]}',
        '{"eventName": [{"exists": "true"}]}',
        '{"eventName": [{"anything-but": []}]}',
        '{"eventName": [{"anything-but": ["a", 1]}]}',
        '{"eventName": [{"anything-but": {"numeric": ["=", 1]}}]}',
        '{"eventName": [{"anything-but": {"prefix": []}}]}',
        '{"eventName": [{"anything-but": {}}]}',
        '{"n": [{"numeric": []}]}',
        '{"n": [{"numeric": 1}]}',
        '{"n": [{"numeric": [">"]}]}',
        '{"n": [{"numeric": ["!=", 1]}]}',
        '{"n": [{"numeric": [1, ">"]}]}',
        '{"n": [{"numeric": [[], 1]}]}',
        '{"n": [{"numeric": [">", "1"]}]}',
        '{"n": [{"numeric": [">", true]}]}',
        '{"n": [{"numeric": ["<", 5, ">", 1]}]}',
        '{"n": [{"numeric": [">", 5, "<", 1]}]}',
        '{"$or": {}}',
        '{"$or": []}',
        '{"$or": ["x"]}',
        '{"$or": [{"eventName": "INSERT"}]}',
        json.dumps({"eventName": ["x" * PATTERN_LIMIT]}),
    ],
)
def test_a_malformed_pattern_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(TemplateError) as refused:
        read_pattern(text)
    assert "filter pattern" in str(refused.value)


def test_the_refusal_names_the_place() -> None:
    with pytest.raises(TemplateError, match=r"dynamodb\.NewImage\.age\.N has a rule"):
        read_pattern('{"dynamodb": {"NewImage": {"age": {"N": [{"numeric": ["~", 1]}]}}}}')
