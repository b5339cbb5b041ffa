"""An application on the gateway's server, with the front before it: in this event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_dev.listener import address_of, listen
from local_dev.tls_front.entrance import Entrance
from local_dev.tls_front.seen import Ring
from local_dev.web.server import Server, make_server
from tests.local_dev.web.serving import PATIENCE


@dataclass(frozen=True)
class Fronted:
    """`url` is https://localhost:port, `plain` http://127.0.0.1:port."""

    url: str
    plain: str
    authority: Path
    ring: Ring
    entrance: Entrance
    server: Server
    serving: asyncio.Task[None]

    @property
    def wss(self) -> str:
        """The same address for WebSocket clients."""
        return self.url.replace("https", "wss", 1)


@asynccontextmanager
async def fronted(app: Any) -> AsyncIterator[Fronted]:
    """Serve `app`, and take it down again as the gateway does: the server first."""
    sock = listen("127.0.0.1", 0)
    with sock, Entrance("127.0.0.1", 0) as entrance:
        server = make_server(app, behind=entrance.clients.of)
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        host, port = address_of(sock)
        await entrance.open((host, port))
        try:
            plain = f"http://{host}:{port}"
            yield Fronted(
                entrance.url,
                plain,
                entrance.certificate.authority,
                entrance.ring,
                entrance,
                server,
                serving,
            )
        finally:
            server.should_exit = True
            async with asyncio.timeout(PATIENCE):
                await serving
                await entrance.close()
