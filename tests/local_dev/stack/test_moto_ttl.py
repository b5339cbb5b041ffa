"""Expired items go, and the stream says who deleted them; nothing else does."""

import asyncio
import threading
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.runtime.filters import matches_any
from local_dev.runtime.patterns import read_pattern
from local_dev.runtime.streams import ShardReader, Start, list_shards
from local_dev.stack.clients import make_client
from local_dev.stack.cloud import CREDENTIALS, Cloud
from local_dev.stack.moto_ttl import TOO_OLD, Sweeper, has_expired, pause

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000.0
EXPIRED_BY_DYNAMODB = read_pattern(
    '{"eventName": ["REMOVE"], "userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}}'
)


@given(st.floats(allow_nan=False, min_value=-1e15, max_value=1e15))
def test_what_is_past_has_expired_unless_it_is_years_ago(ago: float) -> None:
    assert has_expired("N", repr(NOW - ago), now=NOW) == (0 < NOW - (NOW - ago) <= TOO_OLD)


@given(st.sampled_from(["S", "B", "BOOL", "NULL", "L", "M", "NS", "SS"]), st.text() | st.just(str(NOW - 1)))
def test_only_numbers_expire(kind: str, value: str) -> None:
    assert not has_expired(kind, value, now=NOW)


@given(st.text())
def test_no_text_breaks_it(value: str) -> None:
    has_expired("N", value, now=NOW)


@given(st.floats(0, 60), st.floats(0.1, 10))
def test_looking_takes_a_hundredth_of_the_time_at_most(spent: float, every: float) -> None:
    rest = pause(every, spent)
    assert rest >= every
    assert spent <= 0.0101 * (rest + spent)


def test_what_takes_no_time_is_not_put_off() -> None:
    assert pause(5, 0.001) == 5


@pytest.fixture
async def store() -> AsyncIterator[Cloud]:
    """moto without a stack, sweeping often."""
    cloud = await Cloud.start({"Resources": {}}, parameters={}, region="us-east-1", stack="s", ttl_sweep=0.1)
    yield cloud
    await cloud.stop()


async def test_a_table_made_over_the_api_loses_what_has_expired(store: Cloud) -> None:
    def clients(service: str) -> Any:
        return make_client(service, store.endpoint_url, region="us-east-1", credentials=CREDENTIALS)

    dynamodb, streams = clients("dynamodb"), clients("dynamodbstreams")
    name = f"t{uuid.uuid4().hex[:8]}"
    stream = dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind} for key, kind in (("room", "S"), ("seat", "N"))
        ],
        KeySchema=[
            {"AttributeName": "room", "KeyType": "HASH"},
            {"AttributeName": "seat", "KeyType": "RANGE"},
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )["TableDescription"]["LatestStreamArn"]
    now = int(time.time())
    values: list[dict[str, str] | None] = [
        {"N": str(now - 5)},
        {"N": str(now + 3600)},
        {"S": str(now - 5)},
        {"N": str(now - TOO_OLD - 100)},
        None,
    ]
    for number, value in enumerate(values):
        item = {"room": {"S": "a"}, "seat": {"N": str(number)}, **({"until": value} if value else {})}
        dynamodb.put_item(TableName=name, Item=item)
    dynamodb.delete_item(TableName=name, Key={"room": {"S": "a"}, "seat": {"N": "4"}})  # by a person
    dynamodb.update_time_to_live(
        TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
    )
    [shard] = list_shards(streams, stream)
    reader = ShardReader(
        streams,
        stream=stream,
        shard=shard["ShardId"],
        start=Start.OLDEST,
        arn=stream,
        region="us-east-1",
        changed=store.changes(stream),
    )
    removed: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while len(removed) < 2:
            records = await reader.read(100)
            removed += [record for record in records if record["eventName"] == "REMOVE"]
            if not records:
                await reader.changed(1)
    by_a_person, by_dynamodb = removed
    assert "userIdentity" not in by_a_person
    assert by_dynamodb["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    assert by_dynamodb["dynamodb"]["OldImage"] == {
        "room": {"S": "a"},
        "seat": {"N": "0"},
        "until": {"N": str(now - 5)},
    }
    assert "NewImage" not in by_dynamodb["dynamodb"]
    assert [matches_any([EXPIRED_BY_DYNAMODB], record) for record in removed] == [False, True]
    left = dynamodb.scan(TableName=name)["Items"]
    assert sorted(item["seat"]["N"] for item in left) == ["1", "2", "3"]


class CountedLock:
    """A lock that counts how often it was taken."""

    def __init__(self) -> None:
        self._lock, self.taken = threading.Lock(), 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self.taken += 1

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_a_large_table_is_swept_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.dynamodb.models import dynamodb_backends

    backend = dynamodb_backends["123456789012"]["eu-west-1"]
    table = backend.create_table(
        f"t{uuid.uuid4().hex[:8]}",
        schema=[{"AttributeName": "id", "KeyType": "HASH"}],
        throughput=None,
        attr=[{"AttributeName": "id", "AttributeType": "S"}],
        global_indexes=[],
        indexes=[],
        streams={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
        billing_mode="PAY_PER_REQUEST",
        tags=[],
        sse_specification=None,
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    backend.update_time_to_live(table.name, {"Enabled": True, "AttributeName": "until"})
    items = 2000
    for number in range(items):
        table.put_item({"id": {"S": str(number)}, "until": {"N": str(int(NOW) - 1)}})
    monkeypatch.setattr("local_dev.stack.moto_ttl.TURN", 0.0)  # each item is a turn of its own
    monkeypatch.setattr("local_dev.stack.moto_ttl.REST", 0.0)
    lock = CountedLock()
    Sweeper(lock, clock=lambda: NOW).sweep()
    assert lock.taken >= items
    assert not table.items
    table.put_item({"id": {"S": "later"}, "until": {"N": str(int(NOW) + 1)}})
    Sweeper(lock, clock=lambda: NOW).sweep()
    assert len(table.items) == 1
    backend.delete_table(table.name)
