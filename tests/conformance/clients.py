"""What a WebSocket client of the tests does: asks, is refused, is closed."""

import asyncio
import json
import re
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.conformance.target import TIMEOUT, Answer, Probe, Watched

IDENTIFIER = r"[A-Za-z0-9_-]{15}="


async def received(socket: Watched) -> str:
    """The next text that comes."""
    async with asyncio.timeout(TIMEOUT):
        text = await socket.recv()
    assert isinstance(text, str)
    return text


async def answer_to(socket: Watched, message: Any) -> Any:
    """Send a text, or an object as JSON, and give the parsed JSON that comes back."""
    await socket.send(message if isinstance(message, str) else json.dumps(message))
    return json.loads(await received(socket))


async def refusal(probe: Probe, name: str = "probe", **options: Any) -> Answer:
    """The answer to a handshake that must not succeed."""
    with pytest.raises(InvalidStatus) as refused:
        async with probe.connect(name, **options):
            pass
    response = refused.value.response
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return Answer(response.status_code, headers, bytes(response.body or b""))


async def closed_by_peer(socket: Watched) -> tuple[int, str]:
    """The code and reason of the close frame that the gateway sends."""
    with pytest.raises(ConnectionClosed) as closed:
        async with asyncio.timeout(TIMEOUT):
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None, "the gateway sent no close frame"
    return closed.value.rcvd.code, closed.value.rcvd.reason


def assert_error_frame(text: str, message: str) -> None:
    """The frame is the gateway's own, byte for byte."""
    expected = rf'\{{"message": "{message}", "connectionId":"{IDENTIFIER}", "requestId":"{IDENTIFIER}"\}}'
    assert re.fullmatch(expected, text), text
