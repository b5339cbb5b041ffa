"""The section on HTTP APIs: what a client sees, and what a function gets."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance.marks import local_only
from tests.conformance.target import Answer, Probe

MESSAGES = {
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
ORIGIN: dict[str, Any] = {"Origin": "https://probe.example"}
ALLOWED = "access-control-allow-origin"


def ask(
    probe: Probe, path: str, method: str = "GET", *, api: str = "WebApi", body: bytes = b"", **headers: Any
) -> Answer:
    """A request that is not signed; an underscore in a header's name stands for a hyphen."""
    given = {name.replace("_", "-"): str(value) for name, value in headers.items()}
    return probe.request(method, probe.http(api) + path, body, headers=given)


def event(probe: Probe, path: str, method: str = "GET", **options: Any) -> Any:
    """What the function got."""
    answer = ask(probe, path, method, **options)
    assert answer.status == 200
    return json.loads(answer.body)


def assert_refused(answer: Answer, status: int) -> None:
    assert (answer.status, json.loads(answer.body)) == (status, {"message": MESSAGES[status]})


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("GET /pets/dog/1", "GET /pets/dog/1"),
        ("GET /pets/dog/2", "GET /pets/dog/{id}"),
        ("GET /pets/cat/1", "GET /pets/{proxy+}"),
        ("POST /pets/dog/1", "$default"),
        ("GET /any", "GET /any"),
        ("POST /any", "ANY /any"),
        ("GET /nowhere", "$default"),
    ],
)
def test_w01_which_route_takes_a_request(probe: Probe, asked: str, key: str) -> None:
    method, path = asked.split()
    assert event(probe, path, method)["routeKey"] == key


def test_w02_without_a_route_it_is_not_found(probe: Probe) -> None:
    assert_refused(ask(probe, "/nowhere", api="web"), 404)
    assert_refused(ask(probe, "/open/a", "POST", api="web"), 404)


def test_w03_the_path_is_decoded_before_anything_else(probe: Probe) -> None:
    given = event(probe, "/pets/dog/a%20b%2B")
    assert given["rawPath"] == given["requestContext"]["http"]["path"] == "/pets/dog/a b+"
    assert given["pathParameters"] == {"id": "a b+"}
    assert event(probe, "/pets/dog%2F1")["routeKey"] == "GET /pets/dog/1"
    assert event(probe, "/pets/dog/%3Fa")["rawPath"] == "/pets/dog/"


def test_w04_a_stages_name_is_in_the_path(probe: Probe) -> None:
    named = event(probe, "/open/a/b", api="web")
    assert named["rawPath"] == "/web/open/a/b"
    assert named["pathParameters"] == {"proxy": "a/b"}
    assert named["requestContext"]["stage"] == "web"
    assert named["stageVariables"] == {"colour": "blue"}
    assert event(probe, "/pets/a")["requestContext"]["stage"] == "$default"


def test_w05_query_values_are_decoded_and_joined(probe: Probe) -> None:
    given = event(probe, "/any?a=1&a=2&b=%20%2B&c=&d")
    assert given["rawQueryString"] == "a=1&a=2&b=%20%2B&c=&d"
    assert given["queryStringParameters"] == {"a": "1,2", "b": " +", "c": "", "d": ""}


def test_w06_header_names_are_small_and_cookies_apart(probe: Probe) -> None:
    given = event(probe, "/any", X_Mine="A", Cookie="a=1; b=2")
    assert given["cookies"] == ["a=1", "b=2"]
    assert given["headers"]["x-mine"] == "A"
    assert "cookie" not in given["headers"]
    assert {"host", "content-length", "x-amzn-trace-id", "x-forwarded-for"} <= set(given["headers"])
    assert (given["headers"]["x-forwarded-port"], given["headers"]["x-forwarded-proto"]) == ("443", "https")
    assert all(name == name.lower() for name in given["headers"])


def test_w07_what_there_is_none_of_is_left_out(probe: Probe) -> None:
    given = event(probe, "/any")
    absent = {"cookies", "queryStringParameters", "pathParameters", "stageVariables", "body"}
    assert not absent & set(given)
    assert (given["rawQueryString"], given["isBase64Encoded"]) == ("", False)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", "a=b"),
        ("application/json; charset=utf-8", "a=b"),
        ("application/xml", "a=b"),
        ("application/javascript", "a=b"),
        ("application/x-www-form-urlencoded", "YT1i"),
        ("application/octet-stream", "YT1i"),
    ],
)
def test_w08_which_bodies_are_text(probe: Probe, kind: str, body: str) -> None:
    given = event(probe, "/any", "POST", body=b"a=b", Content_Type=kind)
    assert (given["body"], given["isBase64Encoded"]) == (body, body == "YT1i")


def test_w09_the_context_of_a_request(probe: Probe) -> None:
    answer = ask(probe, "/any", User_Agent="probe")
    context = json.loads(answer.body)["requestContext"]
    http = context["http"]
    assert (http["method"], http["path"], http["userAgent"]) == ("GET", "/any", "probe")
    assert http["protocol"].startswith("HTTP/")
    assert http["sourceIp"]
    assert context["domainPrefix"] == context["apiId"] == context["domainName"].partition(".")[0]
    assert {"accountId", "requestId", "routeKey", "stage", "time", "timeEpoch"} <= set(context)
    assert answer.headers["apigw-requestid"]


def test_w10_a_whole_response(probe: Probe) -> None:
    answer = ask(probe, "/any?do=whole")
    assert (answer.status, answer.body) == (201, b"\x00\xff")
    assert (answer.headers["content-type"], answer.headers["x-seen"]) == ("text/x", "1")
    assert answer.headers["set-cookie"] == "c=d"
    bare = ask(probe, "/any?do=bare")
    assert (bare.status, bare.body) == (418, b"short and stout")
    assert bare.headers["content-type"].replace(" ", "").lower() == "text/plain;charset=utf-8"


def test_w11_a_result_without_a_status_is_a_body(probe: Probe) -> None:
    plain = ask(probe, "/any?do=plain")
    assert (plain.status, plain.headers["content-type"]) == (200, "application/json")
    assert json.loads(plain.body) == {"answer": "é"}
    assert b"a word" in ask(probe, "/any?do=word").body


@pytest.mark.parametrize("wish", ["shape", "object", "raise"])
def test_w12_what_is_no_response_is_500(probe: Probe, wish: str) -> None:
    assert_refused(ask(probe, f"/any?do={wish}"), 500)


def test_w13_what_takes_too_long_is_503(probe: Probe) -> None:
    assert_refused(ask(probe, "/short?do=hang"), 503)


def test_w14_the_older_format(probe: Probe) -> None:
    given = event(probe, "/old/a%20b?a=1&a=2", "POST", body=b"word", Content_Type="text/plain")
    assert (given["version"], given["httpMethod"], given["body"]) == ("1.0", "POST", "word")
    assert (given["path"], given["resource"]) == ("/old/a b", "/old/{name}")
    assert given["pathParameters"] == {"name": "a b"}
    assert given["queryStringParameters"] == {"a": "2"}
    assert given["multiValueQueryStringParameters"] == {"a": ["1", "2"]}
    assert given["stageVariables"] is None
    assert_refused(ask(probe, "/old/a?do=plain", "POST"), 500)


@local_only("a throttle of AWS's lets more pass than it says")
def test_w15_a_route_that_is_asked_too_often(probe: Probe) -> None:
    with ThreadPoolExecutor(8) as pool:  # at once, as one a second is let through
        answers = list(pool.map(lambda _: ask(probe, "/limited"), range(8)))
    assert {answer.status for answer in answers} == {200, 429}
    assert_refused(next(answer for answer in answers if answer.status != 200), 429)


def test_w16_how_large_a_request_may_be(probe: Probe) -> None:
    assert ask(probe, "/any", X_Mine="a" * 9_000).status == 200
    assert ask(probe, "/any", X_Mine="a" * 11_000).status == 431
    assert_refused(ask(probe, "/any", "POST", body=b"a" * (10 * 1024 * 1024 + 1)), 413)


def test_w17_cors_is_the_gateways_own(probe: Probe) -> None:
    asked = ask(probe, "/any", "OPTIONS", Access_Control_Request_Method="POST", **ORIGIN)
    assert asked.status == 204
    assert asked.headers[ALLOWED] == ORIGIN["Origin"]
    assert asked.headers["access-control-allow-methods"] == "GET,POST"
    assert asked.headers["access-control-allow-headers"] == "x-mine"
    assert asked.headers["access-control-max-age"] == "60"
    answer = ask(probe, "/any?do=whole", **ORIGIN)
    assert answer.headers[ALLOWED] == ORIGIN["Origin"]
    assert answer.headers["access-control-expose-headers"] == "x-seen"
    assert ALLOWED not in ask(probe, "/any?do=whole", Origin="https://other.example").headers
    assert ALLOWED not in ask(probe, "/any?do=whole").headers


@pytest.mark.parametrize(
    ("wish", "status"), [("", 401), ("no", 403), ("shape", 500), ("raise", 500), ("yes", 200)]
)
def test_w18_who_an_authorizer_lets_in(probe: Probe, wish: str, status: int) -> None:
    given: dict[str, Any] = {"X_Pass": wish} if wish else {}
    answer = ask(probe, "/guarded", api="web", **given)
    assert answer.status == status
    assert b"secret" not in answer.body


def test_w19_what_an_authorizer_is_asked_and_says(probe: Probe) -> None:
    context = event(probe, "/guarded", api="web", X_Pass="yes")["requestContext"]
    told = context["authorizer"]["lambda"]
    assert told["rank"] == 3
    assert told["asked"]["type"] == "REQUEST"
    assert told["asked"]["identitySource"] == ["yes"]
    assert told["asked"]["routeArn"].endswith(f":{context['apiId']}/web/GET/guarded")
    older = event(probe, "/guarded-old", api="web", X_Pass="yes")["requestContext"]["authorizer"]
    assert older["rank"] == 3


def test_w21_who_signs_is_let_in(probe: Probe) -> None:
    url = f"{probe.http('web')}/signed"
    signed = probe.request("GET", url)
    assert signed.status == 200
    caller = json.loads(signed.body)["requestContext"]["authorizer"]["iam"]
    assert caller["accessKey"] == probe.credentials.access_key
    assert caller["userArn"].startswith("arn:aws:")
    for headers in ({}, {**probe.signed("GET", url), "X-Amz-Date": "20200101T000000Z"}):
        assert probe.request("GET", url, headers=headers).status == 403
