"""The client on real connections of every kind, against a room in memory that is served without a gateway."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from tests.chaos.client import ChaosClient
from tests.chaos.history import History, Kind
from tests.chaos.room_server import RoomServer, served, until
from tests.chaos.session import Pace
from tests.chaos.ways import Transport
from tests.ports import free_port

pytestmark = pytest.mark.anyio

ROOM = "/api/rooms/a%20room%2F%C3%BC"


@asynccontextmanager
async def client_of(room: RoomServer, history: History, *transports: Transport) -> AsyncIterator[ChaosClient]:
    begun = time.monotonic()
    client = ChaosClient(
        "a room/ü",
        "Ada",
        server=room.address,
        history=history,
        now=lambda: time.monotonic() - begun,
        random=Random(1),
        pace=Pace(answer=0.3),
        transports=transports or (Transport.SOCKET,),
    )
    yield client
    await client.leave()


def facts(history: History, kind: Kind, name: str) -> list[object]:
    return [record.facts[name] for record in history if record.kind is kind]


@pytest.mark.parametrize("transport", Transport)
async def test_what_is_said_is_acknowledged_and_shown_over_connections_that_break(
    transport: Transport,
) -> None:
    history = History()
    async with served() as room, client_of(room, history, transport) as client:
        await until(lambda: bool(facts(history, Kind.BEGUN, "seq")))
        await client.say("one")
        await until(lambda: facts(history, Kind.ACKED, "seq") == [1])
        room.deaf = True
        await client.say("two")
        await until(lambda: facts(history, Kind.SENT, "id").count("Ada-2") > 2)  # again and again, in vain
        client.cut()
        room.deaf = False
        await until(lambda: facts(history, Kind.ACKED, "id") == ["Ada-1", "Ada-2"])
    assert facts(history, Kind.SHOWN, "content") == ["one", "two"]
    assert [event["content"] for event in room.room.stored.values()] == ["one", "two"]


async def test_a_socket_that_breaks_is_opened_again() -> None:
    history = History()
    async with served() as room, client_of(room, history) as client:
        await until(lambda: client.is_connected)
        client.cut()
        await until(lambda: len(room.paths) == 2 and client.is_connected)
    assert facts(history, Kind.DISCONNECTED, "why") == ["1006", "1000"]
    assert set(room.paths) == {"/ws/a%20room%2F%C3%BC/Ada"}


@pytest.mark.parametrize("transport", [Transport.WAITING, Transport.POLLING])
async def test_who_asks_hears_what_others_say_and_who_is_there(transport: Transport) -> None:
    history = History()
    async with served() as room, client_of(room, history, transport):
        await until(lambda: bool(facts(history, Kind.BEGUN, "seq")))
        room.room.take("Bo", "hello", None, lambda _: None)
        room.room.commit(1)
        await until(lambda: facts(history, Kind.SHOWN, "content") == ["hello"])
        await until(lambda: facts(history, Kind.PRESENCE, "users") == [["Ada"]])


async def test_who_is_no_member_any_more_enters_anew() -> None:
    history = History()
    async with served() as room, client_of(room, history, Transport.WAITING) as client:
        await until(lambda: bool(facts(history, Kind.BEGUN, "seq")))
        room.keys.clear()
        await client.say("still here")
        await until(lambda: facts(history, Kind.ACKED, "seq") == [1])
    assert facts(history, Kind.DISCONNECTED, "why") == ["not_a_member", "left"]
    assert room.heard.count(f"POST {ROOM}/members/Ada") == 2


async def test_who_changes_enters_by_the_new_way_before_it_leaves_the_old() -> None:
    history = History()
    async with served() as room, client_of(room, history, *Transport) as client:
        for number, transport in enumerate((*Transport, Transport.SOCKET)):
            await until(lambda: client.is_connected and client.transport is transport)  # noqa: B023
            await client.say(f"by {transport}")
            await until(lambda: facts(history, Kind.ACKED, "seq") == [*range(1, number + 2)])  # noqa: B023
            client.change()
        await until(lambda: room.heard.count("closed") == 2 and client.is_connected)  # by the new way
    doors = [line for line in room.heard if "/members" in line or line.startswith(("WS", "closed"))]
    enter, leave, socket = f"POST {ROOM}/members/Ada", f"DELETE {ROOM}/members", f"WS {room.paths[0]}"
    steps = [line for line in doors if not line.startswith("GET")]
    assert steps == [socket, enter, "closed", enter, leave, socket, leave, enter, "closed", leave]


@pytest.mark.parametrize("second", [Transport.WAITING, Transport.POLLING])
async def test_who_leaves_while_it_enters_by_a_new_way_leaves_by_that_as_well(second: Transport) -> None:
    history = History()
    async with served() as room, client_of(room, history, Transport.SOCKET, second) as client:
        await until(lambda: client.is_connected)
        client.change()
        while client.transport is not second:  # noqa: ASYNC110 (then it has begun to, and is not in yet)
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await client.leave()
        assert not client.is_connected
    assert facts(history, Kind.DISCONNECTED, "why") == ["1000"]
    assert room.keys == set()


@pytest.mark.parametrize("transport", Transport)
async def test_it_comes_back_to_a_server_that_is_away_for_a_while(transport: Transport) -> None:
    history, room, port = History(), RoomServer(), free_port()
    room.address = f"127.0.0.1:{port}"
    async with client_of(room, history, transport) as client:
        await until(lambda: "no_connection" in facts(history, Kind.ERROR, "code"))
        async with served(port, room):
            await client.say("at last")
            await until(lambda: facts(history, Kind.ACKED, "seq") == [1])
            await client.leave()


@pytest.mark.parametrize("transport", Transport)
async def test_who_leaves_stays_away(transport: Transport) -> None:
    history = History()
    async with served() as room, client_of(room, history, transport) as client:
        await until(lambda: client.is_connected)
        await client.leave(abruptly=True)
        await asyncio.sleep(0.5)  # what was on its way has come
        heard = len(room.heard)
        await client.leave()
        await asyncio.sleep(2.0)  # longer than a poll or another connection waits
    assert [line for line in room.heard[heard:] if line != "closed"] == []
    assert client.has_left
    assert not client.is_connected
