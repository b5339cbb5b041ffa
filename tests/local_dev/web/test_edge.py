"""CloudFront functions in the embedded engine."""

import pytest

from local_dev.errors import EdgeError
from local_dev.web.edge import EdgeFunction, EdgeRequest, EdgeResponse

ECHO = "function handler(event) { return event.request; }"


def run(source: str, path: str = "/a", query: str = "") -> EdgeRequest | EdgeResponse:
    return EdgeFunction(source)(path=path, query=query, headers={"Host": "here"}, viewer_ip="127.0.0.1")


@pytest.mark.parametrize("query", ["", "a=1", "a=1&b=2", "a=1&a=2&b=%2F", "flag="])
def test_a_request_passes_unchanged(query: str) -> None:
    assert run(ECHO, "/x/%2F", query) == EdgeRequest("/x/%2F", query)


def test_the_first_of_repeated_values_is_the_value() -> None:
    source = "function handler(e) { return { uri: '/' + e.request.querystring.a.value, querystring: {} }; }"
    assert run(source, query="a=1&a=2") == EdgeRequest("/1", "")


def test_the_event_has_headers_method_and_viewer() -> None:
    source = """function handler(e) {
      return { uri: e.request.headers.host.value + e.request.method + e.viewer.ip + e.context.eventType,
               querystring: 'plain=text' }; }"""
    assert run(source) == EdgeRequest("hereGET127.0.0.1viewer-request", "plain=text")


def test_an_asynchronous_handler_is_awaited() -> None:
    assert run("async function handler(e) { await null; return { uri: '/later' }; }") == EdgeRequest(
        "/later", ""
    )


def test_a_response_is_given_as_it_is() -> None:
    source = (
        "function handler() { return { statusCode: 404, headers: {x: {value: 'y'}}, body: {data: 'no'} }; }"
    )
    assert run(source) == EdgeResponse(404, {"x": "y"}, "no")


@pytest.mark.parametrize(
    "source",
    [
        "function handler( {",
        "function other() {}",
        "function handler() { throw new Error('x'); }",
        "function handler() { return 5; }",
        "function handler() { return {}; }",
        "function handler() { return { statusCode: 'x' }; }",
        "function handler() { return { statusCode: 99999 }; }",
        "function handler() { return { statusCode: 200, headers: 5 }; }",
        "function handler() { return { statusCode: 200, headers: { a: 5 } }; }",
        "function handler() { return { statusCode: 200, headers: { 'a b': { value: 'x' } } }; }",
        "function handler() { return { statusCode: 200, headers: { a: { value: 'x\\r\\ny: z' } } }; }",
        "function handler() { return { uri: '/', querystring: 5 }; }",
        "function handler() { return { uri: '/', querystring: { a: 5 } }; }",
        "function handler() { while (true) {} }",
        "function handler() { return new Promise(function () {}); }",
        "function handler() { const a = []; while (true) a.push('x'.repeat(100000) + a.length); }",
    ],
)
def test_a_faulty_function_is_one_clear_error(source: str) -> None:
    with pytest.raises(EdgeError) as raised:
        run(source)
    assert "\n" not in str(raised.value)
