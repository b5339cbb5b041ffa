"""A client of the wire protocol for tests: keeps every event it was sent, and waits for those it wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

TIMEOUT = 120.0  # a busy machine needs ten times as long as an idle one, and more
Event = dict[str, Any]


class Listener:
    """What a client has heard, whichever way it came. `events` is all of it, in order; `frames` is how it came."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.frames: list[Event | list[Event]] = []
        self._changed = asyncio.Condition()

    async def hear(self, text: str | bytes) -> None:
        """One event, or an array of several."""
        async with self._changed:
            found = json.loads(text)
            self.frames.append(found)
            self.events += found if isinstance(found, list) else [found]
            self._changed.notify_all()

    async def until(self, wanted: Callable[[Self], Any], *, limit: float = TIMEOUT) -> Any:
        """Wait until `wanted(self)` is truthy, for `limit` seconds at most; its value."""
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: wanted(self)), limit)
            return wanted(self)

    async def event(self, **fields: Any) -> Event:
        """The first event, received or still to come, that has these fields."""

        def find(_: Listener) -> Event | None:
            return next((event for event in self.events if fields.items() <= event.items()), None)

        try:
            found: Event = await self.until(find)
        except TimeoutError:
            raise AssertionError(f"no event with {fields} came, but: {self.events}") from None
        return found

    def of_type(self, kind: str) -> list[Event]:
        """The events of one type so far."""
        return [event for event in self.events if event["type"] == kind]

    @property
    def users(self) -> list[str]:
        """Who is present, by the latest of the server's words: in a large room they may overtake each other."""
        presences = sorted(self.of_type("presence"), key=lambda event: str(event["timestamp"]))
        return list(presences[-1]["users"]) if presences else []

    async def present(self, *users: str) -> None:
        """Wait until exactly these are present."""
        try:
            await self.until(lambda client: client.users == sorted(users))
        except TimeoutError:
            raise AssertionError(f"{sorted(users)} expected, but present are {self.users}") from None


class ChatClient(Listener):
    """One connection."""

    def __init__(self, socket: ClientConnection) -> None:
        super().__init__()
        self.socket = socket
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                await self.hear(frame)
        except ConnectionClosed:
            pass

    async def send(self, what: str | dict[str, Any]) -> None:
        """Send text as it is, or an object as JSON."""
        await self.socket.send(what if isinstance(what, str) else json.dumps(what))


def room_path(room: str, client: str, *, batches: bool = False) -> str:
    """The page's address of a client in a room, one that takes several events in a frame if it says so."""
    return f"/ws/{quote(room, safe='')}/{quote(client, safe='')}{'?frames=batch' if batches else ''}"


def stage_path(room: str, client: str) -> str:
    """The raw API's address of the same."""
    return f"/live?room_id={quote(room, safe='')}&client_id={quote(client, safe='')}"


@asynccontextmanager
async def chat(ws_url: str, path: str) -> AsyncIterator[ChatClient]:
    """A connected client, closed at the end."""
    async with connect(ws_url + path, max_queue=None, open_timeout=TIMEOUT) as socket:
        yield ChatClient(socket)


@asynccontextmanager
async def member(ws_url: str, room: str, client: str) -> AsyncIterator[ChatClient]:
    """A client that has seen itself present in the room."""
    async with chat(ws_url, room_path(room, client)) as joined:
        await joined.until(lambda each: client in each.users)
        yield joined
