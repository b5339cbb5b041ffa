"""Section 1 of the contract: the shapes of events."""

import base64
import json
import re
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import (
    APIGatewayWebSocketConnectEventModel,
    APIGatewayWebSocketDisconnectEventModel,
    APIGatewayWebSocketMessageEventModel,
)
from websockets.asyncio.client import connect

from tests.running import Running

pytestmark = pytest.mark.anyio

CONTEXT_KEYS = {
    *(
        "routeKey",
        "eventType",
        "extendedRequestId",
        "requestTime",
        "messageDirection",
        "stage",
        "connectedAt",
    ),
    *("requestTimeEpoch", "identity", "requestId", "domainName", "connectionId", "apiId", "authorizer"),
}


async def session(probe: Running, tag: str, *, query: str = "", **options: Any) -> dict[str, dict[str, Any]]:
    """Connect, send one message, close; the four events, by kind. `tag` is a query value that tells tests apart."""
    async with connect(f"{probe.ws_url}/probe?tag={tag}{query}", **options) as socket:
        await socket.send(tag)
        await socket.recv()

    def tagged(event: dict[str, Any]) -> bool:
        return bool(event.get("queryStringParameters", {}).get("tag") == tag)

    opened = probe.recorder.event("Connect", tagged)
    connection_id = opened["requestContext"]["connectionId"]

    def same(event: dict[str, Any]) -> bool:
        return bool(event.get("requestContext", {}).get("connectionId") == connection_id)

    return {
        "authorize": probe.recorder.event("Authorizer", tagged),
        "connect": opened,
        "message": probe.recorder.event("Message", same),
        "disconnect": probe.recorder.event("Disconnect", same),
    }


async def test_e01_connect_has_headers_query_context_and_no_body(probe: Running) -> None:
    event = (await session(probe, "e01"))["connect"]
    assert set(event) == {
        *("headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"),
        *("requestContext", "isBase64Encoded"),
    }


async def test_e01_without_a_query_its_keys_are_absent(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe", user_agent_header="e01-bare"):
        pass
    event = probe.recorder.event("Connect", lambda item: item["headers"].get("User-Agent") == "e01-bare")
    assert set(event) == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}


async def test_e02_message_has_only_context_and_body(probe: Running) -> None:
    event = (await session(probe, "e02"))["message"]
    assert set(event) == {"requestContext", "body", "isBase64Encoded"}
    assert event["body"] == "e02"


async def test_e03_e04_disconnect_has_stub_headers_and_no_query(probe: Running) -> None:
    event = (await session(probe, "e03"))["disconnect"]
    domain = event["requestContext"]["domainName"]
    assert set(event) == {"headers", "multiValueHeaders", "requestContext", "isBase64Encoded"}
    assert event["headers"] == {"Host": domain, "x-api-key": "", "X-Forwarded-For": "", "x-restapi": ""}
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}


async def test_e06_e07_e08_the_context_of_each_event(probe: Running) -> None:
    events = await session(probe, "e06")
    assert set(events["connect"]["requestContext"]) == CONTEXT_KEYS
    assert set(events["message"]["requestContext"]) == CONTEXT_KEYS | {"messageId"}
    extra = {"disconnectStatusCode", "disconnectReason"}
    assert set(events["disconnect"]["requestContext"]) == CONTEXT_KEYS | extra
    kinds = [events[name]["requestContext"]["eventType"] for name in ("connect", "message", "disconnect")]
    assert kinds == ["CONNECT", "MESSAGE", "DISCONNECT"]
    assert {event["requestContext"]["messageDirection"] for event in events.values()} == {"IN"}


async def test_e10_route_key_is_the_selected_route(probe: Running) -> None:
    assert (await session(probe, "e10"))["message"]["requestContext"]["routeKey"] == "$default"


async def test_e11_e12_times(probe: Running) -> None:
    events = await session(probe, "e11")
    contexts = [events[name]["requestContext"] for name in ("connect", "message", "disconnect")]
    for context in contexts:
        assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["requestTime"])
        assert isinstance(context["requestTimeEpoch"], int)
    assert len({context["connectedAt"] for context in contexts}) == 1
    assert contexts[0]["requestTimeEpoch"] >= contexts[0]["connectedAt"] > 1_600_000_000_000


async def test_e13_user_agent_is_missing_when_the_client_sent_none(probe: Running) -> None:
    events = await session(probe, "e13", user_agent_header=None)
    assert events["connect"]["requestContext"]["identity"] == {"sourceIp": "127.0.0.1"}
    named = await session(probe, "e13b", user_agent_header="probe/1")
    for kind in ("connect", "message", "disconnect"):
        assert named[kind]["requestContext"]["identity"] == {"userAgent": "probe/1", "sourceIp": "127.0.0.1"}


async def test_e14_request_id_equals_extended_request_id(probe: Running) -> None:
    for event in (await session(probe, "e14")).values():
        context = event["requestContext"]
        assert context["requestId"] == context["extendedRequestId"]


async def test_e15_e16_ids_are_sixteen_characters_of_base64_with_a_shared_end(probe: Running) -> None:
    context = (await session(probe, "e15"))["message"]["requestContext"]
    for name in ("connectionId", "requestId", "messageId"):
        assert len(context[name]) == 16
        assert len(base64.urlsafe_b64decode(context[name])) == 11
    assert context["messageId"][-8:] == context["connectionId"][-8:]
    assert len({context[name] for name in ("connectionId", "requestId", "messageId")}) == 3


async def test_e18_domain_name_and_stage(probe: Running) -> None:
    for event in (await session(probe, "e18")).values():
        context = event["requestContext"]
        assert context["domainName"] == f"{context['apiId']}.execute-api.us-east-1.amazonaws.com"
        assert context["stage"] == "probe"


async def test_e19_a05_authorizer_context_is_in_all_events_as_strings(probe: Running) -> None:
    events = await session(probe, "e19")
    for kind in ("connect", "message", "disconnect"):
        given = dict(events[kind]["requestContext"]["authorizer"])
        assert isinstance(given.pop("integrationLatency"), int)
        assert given == {"principalId": "probe", "number": "7", "flag": "true", "text": "x"}


async def test_e20_header_names_keep_the_clients_spelling(probe: Running) -> None:
    headers = [("X-oddly-SPELT", "1")]
    event = (await session(probe, "e20", additional_headers=headers))["connect"]
    assert event["headers"]["X-oddly-SPELT"] == "1"
    assert event["multiValueHeaders"]["X-oddly-SPELT"] == ["1"]
    assert event["headers"]["Sec-WebSocket-Version"] == "13"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", event["headers"]["X-Amzn-Trace-Id"])
    assert event["headers"]["X-Forwarded-Port"] == "443"
    assert event["headers"]["X-Forwarded-Proto"] == "https"
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert event["headers"]["Host"] == event["requestContext"]["domainName"]


async def test_e21_connection_and_upgrade_reach_the_authorizer_only(probe: Running) -> None:
    events = await session(probe, "e21")
    assert not {"connection", "upgrade"} & {name.lower() for name in events["connect"]["headers"]}
    seen = {name.lower(): value for name, value in events["authorize"]["headers"].items()}
    assert (seen["upgrade"], seen["connection"], seen["content-length"]) == ("websocket", "Upgrade", "0")


async def test_e22_query_values_are_decoded_and_the_last_one_counts(probe: Running) -> None:
    event = (await session(probe, "e22", query="&a=1&a=%D8%B3%2F&b="))["connect"]
    assert event["queryStringParameters"] == {"tag": "e22", "a": "س/", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"tag": ["e22"], "a": ["1", "س/"], "b": [""]}


async def test_a02_authorizer_event(probe: Running) -> None:
    event = (await session(probe, "a02"))["authorize"]
    assert set(event) == {
        *("type", "methodArn", "headers", "multiValueHeaders", "queryStringParameters"),
        *("multiValueQueryStringParameters", "stageVariables", "requestContext"),
    }
    context = event["requestContext"]
    assert event["type"] == "REQUEST"
    assert event["stageVariables"] == {}
    assert event["methodArn"].endswith(f":{context['apiId']}/probe/$connect")
    assert event["methodArn"].startswith("arn:aws:execute-api:us-east-1:123456789012:")


async def test_powertools_models_accept_every_event(probe: Running) -> None:
    events = await session(probe, "powertools")
    APIGatewayWebSocketConnectEventModel.model_validate(events["connect"])
    APIGatewayWebSocketMessageEventModel.model_validate(events["message"])
    APIGatewayWebSocketDisconnectEventModel.model_validate(events["disconnect"])


async def test_e23_text_travels_unparsed(probe: Running) -> None:
    text = '{"a": 1,  "b":"س 😀"}'
    async with connect(f"{probe.ws_url}/probe") as socket:
        await socket.send(text)
        assert json.loads(await socket.recv())["body"] == text
    event = probe.recorder.event("Message", lambda item: item["body"] == text)
    assert event["isBase64Encoded"] is False
