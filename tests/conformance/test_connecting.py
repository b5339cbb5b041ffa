"""Section 3 of the contract: posting to a connection while its $connect runs, and the ways around that."""

import asyncio
from typing import Any

import pytest

from tests.conformance.clients import answer_to, received, refusal
from tests.conformance.target import Probe

pytestmark = pytest.mark.anyio


async def test_p01_a_post_from_within_connect_is_410(probe: Probe) -> None:
    assert (await refusal(probe, query="do=post")).status == 410


async def test_p02_a_closed_connection_is_gone(probe: Probe, tag: str, management: Any) -> None:
    async with probe.connect(query=f"tag={tag}"):
        connection = await probe.connection_of(tag)
    await probe.event("disconnect", connection=connection)
    with pytest.raises(management.exceptions.GoneException):
        await asyncio.to_thread(management.post_to_connection, ConnectionId=connection, Data=b"x")
    for call in (management.get_connection, management.delete_connection):
        with pytest.raises(management.exceptions.GoneException):
            await asyncio.to_thread(call, ConnectionId=connection)


async def test_p03_a_function_that_connect_invokes_as_an_event_may_greet(probe: Probe) -> None:
    async with probe.connect(query="do=greet") as socket:
        assert await received(socket) == "welcome"


async def test_p04_the_stream_of_a_table_that_connect_writes_to_may_greet(probe: Probe) -> None:
    async with probe.connect(query="do=greet-by-stream") as socket:
        assert await received(socket) == "welcome"


async def test_p05_the_first_message_may_be_answered(probe: Probe) -> None:
    async with probe.connect() as socket:
        assert (await answer_to(socket, "hello"))["body"] == "hello"
