"""The client on a real socket, against a room in memory that is served without a gateway."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.chaos.client import ChaosClient
from tests.chaos.history import History, Kind
from tests.chaos.model import RoomModel
from tests.chaos.session import Pace
from tests.chaos.timeline import Event

pytestmark = pytest.mark.anyio


class Served:
    """A room, and the connections that are told of it. While `deaf` frames are lost."""

    def __init__(self) -> None:
        self.room = RoomModel()
        self.sockets: set[ServerConnection] = set()
        self.paths: list[str] = []
        self.deaf = False
        self.url = ""

    async def talk(self, socket: ServerConnection) -> None:
        assert socket.request
        self.paths.append(socket.request.path)
        self.sockets.add(socket)
        try:
            async for frame in socket:
                if not self.deaf:
                    await self._hear(json.loads(frame), socket)
        finally:
            self.sockets.discard(socket)

    async def _hear(self, frame: Event, socket: ServerConnection) -> None:
        again: list[Event] = []
        match frame:
            case {"content": content, "id": id}:
                self.room.take("Ada", content, id, again.append)
                told = self.room.commit(self.room.last_seq) if not again else again[0]
                for each in self.sockets:
                    await each.send(json.dumps(told))
            case {"action": "sync", "id": id}:
                await socket.send(json.dumps(self.room.page(after=frame.get("after")) | {"id": id}))
            case {"action": "ping", "id": id}:
                await socket.send(json.dumps({"type": "pong", "last_seq": self.room.last_seq, "id": id}))


@asynccontextmanager
async def served() -> AsyncIterator[Served]:
    room = Served()
    async with serve(room.talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        room.url = f"ws://127.0.0.1:{port}"
        yield room


@asynccontextmanager
async def client_of(room: Served, history: History) -> AsyncIterator[ChaosClient]:
    begun = time.monotonic()
    client = ChaosClient(
        "a room/ü",
        "Ada",
        server=room.url,
        history=history,
        now=lambda: time.monotonic() - begun,
        random=Random(1),
        pace=Pace(answer=0.3),
    )
    yield client
    await client.leave()


async def until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if wanted():
                return
            await asyncio.sleep(0.01)


def facts(history: History, kind: Kind, name: str) -> list[object]:
    return [record.facts[name] for record in history if record.kind is kind]


async def test_what_is_said_is_acknowledged_and_shown_over_connections_that_break() -> None:
    history = History()
    async with served() as room, client_of(room, history) as client:
        await until(lambda: bool(facts(history, Kind.BEGUN, "seq")))
        await client.say("one")
        await until(lambda: facts(history, Kind.ACKED, "seq") == [1])
        room.deaf = True
        await client.say("two")
        await until(lambda: len(facts(history, Kind.SENT, "id")) > 4)  # again and again, in vain
        client.cut()
        await until(lambda: len(room.paths) == 2)
        room.deaf = False
        await until(lambda: facts(history, Kind.ACKED, "id") == ["Ada-1", "Ada-2"])
    assert facts(history, Kind.SHOWN, "content") == ["one", "two"]
    assert [event["content"] for event in room.room.stored.values()] == ["one", "two"]
    assert facts(history, Kind.DISCONNECTED, "why") == ["1006", "1000"]
    assert set(room.paths) == {"/ws/a%20room%2F%C3%BC/Ada"}


async def test_it_comes_back_to_a_server_that_is_away_for_a_while() -> None:
    history = History()
    async with served() as room:
        url = room.url
    port = int(url.rpartition(":")[2])
    async with client_of(room, history) as client:
        await until(lambda: "no_connection" in facts(history, Kind.ERROR, "code"))
        async with serve(room.talk, "127.0.0.1", port):
            await client.say("at last")
            await until(lambda: facts(history, Kind.ACKED, "seq") == [1])
            await client.leave()


async def test_who_leaves_stays_away() -> None:
    history = History()
    async with served() as room, client_of(room, history) as client:
        await until(lambda: client.is_connected)
        await client.leave(abruptly=True)
        await client.leave()
    assert len(room.paths) == 1
    assert client.has_left
    assert not client.is_connected
