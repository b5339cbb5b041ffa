"""Request models (contract R14)."""

import json
import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import ModelError
from local_dev.gateway.models import RequestModels
from local_dev.stack.model import Route
from tests.local_dev.gateway.stand_ins import make_api

MESSAGE = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "message",
    "type": "object",
    "properties": {
        "action": {"type": "string"},
        "count": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
        "next": {"$ref": "#"},
        "code": {"$ref": "#/definitions/code"},
    },
    "required": ["action"],
    "definitions": {"code": {"type": "string", "pattern": "^[a-z]+$"}},
}


def accepts(body: str, models: dict[str, Any], selection: str | None = None) -> bool:
    """Whether a route with these models takes the message."""
    route = Route("send", models=models, model_selection=selection)
    return RequestModels(make_api(route)).accept(route, body)


@pytest.mark.parametrize(
    ("body", "accepted"),
    [
        ('{"action":"x"}', True),
        ('{"action":"x","count":1,"code":"ab","next":{"action":"y"}}', True),
        ('{"action":"x","count":0}', False),  # draft 4's exclusiveMinimum
        ('{"action":"x","count":1.0}', False),  # draft 4: no integer
        ('{"action":"x","code":"A"}', False),
        ('{"action":"x","next":{}}', False),
        ('{"action":5}', False),
        ("{}", False),
        ("[]", False),
        ("", False),
        ("not JSON", False),
        ('{"action":"x","other":NaN}', False),
        (f'{{"action":"x","count":{"7" * 10_000}}}', False),
        ('{"action":"x","next":' * 50_000, False),
        (
            '{"action":"x","next":' * 300 + '{"action":"x"}' + "}" * 300,
            False,
        ),  # deeper than it can be looked at
    ],
)
def test_a_model(body: str, accepted: bool) -> None:
    assert accepts(body, {"$default": MESSAGE}) is accepted


def test_without_models_everything_is_accepted() -> None:
    assert accepts("not JSON", {})


def test_a_model_is_selected_by_the_message() -> None:
    models = {"a": {"required": ["x"]}, "$default": {"required": ["y"]}}
    selection = "$request.body.type"
    assert accepts('{"type":"a","x":1}', models, selection)
    assert not accepts('{"type":"a","y":1}', models, selection)
    assert accepts('{"type":"b","y":1}', models, selection)
    assert not accepts("not JSON", models, selection)
    assert accepts("not JSON", {"a": {}}, selection)  # nothing is selected, and there is no default


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"type": 5},
        {"required": "x"},
        {"pattern": "("},
        {"properties": {"a": {"patternProperties": {"(": {}}}}},
        {"$ref": "#/definitions/absent"},
        {"properties": {"a": {"$ref": "https://example.com/model"}}},
        {"anyOf": [{"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/Other"}]},
        {"$ref": "#"},
        {"properties": {"a": {"items": {"$ref": "file:///etc/passwd"}}}},
        {"properties": {"default": {"$ref": "#/definitions/absent"}}},
        {"dependencies": {"a": ["b"], "enum": {"pattern": "["}}},
    ],
)
def test_a_schema_that_cannot_be_used_is_found_at_once(
    schema: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched(*_: Any, **__: Any) -> None:
        raise AssertionError("nothing may be fetched")

    monkeypatch.setattr(urllib.request, "urlopen", fetched)
    with pytest.raises(ModelError, match=r"^route send: [^\n]+$"):
        accepts("{}", {"$default": schema})


def test_ref_and_pattern_mean_nothing_in_data() -> None:
    schema = {"enum": [{"$ref": "nowhere", "pattern": "("}], "default": {"$ref": "nowhere"}}
    assert accepts('{"$ref":"nowhere","pattern":"("}', {"$default": schema})
    assert accepts("{}", {"$default": {"properties": {"pattern": {"type": "string"}, "$ref": {}}}})


def test_a_fault_that_only_a_message_brings_out_refuses_it() -> None:
    schema = {"multipleOf": 0.5}  # the library divides, which no float can hold
    assert accepts("3", {"$default": schema})
    assert not accepts("1" * 400, {"$default": schema})


def deeper(calls: int, body: str, schema: dict[str, Any]) -> bool:
    return deeper(calls - 1, body, schema) if calls else accepts(body, {"$default": schema})


@pytest.mark.parametrize("calls", range(16))
@pytest.mark.parametrize(
    "schema",
    [
        {"not": {"$ref": "#"}},
        {"anyOf": [{"type": "string"}, {"$ref": "#"}]},
        {"properties": {"a": {"not": {"$ref": "#"}}}, "items": {"$ref": "#"}},
    ],
)
def test_endless_references_never_meet_the_interpreters_limit(calls: int, schema: dict[str, Any]) -> None:
    """Wherever on the stack that would be: in the library's native part it would be a panic."""
    for body in ("1", '{"a":' * 400 + "1" + "}" * 400, "[" * 400 + "]" * 400):
        try:
            assert deeper(calls, body, schema) in (True, False)
        except ModelError as error:
            assert "without end" in str(error)


def test_a_message_that_doubles_the_work_at_every_level_is_refused() -> None:
    step = {"required": ["b"], "properties": {"a": {"$ref": "#"}}}
    schema = {"type": "object", "anyOf": [step, {**step, "maxProperties": 9}]}
    assert not accepts('{"b":1,"a":' * 30 + "1" + "}" * 30, {"$default": schema})
    assert accepts('{"b":1,"a":' * 30 + '{"b":1}' + "}" * 30, {"$default": schema})


def test_a_large_list_of_references_is_no_endless_one() -> None:
    schema = {"items": {"$ref": "#/definitions/one"}, "definitions": {"one": {"enum": [1]}}}
    assert accepts(f"[{'1,' * 15_000}1]", {"$default": schema})


def test_a_ref_hides_its_siblings() -> None:
    """As in draft 4."""
    schema = {"$ref": "#/definitions/any", "type": "string", "definitions": {"any": {}}}
    assert accepts("5", {"$default": schema})


def test_a_message_may_be_nested_as_deep_as_people_nest() -> None:
    assert accepts('{"action":"x","next":' * 40 + '{"action":"x"}' + "}" * 40, {"$default": MESSAGE})


def test_a_schema_nested_deeper_than_anybody_writes_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(60):
        schema = {"not": schema}
    with pytest.raises(ModelError, match="nested deeper"):
        accepts("5", {"$default": schema})


SCHEMA = st.recursive(
    st.sampled_from(
        [{}, {"type": "string"}, {"type": "integer"}, {"minimum": 3}, {"enum": [1]}, {"$ref": "#"}]
    ),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(st.sampled_from("ab"), inner, min_size=1),
            "items": inner,
            "not": inner,
            "multipleOf": st.integers(1, 3),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    ),
    max_leaves=8,
)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("ab"),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


@given(SCHEMA, VALUE | st.text())
def test_any_schema_is_refused_at_once_or_judges_any_message(schema: dict[str, Any], value: Any) -> None:
    try:
        models = RequestModels(make_api(route := Route("send", models={"$default": schema})))
    except ModelError:
        return
    assert models.accept(route, json.dumps(value)) in (True, False)
    assert models.accept(route, str(value)) in (True, False)
