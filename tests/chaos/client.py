"""A careful client on a real WebSocket: frames go out, frames come in, and all of it into the history."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from random import Random
from typing import Any
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.chaos.history import History, Kind, Record
from tests.chaos.outbox import Backoff
from tests.chaos.session import Output, Pace, Reconnect, Send, Session

TICK = 0.1
OPEN_SECONDS = 15.0


class ChaosClient:
    """Runs until `leave`, over as many connections as it takes. `now` are the seconds since the run began."""

    def __init__(
        self,
        room: str,
        name: str,
        *,
        server: str,
        history: History,
        now: Callable[[], float],
        random: Random,
        pace: Pace,
    ) -> None:
        self.room, self.name = room, name
        self.said = 0
        self.told = 0  # acknowledgements and messages
        self.session = Session(name, random.random, pace)
        # Every second one takes several events in a frame.
        batches = "?frames=batch" if sum(name.encode()) % 2 else ""
        self._url = f"{server}/ws/{quote(room, safe='')}/{quote(name, safe='')}{batches}"
        self._history, self._now = history, now
        self._backoff = Backoff(random.random, first=0.3, most=2.0)
        self._socket: ClientConnection | None = None
        self._leaving = False
        self._running = asyncio.create_task(self._run())

    @property
    def is_connected(self) -> bool:
        return self.session.connected

    @property
    def has_left(self) -> bool:
        return self._leaving

    async def say(self, content: str) -> None:
        """Put something into the outbox."""
        self.said += 1
        await self._do(self.session.say(f"{self.name}-{self.said}", content, self._now()))

    async def look_back(self, seq: int) -> None:
        """Ask for the page before `seq`."""
        await self._do(self.session.ask_before(seq))

    def cut(self) -> None:
        """Let the connection break without a word."""
        if self._socket:
            self._socket.transport.abort()

    async def leave(self, *, abruptly: bool = False) -> None:
        """Close in good order, or without a word, and stay away."""
        self._leaving = True
        if abruptly:
            self.cut()
        if self._socket:
            await self._socket.close()
        else:
            self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        tries = 0
        while not self._leaving:
            began = self._now()
            try:
                async with connect(
                    self._url,
                    open_timeout=OPEN_SECONDS,
                    ping_interval=None,
                    close_timeout=2,
                    max_queue=None,
                    proxy=None,
                ) as socket:
                    await self._live(socket)
            except (OSError, TimeoutError, WebSocketException) as error:
                self._note(Kind.ERROR, code="no_connection", id=None, why=str(error))
            finally:
                self._socket = None
            tries = 1 if self._now() - began > 5 else tries + 1
            if not self._leaving:
                await asyncio.sleep(self._backoff.pause(tries))

    async def _live(self, socket: ClientConnection) -> None:
        self._socket = socket
        ticking = asyncio.create_task(self._tick())
        why = "closed"
        try:
            await self._do(self.session.opened(self._now()))
            async for frame in socket:
                assert isinstance(frame, str)
                await self._do(self.session.frame(frame, self._now()))
        except ConnectionClosed:
            pass
        finally:
            ticking.cancel()
            if socket.close_code is not None:
                why = f"{socket.close_code} {socket.close_reason}".strip()
            await self._do(self.session.closed(why))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            await self._do(self.session.tick(self._now()))

    async def _do(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case Send(frame):
                    self._note(Kind.SENT, **{key: frame[key] for key in frame if key != "content"})
                    await self._send(frame)
                case Reconnect(why):
                    self._note(Kind.ERROR, code="gives_up", id=None, why=why)
                    self.cut()
                case _:
                    self.told += output.kind in (Kind.ACKED, Kind.SHOWN)
                    self._note(output.kind, **output.facts)

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._socket:
            with contextlib.suppress(ConnectionClosed):  # the reader hears of it, and the session asks again
                await self._socket.send(json.dumps(frame, ensure_ascii=False))

    def _note(self, kind: Kind, **facts: Any) -> None:
        self._history.add(Record(self._now(), self.room, self.name, kind, facts))
