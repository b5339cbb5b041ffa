"""Route selection expressions (contract R01 to R10)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.selection import evaluate, select_route

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("expression", "body", "value"),
    [
        ("$request.body.action", '{"action":"join"}', "join"),
        ("${request.body.action}", '{"action":"join"}', "join"),
        ("$request.body.a.b", '{"a":{"b":"deep"}}', "deep"),
        ("$request.body.list[1].k", '{"list":[0,{"k":"v"}]}', "v"),
        ("${request.body['odd key']}", '{"odd key":"v"}', "v"),
        ("$request.body[2]", '[2,"id","BootNotification"]', "BootNotification"),
        ("${request.body.service}/${request.body.action}", '{"service":"chat","action":"join"}', "chat/join"),
        ("${request.body.action}-${request.body.id}", '{"action":"join"}', "join-"),
        ("\\$default", "{}", "$default"),
        ("$request.body.action", '{"action":["a","b"]}', "[a, b]"),
        ("$request.body.action", '{"action":1}', "1"),
        ("$request.body.action", '{"action":true}', "true"),
        ("$request.body.action", "{}", None),
        ("$request.body.action", "[]", None),
        ("$request.body.action", "not JSON", None),
        ("$request.body.list[9]", '{"list":[]}', None),
        ("$request.body.a.b", '{"a":"text"}', None),
    ],
)
def test_evaluate(expression: str, body: str, value: str | None) -> None:
    assert evaluate(expression, body) == value


def test_without_a_match_it_is_default_or_nothing() -> None:
    assert select_route("$request.body.action", '{"action":"x"}', {"y", "$default"}) == "$default"
    assert select_route("$request.body.action", '{"action":"x"}', {"y"}) is None


@given(st.text())
def test_any_text_selects_a_route_or_default(body: str) -> None:
    assert select_route("$request.body.action", body, {"a", "$default"}) in {"a", "$default"}


@given(JSON)
def test_any_json_selects_a_route_or_nothing(document: object) -> None:
    assert select_route("${request.body.action}", json.dumps(document), {"a"}) in {"a", None}


@pytest.mark.parametrize("name", ["$connect", "$disconnect"])
def test_a_client_cannot_name_the_lifecycle(name: str) -> None:
    body = json.dumps({"action": name})
    assert select_route("$request.body.action", body, {"$connect", "$disconnect", "$default"}) == "$default"


def test_deep_nesting_is_no_json() -> None:
    assert evaluate("$request.body.action", "[" * 100_000) is None
