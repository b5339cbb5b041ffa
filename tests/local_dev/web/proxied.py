"""An API behind the workers' proxy, as child processes and raw connections meet it."""

import asyncio
import contextlib
import functools
import os
import ssl
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass

from local_dev.web.proxy import EndpointProxy

from .serving import PATIENCE
from .wire import HOST, RawClient, Served, make_api, served


@dataclass
class Proxied:
    """A served API behind its proxy."""

    served: Served
    proxy: EndpointProxy
    environment: dict[str, str]

    @functools.cached_property
    def trust(self) -> ssl.SSLContext:
        """What a worker trusts."""
        return ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])

    async def run(self, script: str, *arguments: str, **environment: str) -> str:
        """What a child prints."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            textwrap.dedent(script),
            *arguments,
            env={
                "PATH": os.environ["PATH"],
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true",
                **self.environment,
                **environment,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(3 * PATIENCE):
            out, _ = await child.communicate()
        assert child.returncode == 0, out.decode()
        return out.decode().strip()

    async def client(self) -> RawClient:
        """A connection to the proxy."""
        port = int(self.environment["HTTPS_PROXY"].rpartition(":")[2])
        return RawClient(*await asyncio.open_connection("127.0.0.1", port))

    async def secure(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A TLS connection through the proxy to the API."""
        client = await self.client()
        client.send(f"CONNECT {HOST.upper()}:443 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await client.response())[0] == 200
        await client.writer.start_tls(self.trust, server_hostname=HOST)
        return client.reader, client.writer

    async def member(self) -> tuple[RawClient, str]:
        """A WebSocket client of the API, and its connection id."""
        client = await self.served.socket()
        event = await self.served.lambdas.next("connect")
        return client, event["requestContext"]["connectionId"]


@contextlib.asynccontextmanager
async def proxied(**environ: str) -> AsyncIterator[Proxied]:
    """An API with a proxy in front."""
    async with (
        served({"prod": make_api()}) as running,
        EndpointProxy(target=("127.0.0.1", running.port), environ=environ) as in_front,
    ):
        in_front.answer_for([HOST])
        yield Proxied(running, in_front, in_front.environment())
