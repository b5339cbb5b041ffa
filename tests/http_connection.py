"""A client of HTTP/1.1 that can be cut, and that counts what goes over its connection."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpConnection:
    """A connection to the host of `url`, http://…; opened when it is needed, kept as long as the server keeps it.
    `sent` and `received` count its bytes, with their headers, over all the times it was opened, `opened` these.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self.sent = self.received = self.opened = 0
        self._turn = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._state = h11.Connection(h11.CLIENT)

    async def ask(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout: float = 30.0,
    ) -> Answer:
        """The answer to a request. Those of one connection take turns. ConnectionError where there is no answer: then
        it is unknown what became of the request.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(timeout):
                    return await self._exchange(method, target, headers or {}, body)
            except BaseException as error:
                self.cut()
                if isinstance(error, OSError | TimeoutError | h11.RemoteProtocolError):
                    raise ConnectionError(f"no answer: {error!r}") from error
                raise

    def cut(self) -> None:
        """Break it without a word. The next request opens it again."""
        if self._writer:
            self._writer.transport.abort()
        self._writer = self._reader = None

    async def _exchange(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self._writer is None or self._reader is None or self._reader.at_eof():
            self.cut()
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
            self._state = h11.Connection(h11.CLIENT)
            self.opened += 1
        reader, writer = self._reader, self._writer
        sized = {"content-length": str(len(body))} if body or method not in ("GET", "DELETE") else {}
        shown = {"host": f"{self._host}:{self._port}", **headers, **sized}
        request = h11.Request(method=method, target=target, headers=[*shown.items()])
        data = b"".join(
            self._state.send(event) or b"" for event in (request, h11.Data(data=body), h11.EndOfMessage())
        )
        self.sent += len(data)
        writer.write(data)
        await writer.drain()
        status, found, parts = 0, {}, []
        while True:
            match self._state.next_event():
                case h11.NEED_DATA:
                    received = await reader.read(_CHUNK)
                    self.received += len(received)
                    self._state.receive_data(received)
                case h11.Response() as response:
                    status = response.status_code
                    found = {name.decode(): value.decode("latin-1") for name, value in response.headers}
                case h11.Data() as part:
                    parts.append(bytes(part.data))
                case h11.EndOfMessage():
                    break
        if self._state.our_state is self._state.their_state is h11.DONE:
            self._state.start_next_cycle()
        else:
            self.cut()
        return Answer(status, found, b"".join(parts))
