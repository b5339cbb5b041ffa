"""Route selection expressions (contract R01 to R10)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.selection import evaluate, find_json, parse, select_route

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
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
        ("$request.body.a[0]", '{"a":{"0":"text"}}', None),
        ("${ request.body.action }", '{"action":"join"}', "join"),
        ("${request.body.action\t}", '{"action":"join"}', "join"),
        ("$request.body['a b'].c", '{"a b":{"c":"v"}}', "v"),
        ("${request.body[\"a}b\"]['c.d']}", '{"a}b":{"c.d":"v"}}', "v"),
        ("${request.body[ 'a' ]}", '{"a":"v"}', "v"),
        ("$request.body.list[0][1]", '{"list":[[1,"v"]]}', "v"),
        ("$request.body.list[99999999999999999999]", '{"list":[1]}', None),
        ("$request.body", '"text"', "text"),
        ("v1/${request.body.a}", '{"a":"x"}', "v1/x"),
        ("$request.body.a/$request.body.b", '{"a":"x","b":"y"}', "x/y"),
        ("${request.body.a}${request.body.b}", "{}", ""),
        ("${request.body.a}/x", "not JSON", None),
        ("${context.connectionId}", "{}", None),
        ("${request.header.x}-${request.body.a}", '{"a":"x"}', "-x"),
        ("constant", "not JSON", "constant"),
        ("\\$default", "not JSON", "$default"),
        ("a\\b $5", "{}", "a\\b $5"),
        ("", "not JSON", ""),
        ("$request.body.action", '{"action":1.50}', "1.50"),
        ("$request.body.action", '{"action":1e400}', "1e400"),
        ("$request.body.action", '{"action":null}', "null"),
        ("$request.body.action", '{"action":{"a":[1,null,"x"]}}', '{"a":[1,null,"x"]}'),
        ("$request.body.action", '{"action":[1,[true,"b"],{}]}', "[1, [true, b], {}]"),
        ("$request.body.action", '{"action":"first","action":"last"}', "last"),
        ("$request.body.action", '{"action":NaN}', None),
        ("$request.body.action", '{"action":"x","other":-Infinity}', None),
        ("$request.body.action", '\ufeff{"action":"x"}', None),
        ("$request.body.action", '{"action":"\\ud800"}', "\ud800"),
        ("$request.body.action", "", None),
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


def test_a_number_too_long_for_the_interpreter_is_text_like_any_other() -> None:
    digits = "7" * 10_000
    assert evaluate("$request.body.action", f'{{"action":{digits}}}') == digits
    assert evaluate("$request.body.action", f'{{"n":{digits},"action":"x"}}') == "x"


@pytest.mark.parametrize("opening", ["[", '{"action":', '{"action":['])
def test_any_depth_of_nesting_selects_something(opening: str) -> None:
    for depth in (10, 300, 900, 5000, 100_000):
        closing = opening.translate({ord("["): "]", ord("{"): "}"})
        body = opening * depth + "1" + "".join(c for c in reversed(closing) if c in "]}") * depth
        assert select_route("$request.body.action", body, {"a", "$default"}) == "$default"


def test_assumptions() -> None:
    def select(body: str, **switches: str) -> str | None:
        return select_route("$request.body.action", body, ROUTES, Assumptions(**switches))  # type: ignore[arg-type]

    assert select('{"action":null}') == "null"
    assert select('{"action":null}', null_selects="nothing") == "$default"
    assert select('{"action":"JOIN"}') == "$default"
    assert select('{"action":"JOIN"}', route_keys="case-insensitive") == "join"
    assert select('{"action":"$connect"}') == "$default"
    assert select('{"action":"$connect"}', lifecycle_by_name="forbidden") is None
    assert select('{"action":"$CONNECT"}', route_keys="case-insensitive") == "$default"
    assert select('{"action":"$default"}') == "$default"

    def first(**switches: str) -> str | None:
        return select_route("$request.body[0]", '["join"]', ROUTES, Assumptions(**switches))  # type: ignore[arg-type]

    assert (first(), first(array_bodies="no")) == ("join", "$default")


ROUTES = ("$connect", "$disconnect", "$default", "join", "null")


@given(st.text(st.sampled_from("$\\{}.[]'\"0a request.body"), max_size=40), JSON)
def test_any_text_is_an_expression(expression: str, document: object) -> None:
    parse(expression)
    assert isinstance(evaluate(expression, json.dumps(document)), str | None)
    assert select_route(expression, json.dumps(document), ROUTES) in {"$default", "join", "null"}


@given(st.text(st.characters(exclude_characters="\\$")), st.text())
def test_an_expression_without_variables_is_constant(constant: str, body: str) -> None:
    assert evaluate(constant, body) == constant


@given(st.text(min_size=1).filter(lambda name: "'" not in name), st.text())
def test_a_quoted_name_finds_any_key(name: str, value: str) -> None:
    assert evaluate(f"${{request.body['{name}']}}", json.dumps({name: value})) == value


@given(JSON)
def test_found_json_is_what_was_there(document: object) -> None:
    found = json.loads(find_json(".a['b c'][0]", json.dumps({"a": {"b c": [document]}})))
    assert found == document


def test_json_that_is_not_there() -> None:
    assert find_json(".a", "{}") == '""'
    assert find_json("", "not JSON") == '"not JSON"'


@pytest.mark.parametrize("name", ["$connect", "$disconnect"])
def test_a_client_cannot_name_the_lifecycle(name: str) -> None:
    body = json.dumps({"action": name})
    assert select_route("$request.body.action", body, {"$connect", "$disconnect", "$default"}) == "$default"


def test_deep_nesting_is_no_json() -> None:
    assert evaluate("$request.body.action", "[" * 100_000) is None
