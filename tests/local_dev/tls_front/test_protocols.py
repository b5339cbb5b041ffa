"""What hypercorn lacks for being in front. Each of these fails with hypercorn's own protocols."""

import asyncio
import json
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from local_dev.tls_front import http3, streams
from tests.local_dev.tls_front.application import Application
from tests.local_dev.tls_front.serving import fronted
from tests.versions import connect, open_socket
from tests.versions.http3 import Http3
from tests.versions.streams import PATIENCE
from tests.versions.websocket import Refused, handshake

pytestmark = pytest.mark.anyio

MULTIPLEXED = ("2", "3")


async def within(work: Any) -> Any:
    """What is waited for, in time."""
    async with asyncio.timeout(PATIENCE):
        return await work


async def raw(connection: Any, headers: Sequence[tuple[str, str]]) -> Any:
    """A stream whose request has these headers, as they are."""
    if hasattr(connection, "_protocol"):
        return connection._protocol.ask(headers, end=False)
    return await connection._ask(headers, end=False)


@pytest.mark.parametrize("version", MULTIPLEXED)
@pytest.mark.parametrize("protocol", [[], [(":protocol", "connect-udp")]])
async def test_a_connect_to_something_else_is_not_implemented(
    version: str, protocol: list[tuple[str, str]]
) -> None:
    async with fronted(Application()) as front, connect(version, front.url, front.authority) as connection:
        place = [(":authority", front.url.removeprefix("https://"))]
        if protocol:
            place += [(":scheme", "https"), (":path", "/")]
        stream = await raw(connection, [(":method", "CONNECT"), *protocol, *place])
        assert (await stream.head())[0] == 501
        assert front.ring.all()[-1]["status"] == 501
        other = await handshake(connection, "/")
        await other.send("goes on")
        assert await other.receive() == "goes on"


@pytest.mark.parametrize("version", MULTIPLEXED)
async def test_what_comes_on_a_stream_that_is_over_harms_no_other(version: str) -> None:
    async with fronted(Application()) as front, connect(version, front.url, front.authority) as connection:
        over, other = await handshake(connection, "/"), await handshake(connection, "/")
        await over.close()
        await over.end()
        await over.stream.send(b"more")
        await over.stream.send(b"and the end", end=True)
        await other.send("goes on")
        assert await other.receive() == "goes on"
        async with open_socket(version, f"{front.wss}/", front.authority) as third:
            await third.send("so does this")
            assert await third.receive() == "so does this"


async def test_a_connection_of_http_3_that_is_lost_ends_its_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Http3, "idle_timeout", 4.0)
    monkeypatch.setattr(http3, "PING_INTERVAL", 0.2)
    app = Application()
    async with fronted(app) as front, connect("3", front.url, front.authority) as connection:
        client = await handshake(connection, "/")
        # Longer than the connection would last if nobody gave a sign of life.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(6.0):
                await client.frame()
        await client.send("here")
        assert await client.receive() == "here"
        assert isinstance(connection, Http3)
        connection.vanish()
        assert await within(app.closed.get()) == (1006, "")


async def test_the_end_of_http_3_is_told_to_its_clients_at_once() -> None:
    async with fronted(Application()) as front:
        async with connect("3", front.url, front.authority) as connection:
            await (await connection.request("GET", "/")).answer()
            front.server.should_exit = True
            await within(front.serving)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await within(front.entrance.close())
            assert loop.time() - began < 4  # hypercorn would wait for another datagram, until it gives up
            await within(connection._protocol.wait_closed())  # type: ignore[attr-defined]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.1", int(front.url.rpartition(":")[2])))  # as nobody has it any more


@pytest.mark.parametrize("version", MULTIPLEXED)
async def test_a_request_that_http_1_cannot_carry_is_refused(version: str) -> None:
    async with fronted(Application()) as front, connect(version, front.url, front.authority) as connection:
        place = [(":scheme", "https"), (":authority", front.url.removeprefix("https://"))]
        stream = await raw(connection, [(":method", "GET"), (":path", "/a b"), *place])
        await stream.send(b"", end=True)
        answer = await stream.answer()
        assert (answer.status, json.loads(answer.body)) == (400, {"message": "Bad Request"})
        with pytest.raises(Refused) as refused:
            await handshake(connection, "/a b")
        assert (refused.value.status, json.loads(refused.value.body)) == (400, {"message": "Bad Request"})
        assert (await (await connection.request("GET", "/")).answer()).status == 207


@pytest.mark.parametrize("version", MULTIPLEXED)
@pytest.mark.parametrize("odd", [(":path", "/\xe9"), (":method", "G\xcbT")])
async def test_a_request_outside_of_ascii_is_refused_and_harms_no_other(
    version: str, odd: tuple[str, str]
) -> None:
    async with fronted(Application()) as front, connect(version, front.url, front.authority) as connection:
        place = [(":scheme", "https"), (":authority", front.url.removeprefix("https://"))]
        usual = {":method": "GET", ":path": "/"} | dict([odd])
        stream = await raw(connection, [*usual.items(), *place])
        assert (await stream.head())[0] == 400
        await stream.send(b"", end=True)
        assert (await (await connection.request("GET", "/")).answer()).status == 207


async def test_a_fault_within_one_connection_of_http_3_is_no_fault_of_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    note = streams.note

    def fail(config: Any, version: str, alpn: str, headers: Any) -> Any:
        if (b":path", b"/fault") in headers:
            raise RuntimeError("a fault")
        return note(config, version, alpn, headers)

    monkeypatch.setattr(http3, "note", fail)
    async with fronted(Application()) as front, connect("3", front.url, front.authority) as connection:
        async with connect("3", front.url, front.authority) as other:
            await other.request("GET", "/fault")
            while not caplog.records:  # noqa: ASYNC110 (of no event)
                await asyncio.sleep(0.01)
        assert (await (await connection.request("GET", "/")).answer()).status == 207
    (record,) = caplog.records
    assert record.getMessage() == "a datagram of HTTP/3 could not be dealt with: RuntimeError('a fault')"
    assert record.exc_info is None
