"""Presence that heals: a member that is gone is seen no longer than the documents say, whatever told of its end or did
not. Each test breaks a chat of its own.
"""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from local_dev.faults.rules import read_plan
from tests.chat.client import ChatClient, Event, chat, member, room_path
from tests.conftest import ROOT
from tests.running import Running, client_of, running

pytestmark = pytest.mark.anyio

LOST_DISCONNECTS = read_plan(
    {"faults": [{"at": "invoke", "do": "lose", "function": "DisconnectFunction"}]}, seed=1
)
LEASE = 600
"""Seconds."""


@pytest.fixture
async def deaf() -> AsyncIterator[Running]:
    """A chat that never hears that a connection has ended, and whose DynamoDB expires nothing."""
    with running(
        ROOT / "template.yaml", faults=LOST_DISCONNECTS, ttl_sweep=0, LeaseSeconds=str(LEASE)
    ) as deployed:
        yield deployed


async def vanished(deployed: Running, room: str, client: str) -> None:
    """A client was there and had its say, and the room does not know that it has gone."""
    async with member(deployed.ws_url, room, client) as one:
        await one.send({"action": "ping"})
        await one.event(type="pong")


def leases(deployed: Running) -> dict[str, float]:
    """For how many seconds each client is still a member."""
    items = client_of(deployed, "dynamodb").scan(TableName=table(deployed), ConsistentRead=True)["Items"]
    return {
        item["client_id"]["S"]: int(item["expires_at"]["N"]) - time.time()
        for item in items
        if "client_id" in item
    }


def table(deployed: Running) -> str:
    return deployed.deployed.cloud.resources["Memberships"].id


def lease_runs_out(deployed: Running, client: str) -> None:
    """As long a time as the lease has passes for the client's membership."""
    assert LEASE / 2 < leases(deployed)[client] <= LEASE + 1
    dynamodb = client_of(deployed, "dynamodb")
    for item in dynamodb.scan(TableName=table(deployed))["Items"]:
        if item.get("client_id", {}).get("S") == client:
            dynamodb.update_item(
                TableName=table(deployed),
                Key={name: item[name] for name in ("room_id", "place")},
                UpdateExpression="ADD expires_at :passed",
                ExpressionAttributeValues={":passed": {"N": str(-LEASE - 1)}},
            )


async def test_a_ghost_is_found_out_by_the_next_message(deaf: Running) -> None:
    async with member(deaf.ws_url, "room", "Ali") as ali:
        await vanished(deaf, "room", "Sara")
        await ali.present("Ali", "Sara")
        await ali.send("anyone?")
        await ali.event(type="system", content="Sara left room.")
        await ali.present("Ali")


async def test_a_ghost_is_found_out_when_somebody_joins(deaf: Running) -> None:
    await vanished(deaf, "room", "Sara")
    async with chat(deaf.ws_url, room_path("room", "Ali")) as ali:
        await ali.event(type="system", content="Sara left room.")
        await ali.present("Ali")


async def test_in_a_silent_room_a_ghost_is_gone_when_its_lease_has_run_out_and_somebody_asks(
    deaf: Running,
) -> None:
    async with member(deaf.ws_url, "room", "Ali") as ali:
        await vanished(deaf, "room", "Sara")
        await ali.present("Ali", "Sara")

        async def ask(id: str) -> list[str]:
            await ali.send({"action": "presence", "id": id})
            return list((await ali.event(type="presence", id=id))["users"])

        assert await ask("before") == ["Ali", "Sara"]
        lease_runs_out(deaf, "Sara")
        assert await ask("after") == ["Ali"]
        await ali.event(type="system", content="Sara left room.")


async def test_where_nobody_is_left_the_ttl_tidies_up() -> None:
    with running(
        ROOT / "template.yaml", faults=LOST_DISCONNECTS, ttl_sweep=0.5, LeaseSeconds=str(LEASE)
    ) as deployed:
        await vanished(deployed, "room", "Sara")
        assert [*leases(deployed)] == ["Sara"]
        lease_runs_out(deployed, "Sara")
        async with asyncio.timeout(60):
            while await asyncio.to_thread(leases, deployed):  # noqa: ASYNC110 (nothing tells of it)
                await asyncio.sleep(0.1)
        async with member(deployed.ws_url, "room", "Bo") as bo:
            assert bo.users == ["Bo"]


async def test_a_storm_of_joins_costs_each_member_a_few_frames() -> None:
    """Fifty, gathered for a while; test_announcements.py counts the posts for five hundred."""
    names = [f"client-{number:02}" for number in range(50)]
    done = asyncio.Event()

    def told(ali: ChatClient) -> int:
        """Of how many newcomers Ali has been told, in however many lines."""
        return sum(event.get("total", 1) for event in joins(ali))

    def joins(ali: ChatClient) -> list[Event]:
        return [event for event in ali.of_type("system") if event["content"] != "Ali joined room."]

    async def join(url: str, name: str) -> None:
        async with chat(url, room_path("room", name)) as one:
            await one.event(type="system", content=f"{name} joined room.")
            await one.present("Ali", *names)
            await done.wait()

    with running(ROOT / "template.yaml", AnnounceWindow="5") as deployed:
        async with member(deployed.ws_url, "room", "Ali") as ali:
            joining = [asyncio.create_task(join(deployed.ws_url, name)) for name in names]
            await ali.until(lambda client: told(client) == len(names))
            await ali.present("Ali", *names)
            frames = len(joins(ali)) + len(ali.of_type("presence"))
            done.set()
            await asyncio.gather(*joining)
    assert frames < 50, "a line and a presence event for each would be a hundred"
