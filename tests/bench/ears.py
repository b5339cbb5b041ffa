"""Members that only listen, by each transport, and what that takes: requests and bytes, up and down."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol
from urllib.parse import quote, urlencode

from hpack import Encoder

from tests.bench.wire import Socket, connect
from tests.http_connection import Answer, HttpConnection

BROWSER = {
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 "
    "Safari/537.36",
    "sec-ch-ua": '"Chromium";v="141", "Not?A_Brand";v="8"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "accept": "*/*",
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "cors",
    "sec-fetch-dest": "empty",
    "referer": "http://127.0.0.1:8000/?room=general",
    "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "en-GB,en;q=0.9",
}
"""Headers of about the size of those that a browser sends with each request."""
FRAME = 9
"""Bytes of HTTP/2 ahead of headers, and of a body."""
APART = 0.3
"""Seconds between two requests that wait, as on the page."""
WAIT = 25
MARK = re.compile(r"~(\d+)~")

Heard = Callable[[int, float], None]
"""Called with the number of a message, and the moment at which it came."""


@dataclass
class Traffic:
    """Bytes as they go over the wire of HTTP/1.1, of bodies or payloads alone, and as HTTP/2 would have compressed the
    headers.
    """

    requests: float = 0
    up: float = 0
    down: float = 0
    payload_up: float = 0
    payload_down: float = 0
    compressed_up: float = 0
    compressed_down: float = 0

    def plus(self, other: "Traffic", *, times: float = 1.0) -> "Traffic":
        """With so many times another one."""
        names = (each.name for each in fields(self))
        return Traffic(**{name: getattr(self, name) + times * getattr(other, name) for name in names})


class Ear(Protocol):
    """A member that listens."""

    def traffic(self) -> Traffic:
        """All of it up to now."""

    async def leave(self) -> None:
        """No longer be there."""


class SocketEar:
    """By a WebSocket."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._payload_up = self._payload_down = 0
        self._socket: Socket | None = None
        self.pongs = 0

    async def enter(self, url: str, room: str, name: str) -> None:
        """Connect."""
        self._socket = await connect(f"{url.replace('http', 'ws', 1)}/ws/{room}/{name}", self._take)

    def _take(self, text: bytes) -> None:
        now = time.perf_counter()
        self._payload_down += len(text)
        self.pongs += b'"pong"' in text
        if found := MARK.search(text.decode()):
            self._heard(int(found[1]), now)

    def ping(self) -> None:
        """As the page does, every four minutes."""
        assert self._socket
        frame = b'{"action":"ping"}'
        self._payload_up += len(frame)
        self._socket.send(frame)

    def traffic(self) -> Traffic:
        assert self._socket
        up, down = self._socket.sent, self._socket.received
        return Traffic(0, up, down, self._payload_up, self._payload_down, up, down)

    async def leave(self) -> None:
        assert self._socket
        self._socket.close()
        await asyncio.wait([self._socket.closed], timeout=5)
        self._socket.abort()


class PollEar:
    """By requests, each `interval` seconds or, where that is None, one waiting after the other."""

    def __init__(self, heard: Heard, *, interval: float | None) -> None:
        self._heard, self._interval = heard, interval
        self._traffic = Traffic()
        self._encoders = Encoder(), Encoder()

    async def enter(self, url: str, room: str, name: str) -> None:
        """Enter, and begin to ask."""
        self._connection = HttpConnection(url)
        self._path = f"/api/rooms/{quote(room, safe='')}"
        answer = await self._connection.ask("POST", f"{self._path}/members/{quote(name, safe='')}")
        entered = json.loads(answer.body)
        assert answer.status == 201, entered
        self._headers = {**BROWSER, "authorization": f"Bearer {entered['key']}"}
        self._asking = asyncio.create_task(self._ask(entered["noticed"]))

    async def _ask(self, noticed: int) -> None:
        after: int | None = None
        due = time.perf_counter()
        while True:
            query = {"noticed": noticed, "wait": 0 if self._interval else WAIT}
            path = f"{self._path}/events?{urlencode(query if after is None else {**query, 'after': after})}"
            answer = await self._connection.ask("GET", path, headers=self._headers, timeout=WAIT + 15)
            now = time.perf_counter()
            assert answer.status == 200, answer.body
            self._count(path, answer)
            told = json.loads(answer.body)
            noticed = told["noticed"]
            for event in told["events"]:
                if event["type"] == "page":
                    after = event["through"]
                    for message in event["messages"]:
                        if found := MARK.search(message["content"]):
                            self._heard(int(found[1]), now)
            due = max(now, due + self._interval) if self._interval else now + APART
            await asyncio.sleep(due - now)

    def _count(self, path: str, answer: Answer) -> None:
        asked = {":method": "GET", ":scheme": "https", ":path": path, ":authority": "chat.example.com"}
        headers, answered = {**asked, **self._headers}, {":status": str(answer.status), **answer.headers}
        size = len(answer.body)
        self._traffic.requests += 1
        self._traffic.payload_down += size
        self._traffic.compressed_up += FRAME + self._encoded(0, headers)
        self._traffic.compressed_down += 2 * FRAME + self._encoded(1, answered) + size

    def _encoded(self, way: int, headers: Mapping[str, str]) -> int:
        return len(self._encoders[way].encode(headers.items()))

    def traffic(self) -> Traffic:
        up, down = self._connection.sent, self._connection.received
        return self._traffic.plus(Traffic(up=up, down=down))

    async def leave(self) -> None:
        self._asking.cancel()
        await asyncio.gather(self._asking, return_exceptions=True)
        await self._connection.ask("DELETE", f"{self._path}/members", headers=self._headers)
        self._connection.cut()
