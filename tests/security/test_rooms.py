"""Reading a room, or staying in it, without being a member: evicted, put out, or never let in."""

import asyncio

import pytest
from websockets.exceptions import ConnectionClosed

from tests.chat.client import ChatClient, room_path, stage_path
from tests.running import client_of
from tests.security.target import Target, new_room, said

pytestmark = pytest.mark.anyio


async def closed(client: ChatClient) -> int:
    """The code with which the gateway closed the connection."""
    async with asyncio.timeout(60):
        await client.socket.wait_closed()
    assert client.socket.close_code is not None
    return client.socket.close_code


async def test_no_frame_reads_another_room(open_chat: Target, room: str) -> None:
    secret, elsewhere = said(), new_room()
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(elsewhere, "Mallory")) as mallory,
    ):
        await ali.present("Ali")
        await ali.send(secret)
        await ali.event(content=secret)
        for number, action in enumerate(("sync", "presence", "ping")):
            for name in ("room_id", "room", "RoomId"):
                await mallory.send({"action": action, name: room, "id": f"{number} {name}", "after": 0})
                answer = await mallory.event(id=f"{number} {name}")
                assert answer.get("messages", []) == []
                assert answer.get("users", ["Mallory"]) == ["Mallory"]
                assert answer.get("last_seq", 0) == 0
        assert secret not in str(mallory.events)
        assert "Ali" not in str(mallory.events)


def evict(chat: Target, room: str, client: str) -> None:
    """End the memberships of a client, as a fan-out does that finds a connection gone."""
    table = chat.running.deployed.cloud.resources["Memberships"].id
    store = client_of(chat.running, "dynamodb")
    asked = {"TableName": table, "KeyConditionExpression": "room_id = :room", "ConsistentRead": True}
    for item in store.query(**asked, ExpressionAttributeValues={":room": {"S": room}})["Items"]:
        if item.get("client_id", {}).get("S") == client:
            key = {name: item[name] for name in ("room_id", "place")}
            store.delete_item(TableName=table, Key=key)


@pytest.mark.parametrize(
    "frame", [{"action": "sync"}, {"action": "presence"}, {"action": "ping"}, {"content": said()}]
)
async def test_who_is_no_member_any_more_is_told_nothing(
    open_chat: Target, room: str, frame: dict[str, str]
) -> None:
    secret = said()
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Mallory")) as mallory,
    ):
        await mallory.present("Ali", "Mallory")
        await ali.present("Ali", "Mallory")
        await asyncio.to_thread(evict, open_chat, room, "Mallory")
        await ali.present("Ali")
        known = len(mallory.events)
        await ali.send(secret)
        await ali.event(content=secret)
        await mallory.send(frame)
        await mallory.event(type="error", code="not_a_member")
        await ali.send({"action": "sync", "id": "all"})
        page = await ali.event(type="page", id="all")
        assert [message["content"] for message in page["messages"]] == [secret]
        assert [event["type"] for event in mallory.events[known:]] == ["error"]


async def test_who_is_put_out_is_out_in_all_tabs_and_stays_out(open_chat: Target, room: str) -> None:
    other = new_room()
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Mallory")) as tab,
        open_chat.enter(stage_path(room, "Mallory")) as second_tab,
        open_chat.enter(room_path(other, "Mallory")) as elsewhere,
    ):
        for client in (ali, tab, second_tab):
            await client.present("Ali", "Mallory")
        await elsewhere.present("Mallory")
        answer = await open_chat.put_out(room, " Mallory ")
        assert (answer["room"], answer["client"], answer["closed"]) == (room, "Mallory", 2)
        assert [await closed(client) for client in (tab, second_tab)] == [1000, 1000]
        await ali.present("Ali")
        await ali.event(type="system", content=f"Mallory left {room}.")
        # No way back, whichever way it is tried; and no message from before can be read.
        for path in (
            room_path(room, "Mallory"),
            stage_path(room, "Mallory"),
            room_path(f" {room} ", "Mallory\u200f"),
        ):
            assert await open_chat.refusal(path) == "put_out"
        # Nobody else notices.
        content = said()
        await ali.send(content)
        await ali.event(content=content)
        with pytest.raises(ConnectionClosed):
            await tab.send({"action": "sync"})
        assert content not in str((tab.events, second_tab.events))
        await elsewhere.send(content)
        await elsewhere.event(content=content, room_id=other)
        async with open_chat.enter(room_path(room, "Bo")) as bo:
            await bo.present("Ali", "Bo")
        # What an open chat cannot do: somebody who takes another name is another.
        async with open_chat.enter(room_path(room, "Mallory2")) as again:
            await again.present("Ali", "Mallory2")


async def test_with_tickets_who_is_put_out_has_no_other_name_to_come_by(
    ticket_chat: Target, room: str
) -> None:
    def place(client: str) -> str:
        return f"{room_path(room, client)}?ticket={ticket_chat.ticket(sub='Mallory', rooms=[room])}"

    async with ticket_chat.enter(place("")) as mallory:
        await mallory.present("Mallory")
        assert (await ticket_chat.put_out(room, "Mallory"))["closed"] == 1
        assert await closed(mallory) == 1000
    assert await ticket_chat.refusal(place("")) == "put_out"
    assert await ticket_chat.refusal(place("Mallory")) == "put_out"
    assert await ticket_chat.refusal(place("Mallory2")) == "ticket_client"
