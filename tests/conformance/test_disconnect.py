"""Section 7 of the contract: $disconnect."""

import asyncio
import socket as sockets
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.conformance.clients import answer_to, closed_by_peer
from tests.conformance.marks import local_only
from tests.conformance.target import TIMEOUT, Probe
from tests.conformance.test_order import TRIES

pytestmark = pytest.mark.anyio


async def test_d01_disconnect_runs_after_the_close_and_its_posts_are_410(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}"):
        connection = await probe.connection_of(tag)
    assert (await probe.event("post-after-close", connection=connection)) == {"error": "GoneException"}


async def test_d02_l18_disconnect_fires_when_the_server_closes(
    probe: Probe, tag: str, management: Any
) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        connection = await probe.connection_of(tag)
        await asyncio.to_thread(management.delete_connection, ConnectionId=connection)
        assert (await closed_by_peer(socket))[0] == 1000
    assert await probe.closing_of(tag) == (1000, "Connection Closed Normally")


@local_only("over plain TCP")
async def test_d02_a_client_that_leaves_while_connect_runs_is_disconnected(probe: Probe, tag: str) -> None:
    address = urlsplit(probe.local.url)
    with sockets.create_connection((address.hostname, address.port), timeout=TIMEOUT) as raw:
        raw.sendall(
            f"GET /probe?do=wait&tag={tag} HTTP/1.1\r\nHost: x\r\n".encode()
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await probe.connection_of(tag)
    assert await probe.closing_of(tag) == (1006, "")


async def test_d04_what_disconnect_answers_is_ignored(probe: Probe, tag: str) -> None:
    """BEL. The probe's $disconnect raises; it is not invoked again, and the next connection is as any."""
    async with probe.connect(query=f"tag={tag}"):
        connection = await probe.connection_of(tag)
    await probe.event("post-after-close", connection=connection)
    async with probe.connect() as socket:
        await answer_to(socket, "x")
    kinds = [entry["kind"] for entry in await probe.kept(connection=connection)]
    assert kinds == ["authorize", "connect", "disconnect", "post-after-close"]


async def test_d05_the_authorizers_context_is_there_without_asking_it_again(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}"):
        connection = await probe.connection_of(tag)
    event = await probe.event("disconnect", connection=connection)
    assert event["requestContext"]["authorizer"]["principalId"] == "probe"
    kinds = [entry["kind"] for entry in await probe.kept(connection=connection)]
    assert kinds.count("authorize") == 1


async def test_d06_disconnect_does_not_wait_for_a_message_that_still_runs(probe: Probe, tag: str) -> None:
    """BEL: no order is promised; this is the one that finds more faults."""
    for number in range(TRIES):
        async with probe.connect(query=f"tag={tag}{number}") as socket:
            connection = await probe.connection_of(f"{tag}{number}")
            await socket.send('{"do":"slow"}')
            await probe.event("message", connection=connection)
        done = await probe.entry("message-done", connection=connection)
        if (await probe.entry("disconnect", connection=connection))["at"] < done["at"]:
            return
    pytest.fail("no $disconnect ran before the message was done")


@local_only("over plain TCP")
def test_a_client_that_is_not_a_websocket_client_disturbs_nobody(probe: Probe) -> None:
    address = urlsplit(probe.local.url)
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /probe HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"\r\n" * 9,
    ):
        with sockets.create_connection((address.hostname, address.port), timeout=TIMEOUT) as raw:
            raw.sendall(garbage)
            raw.shutdown(sockets.SHUT_WR)
            while raw.recv(4096):
                pass
