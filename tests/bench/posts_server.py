"""A stand-in for @connections that costs as little as it can: every POST is answered 200 after a given time.

A process of its own, on a core of its own where the system lets it choose, so that what the client costs is the
client's. It prints where it listens as JSON and ends with its standard input.
"""

import argparse
import asyncio
import json
import os
import ssl
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory

import httptools
import trustme

from tests.conftest import ROOT

ANSWER = (
    b"HTTP/1.1 200 OK\r\nx-amzn-RequestId: 0\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
)


@dataclass(frozen=True)
class Place:
    """Where one listens: a latency in milliseconds, and the URL with the stage."""

    latency_ms: int
    tls: bool
    url: str


class Answering(asyncio.Protocol):
    """One connection. Answers come in the order of the requests, so pipelining would do as well."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._parser = httptools.HttpRequestParser(self)
        self._due: deque[float] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """The parser's: a request is whole."""
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(ANSWER)


@contextmanager
def posts_server(latencies_ms: list[int]) -> Iterator[tuple[list[Place], Path]]:
    """One that runs, with every latency in plain and over TLS; and the file of the authority to trust."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "authority.pem")
        authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
            folder / "server.pem"
        )
        command = [
            sys.executable,
            "-m",
            "tests.bench.posts_server",
            "--certificate",
            str(folder / "server.pem"),
        ]
        command += [str(latency) for latency in latencies_ms]
        with Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE) as process:
            assert process.stdout and process.stdin
            try:
                yield (
                    [Place(**place) for place in json.loads(process.stdout.readline())],
                    folder / "authority.pem",
                )
            finally:
                process.stdin.close()


async def serve(latencies_ms: list[int], certificate: Path) -> None:
    """Listen until standard input ends."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    places = []
    for latency_ms in latencies_ms:
        for tls in (False, True):
            server = await loop.create_server(
                lambda latency_ms=latency_ms: Answering(latency_ms / 1000),
                "127.0.0.1",
                0,
                ssl=context if tls else None,
                backlog=1024,
            )
            port = server.sockets[0].getsockname()[1]
            url = f"http{'s' if tls else ''}://127.0.0.1:{port}/live"
            places.append({"latency_ms": latency_ms, "tls": tls, "url": url})
    print(json.dumps(places), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def last_core() -> None:
    """Take the last core for this process, if there are several and the system lets it choose."""
    if hasattr(os, "sched_setaffinity") and len(cores := sorted(os.sched_getaffinity(0))) > 1:
        os.sched_setaffinity(0, cores[-1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("latencies_ms", type=int, nargs="+")
    parser.add_argument("--certificate", type=Path, required=True)
    options = parser.parse_args()
    last_core()
    asyncio.run(serve(options.latencies_ms, options.certificate))


if __name__ == "__main__":
    main()
