"""Event source mappings from DynamoDB streams: takes the records of one shard and gives them to a function,
as Lambda does.

In order, one batch at a time; filtered, held back up to the batching window, split on failure where the
mapping says so, retried a bounded number of times, and what cannot be processed goes to the on-failure
destination. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-eventsourcemapping.html
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from ..errors import FunctionError, FunctionThrottled
from ..stack.model import StreamMapping
from .batches import REST, Complaints, Held, failures
from .filters import matches_any

POLL_INTERVAL = 5.0
"""Seconds between looks at a silent stream. New records are signalled, so this only covers a signal that
was missed.
"""

FILTERED_PAUSE = 0.1
"""Seconds to leave a stream alone after it had nothing but records that the filter drops: where each message
writes one, the polling would otherwise take as much of DynamoDB as the messages."""

READ_LIMIT = 1000
"""Records that GetRecords gives at most."""

MAX_BACKOFF = 10.0

Record = dict[str, Any]
Invoke = Callable[[list[Record]], Awaitable[Any]]


class Stream(Protocol):
    """Where records come from. `ended`: it was closed, and everything in it was read."""

    @property
    def ended(self) -> bool: ...

    async def read(self, limit: int) -> list[Record]:
        """Up to `limit` records that were not read yet, at once."""

    async def changed(self, timeout: float) -> None:
        """Return when there may be more, or after `timeout` seconds."""


class Condition(Enum):
    """Why records were given up, in the words that an on-failure destination gets."""

    RETRIES = "RetryAttemptsExhausted"
    AGE = "RecordAgeExceeded"


@dataclass(frozen=True)
class Discarded:
    """Records that were given up after `invocations` of the function. `error` is what it last failed with,
    None where it named the records in a partial response, or was not invoked with them at all.
    """

    records: Sequence[Record]
    condition: Condition
    invocations: int
    error: FunctionError | TimeoutError | None = None


@dataclass(frozen=True)
class _Failure:
    """A batch that was not processed from record `index` on."""

    index: int
    error: FunctionError | TimeoutError | None = None


class MappingPoller:
    """One mapping at one shard. `discard` gets the records that were given up; `processed` hears the sequence
    number up to which everything is done; `clock` gives epoch seconds; `sleep` waits between retries.
    """

    def __init__(
        self,
        mapping: StreamMapping,
        stream: Stream,
        *,
        invoke: Invoke,
        discard: Callable[[Discarded], Awaitable[None]],
        processed: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._mapping, self._stream = mapping, stream
        self._invoke, self._discard, self._processed = invoke, discard, processed
        self._clock, self._sleep = clock, sleep
        self._held = Held()
        self._complaints = Complaints(f"the stream {mapping.stream}")

    async def run(self) -> None:
        """Poll until the shard ends or this is cancelled. Nothing that happens to a batch ends it."""
        while self._held or not self._stream.ended:
            try:
                batch = await self.next_batch()
                if batch:
                    await self.process(batch)
                    self._processed(batch[-1]["dynamodb"]["SequenceNumber"])
                self._complaints.over()
            except Exception as error:  # a mapping outlives it
                self._complaints.say(error)
                await self._sleep(REST)

    async def next_batch(self) -> list[Record]:
        """The next records that pass the filter: as many as there are, a full batch, or what the window
        collected. None only at the shard's end.
        """
        deadline: float | None = None
        size = self._mapping.batch_size
        while not self._held.is_full(size) and not self._stream.ended:
            limit = min(size - len(self._held), READ_LIMIT)
            records = await self._stream.read(limit)
            wanted = [record for record in records if matches_any(self._mapping.patterns, record)]
            self._held.add(wanted)
            if records and not wanted:
                await self._sleep(FILTERED_PAUSE)
            if len(records) >= limit or self._held.is_full(size) or self._stream.ended:
                continue  # else there is nothing more now, or `changed` tells of it
            if self._held and deadline is None:
                deadline = self._clock() + self._mapping.window
            if deadline is not None:
                left = deadline - self._clock()
                if left <= 0:
                    break
                await self._stream.changed(left)
            else:
                await self._stream.changed(POLL_INTERVAL)
        return self._held.take(size)

    async def process(self, batch: list[Record]) -> None:
        """Have the function process the batch, with all the retries and splits that the mapping allows."""
        work = [(batch, 0)]
        while work:
            records, attempt = work.pop(0)
            records = await self._without_old(records, attempt)
            if not records:
                continue
            failure = await self._attempt(records)
            if failure is None:
                continue
            rest = records[failure.index :]
            if isinstance(failure.error, FunctionThrottled):
                # The function never saw the batch: that counts as no attempt, and splits nothing.
                await self._back_off(attempt)
                work.insert(0, (rest, attempt))
            elif self._mapping.bisect and failure.index > 0:
                # A partial response says itself where to split.
                work.insert(0, (rest, attempt))
            elif self._mapping.bisect and len(rest) > 1:
                # Splitting does not use up the retries (AWS's documentation of bisecting).
                middle = len(rest) // 2
                work[:0] = [(rest[:middle], attempt), (rest[middle:], attempt)]
            elif self._mapping.max_retries is not None and attempt >= self._mapping.max_retries:
                await self._discard(Discarded(rest, Condition.RETRIES, attempt + 1, failure.error))
            else:
                await self._back_off(attempt)
                work.insert(0, (rest, attempt + 1))

    async def _attempt(self, records: list[Record]) -> _Failure | None:
        try:
            answer = await self._invoke(records)
        except (FunctionError, TimeoutError) as error:
            return _Failure(0, error)
        if self._mapping.partial_responses:
            numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
            failed = failures(answer, numbers)
            if failed:  # the first of them is where the stream goes on
                return _Failure(min(map(numbers.index, failed)))
        return None

    async def _without_old(self, records: list[Record], attempt: int) -> list[Record]:
        """The records that are young enough still; the others are given up."""
        age = self._mapping.max_age
        if age is None:
            return records
        oldest = self._clock() - age
        young = next((i for i, record in enumerate(records) if _born(record) >= oldest), len(records))
        if young:
            await self._discard(Discarded(records[:young], Condition.AGE, attempt))
        return records[young:]

    async def _back_off(self, attempt: int) -> None:
        await self._sleep(min(0.1 * 2 ** min(attempt, 10), MAX_BACKOFF))


def _born(record: Record) -> float:
    return float(record["dynamodb"]["ApproximateCreationDateTime"])
