"""A room that is told in slices, by way of the queue: its members notice nothing of that."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.chat.client import ChatClient, chat, room_path
from tests.conftest import ROOT
from tests.running import Running, running

pytestmark = pytest.mark.anyio

MEMBERS = 24
MESSAGES = 10


@pytest.fixture(scope="module")
def small_is_large() -> Iterator[Running]:
    """The chat, where a room counts as large from 5 members on."""
    with running(ROOT / "template.yaml", LargeRoom="4", MessageRate="0") as deployed:
        yield deployed


@pytest.fixture
async def members(small_is_large: Running) -> AsyncIterator[list[ChatClient]]:
    """So many that are in the room and know it; every second one takes several events in a frame."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(
                chat(small_is_large.ws_url, room_path("hall", f"client-{number:02}", batches=number % 2 == 1))
            )
            for number in range(MEMBERS)
        ]
        everyone = [f"client-{number:02}" for number in range(MEMBERS)]
        await asyncio.gather(*(client.present(*everyone) for client in clients))
        yield clients


async def test_every_member_of_a_large_room_gets_each_message_once(members: list[ChatClient]) -> None:
    for number in range(MESSAGES):
        await members[number].send({"content": f"message {number}", "id": str(number)})
        if number % 2:  # more would be on their way than a busy machine carries out in time
            for client in members:
                await client.event(type="message", id=str(number - 1))
                await client.event(type="message", id=str(number))
    await members[0].send({"content": "the last"})  # whatever came double would have come before
    for client in members:
        await client.event(type="message", content="the last")
        told = [message["seq"] for message in client.of_type("message")]
        assert sorted(told) == list(range(1, MESSAGES + 2))


async def test_leaving_a_large_room_is_told(members: list[ChatClient]) -> None:
    await members[0].socket.close()
    for client in members[1:]:
        await client.present(*(f"client-{number:02}" for number in range(1, MEMBERS)))
        await client.event(type="system", content="client-00 left hall.")


async def test_events_come_together_for_those_who_take_them_so(members: list[ChatClient]) -> None:
    plain, batching = members[0], members[1]
    assert not any(isinstance(frame, list) for frame in plain.frames)
    greeting = batching.frames[0]
    assert isinstance(greeting, list)
    assert (greeting[0]["type"], greeting[-1]["type"]) == ("system", "presence")
    assert len(batching.frames) < len(batching.events)
