"""Connections that are idle or old, by a clock that the tests move (contract L08 to L10)."""

import asyncio
from typing import Any

import pytest

from local_dev.clock import Clock
from local_dev.gateway.connections import Gone
from local_dev.stack.model import Route
from tests.local_dev.gateway.scene import DISCONNECT, Scene, scene
from tests.local_dev.gateway.stand_ins import (
    open_client,
    turns,
)

pytestmark = pytest.mark.anyio


async def cutting(here: Scene) -> asyncio.Task[None]:
    task = asyncio.create_task(here.gateway.run_cuts())
    await turns()
    return task


async def finish(task: asyncio.Task[None]) -> None:
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_idle_connection_is_cut_after_ten_minutes() -> None:
    """Contract L08, L10."""
    here = await scene(DISCONNECT)
    task = await cutting(here)
    await here.clock.move(599.5)
    assert here.client.closed is None
    await here.clock.move(0.5)
    assert here.client.closed == (1001, "Going away")
    with pytest.raises(Gone):
        here.gateway.post(here.connection.id, "x")
    await here.gateway.disconnected(here.connection, 1001, "")
    assert here.ends() == [(1001, "Going away")]
    await finish(task)


async def test_a_message_in_either_direction_puts_the_cut_off() -> None:
    """Contract L08: even where it does not move lastActiveAt."""
    here = await scene(Route("say"), assume={"last_active": "received"})
    task = await cutting(here)
    await here.clock.move(400)
    await here.say()
    await here.clock.move(400)
    here.gateway.post(here.connection.id, "x")
    await here.clock.move(599)
    assert here.client.closed is None
    await here.clock.move(1)
    assert here.client.closed == (1001, "Going away")
    await finish(task)


@pytest.mark.parametrize("switch", ["no", "yes"])
async def test_whether_control_frames_put_the_cut_off(switch: str) -> None:
    """Contract L17."""
    here = await scene(assume={"pings_keep_alive": switch})
    task = await cutting(here)
    before = here.connection.last_active_ms
    await here.clock.move(400)
    here.gateway.control_frame(here.connection)
    assert here.connection.last_active_ms == before
    await here.clock.move(400)
    assert (here.client.closed is None) is (switch == "yes")
    await finish(task)


async def test_no_connection_lives_longer_than_two_hours() -> None:
    """Contract L09, L10."""
    here = await scene(Route("say"), DISCONNECT)
    task = await cutting(here)
    for _ in range(23):
        await here.clock.move(300)
        await here.say()
    await here.clock.move(299.5)
    assert here.client.closed is None
    await here.clock.move(0.5)
    assert here.client.closed == (1001, "Going away")
    await here.gateway.disconnected(here.connection, 1001, "Going away")
    assert here.ends() == [(1001, "Going away")]
    await finish(task)


async def test_each_connection_has_its_own_time() -> None:
    here = await scene()
    task = await cutting(here)
    clients = []
    for _ in range(5):
        await here.clock.move(100)
        clients.append(await open_client(here.gateway))
    await here.gateway.disconnected(clients[1][0], 1000, "")  # one leaves by itself
    cut = []
    for _ in range(6):
        await here.clock.move(100)
        cut.append([client.closed is not None for _, client in clients])
    assert cut == [
        [False, False, False, False, False],
        [True, False, False, False, False],
        [True, False, False, False, False],
        [True, False, True, False, False],
        [True, False, True, True, False],
        [True, False, True, True, True],
    ]
    await finish(task)


async def test_a_client_that_cannot_be_closed_holds_up_no_other() -> None:
    here = await scene()
    other = await open_client(here.gateway)
    stuck = await open_client(here.gateway)
    stuck[0].close = lambda *_: asyncio.Event().wait()  # type: ignore[assignment]

    async def broken(*_: Any) -> None:
        raise RuntimeError("closed already")

    here.connection.close = broken
    task = await cutting(here)
    await here.clock.move(600)
    assert other[1].closed == (1001, "Going away")
    await finish(task)


def test_a_scaled_clock_runs_faster_and_tells_the_time() -> None:
    clock = Clock(scale=1000)
    real, scaled = clock.real(), clock.monotonic()
    assert abs(scaled - real * 1000) < 5000
    assert abs(Clock().time() - clock.time()) < 5
