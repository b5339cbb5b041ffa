"""Event source mappings from SQS queues: receives messages in batches, gives them to a function, deletes
what it processed, as Lambda does.

What it did not process stays in the queue, invisible until the queue's visibility time-out passes; how
often that may happen is the queue's own redrive policy.
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from ..errors import FunctionError
from ..stack.model import QueueMapping
from .batches import REST, Complaints, Held, failures
from .filters import message_matches_any
from .messages import Record, as_record, overtakers

log = logging.getLogger(__name__)

CONCURRENCY = 5
"""Batches in progress at once: what Lambda starts with. It goes up to a thousand; a laptop does not."""

POLL_INTERVAL = 1.0
"""Seconds between looks at a queue with messages whose delay or visibility time-out will pass."""

SILENT_INTERVAL = 20.0
"""Seconds between looks at one that has none. New messages are signalled, where that is possible."""

RECEIVE_LIMIT = 10
"""Messages that ReceiveMessage gives, and DeleteMessageBatch takes, at most."""


_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)


class Queue(Protocol):
    """Where messages come from."""

    async def receive(self, limit: int) -> list[Record]:
        """Up to `limit` messages, at once, as records of Lambda's event."""

    async def delete(self, receipts: Sequence[str]) -> None:
        """Delete the messages with these receipt handles."""

    async def is_empty(self) -> bool:
        """Whether nothing can come of it unless something new is sent, and `changed` tells of that."""

    async def changed(self, timeout: float) -> None:
        """Return when there may be more, or after `timeout` seconds."""


class QueuePoller:
    """One mapping. `concurrency` bounds what the mapping's own MaximumConcurrency leaves open."""

    def __init__(
        self,
        mapping: QueueMapping,
        queue: Queue,
        *,
        invoke: Callable[[list[Record]], Awaitable[Any]],
        concurrency: int = CONCURRENCY,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._mapping, self._queue = mapping, queue
        self._invoke, self._clock, self._sleep = invoke, clock, sleep
        self._slots = asyncio.Semaphore(min(mapping.max_concurrency or concurrency, concurrency))
        self._held = Held()
        self._complaints = Complaints(f"the queue {mapping.queue}")
        self._ordered = mapping.queue.endswith(".fifo")

    async def run(self) -> None:
        """Poll until cancelled. Nothing that happens to a batch ends it."""
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                await self._slots.acquire()  # first: a message that waits here would lose its visibility time
                batch = await self._next_batch_whatever_happens()
                task = asyncio.create_task(self._process_and_leave(batch))
                running.add(task)
                task.add_done_callback(running.discard)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def next_batch(self) -> list[Record]:
        """The next messages that pass the filter: what is there, a full batch, or what the window
        collected. What does not pass is deleted.
        """
        size, deadline = self._mapping.batch_size, self._clock() + self._mapping.window
        waiting = not len(self._held)
        while not self._held.is_full(size):
            records = await self._queue.receive(min(size - len(self._held), RECEIVE_LIMIT))
            await self._hold(records)
            if waiting:
                deadline = self._clock() + self._mapping.window  # it opens with the first message
                waiting = not len(self._held)
            if self._ordered and len(self._held):
                break  # what follows in a group is given only once this is deleted
            if len(self._held) and not self._mapping.window and len(records) < RECEIVE_LIMIT:
                break
            if records:
                continue
            if waiting:
                left = SILENT_INTERVAL if await self._queue.is_empty() else POLL_INTERVAL
            else:
                left = min(deadline - self._clock(), POLL_INTERVAL)
            if left <= 0:
                break
            await self._queue.changed(left)
        return self._held.take(size)

    async def process(self, batch: list[Record]) -> None:
        """Have the function process the batch, and delete what it did process."""
        try:
            answer = await self._invoke(batch)
        except (FunctionError, TimeoutError):
            return  # the messages come back when their visibility time-out is over
        failed: frozenset[str] = frozenset()
        if self._mapping.partial_responses:
            failed = failures(answer, [record["messageId"] for record in batch])
            for record in overtakers(batch, failed):
                log.warning(
                    "%s: the message %s is done, but one before it in its group is not: order is lost, here as"
                    " on AWS. Report every message of the group from the first failure on",
                    self._mapping.function,
                    record["messageId"],
                )
        done = [record["receiptHandle"] for record in batch if record["messageId"] not in failed]
        if done:
            await self._queue.delete(done)

    async def _hold(self, records: Sequence[Record]) -> None:
        wanted = [record for record in records if message_matches_any(self._mapping.patterns, record)]
        self._held.add(wanted)
        passed = {record["receiptHandle"] for record in wanted}
        dropped = [record["receiptHandle"] for record in records if record["receiptHandle"] not in passed]
        if dropped:
            await self._queue.delete(dropped)

    async def _next_batch_whatever_happens(self) -> list[Record]:
        while True:
            try:
                batch = await self.next_batch()
            except Exception as error:  # a mapping outlives it
                self._complaints.say(error)
                await self._sleep(REST)
            else:
                self._complaints.over()
                return batch

    async def _process_and_leave(self, batch: list[Record]) -> None:
        try:
            await self.process(batch)
        except Exception as error:  # the same
            self._complaints.say(error)
        finally:
            self._slots.release()


class SqsQueue:
    """A queue behind boto3's `client` of SQS. `arn` is what the events give as their source; `signals`: `changed`
    does not just wait, but tells of each new message.
    """

    def __init__(
        self,
        client: Any,
        *,
        arn: str,
        changed: Callable[[float], Awaitable[None]],
        url: str | None = None,
        signals: bool = False,
    ) -> None:
        self._client, self._arn, self._changed, self._url = client, arn, changed, url
        self._signals = signals

    async def receive(self, limit: int) -> list[Record]:
        """Up to `limit` messages. Never a long poll: that would hold up moto, and every caller of it."""
        return await asyncio.to_thread(self._receive, limit)

    async def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages; what the queue refuses to delete is said."""
        for start in range(0, len(receipts), RECEIVE_LIMIT):
            await asyncio.to_thread(self._delete, receipts[start : start + RECEIVE_LIMIT])

    async def is_empty(self) -> bool:
        """Whether there are no messages: none to be had, none that are delayed, none that somebody works at.
        Of a queue that does not signal that is not asked: it has to be looked at anyway.
        """
        return self._signals and await asyncio.to_thread(self._is_empty)

    async def changed(self, timeout: float) -> None:
        """Return when there may be more, or after `timeout` seconds."""
        await self._changed(timeout)

    def _is_empty(self) -> bool:
        # One is counted after the other, and what may be had again in between is in none. The next time it is.
        return self._counts_none() and self._counts_none()

    def _counts_none(self) -> bool:
        answer = self._client.get_queue_attributes(QueueUrl=self._address(), AttributeNames=list(_COUNTS))
        return not any(int(answer.get("Attributes", {}).get(name, 1)) for name in _COUNTS)

    def _receive(self, limit: int) -> list[Record]:
        answer = self._client.receive_message(
            QueueUrl=self._address(),
            MaxNumberOfMessages=limit,
            WaitTimeSeconds=0,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [as_record(message, self._arn) for message in answer.get("Messages", ())]

    def _delete(self, receipts: Sequence[str]) -> None:
        entries = [{"Id": str(number), "ReceiptHandle": item} for number, item in enumerate(receipts)]
        answer = self._client.delete_message_batch(QueueUrl=self._address(), Entries=entries)
        for failed in answer.get("Failed", ()):
            log.error("the queue %s keeps a message that was done: %s", self._arn, failed.get("Message"))

    def _address(self) -> str:
        if self._url is None:
            self._url = self._client.get_queue_url(QueueName=self._arn.rsplit(":", 1)[-1])["QueueUrl"]
        return self._url
