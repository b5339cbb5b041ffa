"""Credentials are told by their names and left out; everything else is shown."""

import json
from typing import Any

import pytest

from local_dev.inspector.redaction import is_secret, shown_entry, shown_query
from local_dev.journal import Journal


def shown(event: Any) -> Any:
    journal = Journal()
    journal.record("invoked", function="f", request="r", event=event, cold=True)
    return shown_entry(journal.since(0)[0])["facts"]["event"]


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "X-Api-Key",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "access_token",
        "dbPassword",
        "ticket",
        "x-origin-key",
    ],
)
def test_names_of_credentials(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["Host", "User-Agent", "room_id", "client_id", "Sec-WebSocket-Key", "Origin"]
)
def test_names_of_other_things(name: str) -> None:
    assert not is_secret(name)


def test_a_web_token_is_hidden_under_any_name() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"
    event = {
        "headers": {"Sec-WebSocket-Protocol": f"parley, parley.ticket.{token}"},
        "multiValueHeaders": {"Sec-WebSocket-Protocol": [f"parley.ticket.{token}", "parley"]},
        "queryStringParameters": {"t": token, "room": "eyJ.a.b"},
    }
    assert shown(event) == {
        "headers": {"Sec-WebSocket-Protocol": "parley, parley.ticket.(a token, hidden)"},
        "multiValueHeaders": {"Sec-WebSocket-Protocol": ["parley.ticket.(a token, hidden)", "parley"]},
        "queryStringParameters": {"t": "(a token, hidden)", "room": "eyJ.a.b"},
    }
    assert shown_query(f"t={token}") == [("t", "(a token, hidden)")]


def test_credentials_of_an_event_are_hidden_wherever_it_has_them() -> None:
    event = {
        "headers": {"Authorization": "Bearer abc", "Host": "x"},
        "multiValueHeaders": {"Cookie": ["a=b", "c"], "Host": ["x"]},
        "queryStringParameters": {"token": "abc", "room": "general"},
        "stageVariables": {"dbPassword": "abc", "color": "blue"},
        "requestContext": {
            "identity": {"apiKey": "abc", "sourceIp": "::1"},
            "authorizer": {"jwt": "abc"},
            "stage": "p",
        },
        "body": '{"token":"as the client sent it"}',
    }
    assert shown(event) == {
        "headers": {"Authorization": "(hidden, 10 characters)", "Host": "x"},
        "multiValueHeaders": {"Cookie": ["(hidden, 3 characters)", "(hidden, 1 characters)"], "Host": ["x"]},
        "queryStringParameters": {"token": "(hidden, 3 characters)", "room": "general"},
        "stageVariables": {"dbPassword": "(hidden, 3 characters)", "color": "blue"},
        "requestContext": {
            "identity": {"apiKey": "(hidden, 3 characters)", "sourceIp": "::1"},
            "authorizer": {"jwt": "(hidden, 3 characters)"},
            "stage": "p",
        },
        "body": '{"token":"as the client sent it"}',
    }


@pytest.mark.parametrize("event", [None, [1], {"headers": None, "requestContext": 7}, {"Records": [{}]}])
def test_an_event_of_any_other_shape_is_shown_as_it_is(event: Any) -> None:
    assert shown(event) == event


def test_a_query_is_decoded_and_its_credentials_hidden() -> None:
    assert shown_query("room=a%20b&X-Amz-Signature=00ff&token=&flag") == [
        ("room", "a b"),
        ("X-Amz-Signature", "(hidden, 4 characters)"),
        ("token", ""),
        ("flag", ""),
    ]
    assert shown_query("") == []


def test_an_event_that_was_recorded_as_text_is_read_and_its_credentials_hidden() -> None:
    text = json.dumps({"headers": {"Cookie": "secret-of-mine", "Host": "x"}, "body": "y"})
    assert shown(text) == {"headers": {"Cookie": "(hidden, 14 characters)", "Host": "x"}, "body": "y"}


def test_an_event_without_its_end_gives_no_credential_away() -> None:
    event = {"headers": {"Cookie": "secret-of-mine" * 10_000, "Host": "x"}, "body": "y"}
    journal = Journal()
    journal.record("invoked", function="f", request="r", event=json.dumps(event), cold=False)
    entry = shown_entry(journal.since(0)[0])
    assert entry["cut"]
    assert "secret-of-mine" not in json.dumps(entry)


def test_what_is_no_json_at_all_is_not_shown_as_an_event() -> None:
    assert shown("Cookie: secret-of-mine") == "(something that is not JSON)"


def test_credentials_of_a_request_to_an_http_api_are_hidden() -> None:
    event = {
        "version": "2.0",
        "rawPath": "/a",
        "rawQueryString": "ticket=hush&room=a%20b",
        "cookies": ["session=hush"],
        "identitySource": ["hush"],
        "authorizationToken": "hush",
        "headers": {"authorization": "Bearer hush", "accept": "*/*"},
        "queryStringParameters": {"ticket": "hush", "room": "a b"},
        "requestContext": {"authorizer": {"lambda": {"token": "hush", "rank": 3}}},
    }
    seen = shown(event)
    assert "hush" not in json.dumps(seen)
    assert seen["rawQueryString"] == "ticket=(hidden,+4+characters)&room=a+b"
    assert seen["headers"]["accept"] == "*/*"
    assert seen["requestContext"]["authorizer"]["lambda"]["rank"] == 3


def test_cookies_of_an_answer_are_hidden() -> None:
    journal = Journal()
    headers = {"Set-Cookie": "a=hush", "X-A": "b"}
    answer = {
        "statusCode": 200,
        "cookies": ["a=hush"],
        "headers": headers,
        "multiValueHeaders": {"set-cookie": ["hush"]},
    }
    journal.record("returned", function="f", request="r", result=json.dumps(answer), duration_ms=1.0)
    seen = shown_entry(journal.since(0)[0])["facts"]["result"]
    assert "hush" not in json.dumps(seen)
    assert seen["headers"]["X-A"] == "b"
