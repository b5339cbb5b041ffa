"""The journal as Server-Sent Events.

A listener is nothing but a place in the journal: what it has not read yet waits there, within the journal's
own bounds, so a slow reader costs the gateway nothing and is told what it missed.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from ..journal import Entry, Journal
from .redaction import shown_entry

HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, by which either side finds out that the other is gone."""

BATCH = 200
"""Entries that are put on the wire at once."""

LISTENERS = 16
"""Pages that may follow at the same time."""


class Feed:
    """Follows the journal for any number of pages. `run` tells this journal from one before a restart,
    whose numbers mean nothing here.
    """

    def __init__(self, journal: Journal, *, run: str, heartbeat: float = HEARTBEAT) -> None:
        self.run = run
        self._journal, self._heartbeat = journal, heartbeat
        self._listening: set[asyncio.Event] = set()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether no further page can follow."""
        return len(self._listening) >= LISTENERS

    def close(self) -> None:
        """End every stream, now and from now on."""
        self._closed = True
        for woken in self._listening:
            woken.set()

    def position(self, event_id: str) -> int:
        """The place that an id of this feed's events names; 0 where it is none of this run's."""
        run, _, number = event_id.rpartition("-")
        known = run in ("", self.run) and number.isascii() and number.isdigit() and len(number) < 16
        return int(number) if known and int(number) <= self._journal.last else 0

    async def follow(self, after: int) -> AsyncIterator[str]:
        """Every entry after that number, then each new one, until `close`. Events: `entries` (a list of
        them), `gap` {missed} where some are no longer kept. Each has the id to go on from.
        """
        woken = asyncio.Event()
        self._listening.add(woken)
        forget = self._journal.listen(lambda _: woken.set())
        try:
            yield "retry: 1000\n\n"
            while not self._closed:
                woken.clear()
                if entries := self._journal.since(after, limit=BATCH):
                    yield self._written(entries, missed=entries[0].number - after - 1)
                    after = entries[-1].number
                elif not await self._wait(woken):
                    yield ": nothing new\n\n"
        finally:
            forget()
            self._listening.discard(woken)

    async def _wait(self, woken: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(self._heartbeat):
                return await woken.wait()
        except TimeoutError:
            return False

    def _written(self, entries: list[Entry], *, missed: int) -> str:
        gap = self._event("gap", entries[0].number - 1, {"missed": missed}) if missed > 0 else ""
        return gap + self._event("entries", entries[-1].number, [shown_entry(entry) for entry in entries])

    def _event(self, name: str, number: int, data: Any) -> str:
        # ASCII alone, so that half a surrogate pair or an odd line end in what a client sent breaks nothing.
        return f"event: {name}\nid: {self.run}-{number}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"
