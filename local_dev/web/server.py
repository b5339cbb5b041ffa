"""uvicorn, with the gateway's protocols: compression and server pings are off (contract L15, L19), and its
signals are somebody else's to handle.

Clients have no TLS here, though the deployed API has nothing else (H23): a browser would refuse a generated
authority, and pages served from 127.0.0.1 count as secure without. Functions do speak TLS (proxy.py).
"""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import uvicorn

from ..gateway.assumptions import Assumptions
from .http_protocol import GatewayHttpProtocol
from .socket_protocol import GatewayWebSocketProtocol


class Server(uvicorn.Server):
    """A server whose signals are its owner's to handle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(app: Any, *, assumptions: Assumptions | None = None) -> Server:
    """A server for `app`; `assumptions` decide compression (L19) and what a too large message hears (L05)."""
    assumed = assumptions or Assumptions()
    protocol = functools.partial(GatewayWebSocketProtocol, too_large_reason=assumed.too_large_reason)
    return Server(
        uvicorn.Config(
            app,
            http=GatewayHttpProtocol,
            ws=protocol,  # type: ignore[arg-type]  # uvicorn only ever calls it
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
