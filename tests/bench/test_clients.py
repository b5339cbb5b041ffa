"""The bench's own client and its ways to what it measures."""

import asyncio
import os
import sys
from multiprocessing import get_context

import pytest
from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.bench.processes import below, cpu_seconds, memory
from tests.bench.rooms import Room
from tests.bench.subjects import Subject, peer
from tests.bench.wire import Refused, Socket, connect, frame


def test_a_peer_is_an_address_with_a_room_and_perhaps_a_name_and_a_process() -> None:
    assert peer("one@47=ws://h:1/?room={room}&name={name}") == Subject(
        "one", "ws://h:1/?room={room}&name={name}", 47
    )
    assert peer("ws://h:1/{room}").name == "ws://h:1/{room}"
    assert peer("x=wss://h/?r={room}&n={name}").address("a b", "c&d") == "wss://h/?r=a%20b&n=c%26d"
    with pytest.raises(ValueError, match="room"):
        peer("ws://h:1/")


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536])
@pytest.mark.parametrize("piece", [1, 7, 4096, 1 << 20])
def test_frames_are_read_whatever_pieces_they_come_in(size: int, piece: int) -> None:
    if size > 1000 and piece < 4096:
        piece = 4099
    heard: list[bytes] = []

    async def run() -> None:
        socket = Socket(b"", heard.append)
        texts = [b"x" * size, b"last"]
        # A client's frame is masked; a server's is the same without the mask's bit and its four zeros.
        sent = b"".join(_unmasked(frame(1, text)) for text in texts)
        sent = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + sent
        for start in range(0, len(sent), piece):
            socket.data_received(sent[start : start + piece])
        assert heard == texts

    asyncio.run(run())


def _unmasked(masked: bytes) -> bytes:
    head = {254: 4, 255: 10}.get(masked[1], 2)
    return bytes([masked[0], masked[1] & 127]) + masked[2:head] + masked[head + 4 :]


def test_it_speaks_with_a_real_server_and_knows_when_the_last_has_heard() -> None:
    connections: set[ServerConnection] = set()

    async def handle(connection: ServerConnection) -> None:
        connections.add(connection)
        async for text in connection:
            broadcast(connections, text)

    async def run() -> None:
        async with serve(handle, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            room = Room()
            await room.enter(Subject("it", f"ws://127.0.0.1:{port}/" + "{room}/{name}"), "r", 3)
            assert 0 < await room.last(sender=2) < 20
            for member in room.members:
                member.close()
            await asyncio.wait([member.closed for member in room.members], timeout=5)

    asyncio.run(run())


def test_a_refused_handshake_says_why() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(Refused, match="403"):
                await connect(f"ws://127.0.0.1:{port}/", lambda _: None)

    asyncio.run(run())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_memory_and_cpu_count_what_is_below() -> None:
    context = get_context("spawn")
    go = context.Event()
    child = context.Process(target=go.wait, args=(20,))
    child.start()
    try:
        assert child.pid in below(os.getpid())
        with_it = memory(os.getpid())
        assert with_it and cpu_seconds(os.getpid()) > 0
    finally:
        go.set()
        child.join(20)
    assert child.pid not in below(os.getpid())
