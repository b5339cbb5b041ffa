"""Requests that are too large, too slow or none at all, as bytes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request, Response

from local_dev.iam.claims import SignedRequest
from local_dev.web import http_protocol
from local_dev.web.limits import BODY_LIMIT, HEAD_LIMIT, MESSAGE_LIMIT, TARGET_LIMIT
from local_dev.web.management import Answer
from local_dev.web.server import make_server

from .serving import listening
from .wire import RawClient, handshake, served, until

pytestmark = pytest.mark.anyio

HEAD = b"Host: 127.0.0.1\r\n"


def echo(app: FastAPI) -> None:
    """Adds a path that answers with its body's length."""

    async def answer(request: Request) -> Response:
        return Response(str(len(await request.body())))

    app.add_route("/echo", answer, methods=["POST", "GET"])


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
        (b"GET \xff\xfe HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a:443 HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"a: b\x00\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET /" + b"x" * TARGET_LIMIT + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 414),
        (b"GET /" + b"x" * 400_000, 414),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * (HEAD_LIMIT + 1) + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * HEAD_LIMIT, 431),
        (b"GET / HTTP/1.1\r\nA: " + b"x" * 1_000_000, 431),
        (b"POST /echo HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + b"x" * (BODY_LIMIT + 500_000), 413),
        (b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n\r\n", 400),
        (handshake("/" + "x" * (TARGET_LIMIT - 10)), 414),
        (handshake(A="x" * 9_000), 431),
        (b"POST" + handshake()[3:], 405),
    ],
)
async def test_what_cannot_be_served_is_refused_and_closed(
    request_bytes: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Contract H24, and whatever else a stranger may send."""
    async with served(extra=[echo]) as running:
        client = await running.open()
        client.send(request_bytes)
        got, headers, body = await client.response()
        assert got == status
        assert headers["connection"] == "close"
        assert body.startswith(b'{"message": "')
        client.writer.close()
    assert "Traceback" not in caplog.text


async def test_a_request_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "REQUEST_TIMEOUT", 1.0)
    async with served(extra=[echo]) as running:
        silent, slow, stalled = [await running.open() for _ in range(3)]
        slow.send(b"GET / HTTP/1.1\r\nA: ")
        stalled.send(b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nab")
        assert await silent.rest() == b""
        assert (await slow.response())[0] == 408
        assert (await stalled.response())[0] == 408
        assert await slow.rest() == await stalled.rest() == b""


async def test_each_request_has_a_deadline_of_its_own() -> None:
    async with served(extra=[echo]) as running:
        client = await running.open()
        await until(lambda: bool(running.server.server_state.connections))
        (protocol,) = running.server.server_state.connections
        assert isinstance(protocol, http_protocol.GatewayHttpProtocol)
        for _ in range(3):
            client.send(b"POST /echo HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\n\r\nab")
            await until(lambda: protocol.arriving and protocol.deadline is not None)
            client.send(b"cde")
            assert (await client.response())[2] == b"5"
            assert protocol.deadline is None


async def test_a_client_that_leaves_within_its_request_leaves_no_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    async with served(extra=[echo]) as running:
        client = await running.open()
        client.send(b"POST /echo HTTP/1.1\r\n" + HEAD + b"Content-Length: 5\r\n\r\nab")
        client.writer.write_eof()
        assert await client.rest() == b""
        other = await running.open()
        other.send(b"GET /echo HTTP/1.1\r\n" + HEAD + b"\r\n")
        assert (await other.response())[0] == 200
    assert "Traceback" not in caplog.text


async def test_pipelined_requests_are_answered_in_order() -> None:
    async with served(extra=[echo]) as running:
        client = await running.open()
        client.send(
            b"".join(
                b"POST /echo HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
                for size in (1, 40_000, 3)
            )
        )
        assert [(await client.response())[2] for _ in range(3)] == [b"1", b"40000", b"3"]


async def test_a_handshake_behind_an_unanswered_request_is_dropped() -> None:
    started, gate = asyncio.Event(), asyncio.Event()

    def slow(app: FastAPI) -> None:
        async def answer(_: Request) -> Response:
            started.set()
            await gate.wait()
            return Response("late")

        app.add_route("/slow", answer, methods=["GET"])

    async with served(extra=[slow]) as running:
        client = await running.open()
        client.send(b"GET /slow HTTP/1.1\r\n" + HEAD + b"\r\n")
        await started.wait()
        client.send(handshake())
        assert await client.rest() == b""
        gate.set()


class Posts:
    """What answers posts, and an application that answers everything else with its path."""

    def __init__(self) -> None:
        self.got: list[SignedRequest] = []
        self.slow, self.gate = asyncio.Event(), asyncio.Event()
        """That the application has been asked for /slow, and that it may answer."""
        self.app = FastAPI()
        self.app.add_route("/{path:path}", self.by_the_application, methods=["GET", "POST"])

    def __call__(self, request: SignedRequest) -> Answer:
        if request.body == b"fault":
            raise RuntimeError("a fault")
        self.got.append(request)
        return Answer(200, [(b"content-length", b"%d" % len(request.body))], request.body)

    async def by_the_application(self, request: Request) -> Response:
        await request.body()
        if request.url.path == "/slow":
            self.slow.set()
            await self.gate.wait()
        return Response(f"the application's {request.url.path}")


@asynccontextmanager
async def posting() -> AsyncIterator[tuple[Posts, RawClient]]:
    posts = Posts()
    async with listening(make_server(posts.app, post=posts)) as port:
        client = RawClient(*await asyncio.open_connection("127.0.0.1", port))
        yield posts, client
        client.writer.close()


def post(
    body: bytes, *, path: str = "/live/%40connections/x%3D?a=b", version: str = "1.1", head: str = ""
) -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: here", "X-Sent: As  Is", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, f"{head}\r\n" if head else "", ""]).encode() + body


async def test_a_post_is_answered_at_once_as_it_was_signed() -> None:
    async with posting() as (posts, client):
        for body in (b"", b"x", b"y" * MESSAGE_LIMIT):
            client.send(post(body))
            status, headers, got = await client.response()
            assert (status, got) == (200, body)
            assert "date" in headers
        request = posts.got[1]
        assert request[:3] == ("POST", "/live/%40connections/x%3D", "a=b")
        assert request.headers == {"host": "here", "x-sent": "As Is", "content-length": "1"}


async def test_a_post_may_come_in_pieces() -> None:
    async with posting() as (posts, client):
        sent = post(b"one") + post(b"two")
        for start in range(0, len(sent), 7):
            client.send(sent[start : start + 7])
            await asyncio.sleep(0)
        assert [(await client.response())[2] for _ in range(2)] == [b"one", b"two"]
        assert [request.body for request in posts.got] == [b"one", b"two"]


async def test_a_post_behind_a_request_that_is_not_answered_yet_waits_for_its_turn() -> None:
    async with posting() as (posts, client):
        slow = post(b"two", path="/slow")
        client.send(post(b"one") + slow + post(b"three") + post(b"four"))
        assert (await client.response())[2] == b"one"
        await posts.slow.wait()
        posts.gate.set()
        assert (await client.response())[2] == b"the application's /slow"
        by_turns = b"the application's /live/@connections/x="
        assert [(await client.response())[2] for _ in range(2)] == [by_turns, by_turns]
        client.send(post(b"five"))
        assert (await client.response())[2] == b"five"


@pytest.mark.parametrize(
    "sent",
    [
        post(b"x", path="/live/elsewhere/x"),
        post(b"x", version="1.0"),
        post(b"x", head="Connection: close"),
        post(b"x", head="Expect: 100-continue"),
        post(b"x" * (MESSAGE_LIMIT + 1)),
        post(b"x").replace(b"POST", b"GET", 1),
        b"POST /@connections/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_plain_post_is_the_applications(sent: bytes) -> None:
    async with posting() as (posts, client):
        client.send(sent)
        answer = (await client.response())[2] or (await client.response())[2]  # 100 has no body
        assert answer.startswith(b"the application's ")
        assert posts.got == []


async def test_a_fault_in_answering_a_post_is_told_and_closes(caplog: pytest.LogCaptureFixture) -> None:
    async with posting() as (_, client):
        client.send(post(b"fault"))
        status, headers, _body = await client.response()
        assert (status, headers["connection"]) == (500, "close")
        assert await client.rest() == b""
    assert "a post could not be answered" in caplog.text
