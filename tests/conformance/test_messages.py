"""Sections 4, 5 and 7 of the contract: routes, error frames, limits and closes, $disconnect."""

import asyncio
import json
import re
import socket as sockets
import struct
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.running import Running

pytestmark = pytest.mark.anyio
TIMEOUT = 20


async def answer_to(socket: ClientConnection, text: str) -> Any:
    """Send a frame and give the parsed frame that comes back."""
    await socket.send(text)
    return json.loads(await asyncio.wait_for(socket.recv(), TIMEOUT))


async def connection_of(probe: Running, tag: str) -> str:
    """The id of the connection whose handshake had `?tag=`."""
    event = await asyncio.to_thread(
        probe.recorder.event,
        "Connect",
        lambda item: (item.get("queryStringParameters") or {}).get("tag") == tag,
    )
    return str(event["requestContext"]["connectionId"])


async def disconnect_of(probe: Running, tag: str) -> tuple[int, str]:
    """The close code and reason in the connection's $disconnect event."""
    connection_id = await connection_of(probe, tag)
    event = await asyncio.to_thread(
        probe.recorder.event,
        "Disconnect",
        lambda item: item.get("requestContext", {}).get("connectionId") == connection_id,
    )
    context = event["requestContext"]
    return context["disconnectStatusCode"], context["disconnectReason"]


async def closed_by_peer(socket: ClientConnection) -> tuple[int, str]:
    """The code and reason of the close frame that the gateway sends."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            await asyncio.wait_for(socket.recv(), TIMEOUT)
    assert closed.value.rcvd is not None, "the gateway sent no close frame"
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ('{"action":"named"}', "named"),
        ('{"action":"Named"}', "$default"),
        ('{"action":"Upper"}', "Upper"),
        ('{"action":"nam"}', "$default"),
        ('{"other":"named"}', "$default"),
        ("named", "$default"),
        ('{"action":', "$default"),
        ("5", "$default"),
        ('{"action":"$connect"}', "$default"),
        ('{"action":"$disconnect"}', "$default"),
    ],
)
async def test_r06_r07_r10_route_selection(probe: Running, text: str, route: str) -> None:
    async with connect(f"{probe.ws_url}/probe") as socket:
        assert await answer_to(socket, text) == {"route": route, "body": text}


async def test_r11_no_route_and_no_default_is_the_exact_forbidden_frame(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/bare") as socket:
        await socket.send('{"action":"nothing"}')
        frame = await asyncio.wait_for(socket.recv(), TIMEOUT)
        assert isinstance(frame, str)
        identifier = r"[A-Za-z0-9_-]{15}="
        expected = rf'{{"message": "Forbidden", "connectionId":"{identifier}", "requestId":"{identifier}"}}'
        assert re.fullmatch(expected, frame)
        await (await socket.ping())


@pytest.mark.parametrize("text", ['{"do":"raise"}', '{"do":"exit"}', '{"action":"broken"}'])
async def test_r12_a_failing_function_is_an_internal_server_error(probe: Running, text: str) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=r12") as socket:
        answer = await answer_to(socket, text)
        assert answer["message"] == "Internal server error"
        assert set(answer) == {"message", "connectionId", "requestId"}
        assert (await answer_to(socket, "still here"))["body"] == "still here"


async def test_r12_a_function_over_its_own_timeout_is_killed_and_the_next_invocation_works(
    probe: Running,
) -> None:
    async with connect(f"{probe.ws_url}/probe") as socket:
        assert (await answer_to(socket, '{"action":"short","do":"hang"}'))[
            "message"
        ] == "Internal server error"
        assert (await answer_to(socket, '{"action":"short"}'))["route"] == "short"
    assert any("Task timed out after 1.00 seconds" in line for line in probe.recorder.lines("ShortOfTime"))


async def test_r13_an_integration_over_its_timeout(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe") as socket:
        await answer_to(socket, "the worker is warm")
        assert (await answer_to(socket, '{"action":"slow","do":"hang"}'))[
            "message"
        ] == "Endpoint request timed out"
        assert (await answer_to(socket, "still here"))["body"] == "still here"


async def test_r15_r17_neither_a_status_nor_a_body_reaches_the_client(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe") as socket:
        await socket.send('{"do":"status"}')
        assert (await answer_to(socket, "next"))["body"] == "next"


async def test_l01_l02_a_message_of_several_frames_may_have_128_kb(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe", max_size=None) as socket:
        parts = ["x" * 32 * 1024] * 3
        await socket.send(parts)
        answer = json.loads(await asyncio.wait_for(socket.recv(), TIMEOUT))
        assert answer["body"] == "".join(parts)


@pytest.mark.parametrize("size", [32 * 1024 + 1, 1024 * 1024])
async def test_l02_a_larger_frame_is_1009(probe: Running, size: int) -> None:
    tag = f"l02-{size}"
    async with connect(f"{probe.ws_url}/probe?tag={tag}") as socket:
        sending = asyncio.create_task(socket.send("x" * size))
        assert (await closed_by_peer(socket))[0] == 1009
        await asyncio.gather(sending, return_exceptions=True)
    assert (await disconnect_of(probe, tag))[0] == 1009


async def test_l03_a_larger_message_is_1009(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe") as socket:
        sending = asyncio.create_task(socket.send(["x" * 32 * 1024] * 5))
        assert (await closed_by_peer(socket))[0] == 1009
        await asyncio.gather(sending, return_exceptions=True)


async def test_l06_a_binary_frame_is_1003_and_no_event(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=l06") as socket:
        await socket.send(b"\x00\x01")
        assert (await closed_by_peer(socket))[0] == 1003
    assert (await disconnect_of(probe, "l06"))[0] == 1003
    connection_id = await connection_of(probe, "l06")
    assert not any(connection_id in line for line in probe.recorder.lines("Message"))


async def test_invalid_utf8_is_1007_and_what_came_before_it_counts(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=utf8") as socket:
        await socket.send("before")
        await socket.send(b"\xff\xfe", text=True)
        assert (await closed_by_peer(socket))[0] == 1007
    assert (await disconnect_of(probe, "utf8"))[0] == 1007
    await asyncio.to_thread(probe.recorder.event, "Message", lambda item: item["body"] == "before")


async def test_l16_a_ping_is_answered_and_makes_no_event(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=l16") as socket:
        await asyncio.wait_for(await socket.ping(b"x"), TIMEOUT)
    await disconnect_of(probe, "l16")
    connection_id = await connection_of(probe, "l16")
    assert not any(connection_id in line for line in probe.recorder.lines("Message"))


async def test_l18_close_without_a_code(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=l18-none") as socket:
        # A close frame with no payload, which the library's own close() cannot send.
        assert socket.transport
        socket.transport.write(b"\x88\x80" + b"\x00\x00\x00\x00")
        await socket.wait_closed()
    assert await disconnect_of(probe, "l18-none") == (1005, "Client-side close frame status not set")


@pytest.mark.parametrize(("code", "reason"), [(1001, ""), (1000, ""), (4123, "خداحافظ")])
async def test_l18_close_with_a_code(probe: Running, code: int, reason: str) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=l18-{code}") as socket:
        await socket.close(code, reason)
    assert await disconnect_of(probe, f"l18-{code}") == (code, reason)


async def test_l18_a_lost_tcp_connection_is_1006(probe: Running) -> None:
    """BEL: the code is not recorded anywhere."""
    async with connect(f"{probe.ws_url}/probe?tag=l18-tcp") as socket:
        assert socket.transport
        raw = socket.transport.get_extra_info("socket")
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        socket.transport.abort()
    assert await disconnect_of(probe, "l18-tcp") == (1006, "")


async def test_d01_disconnect_runs_after_the_close_and_its_posts_are_410(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=d01"):
        pass
    connection_id = await connection_of(probe, "d01")
    await asyncio.to_thread(
        probe.recorder.event, "Disconnect", lambda item: item.get("gone") == connection_id
    )


async def test_d02_l18_disconnect_fires_when_the_server_closes(probe: Running, management: Any) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=d02") as socket:
        await asyncio.to_thread(management.delete_connection, ConnectionId=await connection_of(probe, "d02"))
        assert (await closed_by_peer(socket))[0] == 1000
    assert await disconnect_of(probe, "d02") == (1000, "Connection Closed Normally")


async def test_d02_a_client_that_leaves_while_connect_runs_is_disconnected(probe: Running) -> None:
    host, port = urlsplit(probe.url).hostname, urlsplit(probe.url).port
    with sockets.create_connection((host, port), timeout=10) as raw:
        raw.sendall(
            b"GET /probe?do=wait&tag=left HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await connection_of(probe, "left")
    assert await disconnect_of(probe, "left") == (1006, "")


def test_a_client_that_is_not_a_websocket_client_disturbs_nobody(probe: Running) -> None:
    host, port = urlsplit(probe.url).hostname, urlsplit(probe.url).port
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /probe HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"\r\n" * 9,
    ):
        with sockets.create_connection((host, port), timeout=10) as raw:
            raw.sendall(garbage)
            raw.shutdown(sockets.SHUT_WR)
            while raw.recv(4096):
                pass
