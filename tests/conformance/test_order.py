"""Section 8 of the contract: what runs at the same time, and what does not."""

import itertools
import json

import pytest

from tests.conformance.clients import answer_to, received
from tests.conformance.target import Probe, Watched

pytestmark = pytest.mark.anyio

TRIES = 20
"""Overlapping is possible, not promised: a worker that has to start first, or a busy machine, comes too late."""


async def order_of_answers(socket: Watched) -> list[str]:
    """Send a message that takes long and one that does not; the answers as they come."""
    await socket.send('{"do":"slow"}')
    await socket.send("quick")
    return [json.loads(await received(socket))["body"] for _ in range(2)]


async def test_o01_o05_messages_of_one_connection_overtake_each_other(probe: Probe) -> None:
    """BEL: AWS promises no order, and does not say that there is none. --ordered keeps it."""
    async with probe.connect() as socket:
        for _ in range(TRIES):
            if await order_of_answers(socket) == ["quick", '{"do":"slow"}']:
                return
    pytest.fail("the second answer never came first")


async def test_o03_messages_sent_at_once_run_at_once(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        connection = await probe.connection_of(tag)
        for _ in range(TRIES):
            for _ in range(3):
                await socket.send('{"do":"slow"}')
            for _ in range(3):
                await received(socket)
            kinds = [entry["kind"] for entry in await probe.kept(connection=connection)]
            if ("message", "message") in itertools.pairwise(kinds):
                return
    pytest.fail("no message ran while another did")


async def test_o06_connect_is_complete_before_any_message(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}&do=wait") as socket:
        await answer_to(socket, "at once")
        kinds = [entry["kind"] for entry in await probe.kept(connection=await probe.connection_of(tag))]
    assert kinds.index("connect-done") < kinds.index("message")
