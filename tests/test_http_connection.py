"""The tests' own client of HTTP/1.1: it keeps its connection, counts what goes over it, and breaks it when told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.room_server import until
from tests.http_connection import HttpConnection

pytestmark = pytest.mark.anyio

REQUEST = b"GET /a HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nhi"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbye"


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port where each request gets the next answer, an empty one none; and what came."""
    left, heard = [*answers], list[bytes]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(65536):
            heard.append(request)
            if answer := left.pop(0):
                writer.write(answer)
            if answer is LAST:
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def test_one_connection_carries_many_requests_and_counts_every_byte() -> None:
    async with answering(ANSWER, ANSWER) as (port, heard):
        connection = HttpConnection(f"http://127.0.0.1:{port}")
        answer = await connection.ask("GET", "/a")
        assert (answer.status, answer.headers["x-a"], answer.body) == (200, "b", b"hi")
        await connection.ask("POST", "/b", headers={"x": "y"}, body=b"abc")
        connection.cut()
    assert heard[0] == REQUEST % port
    assert heard[1].endswith(b"x: y\r\ncontent-length: 3\r\n\r\nabc")
    assert connection.opened == 1
    assert connection.sent == sum(map(len, heard))
    assert connection.received == 2 * len(ANSWER)


async def test_one_that_the_server_has_closed_is_opened_again() -> None:
    async with answering(LAST, ANSWER) as (port, _):
        connection = HttpConnection(f"http://127.0.0.1:{port}")
        assert (await connection.ask("GET", "/a")).body == b"bye"
        assert (await connection.ask("GET", "/a")).body == b"hi"
        connection.cut()
    assert connection.opened == 2


async def test_who_is_cut_in_the_middle_has_no_answer_and_may_ask_again() -> None:
    async with answering(b"", b"HTTP/1.1 200 OK\r\nContent-Le", ANSWER) as (port, heard):
        connection = HttpConnection(f"http://127.0.0.1:{port}")
        for count in (1, 2):
            asking = asyncio.create_task(connection.ask("GET", "/a"))
            await until(lambda: len(heard) >= count)  # noqa: B023
            connection.cut()
            with pytest.raises(ConnectionError, match="no answer"):
                await asking
        assert (await connection.ask("GET", "/a")).body == b"hi"
        connection.cut()


async def test_no_answer_in_time_and_nobody_there_are_told_alike() -> None:
    async with answering(b"") as (port, _):
        connection = HttpConnection(f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectionError, match="TimeoutError"):
            await connection.ask("GET", "/a", timeout=0.05)
    with pytest.raises(ConnectionError, match="ConnectionRefused"):
        await connection.ask("GET", "/a")
