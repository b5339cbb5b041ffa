"""Bytes that no client would send, against a served application: it never hangs, never shows or logs a trace,
and always ends with the code that a second, simpler reading of the same bytes expects.

A short run by default; FUZZ_SECONDS=600 makes each of the tests go on for that long.
"""

import asyncio
import contextlib
import json
import logging
import os
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.connections import BufferFull, Gone
from local_dev.web.limits import FRAME_LIMIT, MESSAGE_LIMIT

from .serving import PATIENCE
from .wire import RawClient, Served, frame, handshake, masked, served

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
VALID_CODES = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}


@dataclass
class Wire:
    """A served application, its event loop, and every complaint that was logged or left to the loop."""

    loop: asyncio.AbstractEventLoop
    running: Served
    complaints: list[str] = field(default_factory=list)

    def run(self, work: Awaitable[Any]) -> Any:
        """Run it to its end, which has to come."""

        async def bounded() -> Any:
            async with asyncio.timeout(2 * PATIENCE):
                return await work

        result = self.loop.run_until_complete(bounded())
        complaints, self.complaints[:] = list(self.complaints), []  # each example has its own
        assert not complaints
        return result


@pytest.fixture(scope="module", params=["off", "on"], ids=["plain", "compressed"])
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """One application for all examples, which therefore may not hurt each other either."""
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    assumed = Assumptions(compression=request.param)
    running = loop.run_until_complete(stack.enter_async_context(served(assumptions=assumed)))
    running_wire = Wire(loop, running)

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info or record.levelno >= logging.ERROR:
                running_wire.complaints.append(self.format(record))

    listening = Listening()
    logging.getLogger().addHandler(listening)
    loop.set_exception_handler(lambda _, context: running_wire.complaints.append(str(context)))
    try:
        yield running_wire
        loop.run_until_complete(stack.aclose())
    finally:
        logging.getLogger().removeHandler(listening)
        loop.close()
    assert not running_wire.complaints


def fuzz(test: Callable[[], None]) -> None:
    """Run a property once, or for as long as FUZZ_SECONDS says, with other examples each time."""
    end = time.monotonic() + SECONDS
    test()
    while time.monotonic() < end:
        test()


masks = st.one_of(st.binary(min_size=4, max_size=4), st.just(b"\0\0\0\0"))
payloads = st.one_of(
    st.binary(max_size=140),
    st.text(max_size=40).map(str.encode),
    st.sampled_from([b"", b"x" * 125, b"x" * 126, b"\xed\xa0\x80", b"\xc3", b"\xff"]),
    st.sampled_from(
        [b"x" * size for size in (FRAME_LIMIT - 1, FRAME_LIMIT, FRAME_LIMIT + 1, 65_535, 65_536)]
    ),
)
closings = st.one_of(
    st.binary(max_size=3),
    st.builds(
        lambda code, reason: struct.pack("!H", code) + reason,
        st.one_of(st.integers(0, 65_535), st.sampled_from(sorted(VALID_CODES)[:15]), st.integers(995, 1020)),
        st.one_of(st.binary(max_size=123), st.text(max_size=40).map(str.encode)),
    ),
)
sound = st.one_of(
    st.builds(frame, st.just(TEXT), st.text(max_size=50).map(str.encode), mask=masks),
    st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=masks),
    st.builds(frame, st.just(TEXT), st.text(max_size=50).map(str.encode), fin=st.just(False), mask=masks),
    st.builds(frame, st.just(CONT), st.text(max_size=50).map(str.encode), fin=st.booleans(), mask=masks),
)
odd = st.one_of(
    st.builds(
        frame,
        st.integers(0, 15),
        payloads,
        fin=st.booleans(),
        rsv=st.sampled_from([0, 0, 0, 1, 2, 4, 7]),
        mask=st.one_of(masks, masks, st.none()),
    ),
    st.builds(frame, st.just(CLOSE), closings, mask=masks),
    st.builds(frame, st.sampled_from([TEXT, BINARY, CONT]), payloads, fin=st.booleans(), mask=masks),
    st.binary(max_size=30),
    st.builds(
        lambda first, length: struct.pack("!BBQ", first, 0xFF, length),
        st.sampled_from([0x81, 0x82, 0x80, 0x89]),
        st.sampled_from([0, 1, FRAME_LIMIT + 1, 2**31, 2**63, 2**64 - 1]),
    ),
)
truncated = st.builds(
    lambda data, end: data[: end % (len(data) + 1)], st.one_of(sound, odd), st.integers(0, 200)
)
large = st.sampled_from([5, 4, 5, 1]).map(
    lambda count: b"".join(
        frame(CONT if part else TEXT, b"x" * FRAME_LIMIT, fin=part == count - 1) for part in range(count)
    )
)
whole = st.one_of(
    st.builds(frame, st.sampled_from([TEXT, TEXT, BINARY]), payloads, mask=masks),
    st.builds(frame, st.sampled_from([PING, PONG]), st.binary(max_size=125), mask=masks),
    large,
)
streams = st.one_of(
    st.lists(st.one_of(sound, sound, sound, odd, truncated, large), max_size=8),
    st.lists(whole, max_size=6),  # what ends a connection here lies deeper than in one frame's header
)
posts = st.lists(st.sampled_from(["", "hi", "ی" * 20_000, "x" * MESSAGE_LIMIT]), max_size=3)
shared = settings(
    max_examples=150,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def expected(data: bytes) -> set[int]:  # noqa: PLR0912 (a second reading of RFC 6455, on one page)
    """The codes that $disconnect may be told after `data` and the end of the stream.

    More than one where the application closes while more is coming in: what comes first is nobody's promise.
    """
    codes: set[int] = set()
    position, started, size, parts = 0, None, 0, b""
    while True:
        head = data[position : position + 2]
        if len(head) < 2:
            return codes or {1006}  # the end of the stream overtakes nothing
        fin, rsv, opcode = head[0] & 0x80, head[0] & 0x70, head[0] & 0x0F
        is_masked, length = head[1] & 0x80, head[1] & 0x7F
        position += 2
        if opcode not in (CONT, TEXT, BINARY, CLOSE, PING, PONG) or not is_masked:
            return codes | {1002}
        if length > 125:
            width = 2 if length == 126 else 8
            if len(data) < position + width:
                return codes or {1006}
            length = int.from_bytes(data[position : position + width], "big")
            position += width
        if length > FRAME_LIMIT:
            return codes | ({1009, 1002} if rsv or opcode >= CLOSE else {1009})
        faulty = rsv or (opcode >= CLOSE and (length > 125 or not fin))
        if len(data) < position + 4 + length:
            return codes or {1006}
        mask = data[position : position + 4]
        position += 4
        payload = masked(data[position : position + length], mask)
        position += length
        if faulty:
            return codes | {1002}
        if opcode in (PING, PONG):
            continue
        if opcode == CLOSE:
            return codes | closing(payload, within=started is not None)
        if (opcode == CONT) != (started is not None):
            return codes | {1002}
        if started is None:
            started, size, parts = opcode, 0, b""
        size, parts = size + length, parts + payload
        if size > MESSAGE_LIMIT:
            codes.add(1009)
        if fin:
            if started == BINARY:
                codes.add(1003)
            elif not is_text(parts):
                codes.add(1007)
            started = None


def closing(payload: bytes, *, within: bool) -> set[int]:
    """The code of a close frame, or of what is wrong with it; `within` a fragmented message."""
    if not payload:
        return {1002} if within else {1005}
    if len(payload) == 1 or int.from_bytes(payload[:2], "big") not in VALID_CODES:
        return {1002, 1007}
    if not is_text(payload[2:]):
        return {1007, 1002}
    return {1002} if within else {int.from_bytes(payload[:2], "big")}


def is_text(data: bytes) -> bool:
    """Whether it is UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def check_answer(said: bytes) -> None:
    """What the server said are frames of permitted size and kind, with nothing behind a close frame."""
    assert b"Traceback" not in said
    position, open_message = 0, False
    while position < len(said):
        first, length = said[position], said[position + 1]
        assert length < 128
        position += 2
        if length > 125:
            width = 2 if length == 126 else 8
            length = int.from_bytes(said[position : position + width], "big")
            position += width
        assert length <= FRAME_LIMIT
        payload, opcode = said[position : position + length], first & 0x0F
        assert len(payload) == length
        position += length
        assert opcode in (CONT, TEXT, CLOSE, PONG)
        if opcode in (CONT, TEXT):
            assert (opcode == CONT) == open_message
            open_message = not first & 0x80
        if opcode == CLOSE:
            assert position == len(said)
            assert len(payload) != 1
            assert not payload or int.from_bytes(payload[:2], "big") in VALID_CODES


async def post(running: Served, connection_id: str, texts: list[str]) -> None:
    """Post to a client that is about to misbehave."""
    for text in texts:
        with contextlib.suppress(Gone, BufferFull):
            running.gateways["prod"].post(connection_id, text)
        await asyncio.sleep(0)


async def converse(
    running: Served, pieces: list[bytes], offer: dict[str, str], posts: list[str]
) -> tuple[bytes, int]:
    """Send the pieces and then the end of the stream, while others post; what the server said, and what
    $disconnect was told.
    """
    client = await running.socket(**offer)
    event = await running.lambdas.next("connect")
    posting = asyncio.create_task(post(running, event["requestContext"]["connectionId"], posts))
    try:
        for piece in pieces:
            client.send(piece)
            await client.writer.drain()
        client.writer.write_eof()
    except OSError:
        pass  # the server has closed already
    said = await client.rest()
    client.leave()
    await posting
    left = (await running.lambdas.next("disconnect"))["requestContext"]
    assert left["connectionId"] == event["requestContext"]["connectionId"]
    assert not running.gateways["prod"].connections.all()
    return said, left["disconnectStatusCode"]


def test_any_frames_end_as_they_should(wire: Wire) -> None:
    @shared
    @given(streams, st.integers(1, 70_000), posts)
    def holds(pieces: list[bytes], step: int, texts: list[str]) -> None:
        data = b"".join(pieces)
        cut = [data[start : start + step] for start in range(0, len(data), max(step, len(data) // 50))]
        if sum(map(len, cut)) != len(data):
            cut = pieces
        said, code = wire.run(converse(wire.running, cut, {}, texts))
        check_answer(said)
        assert code in expected(data)

    fuzz(holds)


def test_compressed_frames_of_any_content_end(wire: Wire) -> None:
    """With the extension offered a bit means something else: only how it ends is checked."""

    @shared
    @given(streams, posts)
    def holds(pieces: list[bytes], texts: list[str]) -> None:
        offer = {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
        said, code = wire.run(converse(wire.running, pieces, offer, texts))
        assert b"Traceback" not in said
        assert code in VALID_CODES | {1005, 1006}

    fuzz(holds)


def test_an_unbroken_client_is_served_after_all_that(wire: Wire) -> None:
    async def echo() -> bytes:
        client = await wire.running.socket()
        client.send(frame(TEXT, b"still here"))
        answer = await client.frame()
        client.send(frame(CLOSE))
        await client.rest()
        await wire.running.lambdas.next("disconnect")
        return answer.payload

    assert wire.run(echo()) == b"still here"


lines = st.one_of(
    st.sampled_from(handshake().decode().split("\r\n")[:-2]),
    st.sampled_from(
        [
            "GET /prod HTTP/1.1",
            "POST /prod HTTP/1.1",
            "GET http://127.0.0.1/prod HTTP/1.1",
            "GET /prod/@connections/x HTTP/1.1",
            "POST /prod/@connections/abc%3D HTTP/1.0",
            "Content-Length: 3",
            "Transfer-Encoding: chunked",
            "Expect: 100-continue",
            "Upgrade: h2c",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99, ,;=",
            "Sec-WebSocket-Protocol: ,a b,",
            "",
        ]
    ),
    st.text(max_size=60),
)


def test_any_request_ends(wire: Wire) -> None:
    async def ask(data: bytes) -> bytes:
        client: RawClient = await wire.running.open()
        try:
            client.send(data)
            await client.writer.drain()
            client.writer.write_eof()
        except OSError:
            pass
        said = await client.rest()
        client.leave()
        return said

    @shared
    @given(st.lists(lines, max_size=14), st.binary(max_size=40), st.sampled_from(["\r\n", "\r\n", "\n"]))
    def holds(head: list[str], body: bytes, end: str) -> None:
        said = wire.run(ask(end.join([*head, "", ""]).encode("utf-8", "replace") + body))
        assert b"Traceback" not in said
        assert said == b"" or said.startswith(b"HTTP/1.1 ")

    fuzz(holds)


@given(st.binary(max_size=200))
def test_the_second_reading_is_a_code(data: bytes) -> None:
    assert expected(data)
    assert json.dumps(sorted(expected(data)))
