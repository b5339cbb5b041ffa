"""What no client should send harms no other, and nobody's console."""

import asyncio
import contextlib
import logging
import os
import socket
import ssl

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from tests.local_dev.tls_front.application import Application
from tests.local_dev.tls_front.serving import Fronted, fronted
from tests.versions import VERSIONS, ask, open_socket

pytestmark = pytest.mark.anyio

UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbWUgYWx3YXlzLg==\r\n"
HOST = b"Host: localhost\r\n"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


REQUESTS = {
    "garbage": b"\x00\xff" * 4096,
    "nothing": b"",
    "half a request": b"GET / HTTP/1.1\r\nHost: loc",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n",
    "another version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "a large head": b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"y" * 100_000 + b"\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
    "a body that ends early": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\nabc",
    "chunks that are none": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "expects": b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    "pipelined": (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") * 20,
    "a path outside of ASCII": "GET /سلام HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "a WebSocket by HTTP/1.0": b"GET / HTTP/1.0\r\n" + HOST + UPGRADE + KEY + b"\r\n",
    "a WebSocket without a key": b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n",
    "a WebSocket by POST": b"POST / HTTP/1.1\r\n" + HOST + UPGRADE + KEY + b"\r\n",
    "a WebSocket with a body": b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + KEY + b"Content-Length: 3\r\n\r\nabc",
    "a WebSocket of garbage": b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + KEY + b"\r\n" + b"\xff" * 5000,
    "much before the answer": b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + KEY + b"\r\n" + b"\x81" * 1_000_000,
    "HTTP/2 in clear": b"GET / HTTP/1.1\r\n"
    + HOST
    + b"Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n",
    "HTTP/2 unasked": PREFACE + SETTINGS + b"\xff" * 100,
}

FRAMES = {
    "garbage": b"\x00\xff" * 4096,
    "no settings": frame(0, 0, 1, b"abc"),
    "data of no stream": SETTINGS + frame(0, 1, 7, b"abc"),
    "headers that cannot be read": SETTINGS + frame(1, 5, 1, b"\xff" * 20),
    "headers without a method": SETTINGS + frame(1, 5, 1, b"\x84\x87"),
    "a reset of no stream": SETTINGS + frame(3, 0, 9, b"\x00\x00\x00\x08"),
    "settings that are none": frame(4, 0, 0, b"abc"),
    "a window that is too large": SETTINGS + frame(8, 0, 0, b"\x7f\xff\xff\xff") * 2,
    "priority of itself": SETTINGS + frame(2, 0, 1, b"\x00\x00\x00\x01\x10"),
    "a push": SETTINGS + frame(5, 4, 1, b"\x00\x00\x00\x02\x82"),
    "goodbye": SETTINGS + frame(7, 0, 0, b"\x00" * 8),
}


async def tell(front: Fronted, alpn: str, data: bytes) -> None:
    """Say it, hear what there is to hear for a moment, and go."""
    context = ssl.create_default_context(cafile=front.authority)
    context.set_alpn_protocols([alpn])
    port = int(front.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(data)
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(0.2):
            while await reader.read(65536):
                pass
    writer.transport.abort()


async def all_is_well(front: Fronted) -> None:
    """The front serves all versions."""
    for version in VERSIONS:
        assert (await ask(version, "GET", front.url, front.authority)).status == 207
        async with open_socket(version, f"{front.wss}/", front.authority) as client:
            await client.send("hello")
            assert await client.receive() == "hello"


def quiet(caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the console has no more than a line for anything."""
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not told, [(record.name, record.getMessage()) for record in told]
    return True


async def test_what_is_no_http_1(caplog: pytest.LogCaptureFixture) -> None:
    async with fronted(Application()) as front:
        await asyncio.gather(*(tell(front, "http/1.1", data) for data in REQUESTS.values()))
        await all_is_well(front)
        assert not any("smuggled" in line for seen in front.ring.all() for line in seen["request"][:1])
    assert quiet(caplog)


async def test_what_is_no_http_2(caplog: pytest.LogCaptureFixture) -> None:
    async with fronted(Application()) as front:
        await asyncio.gather(*(tell(front, "h2", PREFACE + data) for data in FRAMES.values()))
        await tell(front, "h2", b"\xff" * 100)
        await all_is_well(front)
    assert quiet(caplog)


async def test_what_is_no_tls_and_no_quic(caplog: pytest.LogCaptureFixture) -> None:
    async with fronted(Application()) as front:
        port = int(front.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.connect(("127.0.0.1", port))
            opening = QuicConnection(configuration=QuicConfiguration(is_client=True, alpn_protocols=["h3"]))
            opening.connect(("127.0.0.1", port), now=0.0)
            initial = opening.datagrams_to_send(now=0.0)[0][0]
            for size in (0, 1, 20, 1200, 1400):
                datagrams.send(os.urandom(size))
                datagrams.send(initial[:60] + os.urandom(size))
                datagrams.send(b"\xc0\x00\x00\x00\x01" + os.urandom(size))
            for place in range(0, len(initial), 97):
                datagrams.send(initial[:place] + bytes((initial[place] ^ 255,)) + initial[place + 1 :])
            datagrams.send(initial)
            datagrams.send(initial)
            await asyncio.sleep(0.2)
        await all_is_well(front)
        writer.close()
    assert quiet(caplog)


async def test_who_never_closes_and_who_never_reads_are_not_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def silent(front: Fronted, data: bytes) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=front.authority)
        plain = socket.create_connection(("127.0.0.1", int(front.url.rpartition(":")[2])))
        encrypted = context.wrap_socket(plain, server_hostname="localhost")
        encrypted.send(data)
        return encrypted

    app, loop = Application(), asyncio.get_running_loop()
    async with fronted(app) as front:
        flood = frame_of_text(b"flood")
        kept = [
            await asyncio.to_thread(silent, front, data)
            for data in (
                b"",
                b"GET / HTTP/1.1\r\n",
                b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + KEY + b"\r\n" + flood,
            )
        ]
        assert await app.heard.get() == "flood"
        front.server.should_exit = True
        await front.serving
        began = loop.time()
    assert loop.time() - began < 30
    for each in kept:
        each.close()
    assert quiet(caplog)


def frame_of_text(text: bytes) -> bytes:
    """A frame of a client, masked with nothing."""
    return bytes((0x81, 0x80 | len(text))) + bytes(4) + text
