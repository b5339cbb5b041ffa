from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from chat.errors import Unavailable
from chat.places import WHOLE
from chat.slice_queue import SliceQueue
from chat.slices import Slice
from moto import mock_aws

from tests.functions.conftest import SLICES

Queued = Callable[[], list[Slice]]


def some(count: int, *, weight: int = 10) -> list[Slice]:
    return [Slice(str(number), "general", WHOLE, (b"x" * weight,)) for number in range(count)]


@pytest.fixture
def queue(queued: Queued) -> SliceQueue:
    return SliceQueue.from_environment()


@pytest.fixture
def sent(queue: SliceQueue) -> Iterator[list[int]]:
    """How many slices each call to the queue had."""
    calls: list[int] = []

    def count(params: dict[str, Any], **_: object) -> None:
        calls.append(len(params["Entries"]))

    queue._client.meta.events.register("provide-client-params.sqs.SendMessageBatch", count)
    yield calls


def test_slices_are_put_ten_a_call(queue: SliceQueue, queued: Queued, sent: list[int]) -> None:
    slices = some(25)
    queue.put(slices)
    assert sorted(sent) == [5, 10, 10]
    assert {each.id for each in queued()} == {each.id for each in slices}


def test_a_call_is_never_too_large(queue: SliceQueue, queued: Queued, sent: list[int]) -> None:
    slices = some(7, weight=100_000)
    queue.put(slices)
    assert sorted(sent) == [1, 2, 2, 2]
    assert len(queued()) == 7


def test_putting_nothing(queue: SliceQueue, sent: list[int]) -> None:
    queue.put([])
    assert sent == []


def answering(queue: SliceQueue, *answers: list[str]) -> None:
    """The queue refuses these of the entries, one list for each call."""
    left = list(answers)

    def refuse(parsed: dict[str, Any], **_: object) -> None:
        failed = left.pop(0)
        parsed["Failed"] = [{"Id": id, "SenderFault": False, "Code": "InternalError"} for id in failed]

    queue._client.meta.events.register("after-call.sqs.SendMessageBatch", refuse)


def test_those_that_were_refused_are_sent_again(queue: SliceQueue, queued: Queued, sent: list[int]) -> None:
    answering(queue, ["1", "2"], ["2"], [])
    queue.put(some(3))
    assert sent == [3, 2, 1]


def test_what_stays_refused_is_unavailable(queue: SliceQueue, sent: list[int]) -> None:
    answering(queue, ["1"], ["1"], ["1"])
    with pytest.raises(Unavailable):
        queue.put(some(3))
    assert sent == [3, 1, 1]


def test_a_queue_that_is_not_there_is_unavailable(environment: None) -> None:
    with mock_aws(), pytest.raises(Unavailable):
        boto3.client("sqs")
        SliceQueue(SLICES).put(some(1))
