"""The chat over TLS: WebSockets over HTTP/1.1, HTTP/2 and HTTP/3, told apart by the server."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chat.client import room_path
from tests.conftest import ServedGateway, serve, stop
from tests.versions import VERSIONS, Closed, Refused, Socket, ask, open_socket

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    """The chat over TLS."""
    served = serve(tmp_path_factory.mktemp("secure") / "log.txt", "--https")
    yield served
    assert stop(served) == 0


@asynccontextmanager
async def member(secure: ServedGateway, version: str, room: str, client: str) -> AsyncIterator[Socket]:
    url = secure.secure.replace("https", "wss", 1) + room_path(room, client)
    async with open_socket(version, url, secure.authority, origin=secure.secure) as socket:
        yield socket


async def message(socket: Socket, content: str) -> dict[str, Any]:
    """The message with that content, of all that comes."""
    while True:
        event: dict[str, Any] = json.loads(await socket.receive())
        if event["type"] == "message" and event["content"] == content:
            return event


async def seen(secure: ServedGateway, path: str) -> dict[str, dict[str, Any]]:
    """The requests for that path as the server saw them, the last one of each version."""
    answer = await ask("2", "GET", f"{secure.secure}/_local/handshakes", secure.authority)
    listed = json.loads(answer.body)["handshakes"]
    return {
        each["version"]: each for each in listed if any(f" {path}" in line for line in each["request"][:5])
    }


async def test_one_room_is_talked_in_over_all_versions_of_http(secure: ServedGateway) -> None:
    async with AsyncExitStack() as sockets:
        members = {
            version: await sockets.enter_async_context(member(secure, version, "timeline", f"http{version}"))
            for version in VERSIONS
        }
        for version, socket in members.items():
            await socket.send(json.dumps({"content": f"over {version}"}))
            heard = await asyncio.gather(*(message(each, f"over {version}") for each in members.values()))
            assert {event["client_id"] for event in heard} == {f"http{version}"}
            assert len({event["seq"] for event in heard}) == 1
    found: dict[str, dict[str, Any]] = {}
    for version in VERSIONS:
        found |= await seen(secure, room_path("timeline", f"http{version}"))
    assert {version: (each["alpn"], each["status"]) for version, each in found.items()} == {
        "1.1": ("http/1.1", 101),
        "2": ("h2", 200),
        "3": ("h3", 200),
    }
    assert "Upgrade: websocket" in found["1.1"]["request"]
    for version in ("2", "3"):
        assert found[version]["request"][:2] == [":method = CONNECT", ":protocol = websocket"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_foreign_page_is_refused(secure: ServedGateway, version: str) -> None:
    url = secure.secure.replace("https", "wss", 1) + room_path("foreign", "Ali")
    with pytest.raises(Refused) as refused:
        async with open_socket(version, url, secure.authority, origin="https://elsewhere.example"):
            pass
    assert refused.value.status == 403
    assert json.loads(refused.value.body)["message"] == "Forbidden"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_frame_that_is_too_large_closes_with_its_code(secure: ServedGateway, version: str) -> None:
    async with member(secure, version, "large", "Ali") as socket:
        await socket.send("x" * 40_000)
        with pytest.raises(Closed) as closed:
            while True:
                await socket.receive()
    assert closed.value.code == 1009


@pytest.mark.parametrize("version", VERSIONS)
async def test_the_page_is_served_and_not_for_good(secure: ServedGateway, version: str) -> None:
    answer = await ask(version, "GET", f"{secure.secure}/", secure.authority)
    assert (answer.status, b"<html" in answer.body) == (200, True)
    assert answer.headers["alt-svc"].startswith('h3=":')
    assert "content-security-policy" in answer.headers
    # It would hold for all that is ever served from this machine.
    assert "strict-transport-security" not in answer.headers


async def test_ctrl_c_closes_the_sockets_of_all_versions_and_waits_for_nobody(tmp_path: Path) -> None:
    served = serve(tmp_path / "log.txt", "--https")
    async with AsyncExitStack() as sockets:
        members = [
            await sockets.enter_async_context(member(served, version, "end", f"http{version}"))
            for version in VERSIONS
        ]
        # And those who hold a connection without a word.
        context = ssl.create_default_context(cafile=served.authority)
        port = int(served.secure.rpartition(":")[2])
        silent = [await asyncio.open_connection("localhost", port, ssl=context)]
        silent += [await asyncio.open_connection("localhost", port)]
        began = time.monotonic()
        ended = asyncio.create_task(asyncio.to_thread(stop, served))
        for socket in members:
            with pytest.raises(Closed) as closed:
                while True:
                    await socket.receive()
            assert closed.value.code == 1001
        assert await ended == 0
        assert time.monotonic() - began < 30
        for _, writer in silent:
            writer.close()
    assert "Traceback" not in (tmp_path / "log.txt").read_text()
