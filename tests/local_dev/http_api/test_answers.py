"""What a function's result becomes: a response, whatever it is."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.http_api.answers import HttpAnswer, Malformed, read_answer, refusal

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
answers = st.fixed_dictionaries(
    {"statusCode": st.integers(199, 601) | json_values},
    optional={
        "headers": st.dictionaries(st.text(max_size=8) | st.just("X-A"), json_values) | json_values,
        "cookies": st.lists(st.text()) | json_values,
        "body": st.text() | json_values,
        "isBase64Encoded": st.booleans() | json_values,
    },
)
PLAIN = ("content-type", "text/plain; charset=utf-8")
JSON = ("content-type", "application/json")


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({"statusCode": 204}, HttpAnswer(204, (PLAIN,))),
        ({"statusCode": "201", "body": "é"}, HttpAnswer(201, (PLAIN,), "é".encode())),
        (
            {"statusCode": 200, "headers": {"Content-Type": "text/html", "X-N": 1, "X-B": True, "X-0": None}},
            HttpAnswer(200, (("content-type", "text/html"), ("x-n", "1"), ("x-b", "true"))),
        ),
        (
            {"statusCode": 200, "cookies": ["a=b; Secure", "c=d"]},
            HttpAnswer(200, (("set-cookie", "a=b; Secure"), ("set-cookie", "c=d"), PLAIN)),
        ),
        (
            {"statusCode": 200, "body": base64.b64encode(b"\0\xff").decode(), "isBase64Encoded": True},
            HttpAnswer(200, (PLAIN,), b"\0\xff"),
        ),
        (
            {"statusCode": 200, "headers": {"Content-Length": "9", "Connection": "close", "Date": "x"}},
            HttpAnswer(200, (PLAIN,)),
        ),
        ({"message": "Hello"}, HttpAnswer(200, (JSON,), b'{"message": "Hello"}')),
        ("Hello", HttpAnswer(200, (JSON,), b"Hello")),
        ([1, "ü"], HttpAnswer(200, (JSON,), '[1, "ü"]'.encode())),
        (None, HttpAnswer(200, (JSON,), b"null")),
    ],
)
def test_what_is_documented(result: Any, answer: HttpAnswer) -> None:
    assert read_answer(result) == answer


@pytest.mark.parametrize(
    "changed",
    [
        {"statusCode": None},
        {"statusCode": "abc"},
        {"statusCode": True},
        {"statusCode": 100},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"body": {"a": 1}},
        {"body": "not base64!", "isBase64Encoded": True},
        {"headers": ["a"]},
        {"headers": {"a": ["b"]}},
        {"headers": {"a b": "c"}},
        {"headers": {"a": "b\r\nset-cookie: c"}},
        {"cookies": "a=b"},
        {"cookies": ["a\nb"]},
    ],
)
def test_what_is_no_response(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_answer({"statusCode": 200, "body": "", **changed})


@given(result=answers | json_values)
def test_every_result_is_a_response_or_malformed(result: Any) -> None:
    try:
        answer = read_answer(result)
    except Malformed:
        assert isinstance(result, dict)
        assert "statusCode" in result
        return
    assert 200 <= answer.status < 600
    for name, value in answer.headers:
        assert name == name.lower()
        assert name.isascii()
        assert not set(value) & set("\r\n\0")
    assert answer.header("content-type")


@pytest.mark.parametrize("status", [401, 403, 404, 413, 429, 431, 500, 503])
def test_what_the_gateway_says_itself(status: int) -> None:
    answer = refusal(status)
    assert answer.header("content-type") == "application/json"
    assert list(json.loads(answer.body)) == ["message"]
