"""The tunnels of the workers' proxy: which are refused or given up, how they flow, and how they end."""

import asyncio
from pathlib import Path

import pytest

from local_dev.web import caller, proxy
from local_dev.web.proxy import EndpointProxy

from .proxied import Proxied, proxied
from .serving import PATIENCE
from .wire import HOST, RawClient, make_api, served, until

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", 501),
        (b"CONNECT nowhere HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a:0 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a:99999 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT a b:1 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT \xff:1 HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", 502),
        (b"CONNECT [::1]:1 HTTP/1.1\r\n\r\n", 502),
        (b"CONNECT a..b:1 HTTP/1.1\r\n\r\n", 502),
        (b"CONNECT nowhere.invalid:443 HTTP/1.1\r\n\r\n", 502),
        (f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\nhello".encode(), 400),
        (b"CONNECT a:1 HTTP/1.1\r\nA: " + b"x" * 17_000, 431),
    ],
)
async def test_what_cannot_be_is_told_in_one_line(request_bytes: bytes, status: int) -> None:
    async with proxied() as to:
        client = await to.client()
        client.send(request_bytes)
        got, _, body = await client.response()
        assert got == status
        assert body.count(b"\n") == 1
        assert await client.rest() == b""


async def test_a_caller_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller, "HEAD_TIMEOUT", 0.1)
    async with proxied() as to:
        silent = await to.client()
        assert (await silent.response())[0] == 408
        assert await silent.rest() == b""


async def test_a_caller_that_never_begins_tls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "HEAD_TIMEOUT", 0.1)
    async with proxied() as to:
        mute = await to.client()
        mute.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert (await mute.response())[0] == 200
        assert await mute.rest() == b""


async def test_a_host_that_never_answers_is_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "CONNECT_TIMEOUT", 0.1)

    async def never(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    async with proxied() as to:
        client = await to.client()
        monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
        client.send(b"CONNECT example.com:443 HTTP/1.1\r\n\r\n")
        status, _, body = await client.response()
        assert (status, body) == (504, b"example.com:443 did not answer within 0.1 s\n")


async def test_hundreds_at_once() -> None:
    async with proxied() as to:
        member, connection_id = await to.member()
        path = f"/prod/@connections/{connection_id}"
        request = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 5\r\n\r\nhello".encode()
        together = asyncio.Semaphore(100)  # TLS handshakes at a time

        async def post() -> int:
            async with together:
                reader, writer = await to.secure()
            for _ in range(2):
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                assert b" 200 " in head
            await asyncio.sleep(0)
            return id(writer)

        async with asyncio.timeout(3 * PATIENCE):
            assert len(set(await asyncio.gather(*(post() for _ in range(300))))) == 300
        assert len([await member.frame() for _ in range(600)]) == 600


async def test_back_pressure_holds() -> None:
    """What one side does not take, the other cannot go on sending."""
    gate, sent = asyncio.Event(), 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 200_000_000 and not gate.is_set():
            writer.write(b"x" * 100_000)
            sent += 100_000
            try:
                await writer.drain()
            except ConnectionError:
                return
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    async with server, proxied() as to:
        client = await to.client()
        client.send(f"CONNECT 127.0.0.1:{server.sockets[0].getsockname()[1]} HTTP/1.1\r\n\r\n".encode())
        assert (await client.response())[0] == 200
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: any(end.full for end in to.proxy._ends))
        for _ in range(1000):
            await asyncio.sleep(0)
        waiting = [end.transport.get_write_buffer_size() for end in to.proxy._ends if end.transport]
        assert max(waiting) < 1_000_000
        gate.set()
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        assert len(await client.rest()) >= sent - 100_000


async def test_a_half_closed_tunnel_goes_on_the_other_way() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read()
        writer.write(asked[::-1])
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, proxied() as to:
        client = await to.client()
        port = server.sockets[0].getsockname()[1]
        client.send(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\nearly ".encode())
        assert (await client.response())[0] == 200
        client.send(b"data" * 100_000)
        client.writer.write_eof()
        assert await client.rest() == (b"early " + b"data" * 100_000)[::-1]


async def test_whoever_leaves_in_the_middle_takes_the_other_along() -> None:
    async with proxied() as to:
        for _ in range(3):
            _, writer = await to.secure()
            writer.write(f"GET /prod HTTP/1.1\r\nHost: {HOST}\r\nA: ".encode())
            await writer.drain()
            writer.transport.abort()
        client = await to.client()
        client.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert (await client.response())[0] == 200
        client.send(b"\x16\x03\x01")
        client.leave()
        half = await to.client()
        half.send(b"CONNECT ")
        half.writer.write_eof()
        assert await half.rest() == b""
        await until(lambda: not to.proxy._ends)


async def test_the_end_leaves_nothing_behind() -> None:
    async with served({"prod": make_api()}) as running:
        in_front = EndpointProxy(hosts=[HOST], target=("127.0.0.1", running.port), environ={})
        async with in_front:
            to = Proxied(running, in_front, in_front.environment())
            bundle = Path(to.environment["SSL_CERT_FILE"])
            assert bundle.stat().st_size > 100_000
            assert bundle.parent.stat().st_mode & 0o077 == 0
            open_socket, _ = await to.secure(), await to.secure()
            starting = await to.client()
            starting.send(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
            assert (await starting.response())[0] == 200
        assert not bundle.parent.exists()
        assert not in_front._ends
        assert not in_front._tasks
        assert await RawClient(*open_socket).rest() == b""
        assert await starting.rest() == b""
