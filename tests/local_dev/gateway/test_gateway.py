"""Posts, descriptions and cuts by hand, and how connections end (contract sections 6 and 7)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from local_dev.errors import FunctionRaised
from local_dev.gateway.connections import BufferFull, Gone, State
from local_dev.stack.model import Route, Throttle
from tests.local_dev.gateway.scene import DISCONNECT, ONE_WAY, SAY, TWO_WAY, message_of, scene
from tests.local_dev.gateway.stand_ins import (
    HANDSHAKE,
    open_client,
    proxy,
    turns,
)

pytestmark = pytest.mark.anyio


async def test_a_post_reaches_only_an_open_connection() -> None:
    """Contract P01, P02, M05."""
    here = await scene()
    here.gateway.post(here.connection.id, "hello")
    assert here.client.frames == ["hello"]
    here.client.failure = BufferFull()
    with pytest.raises(BufferFull):
        here.gateway.post(here.connection.id, "x")
    await here.gateway.cut(here.connection.id)
    with pytest.raises(Gone):  # at once, though the socket is not closed yet
        here.gateway.post(here.connection.id, "x")
    with pytest.raises(Gone):
        await here.gateway.cut(here.connection.id)
    with pytest.raises(Gone):
        here.gateway.describe(here.connection.id)


async def test_describe() -> None:
    """Contract M03."""
    here = await scene()
    here.clock.now += 1.5
    here.gateway.post(here.connection.id, "x")
    assert here.gateway.describe(here.connection.id) == {
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "tester"},
        "connectedAt": "2023-11-14T22:13:20.000Z",
        "lastActiveAt": "2023-11-14T22:13:21.500Z",
    }
    anonymous, _ = await open_client(here.gateway, replace(HANDSHAKE, headers=()))
    assert here.gateway.describe(anonymous.id)["identity"] == {"sourceIp": "203.0.113.7"}


@pytest.mark.parametrize(("switch", "moved"), [("any", True), ("received", False)])
async def test_last_active(switch: str, moved: bool) -> None:
    """Contract M21."""
    here = await scene(Route("say"), assume={"last_active": switch})
    start = here.connection.last_active_ms
    here.clock.now += 1
    here.gateway.post(here.connection.id, "x")
    assert here.connection.last_active_ms == start + (1000 if moved else 0)
    here.clock.now += 1
    await here.say()
    assert here.connection.last_active_ms == start + 2000


async def test_a_cut_by_hand() -> None:
    """Contract L18."""
    here = await scene(DISCONNECT)
    await here.gateway.cut(here.connection.id)
    assert here.client.closed == (1000, "Connection Closed Normally")
    assert here.ends() == []  # not before the socket is closed (D01)
    await here.gateway.disconnected(here.connection, 1000, "")
    assert here.ends() == [(1000, "Connection Closed Normally")]


async def test_a_frame_that_is_refused() -> None:
    """Contract L06."""
    here = await scene(DISCONNECT)
    await here.gateway.refused_frame(here.connection)
    await here.gateway.refused_frame(here.connection, 1009)  # too late: it is closing
    assert here.client.closed == (1003, "")
    await here.gateway.disconnected(here.connection, 1006, "")
    assert here.ends() == [(1003, "")]


async def test_snapshot() -> None:
    here = await scene()
    opened = int(here.clock.now * 1000)
    assert here.gateway.snapshot() == [
        {
            "id": here.connection.id,
            "source_ip": "203.0.113.7",
            "user_agent": "tester",
            "query": "name=ada",
            "connected_at": opened,
            "last_active": opened,
        }
    ]
    await here.gateway.disconnected(here.connection, 1000, "")
    assert here.gateway.snapshot() == []


async def test_a_lost_connection_has_the_assumed_code() -> None:
    """Contract L18."""
    for switches, code in (({}, 1006), ({"lost_connection_code": 1001}, 1001)):
        here = await scene(DISCONNECT, assume=switches)
        await here.gateway.disconnected(here.connection, 1006, "")
        assert here.ends() == [(code, "")]


async def test_a_failing_disconnect_is_seen_by_nobody() -> None:
    """Contract D04, R21."""
    for failure in (FunctionRaised("x"), TimeoutError()):
        here = await scene(DISCONNECT, handlers={"disconnect": failure})
        await here.gateway.disconnected(here.connection, 1000, "")
        assert len(here.ends()) == 1


@pytest.mark.parametrize("switch", ["no", "yes"])
async def test_whether_disconnect_waits_for_messages_that_run(switch: str) -> None:
    """Contract D06."""
    release = asyncio.Event()

    async def slow(_: Any) -> None:
        await release.wait()

    here = await scene(ONE_WAY, DISCONNECT, handlers={"say": slow}, assume={"disconnect_waits": switch})
    message = asyncio.create_task(here.say())
    end = asyncio.create_task(here.gateway.disconnected(here.connection, 1000, ""))
    await turns()
    assert len(here.functions.events("say")) == 1
    assert len(here.ends()) == (0 if switch == "yes" else 1)
    with pytest.raises(Gone):
        here.gateway.post(here.connection.id, "x")
    release.set()
    await asyncio.gather(message, end)
    assert len(here.ends()) == 1


async def test_a_message_that_came_before_the_end_runs_before_it() -> None:
    here = await scene(ONE_WAY, DISCONNECT, handlers={"say": None})
    message = asyncio.create_task(here.say())
    await here.gateway.disconnected(here.connection, 1000, "")
    await message
    assert [name for name, _ in here.functions.calls] == ["say", "disconnect"]


@pytest.mark.parametrize("switch", ["none", "kept"])
async def test_order(switch: str) -> None:
    """Contract O05: by default all run at once, with --ordered one after the other."""
    running, most, order = 0, 0, []

    async def say(event: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await turns(10 - event["body"].count("x"))
        order.append(event["body"].count("x"))
        running -= 1

    here = await scene(Route("$default", proxy("say")), handlers={"say": say}, assume={"order": switch})
    other = await open_client(here.gateway)
    await asyncio.gather(*(here.gateway.message(here.connection, "x" * n) for n in range(8)))
    assert (most, order == sorted(order)) == ((1, True) if switch == "kept" else (8, False))
    most = 0
    await asyncio.gather(here.say(), here.gateway.message(other[0], "x"))
    assert most == 2  # the order is that of each connection


async def test_a_throttled_message_does_not_wait_for_its_turn() -> None:
    release = asyncio.Event()

    async def slow(_: Any) -> None:
        await release.wait()

    here = await scene(
        ONE_WAY, handlers={"say": slow}, assume={"order": "kept"}, route_throttles={"say": Throttle(0, 1)}
    )
    first = asyncio.create_task(here.say())
    await turns()
    assert message_of(await here.say()) == "Too Many Requests"
    release.set()
    await first


async def test_shut_down_closes_all_and_runs_no_disconnect() -> None:
    here = await scene(DISCONNECT)
    other = await open_client(here.gateway)
    await here.gateway.shut_down()
    assert (here.client.closed, other[1].closed) == ((1001, "Going away"), (1001, "Going away"))
    await here.gateway.disconnected(here.connection, 1001, "")
    assert here.ends() == []
    assert here.connection.state is State.CLOSED


async def test_the_journal() -> None:
    here = await scene(TWO_WAY, DISCONNECT, handlers={"say": {"body": "hi"}})
    await here.say()
    here.gateway.post(here.connection.id, "posted")
    await here.gateway.disconnected(here.connection, 1005, "Client-side close frame status not set")
    entries = [(entry.kind, entry.facts) for entry in here.journal.since(0)]
    one = {"connection": here.connection.id}
    assert entries == [
        ("connected", {**one, "api": "ChatApi", "stage": "live", "source": "203.0.113.7"}),
        ("received", {**one, "text": SAY}),
        ("sent", {**one, "text": "hi"}),
        ("sent", {**one, "text": "posted"}),
        ("disconnected", {**one, "code": 1005, "reason": "Client-side close frame status not set"}),
    ]
