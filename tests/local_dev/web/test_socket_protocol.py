"""Frames on the wire, read and written as bytes."""

import asyncio
import random
import zlib

import pytest
from websockets.asyncio.client import connect

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.connections import BufferFull, Gone
from local_dev.web.limits import EARLY_LIMIT, FRAME_LIMIT, MESSAGE_LIMIT

from .serving import PATIENCE
from .wire import Frame, Lambdas, RawClient, Served, frame, handshake, served

pytestmark = pytest.mark.anyio

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


async def connection_of(running: Served) -> str:
    """The id of the connection that came last."""
    event = await running.lambdas.next("connect")
    connection_id: str = event["requestContext"]["connectionId"]
    return connection_id


async def ended_with(running: Served) -> tuple[int, str]:
    """What the next $disconnect is told."""
    context = (await running.lambdas.next("disconnect"))["requestContext"]
    return context["disconnectStatusCode"], context["disconnectReason"]


def text_of(size: int) -> str:
    """A text of so many bytes, whose characters lie across the borders of frames."""
    return "x" + "ی" * ((size - 1) // 2) + "x" * ((size - 1) % 2)


@pytest.mark.parametrize(
    ("size", "frames"),
    [
        (0, [0]),
        (FRAME_LIMIT, [FRAME_LIMIT]),
        (FRAME_LIMIT + 1, [FRAME_LIMIT, 1]),
        (MESSAGE_LIMIT, [FRAME_LIMIT] * 4),
        (100_000, [FRAME_LIMIT] * 3 + [100_000 - 3 * FRAME_LIMIT]),
    ],
)
async def test_a_message_to_a_client_goes_in_frames_of_32_kb(size: int, frames: list[int]) -> None:
    """Contract L01, L02, M09."""
    async with served() as running:
        client = await running.socket()
        text = text_of(size) if size else ""
        running.gateways["prod"].post(await connection_of(running), text)
        got = [await client.frame() for _ in frames]
        assert [len(item.payload) for item in got] == frames
        assert [item.opcode for item in got] == [TEXT] + [CONT] * (len(frames) - 1)
        assert [item.fin for item in got] == [False] * (len(frames) - 1) + [True]
        assert b"".join(item.payload for item in got).decode() == text


async def test_messages_sent_at_once_do_not_come_between_each_others_frames() -> None:
    async with served() as running:
        client = await running.socket()
        connection_id = await connection_of(running)
        texts = [letter * (3 * FRAME_LIMIT) for letter in "abc"]
        for text in texts:
            running.gateways["prod"].post(connection_id, text)
        got = [(await client.frame()).payload.decode() for _ in range(9)]
        assert ["".join(got[start : start + 3]) for start in (0, 3, 6)] == texts


async def test_a_long_answer_of_a_two_way_route_arrives_whole() -> None:
    lambdas = Lambdas(default=lambda _: {"statusCode": 200, "body": text_of(MESSAGE_LIMIT)})
    async with (
        served(lambdas=lambdas) as running,
        connect(running.url.replace("http", "ws") + "/prod", open_timeout=PATIENCE) as client,
    ):
        await client.send("{}")
        assert await client.recv() == text_of(MESSAGE_LIMIT)


async def test_text_without_utf8_becomes_a_replacement_character() -> None:
    """Contract L07."""
    async with served() as running:
        client = await running.socket()
        running.gateways["prod"].post(await connection_of(running), "a\ud800b")
        assert (await client.frame()).payload.decode() == "a\ufffdb"


async def test_a_fragmented_message_may_have_128_kb_and_pings_in_between() -> None:
    """Contract L01, L16: a control frame counts for nothing."""
    async with served() as running:
        client = await running.socket()
        for number in range(4):
            part = b"x" * (FRAME_LIMIT - (number == 3))
            client.send(frame(CONT if number else TEXT, part, fin=False))
            client.send(frame(PING, b"p" * 125))
            assert await client.frame() == pong()
        client.send(frame(CONT, b"!"))
        event = await running.lambdas.next("default")
        assert len(event["body"]) == MESSAGE_LIMIT


def pong(payload: bytes = b"p" * 125) -> Frame:
    """The answer to a ping."""
    return Frame(PONG, True, 0, payload)


@pytest.mark.parametrize("reason", ["", "too big", "ی" * 100])
@pytest.mark.parametrize("parts", [1, 5])
async def test_what_is_too_large_is_1009_with_the_assumed_reason(reason: str, parts: int) -> None:
    """Contract L02, L03, L05."""
    async with served(assumptions=Assumptions(too_large_reason=reason)) as running:
        client = await running.socket()
        if parts == 1:
            client.send(frame(TEXT, b"x" * (FRAME_LIMIT + 1)))
        else:
            for number in range(parts):
                client.send(frame(CONT if number else TEXT, b"x" * FRAME_LIMIT, fin=number == parts - 1))
        code, said = (await client.frame()).close
        assert (code, said) == (1009, reason.encode()[:123].decode(errors="ignore"))
        assert await ended_with(running) == (1009, said)


async def test_a_binary_frame_is_1003_and_what_came_with_it_is_dropped() -> None:
    """Contract L06."""
    async with served() as running:
        client = await running.socket()
        client.send(frame(BINARY, b"x") + frame(TEXT, b"never"))
        assert (await client.frame()).close[0] == 1003
        client.send(frame(CLOSE, b"\x03\xeb"))
        assert await client.rest() == b""
        assert (await ended_with(running))[0] == 1003
        assert not [name for name, _ in list(running.lambdas.events._queue) if name == "default"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("keeps", ["no", "yes"])
async def test_pings_are_answered_and_reported(keeps: str) -> None:
    """Contract L16, L17."""
    async with served(assumptions=Assumptions(pings_keep_alive=keeps)) as running:
        client = await running.socket()
        connection = running.gateways["prod"].connections.get(await connection_of(running))
        before = connection.active_at
        client.send(frame(PING, b"hello") + frame(PONG, b"unasked") + frame(PING))
        assert await client.frame() == pong(b"hello")
        assert await client.frame() == pong(b"")
        assert (connection.active_at > before) == (keeps == "yes")


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        (b"", (1005, "Client-side close frame status not set")),
        (b"\x03\xe8", (1000, "")),
        (b"\x03\xe9bye", (1001, "bye")),
        (b"\x0f\xa0own", (4000, "own")),
    ],
)
async def test_a_close_frame_is_echoed_and_told(payload: bytes, told: tuple[int, str]) -> None:
    """Contract L18."""
    async with served() as running:
        client = await running.socket()
        client.send(frame(CLOSE, payload))
        assert (await client.frame()).payload == payload
        assert await client.rest() == b""
        assert await ended_with(running) == told


@pytest.mark.parametrize("code", [1006, 1005, 1001])
@pytest.mark.parametrize("how", ["reset", "half-close"])
async def test_a_lost_connection_is_told_as_assumed(code: int, how: str) -> None:
    """Contract L18."""
    async with served(assumptions=Assumptions(lost_connection_code=code)) as running:
        client = await running.socket()
        if how == "reset":
            client.leave()
        else:
            client.send(frame(TEXT, b"half a fra")[:7])
            client.writer.write_eof()
            assert await client.rest() == b""
        assert (await ended_with(running))[0] == code


@pytest.mark.parametrize("compression", ["off", "on"])
async def test_compression_is_as_assumed(compression: str) -> None:
    """Contract L19; frames keep within their limit."""
    async with served(assumptions=Assumptions(compression=compression)) as running:
        offer = "permessage-deflate; client_max_window_bits"
        client = await running.open()
        client.send(handshake(Sec_WebSocket_Extensions=offer))
        status, headers, _ = await client.response()
        assert status == 101
        assert ("sec-websocket-extensions" in headers) == (compression == "on")
        dice = random.Random(1)
        noise = "".join(chr(dice.randrange(0x20, 0x7F)) for _ in range(100_000))
        running.gateways["prod"].post(await connection_of(running), noise)
        got = [await client.frame()]
        while not got[-1].fin:
            got.append(await client.frame())
        assert max(len(item.payload) for item in got) <= FRAME_LIMIT
        assert bool(got[0].rsv & 4) == (compression == "on")
        async with connect(
            running.url.replace("http", "ws") + "/prod", compression="deflate", open_timeout=PATIENCE
        ) as other:
            await other.send(noise[:30_000])
            assert await other.recv() == noise[:30_000]


async def test_what_a_client_sends_before_the_101_is_kept_until_then() -> None:
    """Contract H08, O06."""
    gate = asyncio.Event()
    async with served(lambdas=Lambdas(before_connect=gate)) as running:
        client = await running.open()
        client.send(handshake() + frame(PING, b"early") + frame(TEXT, b"hel", fin=False))
        await running.lambdas.next("connect")
        client.send(frame(CONT, b"lo"))
        gate.set()
        assert (await client.response())[0] == 101
        assert await client.frame() == pong(b"early")
        assert (await client.frame()).payload == b"hello"


async def test_a_client_that_sends_too_much_before_the_101_is_dropped() -> None:
    gate = asyncio.Event()
    async with served(lambdas=Lambdas(before_connect=gate)) as running:
        client = await running.open()
        client.send(handshake() + b"x" * (EARLY_LIMIT + 300_000))
        assert await client.rest() == b""
        gate.set()
        assert (await ended_with(running))[0] == 1006


async def test_a_client_that_never_reads_gets_nobody_else_stuck() -> None:
    """Contract M10."""
    async with served() as running:
        client = await running.socket()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        connection_id = await connection_of(running)
        gateway = running.gateways["prod"]
        refused = 0
        for _ in range(200):
            try:
                gateway.post(connection_id, "x" * MESSAGE_LIMIT)
            except BufferFull:
                refused += 1
        assert refused
        await gateway.cut(connection_id)
        with pytest.raises(Gone):
            gateway.post(connection_id, "x")
        assert (await ended_with(running))[0] == 1000


async def test_a_client_that_pings_and_never_reads_is_dropped() -> None:
    async with served() as running:
        client = await running.socket()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        pings = frame(PING, b"p" * 125) * 1000

        async def flood() -> None:
            while True:
                client.send(pings)
                await client.writer.drain()

        with pytest.raises((ConnectionError, OSError)):
            async with asyncio.timeout(PATIENCE):
                await flood()
        assert (await ended_with(running))[0] == 1006


ENDS = ("close", "reset", "half-close", "delete", "delete and close", "large", "binary", "large and cut")


@pytest.mark.parametrize("end", ENDS)
async def test_disconnect_runs_once_however_a_connection_ends(end: str) -> None:
    """Contract D02: a second time would come before the ends of the next clients."""
    ended: list[str] = []
    lambdas = Lambdas(disconnect=lambda event: ended.append(event["requestContext"]["connectionId"]))
    async with served(lambdas=lambdas) as running:
        client = await running.socket()
        connection_id = await connection_of(running)
        gateway = running.gateways["prod"]
        if "large" in end:
            client.send(frame(TEXT, b"x" * (FRAME_LIMIT + 1)))
        if end == "binary":
            client.send(frame(BINARY, b"x"))
        if "delete" in end or "cut" in end:
            await gateway.cut(connection_id)
        if end == "reset":
            client.leave()
        elif end == "half-close":
            client.writer.write_eof()
        elif "close" in end:
            client.send(frame(CLOSE, b"\x03\xe8") * 2)
        if end in ("delete", "binary"):
            client.send(frame(CLOSE, (await client.frame()).payload))
        await running.lambdas.next("disconnect")
        client.leave()
        for _ in range(2):
            other = await running.socket()
            other.send(frame(CLOSE))
            await running.lambdas.next("disconnect")
            other.leave()
        assert (ended[0], ended.count(connection_id), len(ended)) == (connection_id, 1, 3)


@pytest.mark.parametrize(("size", "passes"), [(FRAME_LIMIT, True), (FRAME_LIMIT + 1, False)])
async def test_a_compressed_frame_is_measured_by_what_is_in_it(size: int, passes: bool) -> None:
    """Contract L02, L19: a few bytes on the wire are not let grow beyond a frame."""
    async with served(assumptions=Assumptions(compression="on")) as running:
        client = await running.open()
        client.send(handshake(Sec_WebSocket_Extensions="permessage-deflate"))
        assert (await client.response())[0] == 101
        deflate = zlib.compressobj(wbits=-15)
        payload = deflate.compress(b"x" * size) + deflate.flush(zlib.Z_SYNC_FLUSH)
        client.send(frame(TEXT, payload.removesuffix(b"\0\0\xff\xff"), rsv=4))
        answered = await client.frame()
        if passes:
            assert answered.opcode == TEXT
        else:
            assert answered.close == (1009, "")
        client.leave()


async def test_a_second_cut_and_posts_after_the_end_are_gone() -> None:
    async with served() as running:
        client = await running.socket()
        connection_id = await connection_of(running)
        gateway = running.gateways["prod"]
        await gateway.cut(connection_id)
        with pytest.raises(Gone):
            await gateway.cut(connection_id)
        with pytest.raises(Gone):
            gateway.post(connection_id, "late")
        assert (await client.frame()).close == (1000, "Connection Closed Normally")


@pytest.mark.parametrize("fault", [frame(TEXT, b"\xff"), frame(BINARY, b"x")])
async def test_nothing_follows_a_close_frame(fault: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with served() as running:
        client = await running.socket()
        client.send(fault + frame(PING, b"same packet"))
        assert await client.frame() == pong(b"same packet")
        assert (await client.frame()).close[0] in (1003, 1007)
        client.send(frame(PING, b"another") + frame(TEXT, b"{}"))
        client.writer.write_eof()
        assert await client.rest() == b""
    assert "Traceback" not in caplog.text


async def test_empty_fragments_take_no_memory() -> None:
    async with served() as running:
        client = await running.socket()
        client.send(frame(TEXT, b"a", fin=False) + frame(CONT, fin=False) * 20_000 + frame(CONT, b"b"))
        assert (await running.lambdas.next("default"))["body"] == "ab"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Protocol": "a b c,,"},
        {"Content_Length": "5"},
        {"Transfer_Encoding": "chunked"},
    ],
)
async def test_a_handshake_that_is_none_gets_an_answer(
    headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    async with served() as running:
        client: RawClient = await running.open()
        client.send(handshake(**headers))
        status, _, body = await client.response()
        assert status == 400
        assert body == b'{"message": "Bad Request"}'
        assert await client.rest() == b""
    assert "Traceback" not in caplog.text


async def test_a_subprotocol_that_is_no_header_is_left_out() -> None:
    answer = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "a\r\nSet-Cookie: b=c"}}
    async with served(lambdas=Lambdas(connect=lambda _: answer)) as running:
        client = await running.open()
        client.send(handshake())
        status, headers, _ = await client.response()
        assert status == 101
        assert not {"sec-websocket-protocol", "set-cookie"} & set(headers)


async def test_l06_what_comes_behind_a_binary_message_is_not_run() -> None:
    async with served() as running:
        client = await running.socket()
        client.send(frame(1, b"first") + frame(2, b"binary") + frame(1, b"second"))
        got = [await client.frame() for _ in range(2)]
        assert {item.opcode for item in got} == {1, 8}
        assert [item.close[0] for item in got if item.opcode == 8] == [1003]
        assert (await running.lambdas.next("default"))["body"] == "first"
        client.send(frame(8, b"\x03\xeb"))
        async with asyncio.timeout(PATIENCE):
            assert (await running.lambdas.events.get())[0] == "disconnect"
