"""The socket that the gateway listens on."""

import asyncio
import socket

import pytest

from local_dev.listener import listen

pytestmark = pytest.mark.anyio


async def test_what_is_sent_goes_at_once() -> None:
    """asyncio turns Nagle's algorithm off only for sockets that say that they are TCP's."""
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            accepted.set_result(
                transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            )

    listening = listen("127.0.0.1", 0)
    async with await asyncio.get_running_loop().create_server(Protocol, sock=listening):
        _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
        assert await accepted
        writer.close()
