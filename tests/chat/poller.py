"""A client without a WebSocket: it enters a room by plain requests, and asks again and again what is new."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.chat.client import Listener

TIMEOUT = 60
"""Seconds for an answer: more than a request may wait, and a function starts."""


Answer = tuple[int, bytes]
Ask = Callable[[str, str, dict[str, str], bytes], Awaitable[Answer]]
"""Makes a request of a method, a path, headers and a body; its answer. ConnectionError where nobody answers."""


def over_http(url: str) -> Ask:
    """Requests to http://<host> over HTTP/1.1, each on a connection of its own."""

    def once(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        connection = HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise ConnectionError(repr(error)) from error
        finally:
            connection.close()

    return lambda *request: asyncio.to_thread(once, *request)


class Room:
    """The HTTP API's addresses of a room. Each method answers a status and the JSON of a body, None for none."""

    def __init__(self, ask: Ask, room: str) -> None:
        self._ask = ask
        self._path = f"/api/rooms/{quote(room, safe='')}"

    async def enter(self, client: str, **headers: str) -> tuple[int, Any]:
        """Enter under a name."""
        return await self._request("POST", f"/members/{quote(client, safe='')}", None, headers=headers)

    async def events(self, key: str | None, **query: object) -> tuple[int, Any]:
        """What is new."""
        return await self._request("GET", f"/events?{urlencode(query)}", key)

    async def say(self, key: str | None, body: str | bytes) -> tuple[int, Any]:
        """Send a message, as a frame has it."""
        return await self._request(
            "POST", "/messages", key, body=body.encode() if isinstance(body, str) else body
        )

    async def members(self, key: str | None) -> tuple[int, Any]:
        """Who is there."""
        return await self._request("GET", "/members", key)

    async def leave(self, key: str | None) -> tuple[int, Any]:
        """No longer be there."""
        return await self._request("DELETE", "/members", key)

    async def _request(
        self,
        method: str,
        path: str,
        key: str | None,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[int, Any]:
        shown = {"authorization": f"Bearer {key}"} if key is not None else {}
        status, text = await self._ask(method, self._path + path, shown | (headers or {}), body)
        return status, json.loads(text) if text else None


class Poller(Listener):
    """A member that polls: every `pause` seconds, or with requests that wait for `wait` seconds. Messages of pages
    are among its `events` one by one.
    """

    def __init__(self, room: Room, entered: dict[str, Any], *, wait: int = 0, pause: float = 0.0) -> None:
        super().__init__()
        self.room, self.key = room, str(entered["key"])
        self._noticed, self._after = entered["noticed"], None
        self._wait, self._pause = wait, pause
        self.requests = 0
        self._loop = asyncio.create_task(self._go_on())

    async def say(self, what: dict[str, Any]) -> dict[str, Any]:
        """Send a message; its receipt."""
        status, message = await self.room.say(self.key, json.dumps(what))
        assert status == 200, message
        receipt: dict[str, Any] = message
        return receipt

    async def stop(self) -> None:
        """Leave, and ask no more."""
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)
        await self.room.leave(self.key)

    async def _go_on(self) -> None:
        while True:
            query = {"noticed": self._noticed, "wait": self._wait}
            if self._after is not None:
                query["after"] = self._after
            status, answer = await self.room.events(self.key, **query)
            self.requests += 1
            if status == 429:
                await asyncio.sleep(answer["retry_after_ms"] / 1000)
                continue
            assert status == 200, answer
            self._noticed = answer["noticed"]
            for event in answer["events"]:
                if event["type"] == "page":
                    self._after = event["through"]
                    for message in event["messages"]:
                        if message["seq"] <= self._after:  # what is above comes again
                            await self.hear(json.dumps(message))
                else:
                    await self.hear(json.dumps(event))
            await asyncio.sleep(self._pause)


@asynccontextmanager
async def poller(
    ask: Ask, room: str, client: str, *, wait: int = 0, pause: float = 0.0
) -> AsyncIterator[Poller]:
    """A client that has entered and seen itself present, until it leaves at the end."""
    address = Room(ask, room)
    status, entered = await address.enter(client)
    assert status == 201, entered
    polling = Poller(address, entered, wait=wait, pause=pause)
    try:
        await polling.until(lambda each: client in each.users)
        yield polling
    finally:
        await polling.stop()
