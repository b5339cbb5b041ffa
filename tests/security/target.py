"""A deployment under attack: the real template on the local gateway, and what its functions print meanwhile."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
from botocore.credentials import Credentials
from websockets.asyncio.client import connect

from tests.chat.client import TIMEOUT, ChatClient
from tests.chat.poller import Room, over_http
from tests.conftest import ROOT
from tests.functions import signing
from tests.running import Running, running

# In everything that is said here. What a function prints must not have it.
MARK = "psst"
# How every token begins: it is '{"' in base64.
TOKEN = "eyJ"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@dataclass
class Target:
    """`url` is http://127.0.0.1:<port>; `origin` that of its own page."""

    running: Running
    read: dict[str, int] = field(default_factory=dict)
    """How many lines of each function have been looked through."""
    keys: list[str] = field(default_factory=list)
    """Those that clients without a WebSocket were given."""

    @property
    def url(self) -> str:
        return self.running.url

    @property
    def ws_url(self) -> str:
        return self.running.ws_url

    @cached_property
    def secret(self) -> str:
        return self.running.secret("TicketSecret")

    @cached_property
    def functions(self) -> list[str]:
        return [function.label for function in self.running.deployed.stack.functions.values()]

    def ticket(self, **changes: Any) -> str:
        """A ticket as the site's backend signs it; a change to None leaves a claim out."""
        return signing.signed(self.secret, **changes)

    def credentials_of(self, label: str) -> Credentials:
        """What a function signs with, as its workers find it in their environment."""
        functions = self.running.deployed.functions._functions
        [found] = [each for each in functions.values() if each.function.label == label]
        names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
        return Credentials(*(found._service[name] for name in names))

    def connections(self) -> list[str]:
        """The ids of all connections that are open."""
        [gateway] = self.running.deployed.gateways.values()
        return [str(each["id"]) for each in gateway.snapshot()]

    def lines(self) -> dict[str, list[str]]:
        """What each function has printed, and the gateway itself has said."""
        return {name: self.running.recorder.lines(name) for name in (*self.functions, "gateway")}

    async def reason(self, connection_id: str) -> str:
        """Why the handshake was refused, as the log has it and nobody else."""

        def found(line: str) -> bool:
            return connection_id in line and '"refused"' in line

        recorder = self.running.recorder
        for name in ("AdmitFunction", "ConnectFunction"):
            if any(map(found, recorder.lines(name))):
                return _code(next(filter(found, recorder.lines(name))))
        return _code(await asyncio.to_thread(recorder.wait_for, "AdmitFunction", found))

    async def knock(
        self, target: str, *headers: tuple[str, str], host: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status of a handshake whose line and headers go out as they are written, and what was said with it."""
        status, said = await knock(self.url, target, *headers, host=host)
        return status, json.loads(said) if said.startswith("{") else {}

    async def hold(self, target: str, *headers: tuple[str, str]) -> tuple[int, asyncio.StreamWriter]:
        """The same, and the socket stays open until the caller closes it."""
        status, _, writer = await _shake(self.url, target, *headers)
        return status, writer

    async def refusal(self, target: str, *headers: tuple[str, str]) -> str:
        """The reason that is logged for a handshake that must be refused with 403."""
        status, said = await self.knock(target, *headers)
        assert status == 403, f"{status} for {target}"
        assert said["message"] == "Forbidden"
        return await self.reason(said["connectionId"])

    @asynccontextmanager
    async def enter(
        self, target: str, *headers: tuple[str, str], subprotocols: list[str] | None = None
    ) -> AsyncIterator[ChatClient]:
        """A client that is in."""
        async with connect(
            self.ws_url + target,
            additional_headers=headers,
            subprotocols=subprotocols,  # type: ignore[arg-type]
            max_queue=None,
            open_timeout=TIMEOUT,
        ) as socket:
            yield ChatClient(socket)

    def door(self, room: str) -> Room:
        """A room's addresses for those without a WebSocket."""
        return Room(over_http(self.url), room)

    async def key(self, room: str, client: str, **headers: str) -> str:
        """That of a client who enters so."""
        status, entered = await self.door(room).enter(client, **headers)
        assert status == 201, entered
        self.keys.append(entered["key"])
        return self.keys[-1]

    async def put_out(self, room: str, client: str, minutes: int = 1) -> dict[str, Any]:
        """What an operator does, and is answered."""
        payload = json.dumps({"room": room, "client": client, "minutes": minutes})
        name = self.running.deployed.cloud.resources["PutOutFunction"].id
        answer = await asyncio.to_thread(self._lambda.invoke, FunctionName=name, Payload=payload)
        result: dict[str, Any] = json.load(answer["Payload"])
        return result

    @cached_property
    def _lambda(self) -> Any:
        return boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def leaks(self) -> list[str]:
        """Lines, since this was asked last, that have something in them that no log may have."""
        # The first half of a key is the secret one.
        never = [MARK, TOKEN, *self._secrets, *(key.partition(".")[0] for key in self.keys)]
        found = []
        for name, lines in self.lines().items():
            new, self.read[name] = lines[self.read.get(name, 0) :], len(lines)
            found += [f"{name}: {line}" for line in new if any(each in line for each in never)]
        return found

    @cached_property
    def _secrets(self) -> list[str]:
        there = self.running.deployed.cloud.resources
        return [self.running.secret(name) for name in ("TicketSecret", "EdgeKey") if name in there]


@contextmanager
def target(**parameters: Any) -> Iterator[Target]:
    """The chat with these parameters. Its functions print all they can."""
    with running(
        ROOT / "template.yaml",
        site=ROOT / "site",
        LogLevel="DEBUG",
        **parameters,
    ) as made:
        yield Target(made)


async def knock(url: str, target: str, *headers: tuple[str, str], host: str | None = None) -> tuple[int, str]:
    """Status and body of the answer to a handshake, of which every byte is the caller's."""
    status, body, writer = await _shake(url, target, *headers, host=host)
    writer.close()
    return status, body


async def _shake(
    url: str, target: str, *headers: tuple[str, str], host: str | None = None
) -> tuple[int, str, asyncio.StreamWriter]:
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {host or place.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in headers),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(TIMEOUT):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        status = int(head.split()[1])
        length = int(head.partition("\r\ncontent-length:")[2].partition("\r\n")[0] or 0)
        body = (await reader.readexactly(length)).decode() if status != 101 else ""
    return status, body, writer


def new_room() -> str:
    """A room that nobody has used."""
    return f"room-{uuid4().hex[:12]}"


def said() -> str:
    """Something to say, which no log may have."""
    return f"{MARK} {uuid4().hex[:12]}"


def soon(seconds: float) -> int:
    """Epoch seconds from now."""
    return int(time.time() + seconds)


def _code(line: str) -> str:
    return str(json.loads(line)["code"])
