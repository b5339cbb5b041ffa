"""Batches: how many records fit, and which an answer leaves unprocessed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_dev.runtime.batches import PAYLOAD_LIMIT, Complaints, Held, failures, weight

IDS = ["a", "b", "c"]


def reported(*ids: Any) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": item} for item in ids]}


@pytest.mark.parametrize("answer", [None, {}, reported(), {"batchItemFailures": None}, {"statusCode": 200}])
def test_answers_of_success(answer: Any) -> None:
    assert failures(answer, IDS) == frozenset()


@pytest.mark.parametrize("answer", [reported("b"), reported("b", "b")])
def test_reported_items_are_left(answer: Any) -> None:
    assert failures(answer, IDS) == {"b"}


@pytest.mark.parametrize(
    "answer",
    [
        "done",
        7,
        [],
        {"batchItemFailures": "a"},
        {"batchItemFailures": ["a"]},
        {"batchItemFailures": [{"id": "a"}]},
        reported(""),
        reported(None),
        reported("a", "unknown"),
    ],
)
def test_a_malformed_answer_leaves_everything(answer: Any) -> None:
    assert failures(answer, IDS) == frozenset(IDS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["batchItemFailures", "itemIdentifier", "x"]), inner, max_size=2)
    ),
)


@given(json_values)
def test_no_answer_is_too_odd(answer: Any) -> None:
    assert failures(answer, IDS) <= frozenset(IDS)


@settings(max_examples=20)
@given(st.lists(st.integers(0, PAYLOAD_LIMIT // 2), max_size=12), st.integers(1, 5))
def test_batches_keep_the_order_and_the_limits(sizes: list[int], size: int) -> None:
    records = [{"n": number, "x": "x" * length} for number, length in enumerate(sizes)]
    held, seen = Held(), []
    held.add(records)
    while len(held):
        batch = held.take(size)
        assert 1 <= len(batch) <= size
        assert len(batch) == 1 or sum(map(weight, batch)) <= PAYLOAD_LIMIT
        seen += batch
    assert seen == records
    assert held.take(size) == []
    assert not held.is_full(size)


def test_a_full_batch_serialised_is_within_six_megabytes() -> None:
    held = Held()
    held.add([{"x": "é" * 1000}] * 4000)
    event = {"Records": held.take(10_000)}
    assert len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()) <= 6 * 1024 * 1024


def test_a_trouble_is_said_once_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    complaints = Complaints("the queue")
    for error in (OSError("gone"), OSError("gone"), KeyError()):
        complaints.say(error)
    complaints.over()
    complaints.say(KeyError())
    assert [entry.getMessage() for entry in caplog.records] == [
        "the queue: gone; going on",
        "the queue: KeyError; going on",
        "the queue: KeyError; going on",
    ]
