"""Queue mappings: batches, windows, what is deleted and what stays. The clock stands still unless moved."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from local_dev.errors import FunctionRaised
from local_dev.runtime.messages import Record
from local_dev.runtime.queues import POLL_INTERVAL, SILENT_INTERVAL, QueuePoller
from local_dev.stack.model import QueueMapping

pytestmark = pytest.mark.anyio

ARN = "arn:aws:sqs:us-east-1:123456789012:jobs"


def message(number: int, *, body: str = "{}", group: str | None = None) -> Record:
    return {
        "messageId": str(number),
        "receiptHandle": f"r{number}",
        "body": body,
        "attributes": {"MessageGroupId": group} if group else {},
    }


def numbers(records: Sequence[Record]) -> list[int]:
    return [int(record["messageId"]) for record in records]


class World:
    """A queue, a function, a clock, and what happened to them."""

    def __init__(self, mapping: QueueMapping, *messages: Record, concurrency: int = 5) -> None:
        self.messages = list(messages)
        self.later: list[list[Record]] = []
        self.now = 0.0
        self.waits: list[float] = []
        self.errors: list[Exception] = []
        self.invoked: list[list[int]] = []
        self.deleted: list[str] = []
        self.answer: Any = None
        self.gate: asyncio.Event | None = None
        self.hidden = False
        self.quiet = asyncio.Event()
        self.poller = QueuePoller(
            mapping,
            self,
            invoke=self.invoke,
            concurrency=concurrency,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    async def receive(self, limit: int) -> list[Record]:
        assert 1 <= limit <= 10
        if self.errors:
            raise self.errors.pop(0)
        taken, self.messages = self.messages[:limit], self.messages[limit:]
        return taken

    async def delete(self, receipts: Sequence[str]) -> None:
        self.deleted += receipts

    async def is_empty(self) -> bool:
        return not self.hidden

    async def changed(self, timeout: float) -> None:
        self.waits.append(timeout)
        if self.later:
            self.messages += self.later.pop(0)
            self.now += 0.1
        elif len(self.waits) > 100:
            self.quiet.set()
            await asyncio.Event().wait()
        else:
            self.now += timeout
            await asyncio.sleep(0)

    async def invoke(self, records: list[Record]) -> Any:
        self.invoked.append(numbers(records))
        if self.gate:
            await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def run(self) -> None:
        """Serve until everything is quiet."""
        task = asyncio.create_task(self.poller.run())
        async with asyncio.timeout(60):
            await self.quiet.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def mapping(arn: str = ARN, **options: Any) -> QueueMapping:
    return QueueMapping(arn, "function", **options)


async def test_without_a_window_a_batch_is_what_one_look_finds() -> None:
    world = World(mapping(), message(1), message(2))
    assert numbers(await world.poller.next_batch()) == [1, 2]
    assert world.waits == []


async def test_an_empty_queue_is_waited_for() -> None:
    world = World(mapping())
    world.later = [[], [], [message(1)]]
    assert numbers(await world.poller.next_batch()) == [1]
    assert world.waits == [SILENT_INTERVAL] * 3


async def test_a_queue_whose_messages_are_all_hidden_is_looked_at_soon() -> None:
    world = World(mapping())
    world.hidden = True
    world.later = [[], [message(1)]]
    assert numbers(await world.poller.next_batch()) == [1]
    assert world.waits == [POLL_INTERVAL] * 2


async def test_a_batch_is_no_larger_than_its_size() -> None:
    world = World(mapping(batch_size=3), *map(message, range(7)))
    assert [numbers(await world.poller.next_batch()) for _ in range(3)] == [[0, 1, 2], [3, 4, 5], [6]]


async def test_a_large_batch_takes_several_looks() -> None:
    world = World(mapping(batch_size=25, window=1.0), *map(message, range(30)))
    assert numbers(await world.poller.next_batch()) == list(range(25))
    assert world.waits == []


async def test_a_window_opens_with_the_first_message_and_ends_by_time() -> None:
    world = World(mapping(window=2.5))
    world.later = [[], [message(1)], [message(2)]]
    assert numbers(await world.poller.next_batch()) == [1, 2]
    assert world.now == pytest.approx(0.2 + 2.5)


async def test_a_full_batch_ends_its_window() -> None:
    world = World(mapping(batch_size=2, window=300.0), message(1))
    world.later = [[message(2)], [message(3)]]
    assert numbers(await world.poller.next_batch()) == [1, 2]
    assert world.now == pytest.approx(0.1)


async def test_six_megabytes_end_it_too() -> None:
    world = World(mapping(batch_size=1000, window=30.0))
    world.messages = [message(number, body="x" * 1_000_000) for number in range(8)]
    assert len(await world.poller.next_batch()) == 6
    assert world.now == 0.0
    assert len(await world.poller.next_batch()) == 2


async def test_what_the_filter_drops_is_deleted_and_opens_no_window() -> None:
    world = World(
        mapping(window=1.0, patterns=({"body": {"kind": ["a"]}},)), message(1, body='{"kind": "b"}')
    )
    world.later = [[message(2, body="no JSON"), message(3, body='{"kind": "a"}')]]
    assert numbers(await world.poller.next_batch()) == [3]
    assert world.deleted == ["r1", "r2"]
    assert world.now == pytest.approx(1.1)


async def test_a_batch_of_an_ordered_queue_is_of_one_look() -> None:
    world = World(mapping(f"{ARN}.fifo"), message(1, group="a"), message(2, group="a"))
    world.later = [[message(3, group="a")]]
    assert numbers(await world.poller.next_batch()) == [1, 2]


async def test_success_deletes_the_batch() -> None:
    world = World(mapping())
    world.answer = "anything"
    await world.poller.process([message(1), message(2)])
    assert world.invoked == [[1, 2]]
    assert world.deleted == ["r1", "r2"]


@pytest.mark.parametrize("error", [FunctionRaised("no"), TimeoutError()])
async def test_a_function_that_fails_deletes_nothing_and_is_not_asked_again(error: Exception) -> None:
    world = World(mapping())
    world.answer = error
    await world.poller.process([message(1)])
    assert world.invoked == [[1]]
    assert world.deleted == []


async def test_a_partial_response_deletes_the_others() -> None:
    world = World(mapping(partial_responses=True))
    world.answer = {"batchItemFailures": [{"itemIdentifier": "2"}]}
    await world.poller.process([message(1), message(2), message(3)])
    assert world.deleted == ["r1", "r3"]


async def test_a_malformed_partial_response_deletes_nothing() -> None:
    world = World(mapping(partial_responses=True))
    world.answer = {"batchItemFailures": [{"itemIdentifier": "9"}]}
    await world.poller.process([message(1), message(2)])
    assert world.deleted == []


async def test_a_partial_response_counts_only_where_the_mapping_asks_for_it() -> None:
    world = World(mapping())
    world.answer = {"batchItemFailures": [{"itemIdentifier": "1"}]}
    await world.poller.process([message(1)])
    assert world.deleted == ["r1"]


async def test_an_overtaker_in_a_group_is_deleted_as_on_aws_and_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(mapping(f"{ARN}.fifo", partial_responses=True))
    world.answer = {"batchItemFailures": [{"itemIdentifier": "1"}]}
    await world.poller.process([message(1, group="a"), message(2, group="a"), message(3, group="b")])
    assert world.deleted == ["r2", "r3"]
    [warning] = caplog.records
    assert "the message 2 is done, but one before it in its group is not" in warning.getMessage()


@pytest.mark.parametrize(("asked", "allowed"), [(None, 3), (2, 2), (100, 3)])
async def test_so_many_batches_are_in_progress_at_once(asked: int | None, allowed: int) -> None:
    world = World(mapping(batch_size=1, max_concurrency=asked), *map(message, range(6)), concurrency=3)
    world.gate = asyncio.Event()
    task = asyncio.create_task(world.poller.run())
    for _ in range(50):
        await asyncio.sleep(0)
    assert len(world.invoked) == allowed
    assert len(world.messages) == 6 - allowed  # what cannot be processed yet stays in the queue
    world.gate.set()
    async with asyncio.timeout(60):
        await world.quiet.wait()
    assert sorted(world.deleted) == [f"r{number}" for number in range(6)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_queue_that_cannot_be_read_is_tried_again_and_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(mapping(), message(1))
    world.errors = [OSError("no answer"), OSError("no answer")]
    await world.run()
    assert world.invoked == [[1]]
    assert [entry.getMessage() for entry in caplog.records] == [f"the queue {ARN}: no answer; going on"]


async def test_a_batch_that_breaks_the_poller_does_not_end_it() -> None:
    world = World(mapping(batch_size=1), message(1), message(2))
    world.answer = RuntimeError("unheard of")
    await world.run()
    assert world.invoked == [[1], [2]]
    assert world.deleted == []
