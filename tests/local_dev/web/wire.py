"""An application served on a free port of this event loop, and a client that speaks bytes."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.gateway import Gateway
from local_dev.stack.model import Api, CustomDomain, Integration, IntegrationType, Route
from local_dev.web.app import make_app
from local_dev.web.server import Server, make_server

from .serving import PATIENCE, listening

HOST = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com"


def make_api(*, stage: str = "prod", domains: tuple[CustomDomain, ...] = (), **others: Any) -> Api:
    """An API whose function answers its own client: $connect, $disconnect and a two-way $default."""
    lambdas = {
        key: Route(key, Integration(IntegrationType.LAMBDA_PROXY, key.strip("$")), responds=key == "$default")
        for key in ("$connect", "$disconnect", "$default")
    }
    return Api(
        **{
            "id": "a1b2c3d4e5",
            "logical_id": "ChatApi",
            "stage": stage,
            "route_selection_expression": "$request.body.action",
            "routes": lambdas,
            "region": "us-east-1",
            "account": "123456789012",
            "domains": domains,
            **others,
        }
    )


@dataclass
class Lambdas:
    """Functions of this process: what each of them answers, and in `events` what they got."""

    connect: Callable[[Any], Any] = lambda event: {"statusCode": 200}
    default: Callable[[Any], Any] = lambda event: {"statusCode": 200, "body": event["body"]}
    disconnect: Callable[[Any], Any] = lambda event: None
    before_connect: asyncio.Event | None = None
    events: "asyncio.Queue[tuple[str, Any]]" = field(default_factory=asyncio.Queue)

    async def invoke(self, name: str, event: Mapping[str, Any], *, wait: float) -> Any:
        """The answer of the function with that name."""
        assert wait >= 0
        self.events.put_nowait((name, event))
        if name == "connect" and self.before_connect is not None:
            await self.before_connect.wait()
        answers = {"connect": self.connect, "default": self.default, "disconnect": self.disconnect}
        return answers[name](event)

    def invoke_later(self, name: str, event: Any) -> None:
        """Nobody waits for the answer."""
        self.events.put_nowait((name, event))

    async def next(self, name: str) -> Any:
        """The next event of a function; those of others before it are dropped."""
        async with asyncio.timeout(PATIENCE):
            while True:
                called, event = await self.events.get()
                if called == name:
                    return event


@dataclass
class Served:
    """A served application with its gateways, by key."""

    port: int
    server: Server
    app: FastAPI
    gateways: Mapping[str, Gateway]
    lambdas: Lambdas

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> "RawClient":
        """A TCP connection to it."""
        return RawClient(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**20))

    async def socket(self, path: str = "/prod", **headers: str) -> "RawClient":
        """A WebSocket connection to it, accepted."""
        client = await self.open()
        client.send(handshake(path, **headers))
        status, _, _ = await client.response()
        assert status == 101
        return client


@asynccontextmanager
async def served(
    apis: Mapping[str, Api] | None = None,
    *,
    lambdas: Lambdas | None = None,
    assumptions: Assumptions | None = None,
    **options: Any,
) -> AsyncIterator[Served]:
    """Serve `apis` by key; what is left over goes to `make_app`."""
    functions = lambdas or Lambdas()
    gateways = {
        key: Gateway(api, functions, assumptions=assumptions)
        for key, api in (apis or {"prod": make_api()}).items()
    }
    app = make_app(gateways=gateways, **{"edges": (), "site": None, "assumptions": assumptions, **options})
    server = make_server(app, assumptions=assumptions, post=app.state.post)
    async with listening(server) as port:
        try:
            yield Served(port, server, app, gateways, functions)
        finally:
            await asyncio.gather(*(gateway.shut_down() for gateway in gateways.values()))


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that tells nobody when it happens."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 (as it says)
            await asyncio.sleep(0.005)


def handshake(path: str = "/prod", **headers: str) -> bytes:
    """A WebSocket handshake; an underscore in a header's name stands for a hyphen."""
    fields = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"mask"
) -> bytes:
    """A client's frame."""
    first = (0x80 if fin else 0) | (rsv << 4) | opcode
    bit = 0x80 if mask is not None else 0
    if len(payload) < 126:
        head = bytes([first, bit | len(payload)])
    elif len(payload) < 65536:
        head = struct.pack("!BBH", first, bit | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, bit | 127, len(payload))
    if mask is None:
        return head + payload
    return head + mask + masked(payload, mask)


def masked(payload: bytes, mask: bytes) -> bytes:
    """The payload under a mask of four bytes, or without it."""
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")


@dataclass(frozen=True)
class Frame:
    """A server's frame."""

    opcode: int
    fin: bool
    rsv: int
    payload: bytes

    @property
    def close(self) -> tuple[int, str]:
        """The code and reason of a close frame; 1005 for none."""
        assert self.opcode == 8
        if not self.payload:
            return 1005, ""
        return int.from_bytes(self.payload[:2], "big"), self.payload[2:].decode()


class RawClient:
    """A client that sends and reads bytes as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)

    async def response(self) -> tuple[int, dict[str, str], bytes]:
        """An HTTP response: status, headers (names in lower case), body."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status, *lines = head.split("\r\n")[:-2]
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(status.split()[1]), headers, body

    async def frame(self) -> Frame:
        """The next frame."""
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            assert not second & 0x80, "a server's frames have no mask"
            length = second & 0x7F
            if length > 125:
                size = 2 if length == 126 else 8
                length = int.from_bytes(await self.reader.readexactly(size), "big")
            payload = await self.reader.readexactly(length)
        return Frame(first & 0x0F, bool(first & 0x80), (first >> 4) & 7, payload)

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def leave(self) -> None:
        """Vanish without a word."""
        self.writer.transport.abort()
