"""Section 1 of the contract: the shapes of events."""

import base64
import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from aws_lambda_powertools.utilities.data_classes import APIGatewayWebSocketEvent
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerRequestEvent,
    parse_api_gateway_arn,
)
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)

from tests.conformance.clients import answer_to
from tests.conformance.target import Probe

pytestmark = pytest.mark.anyio

CONTEXT_KEYS = {
    *("routeKey", "eventType", "extendedRequestId", "requestTime", "messageDirection", "stage"),
    *("connectedAt", "requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId"),
    "authorizer",
}


async def session(probe: Probe, tag: str, *, name: str = "probe", query: str = "", **options: Any) -> Any:
    """Connect, send one message, close; the four events, by kind."""
    async with probe.connect(name, query=f"tag={tag}{query}", **options) as socket:
        await answer_to(socket, tag)
    connection = await probe.connection_of(tag)
    await probe.event("disconnect", connection=connection)
    return {entry["kind"]: entry["facts"] for entry in await probe.kept(connection=connection)}


async def test_e01_connect_has_headers_query_context_and_no_body(probe: Probe, tag: str) -> None:
    event = (await session(probe, tag))["connect"]
    assert set(event) == {
        *("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"),
        *("requestContext", "isBase64Encoded"),
    }


async def test_e01_without_a_query_its_keys_are_absent(probe: Probe, tag: str) -> None:
    async with probe.connect(additional_headers=[("X-Tag", tag)]):
        event = await probe.event("connect", tag=tag)
    assert set(event) == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}


async def test_e02_message_has_only_context_and_body(probe: Probe, tag: str) -> None:
    event = (await session(probe, tag))["message"]
    assert set(event) == {"requestContext", "body", "isBase64Encoded"}
    assert event["body"] == tag


async def test_e03_e04_disconnect_has_stub_headers_and_no_query(probe: Probe, tag: str) -> None:
    event = (await session(probe, tag))["disconnect"]
    domain = event["requestContext"]["domainName"]
    assert set(event) == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}
    assert event["headers"] == {"Host": domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}


async def test_e05_without_stage_variables_the_authorizer_alone_has_the_key(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    assert events["authorize"]["stageVariables"] == {}
    assert not any("stageVariables" in events[kind] for kind in ("connect", "message", "disconnect"))


async def test_e05_stage_variables_are_in_every_event(probe: Probe, tag: str) -> None:
    headers = [("X-Pass", "1")]
    events = await session(probe, tag, name="strict", query="&pass=1", additional_headers=headers)
    for kind in ("authorize", "connect", "message", "disconnect"):
        assert events[kind]["stageVariables"] == {"colour": "blue"}, kind


async def test_e06_e07_e08_the_context_of_each_event(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    assert set(events["connect"]["requestContext"]) == CONTEXT_KEYS
    assert set(events["message"]["requestContext"]) == CONTEXT_KEYS | {"messageId"}
    extra = {"disconnectStatusCode", "disconnectReason"}
    assert set(events["disconnect"]["requestContext"]) == CONTEXT_KEYS | extra
    kinds = [events[name]["requestContext"]["eventType"] for name in ("connect", "message", "disconnect")]
    assert kinds == ["CONNECT", "MESSAGE", "DISCONNECT"]
    for name in ("authorize", "connect", "message", "disconnect"):
        assert events[name]["requestContext"]["messageDirection"] == "IN"


async def test_e09_nothing_is_null(probe: Probe, tag: str) -> None:
    events = await session(probe, tag, user_agent_header=None)
    for kind in ("authorize", "connect", "message", "disconnect"):
        assert None not in list(leaves(events[kind])), kind


async def test_e10_route_key_is_the_selected_route(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        assert (await answer_to(socket, {"action": "unheard of"}))["route"] == "$default"
        assert (await answer_to(socket, {"action": "named"}))["route"] == "named"


async def test_e11_e12_times(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    contexts = [events[name]["requestContext"] for name in ("connect", "message", "disconnect")]
    for context in contexts:
        assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"])
        assert isinstance(context["requestTimeEpoch"], int)
    assert len({context["connectedAt"] for context in contexts}) == 1
    assert contexts[0]["requestTimeEpoch"] >= contexts[0]["connectedAt"] > 1_600_000_000_000


async def test_e13_user_agent_is_missing_when_the_client_sent_none(probe: Probe, tag: str) -> None:
    events = await session(probe, tag, user_agent_header=None)
    assert set(events["connect"]["requestContext"]["identity"]) == {"sourceIp"}
    named = await session(probe, tag + "b", user_agent_header="probe/1")
    for kind in ("connect", "message", "disconnect"):
        identity = named[kind]["requestContext"]["identity"]
        assert set(identity) == {"sourceIp", "userAgent"}
        assert identity["userAgent"] == "probe/1"
        ipaddress.ip_address(identity["sourceIp"])


async def test_e14_request_id_equals_extended_request_id(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    for kind in ("authorize", "connect", "message", "disconnect"):
        context = events[kind]["requestContext"]
        assert context["requestId"] == context["extendedRequestId"]


async def test_e15_e16_ids_are_sixteen_characters_of_base64_with_a_shared_end(probe: Probe, tag: str) -> None:
    context = (await session(probe, tag))["message"]["requestContext"]
    for name in ("connectionId", "requestId", "messageId"):
        assert len(context[name]) == 16
        assert len(base64.urlsafe_b64decode(context[name])) == 11
    assert context["messageId"][-7:] == context["connectionId"][-7:]
    assert len({context[name] for name in ("connectionId", "requestId", "messageId")}) == 3


async def test_e18_domain_name_and_stage(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    for kind in ("authorize", "connect", "message", "disconnect"):
        context = events[kind]["requestContext"]
        expected = rf"{context['apiId']}\.execute-api\.{probe.region}\.amazonaws\.com(\.cn)?"
        assert re.fullmatch(expected, context["domainName"])
        assert context["stage"] == "probe"


async def test_e18_a_custom_domain_is_the_domain_name(probe: Probe, tag: str) -> None:
    options: dict[str, Any] = {}
    if probe.running:
        local = urlsplit(probe.local.url)
        probe.addresses["mapped"] = "probe.example.com/mapped"
        options = {"host": local.hostname, "port": local.port}
    elif "mapped" not in probe.addresses:
        pytest.skip("the probe was deployed without the parameter DomainName")
    async with probe.connect("mapped", query=urlencode({"tag": tag}), **options):
        context = (await probe.event("connect", tag=tag))["requestContext"]
    assert context["domainName"] == probe.addresses["mapped"].partition("/")[0]
    assert context["stage"] == "probe"


async def test_e19_a05_authorizer_context_is_in_all_events_as_strings(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    for kind in ("connect", "message", "disconnect"):
        given = dict(events[kind]["requestContext"]["authorizer"])
        assert isinstance(given.pop("integrationLatency"), int)
        assert given == {"principalId": "probe", "number": "7", "flag": "true", "text": "x"}


async def test_e19_a05_context_reads_as_in_json(probe: Probe, tag: str) -> None:
    """That null is left out is BEL: since 2021 nothing in an event is null (E09)."""
    async with probe.connect(query=f"tag={tag}&do=auth-odd"):
        given = (await probe.event("connect", tag=tag))["requestContext"]["authorizer"]
    del given["integrationLatency"]
    texts = {"half": "0.5", "no": "false", "large": "9007199254740994", "empty": ""}
    assert given == {"principalId": "probe", **texts}


async def test_e20_header_names_keep_the_clients_spelling(probe: Probe, tag: str) -> None:
    event = (await session(probe, tag, additional_headers=[("X-oddly-SPELT", "1")]))["connect"]
    assert event["headers"]["X-oddly-SPELT"] == "1"
    assert event["multiValueHeaders"]["X-oddly-SPELT"] == ["1"]
    assert event["headers"]["Sec-WebSocket-Version"] == "13"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"]["X-Amzn-Trace-Id"])
    assert event["headers"]["X-Forwarded-Port"] == "443"
    assert event["headers"]["X-Forwarded-Proto"] == "https"
    ipaddress.ip_address(event["headers"]["X-Forwarded-For"])
    assert event["headers"]["Host"] == event["requestContext"]["domainName"]


async def test_e21_connection_and_upgrade_reach_the_authorizer_only(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    assert not {"connection", "upgrade"} & {name.lower() for name in events["connect"]["headers"]}
    seen = {name.lower(): value for name, value in events["authorize"]["headers"].items()}
    assert (seen["upgrade"], seen["connection"].lower()) == ("websocket", "upgrade")
    assert seen["content-length"] == "0"


async def test_e22_query_values_are_decoded_and_the_last_one_counts(probe: Probe, tag: str) -> None:
    event = (await session(probe, tag, query="&a=1&a=%D8%B3%2F+%2B&b="))["connect"]
    assert event["queryStringParameters"] == {"tag": tag, "a": "س/ +", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"tag": [tag], "a": ["1", "س/ +"], "b": [""]}


async def test_e23_text_travels_unparsed(probe: Probe, tag: str) -> None:
    text = '{"a": 1,  "b":"س 😀"}'
    async with probe.connect(query=f"tag={tag}") as socket:
        assert (await answer_to(socket, text))["body"] == text
        event = await probe.event("message", connection=await probe.connection_of(tag))
    assert event["isBase64Encoded"] is False


async def test_powertools_models_accept_every_event(probe: Probe, tag: str) -> None:
    events = await session(probe, tag)
    APIGatewayWebSocketConnectEventModel.model_validate(events["connect"])
    APIGatewayWebSocketMessageEventModel.model_validate(events["message"])
    APIGatewayWebSocketDisconnectEventModel.model_validate(events["disconnect"])
    for kind in ("connect", "message", "disconnect"):
        context = APIGatewayWebSocketEvent(events[kind]).request_context
        assert (context.event_type, context.identity.source_ip) == (
            kind.upper(),
            events[kind]["requestContext"]["identity"]["sourceIp"],
        )
    asked = APIGatewayAuthorizerRequestEvent(events["authorize"])
    assert asked.get_type == "REQUEST"
    assert parse_api_gateway_arn(asked.method_arn).api_id == asked.request_context.api_id
    assert asked.query_string_parameters == {"tag": tag}


def leaves(value: Any) -> Iterator[Any]:
    """Every value in a JSON document that holds no others."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value
