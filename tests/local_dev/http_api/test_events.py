"""The events of both payload formats: what is documented, and that any request becomes one."""

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayProxyEventModel,
    APIGatewayProxyEventV2Model,
)
from hypothesis import given
from hypothesis import strategies as st

from local_dev.http_api import events, events_v1
from local_dev.http_api.bodies import body_of
from local_dev.http_api.requests import HttpRequest
from local_dev.http_api.routing import Routing, Selected

from .scene import make_api, request

NOW = 1_583_348_638_390
SELECTED = Selected("GET /a/{b}", {"b": "1"})
HOST = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"

names = st.sampled_from(
    ["accept", "cookie", "content-type", "host", "x-forwarded-for", "connection", "x-a", "origin"]
)
requests = st.builds(
    lambda method, path, query, headers, body: HttpRequest(
        method, path, query, tuple(headers), body, domain_name=HOST, trace_id="Root=1-0"
    ),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.text("/a%2Fé?ÿ", max_size=8).map(lambda path: f"/{path}"),
    st.text("a=&%20+;é", max_size=12),
    st.lists(st.tuples(names, st.text("a;=, /é\t", max_size=12)), max_size=8),
    st.binary(max_size=8),
)


def made(asked: HttpRequest, *, version: str = "2.0", **facts: Any) -> dict[str, Any]:
    make = events.event if version == "2.0" else events_v1.event
    return make(make_api(**facts), SELECTED, asked, request_id="id=", now_ms=NOW)


def test_the_whole_event_of_format_2() -> None:
    asked = HttpRequest(
        "POST",
        "/a/1%20%2B",
        "p=1&p=2&q=%2B+&e=",
        (
            ("host", "elsewhere"),
            ("accept", "a"),
            ("accept", "b"),
            ("cookie", "c=1;d=2; "),
            ("cookie", "e=3"),
            ("content-type", "application/json"),
            ("user-agent", "agent"),
            ("x-forwarded-for", "10.0.0.1"),
            ("connection", "close"),
        ),
        b'{"\xc3\xa9":1}',
        source_ip="192.0.2.1",
        domain_name=HOST,
        trace_id="Root=1-0",
    )
    assert made(asked, stage="dev", stage_variables={"v": "w"}) == {
        "version": "2.0",
        "routeKey": "GET /a/{b}",
        "rawPath": "/dev/a/1 +",
        "rawQueryString": "p=1&p=2&q=%2B+&e=",
        "cookies": ["c=1", "d=2", "e=3"],
        "headers": {
            "accept": "a,b",
            "content-type": "application/json",
            "content-length": "8",
            "user-agent": "agent",
            "host": HOST,
            "x-amzn-trace-id": "Root=1-0",
            "x-forwarded-for": "10.0.0.1, 192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "queryStringParameters": {"p": "1,2", "q": "+ ", "e": ""},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "domainName": HOST,
            "domainPrefix": "a1b2c3d4e5",
            "http": {
                "method": "POST",
                "path": "/dev/a/1 +",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "id=",
            "routeKey": "GET /a/{b}",
            "stage": "dev",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": NOW,
        },
        "pathParameters": {"b": "1"},
        "stageVariables": {"v": "w"},
        "body": '{"é":1}',
        "isBase64Encoded": False,
    }


def test_what_a_request_lacks_is_left_out() -> None:
    event = events.event(make_api(), Selected("$default", {}), request(), request_id="id=", now_ms=NOW)
    assert not event.keys() & {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert event["isBase64Encoded"] is False


def test_and_is_null_in_format_1() -> None:
    event = events_v1.event(make_api(), Selected("$default", {}), request(), request_id="id=", now_ms=NOW)
    for name in (
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
        "body",
    ):
        assert event[name] is None
    assert event["resource"] == event["requestContext"]["resourcePath"] == "$default"


def test_format_1_has_every_value_and_the_last() -> None:
    asked = HttpRequest("GET", "/a/1", "p=1&p=2", (("accept", "a"), ("accept", "b")), domain_name=HOST)
    event = made(asked, version="1.0")
    assert (event["headers"]["accept"], event["multiValueHeaders"]["accept"]) == ("b", ["a", "b"])
    assert event["queryStringParameters"] == {"p": "2"}
    assert event["multiValueQueryStringParameters"] == {"p": ["1", "2"]}
    assert event["resource"] == "/a/{b}"


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"a", None, ("YQ==", True)),
        (b"a", "text/csv; charset=utf-8", ("a", False)),
        (b"{}", "application/vnd.api+json", ("e30=", True)),
        (b"<a/>", "Application/XML", ("<a/>", False)),
        (b"a=b", "application/x-www-form-urlencoded", ("YT1i", True)),
        (b"a", "image/png", ("YQ==", True)),
        (b"\xff", "text/plain", ("/w==", True)),
    ],
)
def test_bodies(body: bytes, kind: str | None, expected: tuple[str, bool]) -> None:
    assert body_of(body, kind) == expected


@given(body=st.binary(), kind=st.text() | st.none() | st.sampled_from(["text/plain", "application/json"]))
def test_no_byte_of_a_body_is_lost(body: bytes, kind: str | None) -> None:
    text, encoded = body_of(body, kind)
    assert (base64.b64decode(text) if encoded else text.encode()) == body


@given(asked=requests)
def test_any_request_becomes_an_event(asked: HttpRequest) -> None:
    event = made(asked)
    json.dumps(event)
    APIGatewayProxyEventV2Model.model_validate(event)
    assert event["rawQueryString"] == asked.query
    assert all(name == name.lower() for name in event["headers"])
    assert "cookie" not in event["headers"]
    assert event["headers"]["host"] == HOST
    older = made(asked, version="1.0")
    APIGatewayProxyEventModel.model_validate(older)
    assert json.loads(json.dumps(older)) == older


@given(value=st.text(min_size=1).filter(lambda value: not set("/?") & set(value)))
def test_a_value_in_a_path_is_decoded_once(value: str) -> None:
    path = f"/a/{quote(value, safe='', errors='replace')}"
    asked = request(path=path)
    selected = Routing(["GET /a/{b}"]).select("GET", asked.decoded_path)
    assert selected is not None
    assert selected.parameters["b"] == value.encode("utf-8", "replace").decode()
