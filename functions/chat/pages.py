"""A page of a room's log, the answer to `sync`: what a client may rely on once it has it.

A number that was given out and has no entry yet is a hole. Its message may come within milliseconds, or never.
A page does not reach over a hole; one that has lasted is settled first, by the log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat import events, frames
from chat.entries import Entry, Number
from chat.events import Event
from chat.frames import Sync
from chat.log import Count, RoomLog

# A message is stored a few milliseconds after it got its number. One that takes longer than this is given
# another, so this decides how long others wait for a dead function, and nothing else.
SETTLE_MS = 3_000
# No function lives this long, so no message comes any more of a number that is older.
IN_FLIGHT_MS = 60_000
# One write each: enough for what dies in a moment, and not enough to keep a function busy.
SETTLED_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class Pages:
    """Makes the pages of one room, as its log is at `now`, in epoch milliseconds."""

    log: RoomLog
    room_id: str
    now: int

    def page(self, ask: Sync) -> Event:
        """The page that is asked for. Two calls, and one for each number that is settled on the way."""
        count = self.log.count(self.room_id)
        if ask.after is not None:
            return self._after(ask.after, count, id=ask.id)
        if ask.before is not None:
            return self._before(ask.before, count, id=ask.id)
        return self._newest(count, id=ask.id)

    def _after(self, after: int, count: Count, *, id: str | None) -> Event:
        # The entry at `after` is read along: while it is there, none after it can have expired.
        found, cut = self.log.read(self.room_id, low=max(after, 1), high=frames.MAX_SEQ, newest=False)
        remembered = bool(found) and found[0].seq == after
        found = found[1:] if remembered else found
        last_seq = _last_seq(count, found)
        end = found[-1].seq if cut else max(last_seq, after)
        start = after + 1 if remembered else self._start(after + 1, found, end, count)
        span = self._settled(found, _missing(found, start, end, count.last_at))
        settled = end if span.stop is None else span.stop - 1
        if not remembered and self.log.has_forgotten(count):
            # Whatever is missing before the first entry has expired, or cannot be told from it.
            start = min(found[0].seq if found else end + 1, settled + 1)
        messages = events.fitting(span.messages, last_seq=last_seq, id=id, at=self.now)
        left_out = span.messages[len(messages) :]
        through = min([settled, *(message["seq"] - 1 for message in left_out)])
        more = through < settled or (not span.waiting and (cut or settled < end))
        return events.page(
            messages, first=start, through=through, last_seq=last_seq, more=more, id=id, at=self.now
        )

    def _newest(self, count: Count, *, id: str | None) -> Event:
        found, cut = self.log.read(self.room_id, low=1, high=frames.MAX_SEQ, newest=True)
        last_seq = _last_seq(count, found)
        start = found[0].seq if cut else self._start(1, found, last_seq, count)
        span = self._settled(found, _missing(found, start, last_seq, count.last_at))
        through = last_seq if span.stop is None else span.stop - 1
        messages, first = self._latest(span.messages, start, last_seq, id=id)
        return events.page(
            messages,
            # Where a hole is lower than what fits, the page begins with it: it is to be asked for again.
            first=min(first, through + 1),
            through=through,
            last_seq=last_seq,
            more=cut or first > start,
            id=id,
            at=self.now,
        )

    def _before(self, before: int, count: Count, *, id: str | None) -> Event:
        found, cut = self.log.read(self.room_id, low=1, high=before, newest=True)
        known = bool(found) and found[-1].seq == before
        taken_before = found.pop().number.taken_before if known else count.last_at
        end = min(before - 1, count.last_seq)
        start = found[0].seq if cut else min(self._start(1, found, end, count), end + 1)
        missing = reversed(list(_missing(found, start, end, taken_before)))
        span = self._settled(found, missing)
        reached = start if span.stop is None else span.stop + 1
        above = [message for message in span.messages if message["seq"] >= reached]
        messages, first = self._latest(above, reached, count.last_seq, id=id)
        return events.page(
            messages,
            first=first,
            through=end,
            last_seq=count.last_seq,
            more=cut or first > start,
            id=id,
            at=self.now,
        )

    def _start(self, start: int, found: Sequence[Entry], end: int, count: Count) -> int:
        """The number from `start` on at which the log begins: it does not have those before it, and no message
        may come of them any more.

        Where messages can have expired, that is what is missing. But the last few may have been given out just
        now.
        """
        if not self.log.has_forgotten(count):
            return start
        last = found[0].seq - 1 if found else end
        taken_before = found[0].number.taken_before if found else count.last_at
        if self.now - taken_before >= IN_FLIGHT_MS:
            return max(start, last + 1)
        return max(start, last + 1 - SETTLED_AT_ONCE)

    def _latest(
        self, messages: Sequence[Event], start: int, last_seq: int, *, id: str | None
    ) -> tuple[list[Event], int]:
        """As many of the messages as fit, from the last one back, and the number from which on they are all."""
        latest = events.fitting(reversed(messages), last_seq=last_seq, id=id, at=self.now)[::-1]
        left_out = messages[: len(messages) - len(latest)]
        return latest, left_out[-1]["seq"] + 1 if left_out else start

    def _settled(self, found: Sequence[Entry], missing: Iterator[Number]) -> "_Span":
        """The entries, once the numbers are settled, in their order, as far as that can be done now."""
        entries = {entry.seq: entry for entry in found}
        for number in missing:
            waiting = self.now - number.taken_before < SETTLE_MS
            if waiting or len(entries) - len(found) == SETTLED_AT_ONCE:
                return _Span(entries, stop=number.seq, waiting=waiting)
            entries[number.seq] = self.log.settle(self.room_id, number)
        return _Span(entries)


@dataclass(frozen=True, slots=True)
class _Span:
    """Entries by seq, the first number that could not be settled, and whether that is because it is young."""

    entries: dict[int, Entry]
    stop: int | None = None
    waiting: bool = False

    @property
    def messages(self) -> list[Event]:
        in_order = (self.entries[seq].message for seq in sorted(self.entries))
        return [message for message in in_order if message is not None]


def _last_seq(count: Count, found: Sequence[Entry]) -> int:
    """The counter was read first, so the log may be ahead of it by now."""
    return max([count.last_seq, *(entry.seq for entry in found)])


def _missing(found: Sequence[Entry], start: int, end: int, taken_before: int) -> Iterator[Number]:
    """The numbers from `start` to `end` without an entry; `taken_before` is for those after the last entry."""
    for entry in found:
        for seq in range(start, entry.seq):
            yield Number(seq, entry.number.taken_before)
        start = max(start, entry.seq + 1)
    for seq in range(start, end + 1):
        yield Number(seq, taken_before)
