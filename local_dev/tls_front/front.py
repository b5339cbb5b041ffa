"""The front: hypercorn on a port of its own, TCP and UDP, which asks the gateway."""

import asyncio
import contextlib
import logging
import socket

import hypercorn.asyncio
from hypercorn.config import Config

from ..web.limits import HEAD_LIMIT
from .certificate import Certificate
from .forward import Forward
from .http1 import Connection
from .origin import Clients
from .protocols import install
from .seen import Ring

log = logging.getLogger(__name__)

DRAIN_TIMEOUT = 2.0
"""Seconds that answers and sockets have to end when the front does."""

CLOSE_TIMEOUT = 1.0
"""Seconds that connections then have."""

GRACE = 5.0
"""Seconds after which hypercorn gives up what has not ended; by then nothing is left."""

ALT_SVC_AGE = 3600
"""Seconds for which a browser may remember that there is HTTP/3."""


class FrontConfig(Config):
    """hypercorn's configuration, and what the protocols need beside it."""

    def __init__(self, target: tuple[str, int], clients: Clients, ring: Ring) -> None:
        self.target, self.clients, self.ring = target, clients, ring
        self.connections: set[Connection] = set()
        """Those over TCP."""


class Front:
    """Serves on a listening socket and one for datagrams, which become its own, from the start on. `target` is the
    gateway's address; `clients` learns for whom it is asked, `ring` what came.
    """

    def __init__(
        self,
        stream: socket.socket,
        datagrams: socket.socket,
        certificate: Certificate,
        *,
        target: tuple[str, int],
        clients: Clients,
        ring: Ring,
    ) -> None:
        install()
        port = stream.getsockname()[1]
        self._config = config = FrontConfig(target, clients, ring)
        config.bind, config.quic_bind = f"fd://{stream.detach()}", f"fd://{datagrams.detach()}"
        config.certfile, config.keyfile = str(certificate.chain), str(certificate.key)
        config.alt_svc_headers = [f'h3=":{port}"; ma={ALT_SVC_AGE}']
        config.include_date_header = config.include_server_header = False  # the gateway's are passed on
        config.errorlog = logging.getLogger("hypercorn.error")
        config.errorlog.setLevel(logging.WARNING)
        config.keep_alive_timeout, config.graceful_timeout = 75.0, GRACE
        config.keep_alive_max_requests = 1_000_000_000  # after so many all sockets of a connection end
        config.backlog = 4096
        config.h11_pass_raw_headers, config.h11_max_incomplete_size = True, HEAD_LIMIT
        config.h2_max_concurrent_streams = 128  # as many as aioquic lets in
        # Without end: else all clients of HTTP/3 wait for an application that does not come round to take more.
        config.max_app_queue_size = 0
        self._stopping = asyncio.Event()
        serve = hypercorn.asyncio.serve(
            Forward(target, clients),  # type: ignore[arg-type]
            config,
            shutdown_trigger=self._stopping.wait,
        )
        self._serving = asyncio.create_task(serve)

    async def stop(self) -> None:
        """End it. What is passed on has some time to come to its end, which it does once the gateway has stopped."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_TIMEOUT):
                await self._config.clients.none_left()
        self._stopping.set()
        await asyncio.wait([self._serving], timeout=CLOSE_TIMEOUT)
        for connection in tuple(self._config.connections):
            connection.abort()
        await asyncio.wait([self._serving], timeout=CLOSE_TIMEOUT)
        self._serving.cancel()
        for fault in await asyncio.gather(self._serving, return_exceptions=True):
            if isinstance(fault, Exception):
                log.error("the TLS front has ended with %r", fault)
