"""A server of the gateway's on a free port of this machine: in this event loop, or in a thread of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from local_dev.web.server import Server, make_server
from tests.threads import Inside, in_thread

PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[int]:
    """Serve in this event loop, on the port that is given. Connections have to be closed before the end."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as sock:
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        try:
            yield sock.getsockname()[1]
        finally:
            server.should_exit = True
            async with asyncio.timeout(PATIENCE):
                await serving


class Served:
    """An application in a thread of its own: its port, and what runs coroutines where it runs."""

    def __init__(self, inside: Inside[int]) -> None:
        self.port, self.run = inside.value, inside.run
        self.url = f"http://127.0.0.1:{self.port}"


@contextmanager
def served(app: Any, **options: Any) -> Iterator[Served]:
    """Serve `app`, and take it down again; what is left over goes to `make_server`."""
    with in_thread(listening(make_server(app, **options))) as inside:
        yield Served(inside)
