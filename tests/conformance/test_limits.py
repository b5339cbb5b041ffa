"""Section 5 of the contract: sizes, times, closes, heartbeats."""

import asyncio
import json
import socket as sockets
import struct
from typing import cast

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Opcode

from local_dev.clock import Clock
from local_dev.gateway.connections import Throttled
from local_dev.gateway.events import Handshake
from local_dev.gateway.gateway import Accepted, Gateway
from local_dev.gateway.throttles import AccountLimits
from local_dev.stack.model import Api
from tests.conformance.clients import (
    answer_to,
    assert_error_frame,
    closed_by_peer,
    received,
    refusal,
)
from tests.conformance.marks import local_only
from tests.conformance.target import TIMEOUT, Probe, Watched

pytestmark = pytest.mark.anyio

KB = 1024
MOVES_THE_CLOCK = "moves the clock"
NEARLY, ENOUGH = 540.0, 70.0
"""Seconds: together more than the ten minutes; between the first and their end a machine may be busy for a minute."""


async def test_l01_l02_a_message_of_several_frames_may_have_128_kb(probe: Probe) -> None:
    async with probe.connect() as socket:
        parts = ["x" * 32 * KB] * 3
        await socket.send(parts)
        assert json.loads(await received(socket))["body"] == "".join(parts)


async def test_l01_l03_128_kb_pass_and_a_byte_more_is_1009(probe: Probe, tag: str) -> None:
    whole = ["x" * 32 * KB] * 4
    async with probe.connect(query=f"tag={tag}") as socket:
        await socket.send(whole)
        await probe.event("message", connection=await probe.connection_of(tag))
        sending = asyncio.create_task(socket.send([*whole, "x"]))
        assert (await closed_by_peer(socket))[0] == 1009
        await asyncio.gather(sending, return_exceptions=True)


async def test_l02_what_is_posted_comes_in_frames_of_at_most_32_kb(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(await probe.connection_of(tag))
        await asyncio.to_thread(probe.request, "POST", url, b"x" * 128 * KB)
        assert await received(socket) == "x" * 128 * KB
        sizes = [len(frame.data) for frame in socket.frames]
        assert len(sizes) >= 4 and max(sizes) <= 32 * KB


@pytest.mark.parametrize("size", [32 * KB + 1, 1024 * KB])
async def test_l02_a_larger_frame_is_1009(probe: Probe, tag: str, size: int) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        sending = asyncio.create_task(socket.send("x" * size))
        assert (await closed_by_peer(socket))[0] == 1009
        await asyncio.gather(sending, return_exceptions=True)
    assert (await probe.closing_of(tag))[0] == 1009


async def test_l03_a_larger_message_is_1009(probe: Probe) -> None:
    async with probe.connect() as socket:
        sending = asyncio.create_task(socket.send(["x" * 32 * KB] * 5))
        assert (await closed_by_peer(socket))[0] == 1009
        await asyncio.gather(sending, return_exceptions=True)


async def test_l05_1009_comes_without_a_reason(probe: Probe) -> None:
    """BEL: no recording shows one."""
    async with probe.connect() as socket:
        sending = asyncio.create_task(socket.send("x" * (32 * KB + 1)))
        assert await closed_by_peer(socket) == (1009, "")
        await asyncio.gather(sending, return_exceptions=True)


async def test_l06_a_binary_frame_is_1003_and_no_event(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        await socket.send(b"\x00\x01")
        assert (await closed_by_peer(socket))[0] == 1003
    assert (await probe.closing_of(tag))[0] == 1003
    kept = await probe.kept(connection=await probe.connection_of(tag))
    assert "message" not in {entry["kind"] for entry in kept}


async def test_l07_bytes_that_are_not_utf8_arrive_as_replacement_characters(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(await probe.connection_of(tag))
        await asyncio.to_thread(probe.request, "POST", url, b"a\xffb")
        assert await received(socket) == "a\ufffdb"
        await asyncio.to_thread(probe.request, "POST", url, b"a\xed\xa0\x80b")
        assert await received(socket) == "a\ufffdb"
        assert {frame.opcode for frame in socket.frames} == {Opcode.TEXT}


@local_only(MOVES_THE_CLOCK)
async def test_l08_l10_ten_minutes_without_a_message_end_a_connection(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        connection = await probe.connection_of(tag)
        probe.advance(NEARLY)
        await socket.send('{"do":"nothing"}')  # from the client, and nothing to it
        await probe.event("message", connection=connection)
        probe.advance(NEARLY)
        url = probe.on_connection(connection)
        await asyncio.to_thread(probe.request, "POST", url, b"awake as well")  # to the client
        assert await received(socket) == "awake as well"
        probe.advance(NEARLY)
        await (await socket.ping())
        probe.advance(ENOUGH)
        assert await closed_by_peer(socket) == (1001, "Going away")
        await socket.wait_closed()
        assert socket.protocol.close_rcvd_then_sent
    assert await probe.closing_of(tag) == (1001, "Going away")


@local_only(MOVES_THE_CLOCK)
async def test_l09_l10_two_hours_end_every_connection(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        await probe.connection_of(tag)
        for _ in range(14):
            probe.advance(510)
            assert (await answer_to(socket, "awake"))["body"] == "awake"
        probe.advance(100)
        assert await closed_by_peer(socket) == (1001, "Going away")
    assert await probe.closing_of(tag) == (1001, "Going away")


@local_only("looks at the default in the deployment: the real one would take half a minute")
async def test_l11_an_integration_has_29_seconds_unless_less_is_asked(probe: Probe) -> None:
    """That less is honoured is shown with R13."""
    api = next(api for api in probe.local.deployed.stack.apis if api.stage == "probe")
    timeouts = {
        key: route.integration.timeout for key, route in api.routes.items() if route.integration is not None
    }
    assert timeouts.pop("slow") == 0.3
    assert set(timeouts.values()) == {29.0}


async def test_l12_an_authorizer_may_answer_8_kb(probe: Probe) -> None:
    """The other counts of the row are quotas at deployment."""
    async with probe.connect(query="do=auth-large&size=7000") as socket:
        assert socket.response.status_code == 101
    assert (await refusal(probe, query="do=auth-large&size=9000")).status >= 400


class Silent:
    """Functions that answer nothing."""

    async def invoke(self, *_: object, **__: object) -> dict[str, int]:
        """Success."""
        return {"statusCode": 200}

    def invoke_later(self, *_: object, **__: object) -> None:
        """Nothing."""


@local_only("five thousand messages at once, of an account that others use as well")
async def test_l13_beyond_5000_requests_at_once_the_account_is_throttled() -> None:
    """APIs share the limit: messages of one use up what another could have had."""
    now = 0.0
    limits = AccountLimits(clock=lambda: now)
    frames: list[str] = []

    def send(text: str) -> None:
        frames.append(text)

    async def close(code: int, reason: str) -> None:
        raise AssertionError

    async def opened(stage: str) -> tuple[Gateway, object]:
        api = Api(stage, stage, stage, "$request.body.action", {}, "us-east-1", "123456789012")
        gateway = Gateway(api, Silent(), limits=limits, clock=Clock())
        accepted = await gateway.connect(Handshake((), "", "127.0.0.1"))
        assert isinstance(accepted, Accepted)
        return gateway, gateway.opened(accepted, send=send, close=close)

    (first, one), (second, other) = await opened("first"), await opened("second")
    throttled = '"message": "Too Many Requests"'
    for _ in range(4990):
        await first.message(one, "x")  # type: ignore[arg-type]
    assert throttled not in "".join(frames)
    for _ in range(20):
        await second.message(other, "x")  # type: ignore[arg-type]
    assert throttled in frames[-1]
    with pytest.raises(Throttled):
        second.describe("AAAAAAAAAAAAAAA=")
    frames.clear()
    now = 0.1  # a thousand more
    for _ in range(900):
        await first.message(one, "x")  # type: ignore[arg-type]
    assert throttled not in "".join(frames)


async def let_in(probe: Probe, name: str) -> Watched:
    """A client of an API whose handshakes another test may just have used up; one more is let in each second."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            try:
                return cast("Watched", await probe.connect(name))
            except InvalidStatus as refusal:
                if refusal.response.status_code != 429:
                    raise
            await asyncio.sleep(0.2)


async def test_l14_a_throttled_message_is_answered_with_an_error_frame(probe: Probe) -> None:
    """BEL: by analogy with the other error frames."""
    async with await let_in(probe, "throttled") as socket:
        for _ in range(12):
            await socket.send('{"action":"limited"}')
        async with asyncio.timeout(TIMEOUT):
            texts = [await received(socket) for _ in range(12)]
        refused = [text for text in texts if "route" not in json.loads(text)]
        assert 0 < len(refused) < 12
        for text in refused:
            assert_error_frame(text, "Too Many Requests")
        assert (await answer_to(socket, "another route"))["route"] == "$default"


async def test_l15_the_service_sends_no_pings(probe: Probe) -> None:
    async with probe.connect(ping_interval=None) as socket:
        if probe.running:
            probe.advance(550)
        await answer_to(socket, "x")
        assert Opcode.PING not in {frame.opcode for frame in socket.frames}


async def test_l16_a_ping_is_answered_and_makes_no_event(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        async with asyncio.timeout(TIMEOUT):
            await (await socket.ping(b"x"))
        assert [(frame.opcode, bytes(frame.data)) for frame in socket.frames] == [(Opcode.PONG, b"x")]
    await probe.closing_of(tag)
    kept = await probe.kept(connection=await probe.connection_of(tag))
    assert "message" not in {entry["kind"] for entry in kept}


@local_only(MOVES_THE_CLOCK)
async def test_l17_pings_do_not_keep_a_connection_alive(probe: Probe) -> None:
    """BEL: the documents speak of messages."""
    async with probe.connect() as socket:
        await answer_to(socket, "x")
        probe.advance(NEARLY)
        await (await socket.ping())
        probe.advance(ENOUGH)
        assert await closed_by_peer(socket) == (1001, "Going away")


async def test_l18_close_without_a_code(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        close_without_code(socket)
        await socket.wait_closed()
    assert await probe.closing_of(tag) == (1005, "Client-side close frame status not set")


def close_without_code(socket: Watched) -> None:
    """A close frame with no payload, which the library's own close() cannot send."""
    socket.transport.write(b"\x88\x80" + b"\x00\x00\x00\x00")


@pytest.mark.parametrize(("code", "reason"), [(1001, ""), (1000, ""), (4123, "خداحافظ")])
async def test_l18_close_with_a_code(probe: Probe, tag: str, code: int, reason: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        await probe.connection_of(tag)
        await socket.close(code, reason)
    assert await probe.closing_of(tag) == (code, reason)


def drop(socket: Watched) -> None:
    """Lose the connection: a reset, no close frame."""
    raw = socket.transport.get_extra_info("socket")
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
    socket.transport.abort()


async def test_d03_l18_a_lost_tcp_connection_is_1006(probe: Probe, tag: str) -> None:
    """BEL: the code is not recorded anywhere. A close frame is heard at once, a loss sooner or later."""
    async with probe.connect(query=f"tag={tag}") as socket:
        await probe.connection_of(tag)
        drop(socket)
    assert await probe.closing_of(tag) == (1006, "")


async def test_l19_compression_is_not_negotiated(probe: Probe) -> None:
    """BEL: no recording of an acceptance was found."""
    async with probe.connect(compression="deflate") as socket:
        names = {name.lower() for name in socket.response.headers}
        assert "sec-websocket-extensions" not in names
