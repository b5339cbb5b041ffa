"""The room for those without a WebSocket, through the local gateway: as protocol.md has it."""

import asyncio
import uuid
from typing import Any

import pytest
from chat import places
from chat.sessions import Session

from tests.chat.client import member
from tests.chat.poller import Room, over_http, poller
from tests.conftest import ROOT, ServedGateway
from tests.running import client_of, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def room() -> str:
    """A room that no other test uses."""
    return f"room-{uuid.uuid4().hex[:12]}"


async def test_who_polls_is_present_and_announced_as_anybody(gateway: ServedGateway, room: str) -> None:
    async with member(gateway.ws_url, room, "Bo") as bo:
        async with poller(over_http(gateway.url), room, "Ada", wait=5) as ada:
            await bo.event(type="system", content=f"Ada joined {room}.")
            await bo.present("Ada", "Bo")
            await ada.event(type="system", content=f"Ada joined {room}.")
            await ada.present("Ada", "Bo")
        await bo.event(type="system", content=f"Ada left {room}.")
        await bo.present("Bo")


async def test_a_message_goes_either_way_and_once(gateway: ServedGateway, room: str) -> None:
    async with (
        member(gateway.ws_url, room, "Bo") as bo,
        poller(over_http(gateway.url), room, "Ada", wait=5) as ada,
        poller(over_http(gateway.url), room, "سارا", pause=0.3) as sara,
    ):
        receipt = await ada.say({"content": "سلام", "id": "1"})
        assert (await bo.event(type="message", id="1"))["seq"] == receipt["seq"] == 1
        await bo.send({"content": "hello"})
        for client in (bo, sara):
            await client.event(type="message", content="hello")
        await sara.say({"content": "درود", "id": "2"})
        await ada.event(type="message", id="2")
        for client in (ada, sara, bo):
            await client.until(lambda each: len(each.of_type("message")) == 3)
            assert [message["seq"] for message in client.of_type("message")] == [1, 2, 3]


async def test_a_ghost_is_gone_when_somebody_looks_after_its_lease() -> None:
    """A minute long, by `test_each_poll_renews_a_short_lease_and_takes_a_token`; here its end is moved."""
    with running(ROOT / "template.yaml", ttl_sweep=0) as deployed:
        async with member(deployed.ws_url, "general", "Bo") as bo:
            _, entered = await Room(over_http(deployed.url), "general").enter("Ghost")
            await bo.present("Bo", "Ghost")
            key = {
                "room_id": {"S": "general"},
                "place": {"S": places.of(Session.of("general", entered["key"]).connection_id)},
            }
            client_of(deployed, "dynamodb").update_item(
                TableName=deployed.deployed.stack.tables["Memberships"],
                Key=key,
                UpdateExpression="SET expires_at = :over",
                ExpressionAttributeValues={":over": {"N": "1"}},
            )
            await bo.send({"action": "presence"})
            await bo.event(type="system", content="Ghost left general.")
            await bo.present("Bo")


async def test_a_name_with_anything_in_it_arrives(gateway: ServedGateway) -> None:
    room, name = "a/b ج?&#%2F+", "x/y+z; %2F\u200cسارا"
    async with (
        member(gateway.ws_url, room, "Bo") as bo,
        poller(over_http(gateway.url), room, name, wait=5) as there,
    ):
        await bo.present("Bo", name)
        await there.say({"content": "here"})
        assert (await bo.event(type="message"))["client_id"] == name


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("{}", (400, "content_missing")),
        (b"\xff\xfe" * 9, (200, None)),
        ('{"action": "ping"}', (400, "action_unknown")),
        ("x" * 4001, (413, "content_too_long")),
        ("x" * 40_000, (413, "frame_too_large")),
    ],
)
async def test_refusals_have_a_status_and_a_code(
    gateway: ServedGateway, room: str, body: str | bytes, refused: tuple[int, str | None]
) -> None:
    address = Room(over_http(gateway.url), room)
    _, entered = await address.enter("Ada")
    status, answer = await address.say(entered["key"], body)
    assert (status, answer.get("code")) == refused


async def test_without_a_key_there_is_nothing(gateway: ServedGateway, room: str) -> None:
    address = Room(over_http(gateway.url), room)
    answers: list[tuple[int, Any]] = [
        await address.events(None),
        await address.say(None, "x"),
        await address.members(None),
        await address.leave(None),
        await address.events("x" * 30),
    ]
    assert [(status, answer["code"]) for status, answer in answers] == [(401, "key_missing")] * 5
    _, entered = await address.enter("Ada")
    assert (await address.leave(entered["key"])) == (204, None)
    status, answer = await address.events(entered["key"])
    assert (status, answer["code"]) == (410, "not_a_member")


async def test_a_long_poll_ends_when_something_is_said(gateway: ServedGateway, room: str) -> None:
    address = Room(over_http(gateway.url), room)
    _, entered = await address.enter("Ada")
    async with member(gateway.ws_url, room, "Bo") as bo:
        _, answer = await address.events(entered["key"], noticed=2**49)
        asking = asyncio.create_task(address.events(entered["key"], after=0, noticed=2**49, wait=25))
        # It waits: nobody has said anything, and all that was announced counts as noticed.
        done, _ = await asyncio.wait([asking], timeout=1)
        assert not done
        await bo.send({"content": "there"})
        status, answer = await asking
        assert (status, [event["type"] for event in answer["events"]]) == (200, ["page"])
        assert [message["content"] for message in answer["events"][0]["messages"]] == ["there"]
