"""Mapping templates, as far as they run here."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.templates import choose, fill, is_supported

EVENT: dict[str, Any] = {
    "requestContext": {"connectionId": "abc=", "identity": {"sourceIp": "203.0.113.7"}},
    "stageVariables": {"table": "T"},
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"statusCode": 200}', '{"statusCode": 200}'),
        ('{"id":"$context.connectionId"}', '{"id":"abc="}'),
        ("${context.identity.sourceIp}/${stageVariables.table}", "203.0.113.7/T"),
        ("$context.none $stageVariables.none $context.connectionId.more", "  "),
        ("$input.body", '{"a":{"b":[1.50,"x"]}}'),
        ("$input.json('$')", '{"a":{"b":[1.50,"x"]}}'),
        ("$input.json('$.a.b')", '[1.50,"x"]'),
        ("$input.json(\"$.a['b'][1]\")", '"x"'),
        ("$input.path('$.a.b[1]')", "x"),
        ("$input.json('$.none')", '""'),
        ("$input.path('$.none')", ""),
        ("costs 5$", "costs 5$"),
        ("$util.escapeJavaScript($input.body)", r"{\"a\":{\"b\":[1.50,\"x\"]}}"),
        ("$util.escapeJavaScript( $input.path('$.a.b[1]') )!", "x!"),
        ("$util.urlEncode($context.connectionId)", "abc%3D"),
        ("$util.urlDecode($stageVariables.table)", "T"),
        ("$util.base64Encode($stageVariables.table)", "VA=="),
        ("$util.base64Decode($context.connectionId)", "i\ufffd"),
    ],
)
def test_fill(template: str, text: str) -> None:
    assert is_supported(template)
    assert fill(template, event=EVENT, body='{"a":{"b":[1.50,"x"]}}') == text


@pytest.mark.parametrize(
    "template",
    [
        *("#set($a = 1)", "#if(true)x#end", "$util.escapeJavaScript('x')", "$input.params('x')", "## note"),
        *("$util.parseJson($input.body)", "$util.urlEncode($input.body"),
        *("$!a", "${a}", "$context", "$input.json($a)", "#{else}", "#*x*#"),
    ],
)
def test_what_does_not_run_here(template: str) -> None:
    assert not is_supported(template)


def test_choose() -> None:
    templates = {"$default": "d", "join": "j"}
    assert choose(templates, "$request.body.action", '{"action":"join"}') == "j"
    assert choose(templates, "$request.body.action", '{"action":"other"}') == "d"
    assert choose(templates, "$request.body.action", "not JSON") == "d"
    assert choose(templates, None, '{"action":"join"}') == "d"
    assert choose({"200": "t"}, "200", "") == "t"
    assert choose({"application/json": "t"}, "\\$default", "") == "t"
    assert choose({"200": "t"}, None, "") is None
    assert choose({}, "200", "") is None


@given(st.text(), st.text())
def test_any_template_is_filled(template: str, body: str) -> None:
    assert isinstance(fill(template, event=EVENT, body=body), str)
    if "$" not in template and "#" not in template:
        assert is_supported(template)
        assert fill(template, event=EVENT, body=body) == template


@given(st.text())
def test_any_body_is_json_in_a_template(body: str) -> None:
    json.loads(fill("$input.json('$')", event=EVENT, body=body))


@given(st.text())
def test_an_escaped_body_is_a_json_text_of_it(body: str) -> None:
    """Whatever the client sends: JSON knows the escapes of JavaScript, but for the apostrophe's."""
    filled = fill('"$util.escapeJavaScript($input.body)"', event=EVENT, body=body)
    assert filled.isascii()
    assert json.loads(filled.replace("\\'", "'")) == body
