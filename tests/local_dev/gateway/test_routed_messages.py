"""Messages through the gateway, to the end of what their sender hears (contract section 4)."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import FunctionRaised, FunctionTimedOut, ModelError
from local_dev.gateway.connections import BufferFull, Gone, Throttled
from local_dev.gateway.gateway import Gateway
from local_dev.gateway.throttles import AccountLimits
from local_dev.stack.model import Integration, IntegrationType, Route, Throttle
from tests.local_dev.gateway.scene import DISCONNECT, ONE_WAY, TWO_WAY, message_of, scene
from tests.local_dev.gateway.stand_ins import (
    FakeFunctions,
    MovedClock,
    make_api,
    proxy,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "result", [None, 5, "text", {"statusCode": 501, "body": "b"}, {"statusCode": "abc"}, {"body": {}}]
)
async def test_a_one_way_route_says_nothing(result: Any) -> None:
    """Contract R15, R17."""
    here = await scene(ONE_WAY, handlers={"say": result})
    assert await here.say() == []
    assert here.client.closed is None


@pytest.mark.parametrize(
    ("result", "heard"),
    [
        ({"statusCode": 200, "body": "hi"}, ["hi"]),
        ({"body": "no status"}, ["no status"]),
        ({"statusCode": 200}, [""]),  # R19
        ({"statusCode": 200, "body": ""}, [""]),
        ({}, [""]),
        ({"statusCode": 500, "body": "failed"}, ["failed"]),  # R16
        ({"body": "\ud83d\ude00 \ud800 é"}, ["\U0001f600 \ufffd é"]),
        ({"statusCode": 200, "body": "x" * 131_072}, ["x" * 131_072]),
    ],
)
async def test_a_two_way_route_sends_the_body(result: Any, heard: list[str]) -> None:
    """Contract R18."""
    here = await scene(TWO_WAY, handlers={"say": result})
    assert await here.say() == heard


@pytest.mark.parametrize(
    "result",
    [None, "text", ["x"], {"statusCode": 200, "body": 5}, {"statusCode": "abc"}, {"body": "é" * 65_537}],
)
async def test_a_two_way_route_without_a_usable_answer_is_an_internal_error(result: Any) -> None:
    here = await scene(TWO_WAY, handlers={"say": result})
    assert message_of(await here.say()) == "Internal server error"


async def test_a_two_way_routes_error_can_be_an_error_frame() -> None:
    here = await scene(
        TWO_WAY,
        handlers={"say": {"statusCode": 500, "body": "b"}},
        assume={"route_response_errors": "error-frame"},
    )
    assert message_of(await here.say()) == "Internal server error"
    here.functions.handlers["say"] = {"statusCode": 204, "body": "b"}
    assert await here.say() == ["b"]


@pytest.mark.parametrize("route", [ONE_WAY, TWO_WAY])
@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (FunctionRaised("secret"), "Internal server error"),  # R12
        (FunctionTimedOut("secret"), "Internal server error"),
        (TimeoutError(), "Endpoint request timed out"),  # R13
        (RuntimeError("a fault of ours"), "Internal server error"),
    ],
)
async def test_a_failure_is_an_error_frame(route: Route, failure: Exception, message: str) -> None:
    here = await scene(route, handlers={"say": failure})
    (frame,) = await here.say()
    request_id = json.loads(frame)["requestId"]
    assert frame == (
        f'{{"message": "{message}", "connectionId":"{here.connection.id}", "requestId":"{request_id}"}}'
    )
    event = here.functions.events("say")[0]
    assert event["requestContext"]["requestId"] == request_id
    assert here.client.closed is None


async def test_a_time_out_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    here = await scene(ONE_WAY, handlers={"say": TimeoutError()})
    await here.say()
    assert [record.getMessage() for record in caplog.records] == ["route say: no answer within 29 s"]


async def test_no_route_is_forbidden() -> None:
    """Contract R11."""
    here = await scene(ONE_WAY)
    assert message_of(await here.say('{"action":"other"}')) == "Forbidden"
    assert here.functions.calls == []


async def test_a_message_that_names_the_lifecycle_can_be_forbidden() -> None:
    """Contract R10."""
    default = Route("$default", proxy("say"))
    for switch, frames in (("default", 0), ("forbidden", 1)):
        here = await scene(default, handlers={"say": None}, assume={"lifecycle_by_name": switch})
        assert len(await here.say('{"action":"$disconnect"}')) == frames
        assert here.functions.events("disconnect") == []


async def test_a_route_without_an_integration_swallows_the_message() -> None:
    here = await scene(Route("say", responds=True))
    assert await here.say() == []


async def test_a_model_refuses_a_body() -> None:
    """Contract R14."""
    here = await scene(replace(ONE_WAY, models={"$default": {"required": ["text"]}}), handlers={"say": None})
    assert message_of(await here.say()) == "Invalid request body"
    assert here.functions.calls == []
    assert await here.say('{"action":"say","text":""}') == []
    assert len(here.functions.calls) == 1


def test_a_broken_model_is_found_at_once() -> None:
    with pytest.raises(ModelError):
        Gateway(make_api(replace(ONE_WAY, models={"$default": {"type": 5}})), FakeFunctions())


async def test_a_mock_answers_by_itself() -> None:
    mock = Integration(
        IntegrationType.MOCK,
        request_templates={"200": '{"statusCode":200}'},
        template_selection="200",
        responses={"$default": {"200": '{"pong":"$context.connectionId"}'}},
    )
    here = await scene(Route("say", mock, responds=True))
    assert await here.say() == [f'{{"pong":"{here.connection.id}"}}']
    broken = await scene(Route("say", replace(mock, request_templates={"200": "#end"})))
    assert message_of(await broken.say()) == "Internal server error"


async def test_an_asynchronous_lambda_is_only_handed_over() -> None:
    """Contract R22."""
    here = await scene(Route("say", Integration(IntegrationType.LAMBDA, "say", asynchronous=True)))
    assert await here.say() == []
    assert here.functions.later == [("say", {"action": "say"})]


@given(st.text())
async def test_any_message_is_answered_or_swallowed(body: str) -> None:
    here = await scene(Route("say", proxy("say")), handlers={"say": None})
    assert [json.loads(frame)["message"] for frame in await here.say(body)] in ([], ["Forbidden"])


async def test_a_client_that_is_gone_or_reads_nothing_does_no_harm() -> None:
    here = await scene(TWO_WAY, handlers={"say": {"body": "x"}})
    for failure in (BufferFull(), Gone("x")):
        here.client.failure = failure
        assert await here.say() == []
    await here.gateway.disconnected(here.connection, 1000, "")
    here.client.failure = None
    assert await here.say() == []  # a message that was on its way when the socket closed still runs
    assert len(here.functions.events("say")) == 3


async def test_a_throttled_message_is_an_error_frame_or_nothing() -> None:
    """Contract L14."""
    for switch, heard in (("error", ["Too Many Requests"]), ("nothing", [])):
        here = await scene(
            ONE_WAY,
            handlers={"say": None},
            route_throttles={"say": Throttle(1, 2)},
            assume={"throttled_frame": switch},
        )
        frames = [frame for _ in range(3) for frame in await here.say()]
        assert [json.loads(frame)["message"] for frame in frames] == heard
        assert len(here.functions.events("say")) == 2
        await here.clock.move(1)
        assert await here.say() == []


async def test_messages_and_management_share_the_accounts_requests() -> None:
    """Contract L13, M10."""
    here = await scene(Route("say"))
    for _ in range(4997):
        assert await here.say() == []
    here.gateway.post(here.connection.id, "x")
    here.gateway.describe(here.connection.id)
    assert await here.say() == []
    assert message_of(await here.say()) == "Too Many Requests"
    with pytest.raises(Throttled):
        here.gateway.post(here.connection.id, "x")
    with pytest.raises(Throttled):
        here.gateway.describe(here.connection.id)
    with pytest.raises(Throttled):
        await here.gateway.cut(here.connection.id)
    await here.clock.move(0.001)
    here.gateway.post(here.connection.id, "y")
    assert here.client.frames[-1] == "y"


async def test_disconnect_is_never_throttled() -> None:
    here = await scene(DISCONNECT, throttle=Throttle(0, 1), route_throttles={"$disconnect": Throttle(0, 0)})
    await here.gateway.disconnected(here.connection, 1000, "bye")
    assert here.ends() == [(1000, "bye")]


async def test_limits_can_be_shared() -> None:
    clock = MovedClock()
    limits = AccountLimits(clock=clock.real)
    first = await scene(Route("say"), limits=limits)
    second = await scene(Route("say"), limits=limits)
    for _ in range(5000):
        await first.say()
    assert message_of(await second.say()) == "Too Many Requests"
