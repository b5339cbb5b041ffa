"""The way through: bytes as they were, connections kept, and back ends that are not there."""

import asyncio
import http.client
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from local_dev.faults.calls import FaultyCalls
from local_dev.faults.faults import Faults
from local_dev.faults.rules import Plan, Rule
from local_dev.relay.calls import Call
from local_dev.relay.relay import GoOn, Relay

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def back_end(answer: Callable[[bytes], bytes]) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that answers each head and body with bytes; its URL, and the requests of each connection."""
    connections: list[int] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = len(connections)
        connections.append(0)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                body = await reader.readexactly(length)
                connections[mine] += 1
                said = answer(head + body)
                writer.write(said)
                if not said:
                    return
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/base", connections
    server.close()


def echo(request: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(request) + request


async def exchange(url: str, *requests: tuple[Any, ...]) -> list[Any]:
    """The answers to requests on one connection: status and body, or the error's name."""

    def run() -> list[Any]:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        answers: list[Any] = []
        for method, path, *rest in requests:
            try:
                connection.request(method, path, *rest)
                answer = connection.getresponse()
                answers.append((answer.status, answer.read()))
            except (OSError, http.client.HTTPException) as error:
                answers.append(type(error).__name__)
                connection.close()
        connection.close()
        return answers

    return await asyncio.to_thread(run)


async def test_a_request_arrives_as_it_was_and_connections_are_kept() -> None:
    async with back_end(echo) as (url, connections), Relay([]) as relay:
        here = await relay.front(url)
        body = bytes(range(256)) * 1000
        answers = await exchange(
            here,
            ("POST", "/a%2Fb?c=d%20e", body, {"X-Amz-Target": "A.B", "Odd-Name": "v"}),
            ("PUT", "/chunked", iter([b"one", b"two"])),
            ("GET", "/nothing"),
        )
        statuses, bodies = zip(*answers, strict=True)
        assert statuses == (200, 200, 200)
        head, _, sent = bodies[0].partition(b"\r\n\r\n")
        assert sent == body
        lines = head.split(b"\r\n")
        assert lines[0] == b"POST /base/a%2Fb?c=d%20e HTTP/1.1"
        assert b"X-Amz-Target: A.B" in lines
        assert b"Odd-Name: v" in lines
        assert f"Host: {here.removeprefix('http://')}".encode() in lines  # as it was signed
        assert bodies[1].endswith(b"\r\n\r\nonetwo")
        assert connections == [3]


async def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async with back_end(echo) as (url, _), Relay([]) as relay:
        here = await relay.front(url)
        host, port = here.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        async with asyncio.timeout(60):
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"ok")
            answer = await reader.readuntil(b"\r\n\r\nok")
        assert b"xpect" not in answer
        writer.close()


async def test_a_back_end_that_is_gone_or_hangs_up_is_a_lost_connection() -> None:
    async with Relay([]) as relay:
        async with back_end(lambda _: b"") as (url, _):
            here = await relay.front(url)
            assert await exchange(here, ("GET", "/")) == ["RemoteDisconnected"]
        assert await exchange(here, ("GET", "/")) == ["RemoteDisconnected"]


async def test_the_end_of_an_answer_without_a_length_is_the_connections() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nsome")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with Relay([]) as relay:
        here = await relay.front(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert await exchange(here, ("GET", "/")) == [(200, b"some")]
    server.close()


async def test_an_answer_to_head_has_no_body() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
    async with back_end(lambda _: answer) as (url, connections), Relay([]) as relay:
        here = await relay.front(url)
        assert await exchange(here, ("HEAD", "/"), ("HEAD", "/")) == [(200, b""), (200, b"")]
        assert connections == [2]


@pytest.mark.parametrize("do", ["lose-answer", "crash"])  # where no worker of ours calls, nothing is killed
async def test_an_answer_is_lost_after_it_was_given(do: str) -> None:
    rule = Rule(at="aws", do=do, skip=1, times=1)
    async with back_end(echo) as (url, connections), Relay([FaultyCalls(Faults(Plan(1, (rule,))))]) as relay:
        here = await relay.front(url)
        answers = await exchange(here, ("GET", "/1"), ("GET", "/2"), ("GET", "/3"))
        assert [answer if isinstance(answer, str) else answer[0] for answer in answers] == [
            200,
            "RemoteDisconnected",
            200,
        ]
        assert sum(connections) == 3


class Tag:
    """Notes when it is asked and answered, and answers by itself where the path says so."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told = name, told

    async def intercept(self, call: Call, go_on: GoOn) -> bytes | None:
        self.told.append(f"{self.name} {call.path}")
        if call.path == f"/{self.name}":
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        answer = await go_on()
        self.told.append(f"{self.name} answered")
        return answer


async def test_interceptors_are_asked_in_order() -> None:
    told: list[str] = []
    relayed = Relay([Tag("first", told), Tag("second", told)])
    async with back_end(echo) as (url, connections), relayed as relay:
        here = await relay.front(url)
        answers = await exchange(here, ("GET", "/second"), ("GET", "/first"), ("GET", "/"))
        assert [status for status, _ in answers] == [204, 204, 200]
        assert connections == [1]
    assert told == [
        *("first /second", "second /second", "first answered"),
        "first /first",
        *("first /", "second /", "second answered", "first answered"),
    ]
