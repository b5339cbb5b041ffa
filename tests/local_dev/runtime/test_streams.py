"""Stream mappings: batches, windows, retries, splits, and what is given up. The clock stands still unless moved."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from local_dev.errors import FunctionRaised
from local_dev.runtime.streams import MappingPoller, Record, failure_message
from local_dev.stack.model import StreamMapping

pytestmark = pytest.mark.anyio


def record(number: int, *, name: str = "INSERT") -> Record:
    return {
        "eventName": name,
        "dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": 1000.0},
    }


def numbers(records: Sequence[Record]) -> list[int]:
    return [int(item["dynamodb"]["SequenceNumber"]) for item in records]


class World:
    """A stream, a function, a clock, and what happened to them."""

    def __init__(self, mapping: StreamMapping, *records: Record) -> None:
        self.records = list(records)
        self.later: list[list[Record]] = []
        self.now = 1000.0
        self.waits: list[float] = []
        self.sleeps: list[float] = []
        self.invoked: list[list[int]] = []
        self.discarded: list[tuple[list[int], str]] = []
        self.poison: set[int] = set()
        self.answer: Any = None
        self.poller = MappingPoller(
            mapping, self, invoke=self.invoke, discard=self.discard, clock=lambda: self.now, sleep=self.sleep
        )

    async def read(self, limit: int) -> list[Record]:
        taken, self.records = self.records[:limit], self.records[limit:]
        return taken

    async def changed(self, timeout: float) -> None:
        self.waits.append(timeout)
        if self.later:
            self.records += self.later.pop(0)
            self.now += 0.1
        else:
            self.now += timeout

    async def invoke(self, records: list[Record]) -> Any:
        self.invoked.append(numbers(records))
        if self.poison & set(numbers(records)):
            raise FunctionRaised("poison")
        return self.answer(records) if self.answer else None

    async def discard(self, records: Sequence[Record], reason: str) -> None:
        self.discarded.append((numbers(records), reason))

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def mapping(**options: Any) -> StreamMapping:
    return StreamMapping("arn:stream", "function", **options)


async def test_a_batch_is_what_there_is_without_a_window() -> None:
    world = World(mapping(), record(1), record(2))
    assert numbers(await world.poller.next_batch()) == [1, 2]
    assert world.waits == []


async def test_a_batch_is_no_larger_than_its_size() -> None:
    world = World(mapping(batch_size=2), *map(record, range(5)))
    assert [numbers(await world.poller.next_batch()) for _ in range(3)] == [[0, 1], [2, 3], [4]]


async def test_a_window_collects_and_a_full_batch_ends_it() -> None:
    world = World(mapping(batch_size=3, window=1.0), record(1))
    world.later = [[record(2)], [record(3)], [record(4)]]
    assert numbers(await world.poller.next_batch()) == [1, 2, 3]
    assert world.now < 1001.0


async def test_a_window_ends_by_time() -> None:
    world = World(mapping(window=1.0), record(1))
    assert numbers(await world.poller.next_batch()) == [1]
    assert world.now == 1001.0


async def test_filtered_records_are_passed_over_and_do_not_start_the_window() -> None:
    world = World(mapping(patterns=({"eventName": ["INSERT"]},)), record(1, name="MODIFY"))
    world.later = [[record(2, name="REMOVE"), record(3)]]
    assert numbers(await world.poller.next_batch()) == [3]


async def test_without_bisecting_a_batch_is_retried_whole_and_then_given_up() -> None:
    world = World(mapping(max_retries=2))
    world.poison = {2}
    await world.poller.process([record(1), record(2), record(3)])
    assert world.invoked == [[1, 2, 3]] * 3
    assert world.discarded == [([1, 2, 3], "Unhandled: poison")]
    assert world.sleeps == [0.1, 0.2]


async def test_bisecting_isolates_the_poison_and_keeps_the_order() -> None:
    world = World(mapping(max_retries=1, bisect=True))
    world.poison = {3}
    await world.poller.process([record(number) for number in range(1, 5)])
    assert world.invoked == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]
    assert [given for given, _ in world.discarded] == [[3]]


async def test_a_partial_response_retries_from_the_first_failed_record() -> None:
    world = World(mapping(max_retries=5, partial_responses=True))
    failures = iter([["3", "2"], []])
    world.answer = lambda records: {
        "batchItemFailures": [{"itemIdentifier": item} for item in next(failures)]
    }
    await world.poller.process([record(number) for number in range(1, 5)])
    assert world.invoked == [[1, 2, 3, 4], [2, 3, 4]]
    assert world.discarded == []


async def test_a_partial_response_is_ignored_where_the_mapping_does_not_ask_for_it() -> None:
    world = World(mapping())
    world.answer = lambda records: {"batchItemFailures": [{"itemIdentifier": "1"}]}
    await world.poller.process([record(1)])
    assert world.invoked == [[1]]


async def test_an_unknown_identifier_fails_the_whole_batch() -> None:
    world = World(mapping(max_retries=0, partial_responses=True))
    world.answer = lambda records: {"batchItemFailures": [{"itemIdentifier": "99"}]}
    await world.poller.process([record(1), record(2)])
    assert [given for given, _ in world.discarded] == [[1, 2]]


async def test_records_that_grew_too_old_are_given_up() -> None:
    world = World(mapping(max_age=1.0))
    world.poison = {1}
    await world.poller.process([record(1)])
    assert [given for given, _ in world.discarded] == [[1]]
    assert world.now > 1001.0


def test_the_failure_message_says_where_the_records_are() -> None:
    message = json.loads(failure_message(mapping(), [record(4), record(6)], "because"))
    assert message["DDBStreamBatchInfo"]["startSequenceNumber"] == "4"
    assert message["DDBStreamBatchInfo"]["endSequenceNumber"] == "6"
    assert message["DDBStreamBatchInfo"]["batchSize"] == 2
    assert message["responseContext"]["functionError"] == "because"
