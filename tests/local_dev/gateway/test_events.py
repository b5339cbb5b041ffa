"""Events and error frames (contract section 1); their whole shapes are compared in the conformance tests."""

from dataclasses import replace

import pytest

from local_dev.gateway import events
from local_dev.gateway.events import Handshake, Session
from local_dev.stack.model import CustomDomain
from tests.local_dev.gateway.stand_ins import HANDSHAKE, make_api

API = make_api(domains=(CustomDomain("Chat.example.com", "v1"), CustomDomain("other.example.com", "")))


def session(**changes: object) -> Session:
    return Session(API, "BFaT_fALIAMCKug=", 1_700_000_000_000, replace(HANDSHAKE, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("chat.example.com", "Chat.example.com"),
        ("CHAT.example.com:8443", "Chat.example.com"),
        ("other.example.com", "other.example.com"),
        ("127.0.0.1:8000", "abc123.execute-api.us-east-1.amazonaws.com"),
        ("[::1]:8000", "abc123.execute-api.us-east-1.amazonaws.com"),
        ("", "abc123.execute-api.us-east-1.amazonaws.com"),
    ],
)
def test_the_domain_name_is_the_one_the_client_used_if_it_is_the_apis(host: str, shown: str) -> None:
    """Contract E18."""
    used = session(host=host)
    connect = events.connect_event(used, request_id="r", now_ms=0)
    assert (connect["requestContext"]["domainName"], connect["headers"]["Host"]) == (shown, shown)
    assert connect["requestContext"]["stage"] == "live"
    disconnect = events.disconnect_event(used, code=1000, reason="", request_id="r", now_ms=0)
    assert disconnect["multiValueHeaders"]["Host"] == [shown]


def test_stage_variables_are_shown_where_there_are_any() -> None:
    """Contract E05."""
    plain, rich = session(), session()
    rich.stage_variables = {"table": "T"}
    assert "stageVariables" not in events.connect_event(plain, request_id="r", now_ms=0)
    for event in (
        events.connect_event(rich, request_id="r", now_ms=0),
        events.message_event(rich, route="a", body="", request_id="r", message_id="m", now_ms=0),
        events.disconnect_event(rich, code=1000, reason="", request_id="r", now_ms=0),
    ):
        assert event["stageVariables"] == {"table": "T"}


def test_the_api_key_header_is_shown_on_connect_and_is_empty_on_disconnect() -> None:
    """Contract E04, E20."""
    used = session(headers=(("X-Api-Key", "secret"),))
    assert events.connect_event(used, request_id="r", now_ms=0)["headers"]["X-Api-Key"] == "secret"
    stub = events.disconnect_event(used, code=1000, reason="", request_id="r", now_ms=0)["headers"]
    assert stub["x-api-key"] == ""


def test_what_a_client_says_of_its_way_is_added_to_and_never_believed() -> None:
    """Contract E20."""
    sent = (
        *(("x-forwarded-for", "198.51.100.1"), ("X-Forwarded-For", "198.51.100.2, 198.51.100.3")),
        *(("x-forwarded-proto", "http"), ("X-FORWARDED-PORT", "80"), ("x-amzn-trace-id", "Root=mine")),
    )
    event = events.connect_event(session(headers=sent), request_id="r", now_ms=0)
    assert event["headers"] == {
        "Host": API.domain_name,
        "X-Amzn-Trace-Id": HANDSHAKE.trace_id,
        "X-Forwarded-For": f"198.51.100.1, 198.51.100.2, 198.51.100.3, {HANDSHAKE.source_ip}",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    }
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    assert event["requestContext"]["identity"] == {"sourceIp": HANDSHAKE.source_ip}


def test_a_repeated_header_has_its_last_value_and_all_of_them() -> None:
    """Contract E01."""
    used = session(headers=(("Cookie", "a=1"), ("Cookie", "b=2"), ("cookie", "c=3")))
    event = events.connect_event(used, request_id="r", now_ms=0)
    assert (event["headers"]["Cookie"], event["headers"]["cookie"]) == ("b=2", "c=3")
    assert event["multiValueHeaders"]["Cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("a=1+2&b=1%2B2", {"a": ["1 2"], "b": ["1+2"]}),
        ("a%5B%5D=x&%D8%B3=y", {"a[]": ["x"], "س": ["y"]}),
        ("a=%zz&b=%E2%82", {"a": ["%zz"], "b": ["\ufffd"]}),
        ("a=b=c&=d&&e;f=1", {"a": ["b=c"], "": ["d"], "e;f": ["1"]}),
        ("&", {}),
    ],
)
def test_query_values(query: str, values: dict[str, list[str]]) -> None:
    """Contract E22: `+` is a blank, and what cannot be decoded does no harm."""
    event = events.connect_event(session(query=query), request_id="r", now_ms=0)
    assert event.get("multiValueQueryStringParameters", {}) == values


@pytest.mark.parametrize(
    ("headers", "agent"),
    [((), None), ((("user-agent", ""),), ""), ((("USER-AGENT", "a"), ("User-Agent", "b")), "b")],
)
def test_user_agent(headers: tuple[tuple[str, str], ...], agent: str | None) -> None:
    """Contract E13."""
    assert events.user_agent(Handshake(headers, "", "::1")) == agent


def test_an_error_frame_is_exact_to_the_byte() -> None:
    """Contract R11."""
    frame = events.error_frame("Forbidden", connection_id="XDmENcnwIE0CFEQ=", request_id="XDmGEE2RoE0FRdQ=")
    assert frame == (
        '{"message": "Forbidden", "connectionId":"XDmENcnwIE0CFEQ=", "requestId":"XDmGEE2RoE0FRdQ="}'
    )


def test_query_values_are_decoded_and_a_repeated_key_has_its_last() -> None:
    """Contract E01, E22."""
    event = events.connect_event(session(query="a=1&b=%C3%A9&a=2&c"), request_id="r", now_ms=0)
    assert event["queryStringParameters"] == {"a": "2", "b": "é", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["é"], "c": [""]}
    without = events.connect_event(session(query=""), request_id="r", now_ms=0)
    assert not {"queryStringParameters", "multiValueQueryStringParameters"} & set(without)
    authorizer = events.authorizer_event(session(query=""), request_id="r", now_ms=0)
    assert authorizer["queryStringParameters"] == authorizer["multiValueQueryStringParameters"] == {}
