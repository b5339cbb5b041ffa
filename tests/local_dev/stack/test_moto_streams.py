"""A stream is read as ever, but what everybody has read is not kept."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core.utils import utcnow
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodbstreams.models import dynamodbstreams_backends

from local_dev.stack import moto_streams
from local_dev.stack.moto_streams import ITERATOR_LIFE, Records, TrimmedDataAccessException

from .motos import Moto, running

ACCOUNT, REGION = "123456789012", "us-east-1"
CREATE = {
    "TableName": "t",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


class Stream:
    """The stream of a table of its own."""

    def __init__(self, moto: Moto) -> None:
        self._moto, self._count = moto, 0
        moto.ask("CreateTable", CREATE)
        table = dynamodb_backends[ACCOUNT][REGION].tables["t"]
        self.arn, self.shard = f"{table.table_arn}/stream/{table.latest_stream_label}", table.stream_shard

    def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """The answer, or the error as its `__type`."""
        _, _, body = self._moto.ask(f"DynamoDBStreams_20120810.{operation}", parameters)
        answer: dict[str, Any] = json.loads(body)
        return answer

    def put(self, times: int) -> None:
        """So many records more."""
        for _ in range(times):
            item = {"id": {"S": str(self._count % 3)}, "n": {"N": str(self._count)}}
            self._moto.ask("PutItem", {"TableName": "t", "Item": item})
            self._count += 1

    def begin(self, kind: str, number: int | None = None) -> Any:
        """An iterator, or what kept it from being."""
        at = {} if number is None else {"SequenceNumber": str(self.shard.starting_sequence_number + number)}
        answer = self.ask(
            "GetShardIterator", StreamArn=self.arn, ShardId=self.shard.id, ShardIteratorType=kind, **at
        )
        return answer.get("ShardIterator") or answer["__type"]

    def read(self, iterator: str, limit: int = 1000) -> tuple[list[int], str]:
        """The numbers of the items in the records there, and the next iterator; or no numbers, and the error."""
        answer = self.ask("GetRecords", ShardIterator=iterator, Limit=limit)
        if "Records" not in answer:
            return [], answer["__type"]
        numbers = [int(each["dynamodb"]["NewImage"]["n"]["N"]) for each in answer["Records"]]
        return numbers, answer["NextShardIterator"]


STEPS = st.lists(
    st.tuples(st.just("put"), st.integers(1, 5), st.just(0))
    | st.tuples(st.sampled_from(["TRIM_HORIZON", "LATEST"]), st.just(None), st.integers(1, 9))
    | st.tuples(
        st.sampled_from(["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]), st.integers(0, 9), st.integers(1, 9)
    )
    | st.tuples(st.just("on"), st.just(0), st.integers(1, 9)),
    max_size=12,
)


def read(steps: list[Any], *, short: bool) -> list[list[int]]:
    """What the reads among the steps find."""
    found: list[list[int]] = []
    with running(short=short) as moto:
        stream = Stream(moto)
        iterator = stream.begin("TRIM_HORIZON")
        for step, number, limit in steps:
            if step == "put":
                stream.put(number)
                continue
            if step != "on":
                iterator = stream.begin(step, number)
            numbers, iterator = stream.read(iterator, limit)
            found.append(numbers)
    return found


@given(STEPS)
def test_reading_finds_what_it_found(steps: list[Any]) -> None:
    assert read(steps, short=True) == read(steps, short=False)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a test can reach."""
    monkeypatch.setattr(moto_streams, "KEPT", 10)
    monkeypatch.setattr(moto_streams, "AT_MOST", 40)
    monkeypatch.setattr(moto_streams, "_BLOCK", 5)


@pytest.mark.usefixtures("few")
def test_who_keeps_up_loses_nothing_and_what_is_kept_stays_small() -> None:
    with running(short=True) as moto:
        stream = Stream(moto)
        iterator, found = stream.begin("TRIM_HORIZON"), []
        for _ in range(30):
            stream.put(7)
            numbers, iterator = stream.read(iterator, 8)
            found += numbers
            assert len(stream.shard.items) - stream.shard.items.first < 30
        assert found == list(range(210))
        latest = stream.begin("LATEST")
        stream.put(1)
        assert stream.read(iterator)[0] == stream.read(latest)[0] == [210]
        oldest = stream.shard.items.first
        assert oldest > 150
        assert stream.read(stream.begin("TRIM_HORIZON"), 1)[0] == [oldest]
        assert stream.read(stream.begin("AFTER_SEQUENCE_NUMBER", oldest - 1), 1)[0] == [oldest]
        assert stream.begin("AT_SEQUENCE_NUMBER", oldest - 1).endswith("TrimmedDataAccessException")
        assert stream.begin("AFTER_SEQUENCE_NUMBER", 5).endswith("TrimmedDataAccessException")


@pytest.mark.usefixtures("few")
def test_who_is_slow_is_waited_for_until_there_is_too_much() -> None:
    with running(short=True) as moto:
        stream = Stream(moto)
        quick, slow = stream.begin("TRIM_HORIZON"), stream.begin("TRIM_HORIZON")
        stream.put(35)
        numbers, quick = stream.read(quick)
        assert numbers == list(range(35))
        numbers, slow = stream.read(slow, 10)
        assert numbers == list(range(10))
        stream.put(35)
        assert stream.read(quick)[0] == list(range(35, 70))
        assert stream.read(slow)[1].endswith("TrimmedDataAccessException")
        assert stream.read(stream.begin("TRIM_HORIZON"))[0] == list(range(30, 70))


def test_an_iterator_expires() -> None:
    with running(short=True) as moto:
        stream = Stream(moto)
        iterator = stream.begin("TRIM_HORIZON")
        backend = dynamodbstreams_backends[ACCOUNT][REGION]
        now = backend.shard_iterators._clock()
        backend.shard_iterators._clock = lambda: now + ITERATOR_LIFE + 5
        assert stream.read(iterator)[1].endswith("ExpiredIteratorException")
        assert stream.read(stream.begin("TRIM_HORIZON"))[0] == []
        assert not backend.shard_iterators


def test_an_iterator_is_for_its_own_stream() -> None:
    with running(short=True) as moto:
        stream = Stream(moto)
        iterator = stream.begin("TRIM_HORIZON")
        moto.ask("DeleteTable", {"TableName": "t"})
        Stream(moto)
        assert stream.read(iterator)[1].endswith("ResourceNotFoundException")


class Made:
    """A record, so old."""

    def __init__(self, number: int, *, hours: float = 0) -> None:
        self.number = number
        made = utcnow() - timedelta(hours=hours)
        self.record = {"dynamodb": {"ApproximateCreationDateTime": made}}


@pytest.mark.usefixtures("few")
def test_after_a_day_a_record_is_gone_whoever_waits_for_it() -> None:
    records = Records()
    records.read(1, 0)
    for number in range(7):
        records.append(Made(number, hours=25 if number < 3 else 23))
    for number in range(7, 10):
        records.append(Made(number))
    assert (records.first, len(records), records[-1].number) == (3, 10, 9)
    assert [record.number for record in records[3:5]] == [3, 4]
    with pytest.raises(TrimmedDataAccessException):
        records[2:5]


@pytest.mark.usefixtures("few")
def test_who_reads_no_more_is_not_waited_for() -> None:
    now = 0.0
    records = Records(clock=lambda: now)
    records.read(1, 0)
    for number in range(25):
        records.append(Made(number))
    assert records.first == 0
    now = ITERATOR_LIFE + 1
    for number in range(25, 30):
        records.append(Made(number))
    assert records.first == 20
