"""A proxy for the workers alone, so that handlers that build `https://{domainName}/{stage}` by hand reach the
gateway without a change to their code.

CONNECT to an API's own host is answered here: TLS ends with a certificate of this run's authority, and the
bytes within go on to the gateway, which knows the API by its Host header. CONNECT to anything else is a tunnel to
there. Plain `GET http://…` is refused: only HTTPS_PROXY is set, and no API has plain HTTP (contract H23).
"""

import asyncio
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from .authority import Authority
from .caller import HEAD_TIMEOUT, Caller, FarEnd
from .tunnel import TunnelEnd
from .upstream import Upstream

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 10.0
"""Seconds to reach another host."""

BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
"""Where botocore, requests, OpenSSL (urllib, httpx, aiohttp) and curl look for authorities."""

NOT_PROXIED = "127.0.0.1,localhost,::1"
"""The gateway, moto and the Runtime API, all on this machine."""

_CONNECT = re.compile(
    rb"CONNECT (?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):(?P<port>\d{1,5}) HTTP/1\.[01]\r?\n"
)


class EndpointProxy:
    """`async with EndpointProxy(hosts=…, target=(host, port)) as proxy`: give `proxy.environment()` to the
    workers. `hosts` are the APIs' own, `target` is where the gateway listens; `environ` is the environment
    that workers would have without, whose proxy and authorities stay in force for everything else.
    """

    def __init__(
        self, *, hosts: Iterable[str] = (), target: tuple[str, int], environ: Mapping[str, str] = os.environ
    ) -> None:
        self._hosts: frozenset[str] = frozenset()
        self.answer_for(hosts)
        self._target, self._environ = target, environ
        self._upstream = Upstream(environ)
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: set[TunnelEnd] = set()
        self._folder: Path | None = None
        self._authority: Authority | None = None
        self._server: asyncio.Server | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        self._folder = await asyncio.to_thread(lambda: Path(tempfile.mkdtemp(prefix="authority-")))
        try:
            trusted = dict.fromkeys(
                Path(self._environ[name]) for name in BUNDLE_VARIABLES if self._environ.get(name)
            )
            self._authority = await asyncio.to_thread(Authority, self._folder, trusted=trusted)
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Caller(self._ends, self._start), "127.0.0.1", 0, backlog=1024
            )
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None and self._folder is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in tuple(self._ends):
            end.abort()
        await asyncio.sleep(0)  # lets the transports close their sockets
        shutil.rmtree(self._folder, ignore_errors=True)

    def answer_for(self, hosts: Iterable[str]) -> None:
        """Be these hosts from now on: a stack's are only known once it is deployed."""
        self._hosts = frozenset(host.lower() for host in hosts)

    def environment(self) -> dict[str, str]:
        """What a worker's environment has to say. Both spellings of each name: few read both. What a person
        excepts in NO_PROXY is excepted within the proxy, since it may be all of amazonaws.com.
        """
        assert self._authority is not None
        url = f"http://127.0.0.1:{self._port}"
        return {
            "HTTPS_PROXY": url,
            "https_proxy": url,
            "NO_PROXY": NOT_PROXIED,
            "no_proxy": NOT_PROXIED,
            **dict.fromkeys(BUNDLE_VARIABLES, str(self._authority.bundle)),
        }

    def _start(self, caller: Caller, head: bytes) -> None:
        """Serve a request whose head is complete."""
        task = asyncio.get_running_loop().create_task(self._serve(caller, head))
        self._tasks.add(task)
        task.add_done_callback(lambda _: self._served(caller, task))

    def _served(self, caller: Caller, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a connection of a function was dropped: %r", error)
            caller.abort()

    async def _serve(self, caller: Caller, head: bytes) -> None:
        asked = _CONNECT.match(head)
        port = int(asked["port"]) if asked else 0
        if asked is None or not 0 < port < 65536:
            if head.startswith(b"CONNECT "):
                caller.refuse(400, "this is no CONNECT request")
            else:
                caller.refuse(501, "this proxy only knows CONNECT; use https, or reach http hosts directly")
            return
        host = asked["host"].decode().lower().removesuffix(".")
        if port == 443 and host in self._hosts:
            await self._answer(caller, host)
        else:
            await self._pass_on(caller, host, port, head)

    async def _answer(self, caller: Caller, host: str) -> None:
        """Be the host: end TLS here, and hand what is within to the gateway."""
        assert self._authority is not None
        if caller.early:
            caller.refuse(400, "wait for the answer to CONNECT before you speak")
            return
        if not await self._reach(caller, *self._target):
            return
        caller.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        assert caller.transport is not None
        try:
            async with asyncio.timeout(HEAD_TIMEOUT + 1):
                encrypted = await asyncio.get_running_loop().start_tls(
                    caller.transport,
                    caller,
                    self._authority.context(host),
                    server_side=True,
                    ssl_handshake_timeout=HEAD_TIMEOUT,
                )
        except (OSError, TimeoutError) as error:
            log.debug("a TLS handshake as %s failed: %s", host, error)
            caller.abort()
        else:
            caller.take_over(encrypted)

    async def _pass_on(self, caller: Caller, host: str, port: int, head: bytes) -> None:
        """Be a tunnel, through the proxy that the environment names where it names one."""
        proxy = self._upstream.of(host)
        if proxy is None:
            if await self._reach(caller, host.strip("[]"), port):
                caller.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                caller.go_on()
        elif await self._reach(caller, proxy.host, proxy.port):
            assert caller.peer is not None
            caller.peer.write(proxy.introduce(head))  # its answer goes to the caller as it is
            caller.go_on()

    async def _reach(self, caller: Caller, host: str, port: int) -> bool:
        """Connect, and join the caller to it; else tell the caller why not."""
        far = FarEnd(self._ends)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await asyncio.get_running_loop().create_connection(
                    lambda: far, host, port, happy_eyeballs_delay=0.25
                )
        except TimeoutError:
            caller.refuse(504, f"{host}:{port} did not answer within {CONNECT_TIMEOUT:g} s")
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or "it cannot be reached"
            caller.refuse(502, f"{host}:{port}: {reason}")
        else:
            far.join(caller)
            if not caller.closed:
                return True
            far.abort()
        return False
