"""A careful client: frames go out, frames come in, by whichever way it takes, and all of it into the history."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from random import Random

from tests.chaos.history import History, Kind, Record
from tests.chaos.outbox import Backoff
from tests.chaos.session import Output, Pace, Reconnect, Send, Session
from tests.chaos.ways import Entrance, NoWay, Transport, Way

TICK = 0.1


class ChaosClient:
    """Runs until `leave`, over as many connections as it takes. `server` is host:port; of several `transports` it takes
    the next when it is told to `change`. `now` are the seconds since the run began.
    """

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
        transports: Sequence[Transport] = (Transport.SOCKET,),
    ) -> None:
        self.room, self.name, self.transports = room, name, transports
        self.said = 0
        self.told = 0  # acknowledgements and messages
        self.session = Session(name, random.random, pace)
        self._entrance = Entrance(server, room, name, lambda: self.session.timeline.cursor)
        self._history, self._now = history, now
        self._backoff = Backoff(random.random, first=0.3, most=2.0)
        self._way: Way | None = None
        self._turn = 0
        self._change = asyncio.Event()
        self._leaving = False
        self._running = asyncio.create_task(self._run())

    @property
    def is_connected(self) -> bool:
        return self.session.connected

    @property
    def transport(self) -> Transport:
        """What it takes at present."""
        return self.transports[self._turn % len(self.transports)]

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

    def change(self) -> None:
        """Go over to the next transport, if it has more than one."""
        if len(self.transports) > 1:
            self._change.set()

    def cut(self) -> None:
        """Let the connection break without a word."""
        if self._way:
            self._way.cut()

    async def leave(self, *, abruptly: bool = False) -> None:
        """Close in good order, or without a word, and stay away."""
        self._leaving = True
        way = self._way
        if way is None:
            self._running.cancel()
        elif abruptly:
            way.give_up("left without a word")
        else:
            await way.leave()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _run(self) -> None:
        tries = 0
        while not self._leaving:
            began = self._now()
            way = await self._open()
            while way:
                way = await self._live(way)
            tries = 1 if self._now() - began > 5 else tries + 1
            if not self._leaving:
                await asyncio.sleep(self._backoff.pause(tries))

    async def _open(self) -> Way | None:
        try:
            return await self._entrance.open(self.transport)
        except NoWay as error:
            self._note(Kind.ERROR, code="no_connection", id=None, why=f"{self.transport}: {error}")
            return None

    async def _live(self, way: Way) -> Way | None:
        """Until it ends, or there is the next to go over to. Only then it is left: who changes is there all along."""
        self._way = way
        await self._do(self.session.opened(self._now(), by=self.transport))
        ticking = asyncio.create_task(self._tick())
        hearing = asyncio.create_task(self._hear(way))
        following: Way | None = None
        try:
            while not hearing.done() and following is None:
                changing = asyncio.create_task(self._change.wait())
                await asyncio.wait((hearing, changing), return_when=asyncio.FIRST_COMPLETED)
                changing.cancel()
                if self._change.is_set() and not hearing.done():
                    self._change.clear()
                    self._turn += 1
                    following = await self._open()
                    if following and self._leaving:  # meanwhile: it leaves by both
                        await following.leave()
                        following = None
        finally:
            self._way = None
            ticking.cancel()
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            await self._do(self.session.closed("changed" if following else way.why))
            if following:
                await way.leave()
        return following

    async def _hear(self, way: Way) -> None:
        async for text, after in way:
            await self._do(self.session.frame(text, self._now(), after=after))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            await self._do(self.session.tick(self._now()))

    async def _do(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            match output:
                case Send(frame):
                    self._note(Kind.SENT, **{key: frame[key] for key in frame if key != "content"})
                    if self._way:
                        await self._way.send(frame)
                case Reconnect(why):
                    self._note(Kind.ERROR, code="gives_up", id=None, why=why)
                    if self._way:
                        self._way.give_up(why)
                case _:
                    self.told += output.kind in (Kind.ACKED, Kind.SHOWN)
                    self._note(output.kind, **output.facts)

    def _note(self, kind: Kind, **facts: object) -> None:
        self._history.add(Record(self._now(), self.room, self.name, kind, facts))
