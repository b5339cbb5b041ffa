"""Section 4 of the contract: which route a message takes, and what comes back."""

import asyncio
import json

import pytest

from tests.conformance.clients import answer_to, assert_error_frame, received
from tests.conformance.marks import local_only
from tests.conformance.target import TIMEOUT, Probe, Watched

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ('{"action":"named"}', "named"),
        ('{"action":"Named"}', "$default"),
        ('{"action":"Upper"}', "Upper"),
        ('{"action":"nam"}', "$default"),
        ('{"other":"named"}', "$default"),
        ("named", "$default"),
        ('{"action":', "$default"),
        ("5", "$default"),
        ('{"action":"$connect"}', "$default"),
        ('{"action":"$disconnect"}', "$default"),
    ],
)
async def test_r06_r07_r10_route_selection(probe: Probe, text: str, route: str) -> None:
    async with probe.connect() as socket:
        assert await answer_to(socket, text) == {"route": route, "body": text}


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ({"service": "chat", "action": "join"}, "chat/join"),
        ({"service": "chat"}, "chat/"),
        ({"action": "join"}, "$default"),
        ({}, "$default"),
    ],
)
async def test_r01_r03_a_composite_expression(probe: Probe, message: dict[str, str], route: str) -> None:
    """A missing part counts as nothing between the constants."""
    async with probe.connect("composed") as socket:
        assert (await answer_to(socket, message))["route"] == route


@pytest.mark.parametrize(
    ("message", "route"),
    [
        ({"list": [{"kind": "shallow"}, {"kind": "deep"}]}, "deep"),
        ({"list": [{"kind": "deep"}]}, "$default"),
        ({"list": {"kind": "deep"}}, "$default"),
        ({"kind": "deep"}, "$default"),
    ],
)
async def test_r02_r03_a_nested_and_indexed_expression(probe: Probe, message: object, route: str) -> None:
    async with probe.connect("nested") as socket:
        assert (await answer_to(socket, message))["route"] == route


def odd(probe: Probe) -> str:
    """The API with unusual route keys, where it was deployed."""
    if "odd" not in probe.addresses:
        pytest.skip("the probe was deployed with OddRouteKeys=false")
    return "odd"


async def test_r04_an_array_selects_by_its_items_in_brackets(probe: Probe) -> None:
    async with probe.connect(odd(probe)) as socket:
        assert (await answer_to(socket, {"action": ["a", "b"]}))["route"] == "[a, b]"


@pytest.mark.parametrize(("value", "route"), [(1, "1"), (True, "true"), (None, "null"), (2, "$default")])
async def test_r05_numbers_booleans_and_null_select_by_their_text(
    probe: Probe, value: object, route: str
) -> None:
    """BEL: inferred from the arrays of R04."""
    async with probe.connect(odd(probe)) as socket:
        assert (await answer_to(socket, {"action": value}))["route"] == route


async def test_r08_an_expression_may_index_a_body_that_is_an_array(probe: Probe) -> None:
    """BEL: what users of array protocols try."""
    async with probe.connect("array") as socket:
        assert (await answer_to(socket, [1, 2, "third"]))["route"] == "third"
        assert (await answer_to(socket, [1, 2]))["route"] == "$default"


async def test_r09_connect_and_disconnect_ignore_the_expression(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}&action=named"):
        event = await probe.event("connect", tag=tag)
    assert event["requestContext"]["routeKey"] == "$connect"
    closing = await probe.event("disconnect", connection=event["requestContext"]["connectionId"])
    assert closing["requestContext"]["routeKey"] == "$disconnect"


async def test_r11_no_route_and_no_default_is_the_exact_forbidden_frame(probe: Probe) -> None:
    async with probe.connect("bare") as socket:
        await socket.send('{"action":"nothing"}')
        assert_error_frame(await received(socket), "Forbidden")
        await (await socket.ping())


@pytest.mark.parametrize(
    "text", ['{"do":"raise"}', '{"do":"exit"}', '{"action":"broken"}', '{"action":"reserved"}']
)
async def test_r12_a_failing_function_is_an_internal_server_error(probe: Probe, text: str) -> None:
    async with probe.connect() as socket:
        await socket.send(text)
        assert_error_frame(await received(socket), "Internal server error")
        assert (await answer_to(socket, "still here"))["body"] == "still here"


async def test_r12_a_function_over_its_own_timeout_is_killed_and_the_next_invocation_works(
    probe: Probe,
) -> None:
    async with probe.connect() as socket:
        await socket.send('{"action":"short","do":"hang"}')
        assert_error_frame(await received(socket), "Internal server error")
        assert (await answer_to(socket, '{"action":"short"}'))["route"] == "short"


async def test_r13_an_integration_over_its_timeout(probe: Probe) -> None:
    async with probe.connect() as socket:
        await answer_to(socket, "the worker is warm")
        await socket.send('{"action":"slow","do":"hang"}')
        assert_error_frame(await received(socket), "Endpoint request timed out")
        assert (await answer_to(socket, "still here"))["body"] == "still here"


@pytest.mark.parametrize("message", ['{"action":"pay"}', '{"action":"pay","amount":-1}'])
async def test_r14_a_message_that_does_not_fit_its_model(probe: Probe, message: str) -> None:
    async with probe.connect("checked") as socket:
        await socket.send(message)
        assert_error_frame(await received(socket), "Invalid request body")
        assert (await answer_to(socket, {"action": "pay", "amount": 1}))["route"] == "pay"


async def test_r15_r17_neither_a_status_nor_a_body_reaches_the_client(probe: Probe) -> None:
    async with probe.connect() as socket:
        await socket.send('{"do":"status"}')
        assert (await answer_to(socket, "next"))["body"] == "next"


async def two_way(socket: Watched, **asked: str) -> str:
    """What a two-way route sends back."""
    await socket.send(json.dumps({"action": "ask", **asked}))
    return await received(socket)


async def test_r16_a_two_way_route_sends_the_body_whatever_the_status(probe: Probe) -> None:
    async with probe.connect("twoway") as socket:
        assert await two_way(socket, do="status") == "the body of a 500"


async def test_r18_a_two_way_route_needs_both_halves(probe: Probe) -> None:
    async with probe.connect("twoway") as socket:
        assert await two_way(socket, do="reply", text="once") == "once"
        await socket.send('{"action":"half","do":"reply","text":"never"}')
        await socket.send('{"action":"none","do":"reply","text":"never"}')
        assert await two_way(socket, do="reply", text="again") == "again"


async def test_r18_a_mock_integration_answers_by_itself(probe: Probe) -> None:
    async with probe.connect("checked") as socket:
        assert await answer_to(socket, {"action": "mock"}) == {"answer": "mock"}


async def test_r19_a_two_way_route_with_an_empty_body_sends_an_empty_message(probe: Probe) -> None:
    async with probe.connect("twoway") as socket:
        assert await two_way(socket, do="reply", text="") == ""


async def test_r21_a_disconnect_that_fails_is_seen_by_nobody(probe: Probe, tag: str) -> None:
    """BEL. The probe's $disconnect always raises, after it has stored what it tried."""
    async with probe.connect() as witness:
        async with probe.connect(query=f"tag={tag}") as socket:
            connection = await probe.connection_of(tag)
        await probe.event("post-after-close", connection=connection)
        assert socket.frames[-1].opcode.name == "CLOSE"
        assert (await answer_to(witness, "undisturbed"))["body"] == "undisturbed"


async def test_r22_an_invocation_as_an_event_answers_nothing(probe: Probe, tag: str) -> None:
    async with probe.connect("checked") as socket:
        await socket.send(json.dumps({"action": "later", "tag": tag}))
        assert await probe.event("later", tag=tag) == {"action": "later", "tag": tag}
        assert await answer_to(socket, {"action": "mock"}) == {"answer": "mock"}


@local_only("no row of the contract, but what the protocol asks for")
async def test_invalid_utf8_is_1007_and_what_came_before_it_counts(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        await answer_to(socket, "before")
        await socket.send(b"\xff\xfe", text=True)
        async with asyncio.timeout(TIMEOUT):
            await socket.wait_closed()
        assert socket.close_code == 1007
    assert (await probe.closing_of(tag))[0] == 1007
