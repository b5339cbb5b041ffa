"""Section 10 of the contract: authorizers, API keys, IAM."""

import json
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerResponseWebSocket,
)

from tests.conformance.clients import answer_to, refusal
from tests.conformance.target import Probe

pytestmark = pytest.mark.anyio

KEY = "parley-probe-key-0123456789"


async def test_a01_the_authorizer_runs_on_connect_only(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        await answer_to(socket, {"action": "named"})
        connection = await probe.connection_of(tag)
    await probe.event("disconnect", connection=connection)
    kept = await probe.kept(connection=connection)
    assert [entry["facts"]["type"] for entry in kept if entry["kind"] == "authorize"] == ["REQUEST"]


async def test_a02_authorizer_event(probe: Probe, tag: str) -> None:
    async with probe.connect(additional_headers={"X-Tag": tag}):
        event = await probe.event("authorize", tag=tag)
    assert set(event) == {
        *("type", "methodArn", "headers", "multiValueHeaders", "queryStringParameters"),
        *("multiValueQueryStringParameters", "stageVariables", "requestContext"),
    }
    assert event["type"] == "REQUEST"
    for name in ("stageVariables", "queryStringParameters", "multiValueQueryStringParameters"):
        assert event[name] == {}
    context = event["requestContext"]
    assert (context["eventType"], context["routeKey"]) == ("CONNECT", "$connect")
    assert event["methodArn"].startswith(f"arn:aws:execute-api:{probe.region}:")
    assert event["methodArn"].endswith(f":{context['apiId']}/probe/$connect")


async def test_a03_headers_query_values_and_stage_variables_are_identity_sources(
    probe: Probe, tag: str
) -> None:
    async with probe.connect("strict", query=f"tag={tag}&pass=1", additional_headers={"x-pass": "1"}):
        await probe.event("authorize", tag=tag)
    assert (await refusal(probe, "strict", query="pass=1")).status == 401


async def test_a04_nested_context_is_refused(probe: Probe) -> None:
    """DOC that it is; BEL that it is 500."""
    assert (await refusal(probe, query="do=auth-nested")).status == 500


async def test_a06_no_answer_is_kept_for_the_next_connection(probe: Probe, tag: str) -> None:
    for _ in range(2):
        async with probe.connect(query=f"tag={tag}"):
            pass
    kinds = [entry["kind"] for entry in await probe.kept(tag=tag)]
    assert kinds.count("authorize") == 2


async def test_a07_what_is_denied_later_leaves_open_connections_open(probe: Probe, tag: str) -> None:
    query = f"tag={tag}&do=auth-once"
    async with probe.connect(query=query) as socket:
        assert (await refusal(probe, query=query)).status == 403
        assert (await answer_to(socket, "still here"))["body"] == "still here"


async def test_a08_a_policy_for_a_rest_path_does_not_match(probe: Probe) -> None:
    assert (await refusal(probe, query="do=auth-rest")).status == 403


async def test_a09_an_api_key_in_the_header_opens(probe: Probe) -> None:
    async with probe.connect("keyed", additional_headers={"x-api-key": KEY}) as socket:
        assert socket.response.status_code == 101


async def test_a09_an_api_key_from_the_authorizer_opens(probe: Probe) -> None:
    async with probe.connect("passed", query=f"key={KEY}") as socket:
        assert socket.response.status_code == 101
    assert (await refusal(probe, "passed", query="key=unknown")).status == 403
    assert (await refusal(probe, "passed", additional_headers={"x-api-key": KEY})).status == 403


async def test_a10_a_signed_handshake_is_let_in(probe: Probe) -> None:
    headers = probe.signed("GET", probe.http("iam"))
    async with probe.connect("iam", additional_headers=headers) as socket:
        assert socket.response.status_code == 101


async def test_a10_a_presigned_url_is_let_in_if_its_signer_may_invoke_the_route(
    probe: Probe, tag: str
) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        wanted = {"do": "presign", "url": probe.url("iam")}
        allowed = (await answer_to(socket, wanted))["url"].partition("?")[2]
        await socket.send(json.dumps({**wanted, "action": "powerless"}))
        connection = await probe.connection_of(tag)
        denied = (await probe.event("powerless", connection=connection))["url"].partition("?")[2]
    async with probe.connect("iam", query=allowed) as socket:
        assert socket.response.status_code == 101
    assert (await refusal(probe, "iam", query=denied)).status == 403


async def test_a11_powertools_builds_a_policy_that_matches(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}"):
        arn = (await probe.event("authorize", tag=tag))["methodArn"]
    _, _, _, region, account, rest = arn.split(":", 5)
    api, stage, _ = rest.split("/")
    response = APIGatewayAuthorizerResponseWebSocket(
        principal_id="probe", region=region, aws_account_id=account, api_id=api, stage=stage
    )
    response.allow_all_routes()
    query = urlencode({"do": "auth-policy", "policy": json.dumps(response.asdict())})
    async with probe.connect(query=query) as socket:
        assert socket.response.status_code == 101
