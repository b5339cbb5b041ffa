"""A client without a WebSocket: it enters a room by plain requests, and asks again and again what is new."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.chat.client import Listener

TIMEOUT = 40
"""Seconds for an answer: more than a request may wait, and a function starts."""


class Room:
    """The HTTP API's addresses of a room at `url`, http://<host>. Each method answers a status and the JSON of a body,
    None for none; ConnectionError where nobody answers.
    """

    def __init__(self, url: str, room: str) -> None:
        self._host = urlsplit(url).netloc
        self._path = f"/api/rooms/{quote(room, safe='')}"

    async def enter(self, client: str, **headers: str) -> tuple[int, Any]:
        """Enter under a name."""
        return await self._ask("POST", f"/members/{quote(client, safe='')}", None, headers)

    async def events(self, key: str | None, **query: object) -> tuple[int, Any]:
        """What is new."""
        return await self._ask("GET", f"/events?{urlencode(query)}", key)

    async def say(self, key: str | None, body: str | bytes) -> tuple[int, Any]:
        """Send a message, as a frame has it."""
        return await self._ask("POST", "/messages", key, body=body)

    async def members(self, key: str | None) -> tuple[int, Any]:
        """Who is there."""
        return await self._ask("GET", "/members", key)

    async def leave(self, key: str | None) -> tuple[int, Any]:
        """No longer be there."""
        return await self._ask("DELETE", "/members", key)

    async def _ask(
        self,
        method: str,
        path: str,
        key: str | None,
        headers: dict[str, str] | None = None,
        body: str | bytes | None = None,
    ) -> tuple[int, Any]:
        shown = {"authorization": f"Bearer {key}"} if key is not None else {}
        data = body.encode() if isinstance(body, str) else body
        return await asyncio.to_thread(self._once, method, self._path + path, data, shown | (headers or {}))

    def _once(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, Any]:
        connection = HTTPConnection(self._host, timeout=TIMEOUT)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else None
        except (OSError, HTTPException) as error:
            raise ConnectionError(repr(error)) from error
        finally:
            connection.close()


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
                        await self.hear(json.dumps(message))
                else:
                    await self.hear(json.dumps(event))
            await asyncio.sleep(self._pause)


@asynccontextmanager
async def poller(
    url: str, room: str, client: str, *, wait: int = 0, pause: float = 0.0
) -> AsyncIterator[Poller]:
    """A client that has entered and seen itself present, until it leaves at the end."""
    address = Room(url, room)
    status, entered = await address.enter(client)
    assert status == 201, entered
    polling = Poller(address, entered, wait=wait, pause=pause)
    try:
        await polling.until(lambda each: client in each.users)
        yield polling
    finally:
        await polling.stop()
