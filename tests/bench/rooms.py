"""Members of a room of whatever subject, and what each of them hears of the others."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.bench.subjects import Subject
from tests.bench.wire import Socket, connect

AT_ONCE = 10
"""Handshakes at a time where handshakes are not what is measured."""
SETTLED = 0.5
"""Seconds without a frame after which joins count as told."""
PATIENCE = 20.0
MARK = re.compile(rb"~(\d+)\.(\d+)~")
"""Sender and number of a message, in its content."""

Heard = Callable[[int, int, int], None]
"""Called with a receiver, the sender and the number of a message that it received."""


class Room:
    """Connected members. `heard` is called with every message, and may be replaced."""

    def __init__(self) -> None:
        self.members: list[Socket] = []
        self.heard: Heard = lambda receiver, sender, number: None
        self._last_frame = time.perf_counter()
        self._number = 0

    async def enter(self, subject: Subject, room: str, size: int) -> None:
        """Connect `size` members, and wait until they hear each other and all that joining causes is told."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(index: int) -> Socket:
            async with gate:
                return await connect(
                    subject.address(room, f"member-{index}"), lambda text: self._frame(index, text)
                )

        self.members = await asyncio.gather(*(one(index) for index in range(size)))
        await self.settle()
        await self.last()

    async def settle(self) -> None:
        """Wait until nobody has been sent anything for a moment; not for ever."""
        end = time.perf_counter() + PATIENCE
        while (now := time.perf_counter()) < min(end, self._last_frame + SETTLED):  # noqa: ASYNC110 (it is put off)
            await asyncio.sleep(min(end, self._last_frame + SETTLED) - now)

    def say(self, sender: int, number: int, **fields: str) -> None:
        """Have a member say something that `heard` understands."""
        frame = {"content": f"~{sender}.{number}~ Shall we meet at seven, by the bridge?", **fields}
        self.members[sender].send(json.dumps(frame).encode())

    async def last(self, *, sender: int = 0, give_id: bool = False) -> float:
        """Seconds until the last member has what one says. TimeoutError if it never comes."""
        self._number += 1
        number, missing = self._number, set(range(len(self.members)))
        done = asyncio.get_running_loop().create_future()

        def heard(receiver: int, its_sender: int, its_number: int) -> None:
            if (its_sender, its_number) == (sender, number):
                missing.discard(receiver)
                if not missing and not done.done():
                    done.set_result(time.perf_counter())

        self.heard = heard
        began = time.perf_counter()
        self.say(sender, number, **({"id": f"{began}"} if give_id else {}))
        async with asyncio.timeout(PATIENCE):
            ended: float = await done
        return ended - began

    def _frame(self, receiver: int, text: bytes) -> None:
        self._last_frame = time.perf_counter()
        if found := MARK.search(text):
            self.heard(receiver, int(found[1]), int(found[2]))


_rooms = 0


@asynccontextmanager
async def room_of(subject: Subject, size: int) -> AsyncIterator[Room]:
    """A room that nobody was in before, with so many members; they leave at the end."""
    global _rooms  # noqa: PLW0603 (names have to differ, no more)
    _rooms += 1
    room = Room()
    try:
        await room.enter(subject, f"bench-{_rooms}", size)
        yield room
    finally:
        for member in room.members:
            member.close()
        if room.members:
            await asyncio.wait([member.closed for member in room.members], timeout=5)
        for member in room.members:
            member.abort()
