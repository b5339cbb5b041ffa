"""One room, every way into it: polling, long polling, and a WebSocket over HTTP/1.1, HTTP/2 and HTTP/3."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.chat.client import Listener, room_path
from tests.chat.poller import Answer, Ask, poller
from tests.conftest import ROOT
from tests.running import Running, running
from tests.versions import VERSIONS, Closed, Socket, ask, open_socket

pytestmark = pytest.mark.anyio

ROOM = "اتاق / general"
EACH = 6
"""Messages of each client."""

Say = Callable[[dict[str, str]], Awaitable[object]]


@pytest.fixture(scope="module")
def chat_over_tls() -> Iterator[Running]:
    with running(ROOT / "template.yaml", https=True) as deployed:
        yield deployed


class SocketClient(Listener):
    """A member with a WebSocket of any version."""

    def __init__(self, socket: Socket) -> None:
        super().__init__()
        self._socket = socket
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                await self.hear(await self._socket.receive())
        except Closed:
            pass

    async def say(self, what: dict[str, str]) -> None:
        await self._socket.send(json.dumps(what))


def over_tls(secure: str, authority: Path, version: str) -> Ask:
    """Requests over a version of HTTP."""

    async def request(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        answer = await ask(
            version, method, secure + path, authority, headers=list(headers.items()), body=body
        )
        return answer.status, answer.body

    return request


@asynccontextmanager
async def socket_client(secure: str, authority: Path, version: str, name: str) -> AsyncIterator[SocketClient]:
    url = secure.replace("https", "wss", 1) + room_path(ROOM, name)
    async with open_socket(version, url, authority) as socket:
        client = SocketClient(socket)
        await client.until(lambda each: name in each.users)
        yield client


async def test_all_see_the_same_messages_in_the_same_order_and_none_twice(chat_over_tls: Running) -> None:
    """Each of the three transports over each of the three versions."""
    entrance = chat_over_tls.deployed.entrance
    assert entrance
    secure, authority = entrance.url, entrance.certificate.authority
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        clients: dict[str, tuple[Listener, Say]] = {}
        for version in VERSIONS:
            request = over_tls(secure, authority, version)
            for kind, wait, pause in (("polling", 0, 0.5), ("long polling", 25, 0.0)):
                name = f"{kind} {version}"
                polling = await enter(poller(request, ROOM, name, wait=wait, pause=pause))
                clients[name] = polling, polling.say
            name = f"WebSocket {version}"
            socket = await enter(socket_client(secure, authority, version, name))
            clients[name] = socket, socket.say
        for listener, _ in clients.values():
            await listener.until(lambda each: each.users == sorted(clients))

        async def talk(name: str, say: Say) -> None:
            for number in range(EACH):
                await say({"content": f"{name} says {number}", "id": f"{name} {number}"})
                await asyncio.sleep(0.25)

        await asyncio.gather(*(talk(name, say) for name, (_, say) in clients.items()))
        total = EACH * len(clients)
        heard: dict[str, list[tuple[int, str, str]]] = {}
        for name, (listener, _) in clients.items():
            await listener.until(lambda each: len(each.of_type("message")) >= total)
            heard[name] = [
                (message["seq"], message["client_id"], message["content"])
                for message in listener.of_type("message")
            ]
        for name, messages in heard.items():
            # Two that are posted at the same moment may overtake each other; `seq` is the order in which all show them.
            assert sorted(messages) == sorted(heard["polling 1.1"]), name
            assert [seq for seq, _, _ in sorted(messages)] == list(range(1, total + 1)), name
            if "polling" in name:
                assert messages == sorted(messages), "pages are in order already"
        for listener, _ in clients.values():
            await listener.event(type="system", content=f"WebSocket 3 joined {ROOM}.")
