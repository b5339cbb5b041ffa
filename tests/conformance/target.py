"""The probe as the tests see it, wherever it runs: addresses, clients, and what its functions have stored.

Nothing here looks into a process: a deployment in an account and one on this machine are asked the same way.
"""

import asyncio
import json
import os
import ssl
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame
from websockets.protocol import Event
from websockets.sync.client import ClientConnection as SyncConnection
from websockets.sync.client import connect as open_sync

from tests.conformance.clock import MovedClock
from tests.running import Running

TIMEOUT = 60.0
"""Seconds after which something that has to come is missing."""

LOCAL_CREDENTIALS = Credentials("local", "local")
MAIN = "probe"


class Watched(ClientConnection):
    """A client that also keeps every frame it received."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.frames: list[Frame] = []

    def process_event(self, event: Event) -> None:
        if isinstance(event, Frame):
            self.frames.append(event)
        super().process_event(event)


@dataclass(frozen=True)
class Answer:
    """An answer over plain HTTP; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Probe:
    """A deployed probe. `addresses` are URLs without a scheme by name, e.g. `127.0.0.1:8000/bare`."""

    secure: bool
    region: str
    credentials: Credentials
    addresses: dict[str, str]
    running: Running | None = None
    clock: MovedClock | None = None
    _reporter: SyncConnection | None = field(default=None, repr=False)
    _opened: ExitStack = field(default_factory=ExitStack, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def local(self) -> Running:
        """The deployment in this process; only for tests that are `local_only`."""
        assert self.running is not None
        return self.running

    def advance(self, seconds: float) -> None:
        """Let time pass for connections; only for tests that are `local_only`."""
        assert self.clock is not None
        self.clock.advance(seconds)

    def url(self, name: str = MAIN, **query: str) -> str:
        """The WebSocket address of one of the probe's APIs."""
        url = f"{'wss' if self.secure else 'ws'}://{self.addresses[name]}"
        return f"{url}?{urlencode(query)}" if query else url

    def http(self, name: str = MAIN) -> str:
        """The same address for plain HTTP."""
        return self.url(name).replace("ws", "http", 1)

    def connect(self, name: str = MAIN, *, extra: str = "", query: str = "", **options: Any) -> Any:
        """A client of one of the APIs; `extra` goes below the stage, `query` is already encoded."""
        url = self.url(name) + extra + (f"?{query}" if query else "")
        options = {"compression": None, "open_timeout": TIMEOUT, "max_size": None, **options}
        return open_connection(url, create_connection=Watched, **options)

    def management(self, name: str = MAIN) -> Any:
        """boto3's client of an API's management API."""
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=self.http(name),
            region_name=self.region,
            aws_access_key_id=self.credentials.access_key,
            aws_secret_access_key=self.credentials.secret_key,
            aws_session_token=self.credentials.token,
        )

    def signed(
        self, method: str, url: str, body: bytes = b"", *, service: str = "execute-api", **other: Any
    ) -> dict[str, str]:
        """The headers of a signed request; `credentials` for others than the probe's own."""
        request = AWSRequest(method=method, url=url, data=body)
        credentials = other.get("credentials") or self.credentials
        SigV4Auth(credentials, service, self.region).add_auth(request)
        return dict(request.headers.items())

    def request(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        headers: dict[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Answer:
        """One HTTP request, signed unless `headers` are given; the path goes out as it is written."""
        parts = urlsplit(url)
        connection = self._http_connection(parts.netloc, tls)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            given = self.signed(method, url, body) if headers is None else headers
            connection.request(method, target, body or None, given)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, names, answer.read())
        finally:
            connection.close()

    def _http_connection(self, host: str, tls: ssl.SSLContext | None) -> HTTPConnection:
        if not self.secure:
            return HTTPConnection(host, timeout=TIMEOUT)
        proxy = urlsplit(getproxies().get("https", ""))
        if not proxy.netloc or proxy_bypass(host):
            return HTTPSConnection(host, timeout=TIMEOUT, context=tls)
        connection = HTTPSConnection(proxy.netloc.rpartition("@")[2], timeout=TIMEOUT, context=tls)
        connection.set_tunnel(host)
        return connection

    def on_connection(self, connection_id: str, name: str = MAIN) -> str:
        """The management URL of a connection whose id is already escaped as it should be."""
        return f"{self.http(name)}/@connections/{connection_id}"

    async def event(
        self,
        kind: str,
        *,
        tag: str = "",
        connection: str = "",
        wanted: Callable[[Any], Any] = lambda _: True,
    ) -> Any:
        """The first thing of a kind that the functions stored under a tag or a connection, once it is
        there.
        """
        return (await self.entry(kind, tag=tag, connection=connection, wanted=wanted))["facts"]

    async def entry(
        self,
        kind: str,
        *,
        tag: str = "",
        connection: str = "",
        wanted: Callable[[Any], Any] = lambda _: True,
    ) -> dict[str, Any]:
        """The same with the moment it was stored: {kind, at, facts}."""
        deadline = time.monotonic() + TIMEOUT
        while True:
            for entry in await self.kept(tag=tag, connection=connection):
                if entry["kind"] == kind and wanted(entry["facts"]):
                    return dict(entry)
            assert time.monotonic() < deadline, f"no {kind} was stored for {tag or connection}"
            await asyncio.sleep(0.3 if self.secure else 0.02)

    async def kept(self, *, tag: str = "", connection: str = "") -> list[dict[str, Any]]:
        """Everything stored so far under a tag or a connection, oldest first."""
        subject = f"tag:{tag}" if tag else f"connection:{connection}"
        report = await asyncio.to_thread(self.report, subject)
        return list(report["kept"])

    async def connection_of(self, tag: str) -> str:
        """The id of the connection whose handshake had the tag."""
        return str((await self.event("connect", tag=tag))["requestContext"]["connectionId"])

    async def closing_of(self, tag: str) -> tuple[int, str]:
        """The close code and reason in the connection's $disconnect event."""
        event = await self.event("disconnect", connection=await self.connection_of(tag))
        context = event["requestContext"]
        return context["disconnectStatusCode"], context["disconnectReason"]

    def report(self, subject: str) -> Any:
        """The probe's report, over a connection of its own that is opened again when it was lost."""
        with self._lock:
            try:
                return self._ask(subject)
            except ConnectionClosed:
                self._reporter = None
                return self._ask(subject)

    def _ask(self, subject: str) -> Any:
        if self._reporter is None:
            self._opened.close()
            # It sends no pings, whose contents come from the same `random` as hypothesis's.
            connecting = open_sync(self.url(), open_timeout=TIMEOUT, max_size=None, ping_interval=None)
            self._reporter = self._opened.enter_context(connecting)
        self._reporter.send(json.dumps({"action": "report", "subject": subject}))
        answer = json.loads(self._reporter.recv(TIMEOUT))
        assert "kept" in answer, f"the probe has no report: {answer}"
        return answer

    def close(self) -> None:
        """End the connection over which reports come."""
        self._opened.close()


LOCAL_NAMES = (
    *(MAIN, "bare", "strict", "keyed", "passed", "iam", "slowdoor", "throttled", "twoway"),
    *("composed", "nested", "array", "checked", "odd"),
    *("WebApi", "web"),
)


def local_probe(running: Running, clock: MovedClock | None = None) -> Probe:
    """The probe deployed in this process."""
    host = urlsplit(running.url).netloc
    addresses = {name: f"{host}/{name}" for name in LOCAL_NAMES}
    return Probe(False, "us-east-1", LOCAL_CREDENTIALS, addresses, running, clock)


def remote_probe(url: str) -> Probe:
    """The probe at `wss://{api}.execute-api.{region}.amazonaws.com/probe`, under the caller's own credentials."""
    parts = urlsplit(url)
    assert parts.scheme == "wss" and parts.path.strip("/"), f"not the URL of a stage: {url}"
    region = parts.netloc.split(".")[2]
    credentials = boto3.Session().get_credentials()
    assert credentials is not None, "AWS credentials are needed, for the management API"
    frozen = credentials.get_frozen_credentials()
    own = Credentials(str(frozen.access_key), str(frozen.secret_key), frozen.token)
    probe = Probe(True, region, own, {MAIN: f"{parts.netloc}/{parts.path.strip('/')}"})
    probe.addresses.update(
        {name: address for name, address in probe.report("nobody")["addresses"].items() if address}
    )
    return probe


def given_url(option: str | None) -> str | None:
    """The stage to test, from the option or the environment; None for a deployment on this machine."""
    return option or os.environ.get("CONFORMANCE_URL") or None


def new_tag() -> str:
    """A tag that nobody else uses, in this run or another."""
    return f"t{uuid.uuid4().hex[:16]}"
