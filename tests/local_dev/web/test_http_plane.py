"""Where a request goes among the HTTP APIs, and that there is one answer to whatever comes."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.gateway import Gateway
from local_dev.http_api.gateway import HttpGateway
from local_dev.stack.distribution import DEFAULT_PATTERN, Behaviour, Distribution, Origin
from local_dev.stack.http_model import HttpApi, HttpIntegration, HttpRoute
from local_dev.stack.model import CustomDomain
from local_dev.web.app import make_app
from tests.local_dev.gateway.stand_ins import FakeFunctions
from tests.local_dev.gateway.stand_ins import make_api as make_socket_api
from tests.local_dev.http_api.scene import make_api

HOST = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"
EVERY = HttpRoute("$default", HttpIntegration("f"))
EDGE = "function handler(e) { e.request.headers['x-seen'] = {value: e.request.uri}; return e.request; }"


class Answer:
    """What came of a request."""

    def __init__(self, sent: list[Any]) -> None:
        assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
        self.status: int = sent[0]["status"]
        self.headers = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        self.body: bytes = sent[1].get("body", b"")

    @property
    def event(self) -> Any:
        """The event that the function got, which it answers with."""
        return json.loads(self.body)


class App:
    """An application with an HTTP API of one function, which answers with its event, and with a WebSocket API."""

    def __init__(self, *apis: HttpApi, handler: Any = None, **options: Any) -> None:
        apis = apis or (make_api(EVERY),)
        functions = FakeFunctions(
            {"f": handler or (lambda event: {"statusCode": 200, "body": json.dumps(event)})}
        )
        self.gateways = {api.logical_id: HttpGateway(api, functions) for api in apis}
        socket = Gateway(make_socket_api(), functions)
        self.app = make_app(
            gateways={"prod": socket}, http_gateways=self.gateways, **({"site": None} | options)
        )

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        query: bytes = b"",
    ) -> Answer:
        sent: list[Any] = []
        given = {"host": "127.0.0.1:8000", **(headers or {})}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode("latin-1"),
            "query_string": query,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()],
            "client": ("192.0.2.1", 1),
        }

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return Answer(sent)


def behind(pattern: str = "/api/*", **facts: Any) -> Distribution:
    """A distribution with the API behind a pattern."""
    facts = {"methods": frozenset({"GET", "HEAD", "POST"}), "origin": Origin(HOST), **facts}
    return Distribution(
        "Front", (Behaviour(pattern, **facts), Behaviour(DEFAULT_PATTERN, Origin("files.example")))
    )


@pytest.mark.parametrize(
    ("path", "host", "raw_path"),
    [
        ("/Http/a", "127.0.0.1:8000", "/a"),
        ("/Http", "127.0.0.1:8000", "/"),
        ("/a", f"{HOST.upper()}.", "/a"),
        ("/_local/x", HOST, "/_local/x"),
        ("/prod", HOST, "/prod"),
        ("/base/a", "d.example", "/a"),
        ("/elsewhere", "127.0.0.1:8000", "/elsewhere"),
    ],
)
def test_where_an_api_answers(path: str, host: str, raw_path: str) -> None:
    app = App(make_api(EVERY, domains=(CustomDomain("d.example", "base"),)))
    event = app.ask(path, headers={"host": host}).event
    assert event["rawPath"] == raw_path
    assert event["requestContext"]["domainName"] == ("d.example" if "d.example" in host else HOST)
    assert event["requestContext"]["http"]["sourceIp"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("path", "host"),
    [("/other", "d.example"), ("/a", HOST), ("/_local/x", "127.0.0.1"), ("/prod/x", "127.0.0.1")],
)
def test_and_where_it_does_not(path: str, host: str, tmp_path: Any) -> None:
    api = make_api(EVERY, domains=(CustomDomain("d.example", "base"),), own_endpoint=False)
    app = App(api, site=tmp_path)
    assert app.ask(path, headers={"host": host}).status == 404


def test_the_path_of_a_websocket_api_is_its_own() -> None:
    app = App(distribution=behind(DEFAULT_PATTERN))
    assert app.ask("/prod").status == 426
    assert app.ask("/prod/@connections/x").status != 200
    assert app.ask("/anything").event["rawPath"] == "/anything"


def test_what_a_distribution_makes_of_a_request() -> None:
    origin = Origin(HOST, "/stage", (("X-Key", "k"),))
    app = App(distribution=behind(function=EDGE, origin=origin))
    event = app.ask("/api/%61", "POST", b"x", {"x-key": "guess", "x-a": "b"}).event
    assert event["rawPath"] == "/stage/api/a"
    assert event["headers"]["x-key"] == "k"
    assert (event["headers"]["x-seen"], event["headers"]["x-a"]) == ("/api/%61", "b")
    assert app.ask("/Http/api/a", headers={"x-key": "guess"}).event["headers"]["x-key"] == "guess"


@pytest.mark.parametrize(
    ("facts", "method", "body", "status"),
    [
        ({}, "PUT", b"", 403),
        ({}, "GET", b"x", 403),
        ({"forwards_host": True}, "GET", b"", 403),
        ({"function": "function handler(e) { throw 1; }"}, "GET", b"", 503),
        ({"function": "function handler(e) { return {statusCode: 302}; }"}, "GET", b"", 302),
        ({}, "POST", b"x" * (10 * 1024 * 1024 + 1), 413),
    ],
)
def test_what_does_not_get_through_it(facts: dict[str, Any], method: str, body: bytes, status: int) -> None:
    app = App(distribution=behind(**facts))
    assert app.ask("/api/a", method, body).status == status
    assert app.gateways["Http"].counters.of("$default").requests == 0


def test_heads_and_empty_answers() -> None:
    app = App(handler={"statusCode": 200, "body": "four"})
    head = app.ask("/Http/a", "HEAD")
    assert (head.body, head.headers["content-length"]) == (b"", "4")
    empty = App(handler={"statusCode": 204, "body": "four"}).ask("/Http/a")
    assert (empty.status, empty.body) == (204, b"")
    assert "content-length" not in empty.headers


requests = st.tuples(
    st.builds(
        "{}/{}".format,
        st.sampled_from(["", "/Http", "/api"]),
        st.text(st.characters(max_codepoint=255, exclude_characters="?"), max_size=12),
    ),
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PURGE"]),
    st.binary(max_size=12),
    st.dictionaries(
        st.sampled_from(["host", "cookie", "content-type", "x-forwarded-for", "origin", "x-a"]),
        st.text(st.characters(max_codepoint=255), max_size=12),
    ),
)


@given(asked=requests, query=st.binary(max_size=12))
def test_whatever_is_asked_is_answered_once(
    asked: tuple[str, str, bytes, dict[str, str]], query: bytes
) -> None:
    answer = App(distribution=behind()).ask(*asked, query=query)
    assert 200 <= answer.status < 600
    assert answer.status not in (500, 503)
