"""uvicorn, with the gateway's protocols: compression and server pings are off (contract L15, L19), and its
signals are somebody else's to handle.

Clients have no TLS here, though the deployed API has nothing else (H23): a browser refuses a generated authority until
it is told to trust it, and pages served from 127.0.0.1 count as secure without. Those who ask for TLS get it from a
front (tls_front/); functions do speak TLS (proxy.py).
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from ..gateway.assumptions import Assumptions
from ..iam.claims import SignedRequest
from .behind import Behind, nobody
from .http_protocol import GatewayHttpProtocol
from .management import Answer
from .socket_protocol import GatewayWebSocketProtocol


class Server(uvicorn.Server):
    """A server whose signals are its owner's to handle, and that wakes once a second instead of ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        self._exit = asyncio.Event()
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether it is to stop, which it does as soon as this is set, within its event loop."""
        return self._exit.is_set()

    @should_exit.setter
    def should_exit(self, value: bool) -> None:
        if value:
            self._exit.set()
        else:
            self._exit.clear()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def main_loop(self) -> None:
        """Tick until it is to stop; each tenth tick of uvicorn's, which are the whole seconds, has something to do:
        answers have a date.
        """
        while not await self.on_tick(counter=0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._exit.wait()


def _worth_saying(record: logging.LogRecord) -> bool:
    """Not that what still runs is given up at the end, which is as it should be."""
    cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and not str(record.msg).startswith("Cancel %s running task(s)")


def make_server(
    app: Any,
    *,
    assumptions: Assumptions | None = None,
    post: Callable[[SignedRequest], Answer] | None = None,
    elsewhere: tuple[bytes, ...] = (),
    behind: Behind = nobody,
) -> Server:
    """A server for `app`; `assumptions` decide compression (L19) and what a too large message hears (L05).
    `post` answers plain posts to connections, but for paths that begin with one of `elsewhere`; without it they are the
    application's as well. `behind` tells whom a front asks for.
    """
    assumed = assumptions or Assumptions()
    logging.getLogger("uvicorn.error").addFilter(_worth_saying)
    protocol = functools.partial(
        GatewayWebSocketProtocol, too_large_reason=assumed.too_large_reason, behind=behind
    )
    http = functools.partial(GatewayHttpProtocol, post=post, elsewhere=elsewhere, behind=behind)
    return Server(
        uvicorn.Config(
            app,
            http=http,  # type: ignore[arg-type]  # uvicorn only ever calls it
            ws=protocol,  # type: ignore[arg-type]
            proxy_headers=False,  # the address of a client is that of its socket, whatever it says itself
            ws_ping_interval=None,
            ws_per_message_deflate=assumed.compression == "on",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=2,
            backlog=4096,
        )
    )
