"""Reading streams: which shards and when, and how a reader finds its place again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.runtime.streams import Lineage, ShardReader, Start, as_event, list_shards

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/L"


def shard(name: str, parent: str | None = None, *, closed: bool = False) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": "1", **({"EndingSequenceNumber": "9"} if closed else {})}
    return {
        "ShardId": name,
        "SequenceNumberRange": numbers,
        **({"ParentShardId": parent} if parent else {}),
    }


def test_a_shard_waits_until_its_parent_is_finished() -> None:
    lineage = Lineage(from_start=True)
    shards = [shard("a", closed=True), shard("b", "a", closed=True), shard("c", "b")]
    assert lineage.take(shards) == [("a", Start.OLDEST)]
    assert lineage.take(shards) == []
    lineage.finished("a")
    assert lineage.take(shards) == [("b", Start.OLDEST)]
    lineage.finished("b")
    assert lineage.take(shards) == [("c", Start.OLDEST)]


def test_shards_without_relation_are_read_side_by_side_and_a_trimmed_parent_is_not_waited_for() -> None:
    lineage = Lineage(from_start=True)
    assert lineage.take([shard("a"), shard("b"), shard("c", "trimmed")]) == [
        ("a", Start.OLDEST),
        ("b", Start.OLDEST),
        ("c", Start.OLDEST),
    ]


def test_latest_passes_over_what_was_there_and_misses_nothing_that_follows() -> None:
    lineage = Lineage(from_start=False)
    shards = [shard("old", closed=True), shard("open", "old")]
    assert lineage.take(shards) == [("open", Start.NEWEST)]
    shards = [shard("old", closed=True), shard("open", "old", closed=True), shard("new", "open")]
    assert lineage.take(shards) == []
    lineage.finished("open")
    assert lineage.take(shards) == [("new", Start.OLDEST)]


def test_latest_at_a_stream_without_shards_reads_the_first_from_its_start() -> None:
    lineage = Lineage(from_start=False)
    assert lineage.take([]) == []
    assert lineage.take([shard("first")]) == [("first", Start.OLDEST)]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=10),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_no_shard_is_forgotten_taken_twice_or_before_its_parent(
    drawn: list[tuple[int, bool]], from_start: bool, random: Any
) -> None:
    shards = [
        shard(str(number), str(parent) if parent < number else None, closed=closed)
        for number, (parent, closed) in enumerate(drawn)
    ]
    parents = {item["ShardId"]: item.get("ParentShardId") for item in shards}
    lineage, open_ones, taken = Lineage(from_start=from_start), set[str](), list[str]()
    skipped = (
        set()
        if from_start
        else {item["ShardId"] for item, (_, closed) in zip(shards, drawn, strict=True) if closed}
    )
    for _ in range(50):
        for name, _start in lineage.take(shards):
            assert parents[name] is None or parents[name] in skipped or parents[name] in taken
            assert parents[name] not in open_ones
            open_ones.add(name)
            taken.append(name)
        if open_ones:
            done = random.choice(sorted(open_ones))
            open_ones.remove(done)
            lineage.finished(done)
    assert sorted([*taken, *skipped]) == sorted(parents)


def test_a_mapping_goes_on_at_its_places_and_what_came_before_them_is_done() -> None:
    shards = [shard("a", closed=True), shard("b", "a", closed=True), shard("c", "b"), shard("other")]
    for from_start in (True, False):
        usual = Start.OLDEST if from_start else Start.NEWEST
        lineage = Lineage(from_start=from_start, places={"b": "17"})
        assert lineage.take(shards) == [("b", usual), ("other", Start.OLDEST)]
        lineage.finished("b")
        assert lineage.take(shards) == [("c", Start.OLDEST)]


def test_a_shard_of_which_nothing_was_processed_begins_as_it_did() -> None:
    shards = [shard("a"), shard("b")]
    lineage = Lineage(from_start=False, places={"a": "LATEST", "b": "TRIM_HORIZON"})
    assert lineage.take(shards) == [("a", Start.NEWEST), ("b", Start.OLDEST)]


@pytest.mark.parametrize("from_start", [True, False])
def test_places_in_shards_that_are_no_more_change_nothing(from_start: bool) -> None:
    shards = [shard("a", closed=True), shard("b", "a")]
    taken = Lineage(from_start=from_start, places={"gone": "17"}).take(shards)
    assert taken == ([("a", Start.OLDEST)] if from_start else [("b", Start.NEWEST)])


class Expired(Exception):
    """The client's ExpiredIteratorException."""


class Trimmed(Exception):
    """The client's TrimmedDataAccessException."""


class NotFound(Exception):
    """The client's ResourceNotFoundException."""


class Refused(Exception):
    """botocore's ClientError."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Exceptions:
    """The client's `exceptions`."""

    ExpiredIteratorException = Expired
    TrimmedDataAccessException = Trimmed
    ResourceNotFoundException = NotFound


class Client:
    """A stream whose shard "s" holds `records`; `troubles` are raised first, one a call of GetRecords."""

    exceptions = Exceptions

    def __init__(self, *numbers: int, closed: bool = False) -> None:
        self.numbers, self.closed = list(numbers), closed
        self.troubles: list[Exception] = []
        self.opened: list[dict[str, str]] = []
        self.shards = ["s"]

    def describe_stream(self, StreamArn: str, ExclusiveStartShardId: str | None = None) -> dict[str, Any]:  # noqa: N803
        start = self.shards.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        page = self.shards[start : start + 1]
        description: dict[str, Any] = {"Shards": [shard(name) for name in page]}
        if start + 1 < len(self.shards):
            description["LastEvaluatedShardId"] = page[0]
        return {"StreamDescription": description}

    def get_shard_iterator(self, StreamArn: str, ShardId: str, **position: str) -> dict[str, str]:  # noqa: N803
        self.opened.append(position)
        match position:
            case {"ShardIteratorType": "TRIM_HORIZON"}:
                start = 0
            case {"ShardIteratorType": "LATEST"}:
                start = len(self.numbers)
            case {"SequenceNumber": number} if int(number) not in self.numbers:
                raise Refused("ValidationException")
            case {"SequenceNumber": number}:
                start = self.numbers.index(int(number)) + 1
        return {"ShardIterator": f"i{start}"}

    def get_records(self, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        if self.troubles:
            raise self.troubles.pop(0)
        start = int(ShardIterator[1:])
        found = self.numbers[start : start + Limit]
        records = [{"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number)}} for number in found]
        end = start + len(found)
        over = self.closed and end == len(self.numbers)
        return {"Records": records, **({} if over else {"NextShardIterator": f"i{end}"})}


def reader(client: Client, start: Start = Start.OLDEST, after: str | None = None) -> ShardReader:
    async def changed(timeout: float) -> None:
        """Nobody waits here."""

    return ShardReader(
        client,
        stream=ARN,
        shard="s",
        start=start,
        arn=ARN,
        region="us-east-1",
        changed=changed,
        after=after,
    )


async def read(one: ShardReader, limit: int = 10) -> list[int]:
    return [int(record["dynamodb"]["SequenceNumber"]) for record in await one.read(limit)]


@pytest.mark.anyio
async def test_an_open_shard_is_followed() -> None:
    client = Client(1, 2, 3)
    one = reader(client)
    assert await read(one, 2) == [1, 2]
    assert await read(one) == [3]
    assert await read(one) == []
    client.numbers.append(4)
    assert await read(one) == [4]
    assert not one.ended
    assert len(client.opened) == 1


@pytest.mark.anyio
async def test_a_closed_shard_ends_when_all_of_it_was_read() -> None:
    client = Client(1, 2, 3, closed=True)
    one = reader(client)
    assert await read(one, 2) == [1, 2]
    assert not one.ended
    assert await read(one) == [3]
    assert one.ended
    assert await read(one) == []


@pytest.mark.anyio
async def test_the_latest_records_are_those_to_come() -> None:
    client = Client(1, 2)
    one = reader(client, Start.NEWEST)
    assert await read(one) == []
    client.numbers.append(3)
    assert await read(one) == [3]


@pytest.mark.anyio
async def test_an_expired_iterator_is_replaced_behind_the_last_record() -> None:
    client = Client(1, 2)
    one = reader(client)
    assert await read(one) == [1, 2]
    client.numbers.append(3)
    client.troubles = [Expired()]
    assert await read(one) == []
    assert await read(one) == [3]
    assert client.opened[-1] == {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": "2"}


@pytest.mark.anyio
async def test_trimmed_records_are_passed_over() -> None:
    client = Client(1)
    one = reader(client)
    assert await read(one) == [1]
    client.numbers = [7, 8]
    client.troubles = [Trimmed()]
    assert await read(one) == []
    assert await read(one) == [7, 8]


@pytest.mark.anyio
async def test_a_shard_that_is_gone_has_ended_but_a_stream_that_is_gone_is_an_error() -> None:
    client = Client(1)
    client.shards = ["another", "t"]
    client.troubles = [NotFound()]
    one = reader(client)
    assert await read(one) == []
    assert one.ended
    client = Client(1)
    client.troubles = [NotFound("no such stream")]
    one = reader(client)
    with pytest.raises(NotFound):
        await read(one)
    assert await read(one) == [1]


@pytest.mark.anyio
async def test_after_any_other_trouble_reading_goes_on_behind_the_last_record() -> None:
    client = Client(1, 2)
    one = reader(client)
    assert await read(one, 1) == [1]
    client.troubles = [OSError("no answer")]
    with pytest.raises(OSError, match="no answer"):
        await read(one)
    assert await read(one) == [2]


@pytest.mark.anyio
async def test_reading_goes_on_behind_a_record_of_an_earlier_run() -> None:
    one = reader(Client(1, 2, 3), after="2")
    assert await read(one) == [3]


@pytest.mark.anyio
@pytest.mark.parametrize(("start", "numbers"), [(Start.OLDEST, [7, 8]), (Start.NEWEST, [])])
async def test_a_record_that_the_stream_never_had_is_no_place(start: Start, numbers: list[int]) -> None:
    client = Client(7, 8)
    one = reader(client, start, after="2")
    assert await read(one) == []
    assert await read(one) == numbers
    client.numbers.append(9)
    assert await read(one) == [9]


@pytest.mark.anyio
async def test_behind_a_record_that_was_trimmed_the_oldest_is_next() -> None:
    client = Client(2, 7, 8)
    client.troubles = [Trimmed()]
    one = reader(client, Start.NEWEST, after="2")
    assert await read(one) == []
    assert await read(one) == [2, 7, 8]


def test_all_pages_of_shards_are_read() -> None:
    client = Client()
    client.shards = ["a", "b", "c"]
    assert [item["ShardId"] for item in list_shards(client, ARN)] == ["a", "b", "c"]


def test_a_record_is_shown_in_types_of_json() -> None:
    image: Mapping[str, Any] = {
        "b": {"B": b"\x00\xff"},
        "bs": {"BS": [b"a"]},
        "n": {"N": "1"},
        "l": {"L": [{"NULL": True}]},
    }
    event = as_event(
        {
            "eventID": "1",
            "eventName": "REMOVE",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "elsewhere",
            "userIdentity": {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"},
            "dynamodb": {"ApproximateCreationDateTime": datetime(2026, 1, 1, tzinfo=UTC), "OldImage": image},
        },
        ARN,
        "us-east-1",
    )
    assert event == {
        "eventID": "1",
        "eventName": "REMOVE",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "dynamodb": {
            "ApproximateCreationDateTime": 1767225600.0,
            "OldImage": {
                "b": {"B": "AP8="},
                "bs": {"BS": ["YQ=="]},
                "n": {"N": "1"},
                "l": {"L": [{"NULL": True}]},
            },
        },
        "eventSourceARN": ARN,
    }
