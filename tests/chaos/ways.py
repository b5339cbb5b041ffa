"""The ways into a room: a WebSocket, or requests that ask again and again what is new, and may wait for it. Each takes
the frames of a careful client, and gives it what comes.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.http_connection import Answer, HttpConnection

Frame = dict[str, Any]

OPEN_SECONDS = 15.0
ANSWER_SECONDS = 10.0
# Longer than an answer may take, and much shorter than a lease lasts in these runs.
WAIT_SECONDS = 4
POLL_PAUSE = 1.0
"""Seconds between two polls that do not wait; each costs a token, and so do messages."""
WAIT_PAUSE = 0.3
"""The same between two that do: in a busy room each would be answered at once."""
FAILED_PAUSE = 1.0
MIDDLE_SECONDS = 0.02
"""Into a request that is to be cut: it has been sent by then, and is hardly answered."""


class Transport(StrEnum):
    """How a client takes part."""

    SOCKET = "websocket"
    WAITING = "long-polling"
    POLLING = "polling"


class NoWay(Exception):
    """It does not lead into the room just now."""


class Heard(NamedTuple):
    """An event, or several as a JSON array; of a poll, the seq after which was asked."""

    text: str
    after: int | None = None


class Way(Protocol):
    """One that is open. It gives what is heard until it ends; `why` it ended."""

    why: str

    def __aiter__(self) -> AsyncIterator[Heard]: ...

    async def send(self, frame: Frame) -> None:
        """Send a frame of the protocol. What becomes of it is heard, or is not."""

    def cut(self) -> None:
        """Break the connection without a word."""

    def give_up(self, why: str) -> None:
        """End it without a word: it is of no use any more."""

    async def leave(self) -> None:
        """End it in good order."""


@dataclass(frozen=True, slots=True)
class Entrance:
    """A room at a server, `host:port`, for one client. `cursor` tells the seq up to which it misses nothing."""

    server: str
    room: str
    name: str
    cursor: Callable[[], int | None]

    async def open(self, transport: Transport) -> Way:
        """Enter. `NoWay` where that fails."""
        if transport is Transport.SOCKET:
            return await SocketWay.open(self)
        return await PollWay.open(self, waits=transport is Transport.WAITING)


class SocketWay:
    """A WebSocket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.why = "closed"

    @classmethod
    async def open(cls, entrance: Entrance) -> "SocketWay":
        # Every second one takes several events in a frame.
        batches = "?frames=batch" if sum(entrance.name.encode()) % 2 else ""
        path = f"/ws/{quote(entrance.room, safe='')}/{quote(entrance.name, safe='')}{batches}"
        try:
            socket = await connect(
                f"ws://{entrance.server}{path}",
                open_timeout=OPEN_SECONDS,
                ping_interval=None,
                close_timeout=2,
                max_queue=None,
                proxy=None,
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise NoWay(str(error)) from error
        return cls(socket)

    async def __aiter__(self) -> AsyncIterator[Heard]:
        try:
            async for frame in self._socket:
                assert isinstance(frame, str)
                yield Heard(frame)
        except ConnectionClosed:
            pass
        self.why = f"{self._socket.close_code} {self._socket.close_reason}".strip()

    async def send(self, frame: Frame) -> None:
        with contextlib.suppress(ConnectionClosed):  # the reader hears of it, and the session asks again
            await self._socket.send(json.dumps(frame, ensure_ascii=False))

    def cut(self) -> None:
        self._socket.transport.abort()

    def give_up(self, why: str) -> None:
        self.cut()

    async def leave(self) -> None:
        await self._socket.close()


class PollWay:
    """Requests: one at a time asks for what is new, others carry frames."""

    def __init__(self, entrance: Entrance, key: str, noticed: int, *, waits: bool) -> None:
        self.why = "left"
        self._entrance, self._key, self._noticed = entrance, key, noticed
        self._wait, self._pause = (WAIT_SECONDS, WAIT_PAUSE) if waits else (0, POLL_PAUSE)
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._connections: set[HttpConnection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut_next = False
        self._begin(self._poll())

    @classmethod
    async def open(cls, entrance: Entrance, *, waits: bool) -> "PollWay":
        connection = HttpConnection(f"http://{entrance.server}")
        path = f"{_path(entrance)}/members/{quote(entrance.name, safe='')}"
        try:
            answer = await connection.ask("POST", path, timeout=OPEN_SECONDS)
        except ConnectionError as error:
            raise NoWay(str(error)) from error
        finally:
            connection.cut()
        if answer.status != 201:
            raise NoWay(f"{answer.status} {answer.body.decode()}")
        entered = json.loads(answer.body)
        return cls(entrance, entered["key"], entered["noticed"], waits=waits)

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while (heard := await self._heard.get()) is not None:
            yield heard

    async def send(self, frame: Frame) -> None:
        self._begin(self._answer(frame))

    def cut(self) -> None:
        """Where no request is under way, the next is cut in the middle."""
        self._cut_next = not self._connections
        for connection in self._connections:
            connection.cut()

    def give_up(self, why: str) -> None:
        self.why = why
        for task in self._tasks:
            task.cancel()
        self._heard.put_nowait(None)

    async def leave(self) -> None:
        self.give_up("left")
        with contextlib.suppress(ConnectionError):  # then the lease ends it
            await self._ask("DELETE", "/members")

    async def _poll(self) -> None:
        """What is new, again and again, once the newest page has been asked for and is there."""
        while True:
            after = self._entrance.cursor()
            pause = self._pause
            if after is not None:
                query = {"after": after, "noticed": self._noticed, "wait": self._wait}
                try:
                    answer = await self._ask("GET", f"/events?{urlencode(query)}")
                    pause = self._take(answer, after)
                except ConnectionError:
                    pause = FAILED_PAUSE
            await asyncio.sleep(pause)

    def _take(self, answer: Answer, after: int) -> float:
        """Pass on what a poll was told; the seconds until the next."""
        told = _json(answer)
        if answer.status == 200 and told:
            self._noticed = told["noticed"]
            self._heard.put_nowait(Heard(json.dumps(told["events"]), after))
            return self._pause
        if told and told.get("code") == "not_a_member":
            self._heard.put_nowait(Heard(json.dumps(told)))
        if told and "retry_after_ms" in told:
            return float(told["retry_after_ms"]) / 1000
        return FAILED_PAUSE

    async def _answer(self, frame: Frame) -> None:
        """Carry a frame, and pass on what is said to it."""
        try:
            match frame:
                case {"action": "ping"}:
                    return  # each poll is one
                case {"action": "presence"}:
                    told = _json(await self._ask("GET", "/members"))
                case {"action": "sync", **place}:
                    told = _json(await self._ask("GET", f"/events?{urlencode(place)}"))
                case _:
                    body = json.dumps(frame, ensure_ascii=False).encode()
                    told = _json(await self._ask("POST", "/messages", body))
        except ConnectionError as error:
            told = {"message": str(error)}
        if told is None:
            return  # as if it were lost
        if told.get("type") == "error":
            told["id"] = frame["id"]
        self._heard.put_nowait(Heard(json.dumps(told.get("events", told))))

    async def _ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        connection = HttpConnection(f"http://{self._entrance.server}")
        self._connections.add(connection)
        if self._cut_next:
            self._cut_next = False
            asyncio.get_running_loop().call_later(MIDDLE_SECONDS, connection.cut)
        try:
            return await connection.ask(
                method,
                _path(self._entrance) + path,
                headers={"authorization": f"Bearer {self._key}"},
                body=body,
                timeout=ANSWER_SECONDS,
            )
        finally:
            self._connections.discard(connection)
            connection.cut()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _path(entrance: Entrance) -> str:
    return f"/api/rooms/{quote(entrance.room, safe='')}"


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None
