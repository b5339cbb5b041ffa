"""Handshakes: who is let in, and with which status others are refused (contract sections 2 and 10)."""

from dataclasses import replace
from typing import Any

import pytest

from local_dev.errors import FunctionExited, FunctionRaised, FunctionThrottled, FunctionTimedOut
from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.events import Handshake
from local_dev.gateway.gateway import Accepted, Gateway, Refused
from local_dev.gateway.throttles import AccountLimits
from local_dev.journal import Journal
from local_dev.stack.model import (
    Api,
    Authorization,
    Authorizer,
    Integration,
    IntegrationType,
    Route,
    Throttle,
)
from tests.local_dev.gateway.stand_ins import HANDSHAKE, FakeFunctions, MovedClock, make_api, proxy, turns

pytestmark = pytest.mark.anyio

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/live/$connect"
CONNECT = Route("$connect", proxy("connect"))
DISCONNECT = Route("$disconnect", proxy("disconnect"))
GUARDED = replace(
    CONNECT,
    authorization=Authorization.CUSTOM,
    authorizer=Authorizer("guard", ("route.request.header.Auth",)),
)


def allow(**changes: Any) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ARN}
    return {"principalId": "ada", "policyDocument": {"Statement": [statement]}, **changes}


class SomePermissions:
    """Lets in who has the header `Signed`, to one resource."""

    def may_invoke(self, handshake: Handshake, *, resource: str) -> bool:
        return resource == ARN and any(name == "Signed" for name, _ in handshake.headers)


async def attempt(
    api: Api, handlers: dict[str, Any], handshake: Handshake = HANDSHAKE, **options: Any
) -> tuple[Accepted | Refused, FakeFunctions]:
    functions = FakeFunctions(handlers)
    return await Gateway(api, functions, clock=MovedClock(), **options).connect(handshake), functions


async def status(api: Api, handlers: dict[str, Any], handshake: Handshake = HANDSHAKE, **options: Any) -> int:
    """101, or the status of the refusal."""
    decision, _ = await attempt(api, handlers, handshake, **options)
    return decision.status if isinstance(decision, Refused) else 101


def assume(**switches: Any) -> dict[str, Any]:
    return {"assumptions": Assumptions(**switches)}


async def test_without_a_connect_route_everybody_is_let_in() -> None:
    """Contract H07."""
    decision, functions = await attempt(make_api(), {})
    assert isinstance(decision, Accepted)
    assert functions.calls == []
    assert await status(make_api(Route("$connect")), {}) == 101


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        *(({"statusCode": code}, 101) for code in (200, 201, 299)),  # H01
        *(({"statusCode": code}, code) for code in (301, 400, 401, 501)),  # H02
        *((FunctionRaised("x"), 502), (FunctionExited("x"), 502), (FunctionThrottled("x"), 502)),  # H03
        *((FunctionTimedOut("x"), 502), ({"statusCode": "abc"}, 502), ({"statusCode": 99}, 502)),
        *((TimeoutError(), 502), ({}, 502), (None, 502), ("text", 502)),  # H04, H05
    ],
)
async def test_connects_status_decides(result: Any, expected: int) -> None:
    assert await status(make_api(CONNECT), {"connect": result}) == expected


async def test_switches_of_connect() -> None:
    api = make_api(CONNECT)
    assert await status(api, {"connect": TimeoutError()}, **assume(connect_timeout_status=504)) == 504
    for result in ({}, None, {"body": "x"}):
        assert await status(api, {"connect": result}, **assume(connect_without_status=200)) == 101
    wrong = {"statusCode": "abc"}
    assert await status(api, {"connect": wrong}, **assume(connect_without_status=200)) == 502


async def test_a_refusal_says_why_and_carries_ids() -> None:
    """Contract H06: never what the function said."""
    secret = {"statusCode": 401, "body": "secret", "headers": {"X-Secret": "x"}}
    decision, functions = await attempt(make_api(CONNECT), {"connect": secret})
    assert isinstance(decision, Refused)
    context = functions.events("connect")[0]["requestContext"]
    ids = (context["connectionId"], context["requestId"])
    assert (decision.connection_id, decision.request_id) == ids
    assert decision.message == "Unauthorized"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        *((403, "Forbidden"), (500, "Internal server error"), (502, "Internal server error")),
        *((504, "Endpoint request timed out"), (429, "Too Many Requests"), (599, "Error")),
    ],
)
async def test_messages_of_refusals(code: int, message: str) -> None:
    decision, _ = await attempt(make_api(CONNECT), {"connect": {"statusCode": code}})
    assert isinstance(decision, Refused)
    assert decision.message == message


async def test_the_subprotocol_is_the_functions_choice() -> None:
    """Contract H19, H20."""
    asked = replace(HANDSHAKE, headers=(("Sec-WebSocket-Protocol", "a, b"),))
    chosen = {"statusCode": 200, "headers": {"sec-websocket-protocol": "b"}}
    for result, subprotocol in ((chosen, "b"), ({"statusCode": 200}, None)):
        decision, _ = await attempt(make_api(CONNECT), {"connect": result}, asked)
        assert isinstance(decision, Accepted)
        assert decision.subprotocol == subprotocol


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (allow(), 101),
        (allow(policyDocument={"Statement": []}), 403),  # H11
        ({"statusCode": 401}, 500),  # H12
        (allow(context={"nested": {}}), 500),  # A04
        (allow(context={"large": "x" * 9000}), 500),
        (FunctionRaised("Unauthorized"), 401),  # H10
        (FunctionRaised("something else"), 500),
        (FunctionTimedOut("Unauthorized"), 500),
        (TimeoutError(), 500),
        (RuntimeError("a fault of ours"), 500),
    ],
)
async def test_an_authorizers_answer(answer: Any, expected: int) -> None:
    handlers = {"guard": answer, "connect": {"statusCode": 200}}
    decision, functions = await attempt(make_api(GUARDED), handlers)
    assert (decision.status if isinstance(decision, Refused) else 101) == expected
    assert bool(functions.events("connect")) is (expected == 101)


async def test_switches_of_the_authorizer() -> None:
    failing = {"guard": FunctionRaised("x")}
    assert await status(make_api(GUARDED), failing, **assume(authorizer_error_status=401)) == 401
    nested = {"guard": allow(context={"a": [1]}), "connect": {"statusCode": 200}}
    decision, functions = await attempt(make_api(GUARDED), nested, **assume(nested_context="text"))
    assert isinstance(decision, Accepted)
    assert functions.events("connect")[0]["requestContext"]["authorizer"]["a"] == "[1]"


async def test_a_missing_identity_source_is_401_without_an_invocation() -> None:
    """Contract H09."""
    decision, functions = await attempt(make_api(GUARDED), {}, replace(HANDSHAKE, headers=()))
    assert isinstance(decision, Refused)
    assert (decision.status, functions.calls) == (401, [])


async def test_the_time_an_authorizer_takes_is_in_its_context() -> None:
    """Contract E19."""
    clock = MovedClock()

    async def guard(_: Any) -> Any:
        clock.now += 0.25
        return allow(context={"room": 7})

    functions = FakeFunctions({"guard": guard, "connect": {"statusCode": 200}})
    await Gateway(make_api(GUARDED), functions, clock=clock).connect(HANDSHAKE)
    assert functions.events("connect")[0]["requestContext"]["authorizer"] == {
        "room": "7",
        "principalId": "ada",
        "integrationLatency": 250,
    }


async def test_an_authorizer_that_does_not_run_here_refuses_everybody() -> None:
    assert await status(make_api(replace(CONNECT, authorization=Authorization.CUSTOM)), {}) == 500


async def test_a_policys_conditions_are_asked_of_the_client() -> None:
    statement = {**allow()["policyDocument"]["Statement"][0]}
    statement["Condition"] = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    handlers = {"guard": allow(policyDocument={"Statement": statement}), "connect": {"statusCode": 200}}
    assert await status(make_api(GUARDED), handlers) == 101
    assert await status(make_api(GUARDED), handlers, replace(HANDSHAKE, source_ip="10.0.0.1")) == 403


async def test_iam() -> None:
    """Contract H13, A10."""
    api = make_api(replace(CONNECT, authorization=Authorization.IAM))
    handlers = {"connect": {"statusCode": 200}}
    signed = replace(HANDSHAKE, headers=(("Signed", "yes"),))
    permissions = SomePermissions()
    assert await status(api, handlers, signed, permissions=permissions) == 101
    assert await status(api, handlers, permissions=permissions) == 403
    refused = await status(api, handlers, permissions=permissions, **assume(iam_refusal_status=401))
    assert refused == 401
    assert await status(api, handlers) == 101  # signatures are not checked at all
    assert await status(make_api(CONNECT), handlers, permissions=permissions) == 101  # nor on other routes


@pytest.mark.parametrize(
    ("header", "expected"),
    [(("x-api-key", "k1"), 101), (("X-API-Key", "k2"), 101), (("x-api-key", "k3"), 403), (("x", "k1"), 403)],
)
async def test_api_keys(header: tuple[str, str], expected: int) -> None:
    """Contract H14, A09."""
    api = make_api(replace(CONNECT, api_key_required=True), api_keys=frozenset({"k1", "k2"}))
    handlers = {"connect": {"statusCode": 200}}
    assert await status(api, handlers, replace(HANDSHAKE, headers=(header,))) == expected
    if expected != 101:
        refused = await status(api, handlers, **assume(api_key_refusal_status=401))
        assert refused == 401


@pytest.mark.parametrize(("key", "expected"), [("k1", 101), ("k2", 403), (None, 403)])
@pytest.mark.parametrize("braces", [True, False])
async def test_api_keys_from_the_authorizer(key: str | None, expected: int, braces: bool) -> None:
    name = "context.authorizer.usageIdentifierKey"
    api = make_api(
        replace(GUARDED, api_key_required=True),
        api_keys=frozenset({"k1"}),
        api_key_selection_expression=f"${{{name}}}" if braces else f"${name}",
    )
    sent = replace(HANDSHAKE, headers=(*HANDSHAKE.headers, ("x-api-key", "k1")))
    answer = allow(usageIdentifierKey=key) if key else allow()
    assert await status(api, {"guard": answer, "connect": {"statusCode": 200}}, sent) == expected


async def test_api_keys_from_another_header() -> None:
    api = make_api(
        replace(CONNECT, api_key_required=True),
        api_keys=frozenset({"x"}),
        api_key_selection_expression="${request.header.auth}",
    )
    assert await status(api, {"connect": {"statusCode": 200}}) == 101


@pytest.mark.parametrize(("code", "expected"), [(200, 101), (403, 403)])
async def test_a_mock_decides_by_its_template(code: int, expected: int) -> None:
    templates = {"$default": f'{{"statusCode":{code}}}'}
    mock = Integration(IntegrationType.MOCK, request_templates=templates)
    assert await status(make_api(Route("$connect", mock)), {}) == expected


async def test_a_mock_that_cannot_decide_is_500() -> None:
    mock = Integration(IntegrationType.MOCK, request_templates={"$default": "#if(true)"})
    assert await status(make_api(Route("$connect", mock)), {}) == 500


async def test_more_connections_than_the_account_may_have_are_refused_with_429() -> None:
    """Contract H18; the limit is shared by all gateways."""
    clock = MovedClock()
    limits = AccountLimits(clock=clock.real)
    gateways = [Gateway(make_api(), FakeFunctions(), clock=clock, limits=limits) for _ in range(2)]
    decisions = [await gateways[number % 2].connect(HANDSHAKE) for number in range(501)]
    assert all(isinstance(decision, Accepted) for decision in decisions[:500])
    last = decisions[500]
    assert isinstance(last, Refused)
    assert (last.status, last.message) == (429, "Too Many Requests")
    clock.now += 0.01
    assert isinstance(await gateways[0].connect(HANDSHAKE), Accepted)


@pytest.mark.parametrize(
    "throttles", [{"throttle": Throttle(1, 1)}, {"route_throttles": {"$connect": Throttle(1, 1)}}]
)
async def test_connect_is_throttled_by_its_route_or_stage(throttles: dict[str, Any]) -> None:
    functions = FakeFunctions({"connect": {"statusCode": 200}})
    gateway = Gateway(make_api(CONNECT, **throttles), functions, clock=MovedClock())
    decisions = [await gateway.connect(HANDSHAKE) for _ in range(2)]
    assert [decision.status for decision in decisions if isinstance(decision, Refused)] == [429]
    assert len(functions.calls) == 1  # nothing is invoked for the second


@pytest.mark.parametrize("switch", ["no", "yes"])
async def test_disconnect_after_a_refusal(switch: str) -> None:
    """Contract H22."""
    handlers = {"connect": {"statusCode": 401}, "disconnect": None}
    _, functions = await attempt(
        make_api(CONNECT, DISCONNECT), handlers, **assume(disconnect_after_refusal=switch)
    )
    await turns()
    codes = [event["requestContext"]["disconnectStatusCode"] for event in functions.events("disconnect")]
    assert codes == ([1006] if switch == "yes" else [])


async def test_a_refusal_is_recorded() -> None:
    journal = Journal()
    decision, _ = await attempt(make_api(CONNECT), {"connect": {"statusCode": 401}}, journal=journal)
    assert isinstance(decision, Refused)
    entries = [(entry.kind, entry.facts) for entry in journal.since(0)]
    facts = {"connection": decision.connection_id, "api": "ChatApi", "stage": "live", "status": 401}
    assert entries == [("refused", facts)]


@pytest.mark.parametrize("switch", ["present", "absent"])
async def test_stage_variables(switch: str) -> None:
    """Contract E05: what events show is a switch, what the authorizer gets is not."""
    api = make_api(GUARDED, stage_variables={"table": "T"})
    handlers = {"guard": allow(), "connect": {"statusCode": 200}}
    _, functions = await attempt(api, handlers, **assume(stage_variables=switch))
    assert ("stageVariables" in functions.events("connect")[0]) is (switch == "present")
    assert functions.events("guard")[0]["stageVariables"] == {"table": "T"}
