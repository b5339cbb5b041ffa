"""A stream mapping at one shard: batches, windows, retries, splits, and what is given up.

The clock stands still unless moved.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from local_dev.errors import FunctionError, FunctionRaised, FunctionThrottled
from local_dev.runtime.mapping import MAX_BACKOFF, Condition, Discarded, MappingPoller, Record
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
        self.discarded: list[Discarded] = []
        self.errors: list[Exception] = []
        self.poison: set[int] = set()
        self.reads: list[int] = []
        self.ended = self.ends = False
        self.throttles = 0
        self.answer: Any = None
        self.poller = MappingPoller(
            mapping, self, invoke=self.invoke, discard=self.discard, clock=lambda: self.now, sleep=self.sleep
        )

    async def read(self, limit: int) -> list[Record]:
        self.reads.append(limit)
        if self.errors:
            raise self.errors.pop(0)
        taken, self.records = self.records[:limit], self.records[limit:]
        return taken

    async def changed(self, timeout: float) -> None:
        self.waits.append(timeout)
        if self.later:
            self.records += self.later.pop(0)
            self.now += 0.1
        else:
            self.ended = self.ends
            self.now += timeout

    async def invoke(self, records: list[Record]) -> Any:
        self.invoked.append(numbers(records))
        if self.throttles:
            self.throttles -= 1
            raise FunctionThrottled("busy", error_type="Throttled")
        if self.poison & set(numbers(records)):
            raise FunctionRaised("poison")
        return self.answer(records) if self.answer else None

    async def discard(self, discarded: Discarded) -> None:
        self.discarded.append(discarded)

    @property
    def lost(self) -> list[list[int]]:
        """The numbers of the records that were given up."""
        return [numbers(discarded.records) for discarded in self.discarded]

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


async def test_what_the_filter_drops_is_not_read_over_and_over() -> None:
    world = World(mapping(patterns=({"eventName": ["INSERT"]},)), record(1, name="MODIFY"))
    world.later = [[record(2)]]
    assert numbers(await world.poller.next_batch()) == [2]
    assert world.sleeps == [0.1]


async def test_no_more_is_asked_for_than_one_call_gives() -> None:
    world = World(mapping(batch_size=10_000), record(1))
    await world.poller.next_batch()
    assert set(world.reads) == {1000}


async def test_a_batch_is_no_larger_than_a_payload() -> None:
    world = World(mapping(window=60.0))
    world.records = [{**record(number), "much": "x" * 2_000_000} for number in range(5)]
    assert numbers(await world.poller.next_batch()) == [0, 1, 2]
    assert world.now == 1000.0  # there is no reason to wait for more
    assert numbers(await world.poller.next_batch()) == [3, 4]


async def test_it_ends_with_its_shard_and_processes_what_was_left() -> None:
    world = World(mapping(window=300.0, batch_size=2), *map(record, range(3)))
    world.ends = True
    await world.poller.run()
    assert world.invoked == [[0, 1], [2]]


async def test_a_stream_that_cannot_be_read_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    world = World(mapping(), record(1))
    world.errors = [OSError("no answer"), OSError("no answer")]
    world.ends = True
    await world.poller.run()
    assert world.invoked == [[1]]
    assert world.sleeps == [1.0, 1.0]
    assert [entry.getMessage() for entry in caplog.records] == ["the stream arn:stream: no answer; going on"]


async def test_a_batch_that_breaks_the_poller_does_not_end_it() -> None:
    world = World(mapping(batch_size=1), record(1), record(2))
    world.ends = True
    answers: list[Any] = [RuntimeError("unheard of"), None]

    async def invoke(records: list[Record]) -> None:
        world.invoked.append(numbers(records))
        answer = answers.pop(0)
        if answer:
            raise answer

    await MappingPoller(
        mapping(batch_size=1), world, invoke=invoke, discard=world.discard, sleep=world.sleep
    ).run()
    assert world.invoked == [[1], [2]]


async def test_without_bisecting_a_batch_is_retried_whole_and_then_given_up() -> None:
    world = World(mapping(max_retries=2))
    world.poison = {2}
    await world.poller.process([record(1), record(2), record(3)])
    assert world.invoked == [[1, 2, 3]] * 3
    [discarded] = world.discarded
    assert numbers(discarded.records) == [1, 2, 3]
    assert discarded.condition is Condition.RETRIES
    assert discarded.invocations == 3
    assert isinstance(discarded.error, FunctionError)
    assert world.sleeps == [0.1, 0.2]


async def test_bisecting_isolates_the_poison_and_keeps_the_order() -> None:
    world = World(mapping(max_retries=1, bisect=True))
    world.poison = {3}
    await world.poller.process([record(number) for number in range(1, 5)])
    assert world.invoked == [[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [4]]
    assert world.lost == [[3]]


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
    assert world.lost == [[1, 2]]
    assert world.discarded[0].error is None


@pytest.mark.parametrize(
    "answer", ["done", [], {"batchItemFailures": "1"}, {"batchItemFailures": [{"id": "1"}]}]
)
async def test_a_malformed_partial_response_fails_the_whole_batch(answer: Any) -> None:
    world = World(mapping(max_retries=0, partial_responses=True))
    world.answer = lambda records: answer
    await world.poller.process([record(1), record(2)])
    assert world.lost == [[1, 2]]


async def test_a_partial_response_says_where_to_split_and_uses_up_no_retry() -> None:
    world = World(mapping(max_retries=0, partial_responses=True, bisect=True))
    world.answer = lambda records: {
        "batchItemFailures": [{"itemIdentifier": "3"}] if 3 in numbers(records) else []
    }
    await world.poller.process([record(number) for number in range(1, 6)])
    assert world.invoked == [[1, 2, 3, 4, 5], [3, 4, 5], [3], [4, 5]]
    assert world.lost == [[3]]


async def test_a_throttled_batch_is_tried_again_as_it_is_however_few_the_retries() -> None:
    world = World(mapping(max_retries=0, bisect=True))
    world.throttles = 3
    await world.poller.process([record(1), record(2)])
    assert world.invoked == [[1, 2]] * 4
    assert world.discarded == []


async def test_without_a_bound_retries_go_on_and_the_pauses_stay_bounded() -> None:
    world = World(mapping())
    failures = iter(range(2000))

    def answer(records: list[Record]) -> None:
        if next(failures, None) is not None:
            raise FunctionRaised("not yet")

    world.answer = answer
    await world.poller.process([record(1)])
    assert len(world.invoked) == 2001
    assert max(world.sleeps) == MAX_BACKOFF


async def test_records_that_grew_too_old_are_given_up() -> None:
    world = World(mapping(max_age=1.0))
    world.poison = {1}
    await world.poller.process([record(1)])
    assert world.lost == [[1]]
    assert world.discarded[0].condition is Condition.AGE
    assert world.discarded[0].invocations == len(world.invoked)
    assert world.now > 1001.0


async def test_records_that_are_too_old_already_never_reach_the_function() -> None:
    world = World(mapping(max_age=60.0))
    world.now = 1061.0
    young = record(2)
    young["dynamodb"]["ApproximateCreationDateTime"] = 1010.0
    await world.poller.process([record(1), young])
    assert world.invoked == [[2]]
    assert world.lost == [[1]]
    assert world.discarded[0].invocations == 0
