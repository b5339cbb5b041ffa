"""What the clients of all versions have in common: a stream with an answer on it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0
"""Seconds after which a test that waits has failed."""

Fields = list[tuple[bytes, bytes]]

Note = Callable[[str, str, int | None, list[str]], None]
"""Takes who it comes from (client or server), what it is, the number of the stream, and lines."""


def silent(_: str, __: str, ___: int | None, ____: list[str]) -> None:
    """Notes nothing down."""


@dataclass(frozen=True)
class Address:
    """Where to connect, and the file of the authority that signed what is there."""

    host: str
    port: int
    authority: Path

    @property
    def name(self) -> str:
        """Host and port as requests have them."""
        return f"{self.host}:{self.port}"

    def context(self, alpn: str) -> ssl.SSLContext:
        """TLS that speaks this protocol alone."""
        context = ssl.create_default_context(cafile=self.authority)
        context.set_alpn_protocols([alpn])
        return context


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are in small letters, of several with one name it is the last."""

    status: int
    headers: dict[str, str]
    body: bytes


class Reset(Exception):
    """The server gave the stream or the connection up."""


class Stream:
    """One request's: `send` and `end` say more on it, the answer comes by `respond`, `feed`, `finish` and `reset`."""

    def __init__(
        self, number: int | None, send: Callable[[bytes, bool], Awaitable[None]], cancel: Callable[[], None]
    ) -> None:
        self.number, self._send, self.cancel = number, send, cancel
        self._head: asyncio.Future[tuple[int, Fields]] = asyncio.get_running_loop().create_future()
        self._data: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._fault: str | None = None
        self._finished = False

    async def send(self, data: bytes, *, end: bool = False) -> None:
        """Say something."""
        await self._send(data, end)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer."""
        async with asyncio.timeout(PATIENCE):
            status, headers = await asyncio.shield(self._head)
        return status, {name.decode().lower(): value.decode("latin-1") for name, value in headers}

    async def receive(self) -> bytes:
        """What comes next, b"" at the end."""
        data = await self._data.get()
        if data is None:
            self._data.put_nowait(None)
            if self._fault is not None:
                raise Reset(self._fault)
        return data or b""

    async def answer(self) -> Answer:
        """The whole answer."""
        status, headers = await self.head()
        body = bytearray()
        async with asyncio.timeout(PATIENCE):
            while data := await self.receive():
                body += data
        return Answer(status, headers, bytes(body))

    def respond(self, status: int, headers: Fields) -> None:
        """The head of the answer is there."""
        if not self._head.done():
            self._head.set_result((status, headers))

    def feed(self, data: bytes) -> None:
        """More of the answer is there."""
        if data:
            self._data.put_nowait(data)

    def finish(self) -> None:
        """That was all."""
        self._finished = True
        self._data.put_nowait(None)

    def reset(self, reason: str) -> None:
        """There will be no more, though more was due."""
        if self._finished:
            return
        self._fault = reason
        if not self._head.done():
            self._head.set_exception(Reset(reason))
            self._head.exception()  # whether anyone asks for it or not
        self.finish()


def lines(headers: Fields, separator: str = " = ") -> list[str]:
    """Headers as lines."""
    return [f"{name.decode()}{separator}{value.decode('latin-1')}" for name, value in headers]
