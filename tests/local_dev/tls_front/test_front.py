"""Requests and WebSockets reach the gateway over every version of HTTP, and what it says reaches the client."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import connect as websockets_connect
from websockets.frames import Opcode

from tests.local_dev.tls_front.application import BIG, Application
from tests.local_dev.tls_front.serving import Fronted, fronted
from tests.versions import VERSIONS, Closed, Refused, ask, connect, open_socket
from tests.versions.streams import PATIENCE, Reset
from tests.versions.websocket import Socket, handshake

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("version", VERSIONS)]


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Fronted, Application]]:
    app = Application()
    async with fronted(app) as front:
        yield front, app


async def within(work: Any) -> Any:
    """What is waited for, in time."""
    async with asyncio.timeout(PATIENCE):
        return await work


async def test_a_request_arrives_as_it_was_sent(version: str) -> None:
    async with served() as (front, _):
        answer = await ask(
            version,
            "PATCH",
            f"{front.url}/a%2Fb/%D8%A7?q=%20+&q=2",
            front.authority,
            headers=[("x-twice", "1"), ("x-twice", "2"), ("cookie", "a=1"), ("te", "trailers")],
            body=b"x" * 300_000,
        )
    told = json.loads(answer.body)
    assert (told["method"], told["path"], told["query"]) == ("PATCH", "/a%2Fb/%D8%A7", "q=%20+&q=2")
    assert (told["size"], told["scheme"], told["client"]) == (300_000, "https", "127.0.0.1")
    headers = [(name.lower(), value) for name, value in told["headers"]]
    assert [value for name, value in headers if name == "x-twice"] == ["1", "2"]
    assert ("cookie", "a=1") in headers
    assert ("host", front.url.removeprefix("https://")) in headers
    assert "te" not in dict(headers)
    assert (answer.status, answer.headers["x-one"], answer.headers["set-cookie"]) == (207, "1", "a=b")
    assert answer.headers["alt-svc"] == f'h3=":{front.url.rpartition(":")[2]}"; ma=3600'
    assert "strict-transport-security" not in answer.headers


async def test_a_head_and_a_get_have_no_bodies(version: str) -> None:
    async with served() as (front, _), connect(version, front.url, front.authority) as connection:
        head = await (await connection.request("HEAD", "/")).answer()
        assert (head.status, head.body) == (207, b"")
        get = json.loads((await (await connection.request("GET", "/")).answer()).body)
    assert get["size"] == 0
    assert not {name.lower() for name, _ in get["headers"]} & {"transfer-encoding", "content-length"}


async def test_an_answer_comes_in_parts_as_they_are_made(version: str) -> None:
    async with served() as (front, app), connect(version, front.url, front.authority) as connection:
        stream = await connection.request("GET", "/parts")
        assert await within(stream.receive()) == b"one "
        app.heard.put_nowait(1)
        assert await within(stream.receive()) == b"two "
        app.heard.put_nowait(2)
        assert await within(stream.receive()) == b"three"


async def test_a_large_answer_arrives_whole(version: str) -> None:
    async with served() as (front, _):
        answer = await ask(version, "GET", f"{front.url}/big", front.authority)
    assert len(answer.body) == BIG


async def test_a_client_that_goes_is_given_up_at_the_gateway(version: str) -> None:
    async with served() as (front, app):
        async with connect(version, front.url, front.authority) as connection:
            stream = await connection.request("GET", "/wait")
            await within(_asked(front))
            stream.cancel()
            assert await within(app.gone.get()) == "/wait"
        async with connect(version, front.url, front.authority) as connection:
            await connection.request("GET", "/wait")
            await within(_asked(front, 2))
        assert await within(app.gone.get()) == "/wait"


async def _asked(front: Fronted, count: int = 1) -> None:
    """Wait until the gateway has been asked so often."""
    while len(front.ring.all()) < count or front.entrance.clients.count == 0:  # noqa: ASYNC110 (of no event)
        await asyncio.sleep(0.01)


async def test_an_answer_that_breaks_off_does_not_look_whole(version: str) -> None:
    async with served() as (front, _), connect(version, front.url, front.authority) as connection:
        stream = await connection.request("GET", "/break")
        with pytest.raises(Reset):
            await stream.answer()


async def test_without_a_gateway_there_is_a_502(version: str) -> None:
    async with served() as (front, _):
        front.server.should_exit = True
        await within(front.serving)
        answer = await ask(version, "GET", f"{front.url}/", front.authority)
        assert (answer.status, json.loads(answer.body)) == (502, {"message": "Bad Gateway"})
        with pytest.raises(Refused) as refused:
            async with open_socket(version, f"{front.wss}/", front.authority):
                pass
        assert refused.value.status == 502


async def test_a_websocket_carries_text_and_bytes_both_ways(version: str) -> None:
    async with served() as (front, app):
        async with open_socket(version, f"{front.wss}/", front.authority, subprotocols=["a", "b"]) as socket:
            assert (socket.status, socket.headers["sec-websocket-protocol"]) == (
                101 if version == "1.1" else 200,
                "a",
            )
            assert ("sec-websocket-accept" in socket.headers) == (version == "1.1")
            for message in ("سلام", b"\x00\xff", "", "x" * 32_768, b"y" * 32_768):
                await socket.send(message)
                assert await socket.receive() == message
            await socket.send("z" * 120_000, fragment=30_000)
            assert await socket.receive() == "z" * 120_000
        assert await within(app.closed.get()) == (1000, "")


async def test_a_handshake_brings_its_query_origin_and_cookies(version: str) -> None:
    cookies = [("cookie", "a=1; b=2")] if version == "1.1" else [("cookie", "a=1"), ("cookie", "b=2")]
    async with (
        served() as (front, _),
        open_socket(
            version, f"{front.wss}/told?x=%2F&y", front.authority, origin="https://o.example", headers=cookies
        ) as socket,
    ):
        assert json.loads(await socket.receive()) == {
            "query": "x=%2F&y",
            "origin": "https://o.example",
            "cookie": "a=1; b=2",
            "scheme": "wss",
        }


async def test_a_refusal_has_its_status_headers_and_body(version: str) -> None:
    async with served() as (front, _):
        with pytest.raises(Refused) as refused:
            async with open_socket(version, f"{front.wss}/refused", front.authority):
                pass
    assert (refused.value.status, refused.value.headers["x-why"], refused.value.body) == (
        418,
        "because",
        b"no tea here",
    )


async def test_close_codes_and_reasons_go_both_ways(version: str) -> None:
    async with served() as (front, app):
        async with open_socket(version, f"{front.wss}/", front.authority) as socket:
            await socket.close(4123, "enough")
            assert await within(app.closed.get()) == (4123, "enough")
        async with open_socket(version, f"{front.wss}/", front.authority) as socket:
            await socket.send("close")
            with pytest.raises(Closed) as closed:
                await socket.receive()
            assert (closed.value.code, closed.value.reason) == (4000, "as you like")
            await socket.end()


async def test_frames_and_pings_are_the_gateways_to_judge(version: str) -> None:
    async with served() as (front, _):
        async with open_socket(version, f"{front.wss}/", front.authority) as socket:
            await socket.ping(b"there?")
            frame = await socket.frame()
            assert (frame.opcode, bytes(frame.data)) == (Opcode.PONG, b"there?")
        async with open_socket(version, f"{front.wss}/", front.authority) as socket:
            await socket.send("x" * 32_769)
            with pytest.raises(Closed) as closed:
                await socket.receive()
            assert closed.value.code == 1009


async def test_what_a_client_says_before_it_is_let_in_is_heard(version: str) -> None:
    async with served() as (front, _), connect(version, front.url, front.authority) as connection:
        stream = await connection.websocket("/")
        await stream.send(b"\x81\x85\0\0\0\0early")
        socket = Socket(stream, *await stream.head())
        assert await socket.receive() == "early"


async def test_a_client_that_vanishes_is_a_1006(version: str) -> None:
    async with served() as (front, app), connect(version, front.url, front.authority) as connection:
        socket = await handshake(connection, "/")
        await socket.send("here")
        assert await socket.receive() == "here"
        socket.stream.cancel()
        assert await within(app.closed.get()) == (1006, "")


async def test_what_was_said_last_arrives_though_the_client_goes_at_once(version: str) -> None:
    async with served() as (front, app):
        async with connect(version, front.url, front.authority) as connection:
            socket = await handshake(connection, "/")
            await socket.send("my last words")
        assert await within(app.heard.get()) == "my last words"
        assert (await within(app.closed.get()))[0] == 1006


async def test_who_does_not_read_holds_up_nobody_and_fills_no_memory(version: str) -> None:
    async with served() as (front, app), connect(version, front.url, front.authority) as connection:
        slow = await handshake(connection, "/")
        connection.pause(slow.stream)
        await slow.send("flood")
        before = -1
        async with asyncio.timeout(PATIENCE):
            while app.flooded == 0 or app.flooded != before:  # until nothing more gets through
                before = app.flooded
                await asyncio.sleep(0.3)
        async with open_socket(version, f"{front.wss}/", front.authority) as other:
            await other.send("still there?")
            assert await other.receive() == "still there?"


async def test_the_server_knows_which_version_was_used(version: str) -> None:
    async with served() as (front, _):
        await ask(version, "GET", f"{front.url}/x?ticket=abcdef&a=1", front.authority)
        headers = [("Authorization", "Bearer secret-key"), ("Cookie", "s=secret-cookie")]
        async with open_socket(version, f"{front.wss}/y", front.authority, headers=headers):
            pass
        got, opened = front.ring.all()
    assert [(each["version"], each["websocket"]) for each in (got, opened)] == [
        (version, False),
        (version, True),
    ]
    assert {each["alpn"] for each in (got, opened)} == {{"1.1": "http/1.1", "2": "h2", "3": "h3"}[version]}
    assert (got["status"], opened["status"]) == (207, 101 if version == "1.1" else 200)
    first = "GET /x?ticket=(hidden, 6 characters)&a=1"
    assert any(first in line or first.replace("GET ", ":path = ") in line for line in got["request"])
    assert "secret" not in json.dumps([got, opened])


async def test_the_end_of_the_gateway_is_the_end_of_its_sockets(version: str) -> None:
    async with connect_twice(version) as (front, socket, waiting):
        await socket.send("here")
        await socket.receive()
        began = asyncio.get_running_loop().time()
        front.server.should_exit = True
        await within(front.serving)
        await within(front.entrance.close())
        assert asyncio.get_running_loop().time() - began < 30
        with pytest.raises(Closed) as closed:
            await socket.receive()
        assert closed.value.code == 1012  # what the gateway's server says when it ends
        assert (await waiting.answer()).status == 500


@asynccontextmanager
async def connect_twice(version: str) -> AsyncIterator[Any]:
    """A socket, and a request that waits, on connections of their own."""
    async with (
        served() as (front, _),
        connect(version, front.url, front.authority) as one,
        connect(version, front.url, front.authority) as two,
    ):
        socket = await handshake(one, "/")
        waiting = await two.request("GET", "/wait")
        await within(_asked(front, 2))
        yield front, socket, waiting


async def test_many_sockets_live_on_one_connection(version: str) -> None:
    if version == "1.1":
        # There a connection is one socket; that the usual library is content is shown instead.
        async with served() as (front, _):
            context = ssl.create_default_context(cafile=front.authority)
            async with websockets_connect(f"{front.wss}/", ssl=context, open_timeout=PATIENCE) as plain:
                await plain.send("hello")
                assert await plain.recv() == "hello"
        return
    async with served() as (front, _), connect(version, front.url, front.authority) as connection:
        sockets = [await handshake(connection, f"/{number}") for number in range(100)]
        for number, socket in enumerate(sockets):
            await socket.send(f"{number}")
        assert [await socket.receive() for socket in sockets] == [f"{number}" for number in range(100)]
        for socket in sockets[::2]:
            await socket.close(4001)
            await socket.stream.send(b"", end=True)
        sockets[1].stream.cancel()
        for socket in sockets[3::2]:
            await socket.send("still")
            assert await socket.receive() == "still"
        assert len(front.ring.all()) == 100
