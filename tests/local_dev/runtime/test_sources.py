"""Event source mappings over a back end: moto as the gateway runs it, another moto server, DynamoDB Local."""

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from local_dev.errors import FunctionRaised
from local_dev.runtime.checkpoints import Checkpoints
from local_dev.runtime.queues import SqsQueue
from local_dev.runtime.sources import serve_queue, serve_stream
from local_dev.stack.clients import Clients
from local_dev.stack.model import QueueMapping, StreamMapping
from local_dev.stack.sources import doubts
from tests.local_dev.back_end import another_aws, client

pytestmark = pytest.mark.anyio

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALKEY", "AWS_SECRET_ACCESS_KEY": "secret"}
TIMEOUT = 60.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A back end."""
    with another_aws() as address:
        yield address


@pytest.fixture(params=["moto", "DynamoDB Local"])
def dynamodb_url(request: pytest.FixtureRequest) -> str:
    """A back end with DynamoDB and its streams."""
    if request.param == "moto":
        return str(request.getfixturevalue("url"))
    address = os.environ.get("DYNAMODB_LOCAL_URL")
    if not address:
        pytest.skip("DYNAMODB_LOCAL_URL does not say where DynamoDB Local is")
    return address


class Functions:
    """Invokes nothing: hands the events to the test, and gives the answers that the test has ready."""

    def __init__(self, answer: Callable[[list[dict[str, Any]]], Any] | None = None) -> None:
        self.events: asyncio.Queue[list[dict[str, Any]]] = asyncio.Queue()
        self.answer = answer

    async def invoke(self, name: str, event: Mapping[str, Any], *, wait: float) -> Any:
        self.events.put_nowait(event["Records"])
        return self.answer(event["Records"]) if self.answer else None

    async def records(self, count: int = 1) -> list[dict[str, Any]]:
        """The records of the next events, at least so many."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(TIMEOUT):
            while len(found) < count:
                found += await self.events.get()
        return found


@contextlib.asynccontextmanager
async def running(serving: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(serving)
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(check: Callable[[], bool]) -> None:
    """Come back when the back end is as it should be."""
    async with asyncio.timeout(TIMEOUT):
        while not await asyncio.to_thread(check):  # noqa: ASYNC110 (a back end tells nobody)
            await asyncio.sleep(0.05)


def clients(url: str) -> Clients:
    return Clients(lambda service: url, region="us-east-1", credentials=CREDENTIALS)


def make_queue(url: str, **attributes: str) -> tuple[str, str]:
    """A new queue: its URL and its ARN."""
    name = f"q-{uuid.uuid4().hex[:8]}" + (".fifo" if attributes.get("FifoQueue") else "")
    sqs = client("sqs", url)
    address = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return address, arn


def left(url: str, queue: str) -> int:
    """How many messages are in a queue, seen or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client("sqs", url).get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(map(int, found.values()))


def make_table(url: str) -> tuple[str, str]:
    """A new table with a stream: its name and the stream's ARN."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    made = client("dynamodb", url).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return name, made["TableDescription"]["LatestStreamArn"]


def put(url: str, table: str, *ids: str) -> None:
    for item in ids:
        client("dynamodb", url).put_item(TableName=table, Item={"id": {"S": item}})


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["dynamodb"]["Keys"]["id"]["S"] for record in records]


async def test_a_message_reaches_the_function_and_is_deleted(url: str) -> None:
    queue, arn = make_queue(url)
    functions = Functions()
    async with running(serve_queue(QueueMapping(arn, "fn"), functions, clients(url))):
        attributes: Any = {
            "kind": {"StringValue": "x", "DataType": "String"},
            "raw": {"BinaryValue": b"\x00", "DataType": "Binary"},
        }
        sent = client("sqs", url).send_message(
            QueueUrl=queue, MessageBody="hello", MessageAttributes=attributes
        )
        [record] = await functions.records()
        await until(lambda: left(url, queue) == 0)
    assert record["messageId"] == sent["MessageId"]
    assert record["body"] == "hello"
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["eventSourceARN"] == arn
    assert record["awsRegion"] == "us-east-1"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(record["attributes"])
    assert record["messageAttributes"]["kind"]["stringValue"] == "x"
    assert record["messageAttributes"]["raw"]["binaryValue"] == "AA=="
    assert json.dumps(record)


async def test_a_queue_is_empty_once_nothing_is_there_delayed_or_worked_at(url: str) -> None:
    sqs = client("sqs", url)
    queue, arn = make_queue(url)

    async def never(_: float) -> None:
        raise AssertionError

    here = SqsQueue(sqs, arn=arn, changed=never, signals=True)
    assert await here.is_empty()
    sqs.send_message(QueueUrl=queue, MessageBody="late", DelaySeconds=1)
    assert not await here.is_empty()
    async with asyncio.timeout(TIMEOUT):
        while not (records := await here.receive(1)):
            assert not await here.is_empty()
    assert not await here.is_empty()
    await here.delete([record["receiptHandle"] for record in records])
    assert await here.is_empty()
    assert not await SqsQueue(sqs, arn=arn, changed=never).is_empty()  # nobody would tell of a new message


async def test_a_message_that_may_be_had_again_while_they_are_counted_is_not_missed() -> None:
    sqs = boto3.client("sqs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(sqs) as stubber:
        stubber.add_response("get_queue_url", {"QueueUrl": "http://127.0.0.1/q"})
        for there in "01":
            stubber.add_response(
                "get_queue_attributes",
                {
                    "Attributes": {
                        "ApproximateNumberOfMessages": there,
                        "ApproximateNumberOfMessagesDelayed": "0",
                        "ApproximateNumberOfMessagesNotVisible": "0",
                    }
                },
            )
        signalled = SqsQueue(sqs, arn="arn:aws:sqs:us-east-1:1:q", changed=asyncio.sleep, signals=True)
        assert not await signalled.is_empty()


async def test_a_filter_deletes_what_it_drops(url: str) -> None:
    queue, arn = make_queue(url)
    functions = Functions()
    mapping = QueueMapping(arn, "fn", patterns=({"body": {"kind": ["a"]}},))
    async with running(serve_queue(mapping, functions, clients(url))):
        for kind in ("b", "a"):
            client("sqs", url).send_message(QueueUrl=queue, MessageBody=json.dumps({"kind": kind}))
        [record] = await functions.records()
        await until(lambda: left(url, queue) == 0)
    assert json.loads(record["body"]) == {"kind": "a"}


async def test_a_failed_message_comes_back_and_ends_in_the_dead_letter_queue(url: str) -> None:
    dead, dead_arn = make_queue(url)
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    queue, arn = make_queue(url, VisibilityTimeout="1", RedrivePolicy=policy)

    def fail(records: list[dict[str, Any]]) -> None:
        raise FunctionRaised("no")

    functions = Functions(fail)
    async with running(serve_queue(QueueMapping(arn, "fn"), functions, clients(url))):
        client("sqs", url).send_message(QueueUrl=queue, MessageBody="poison")
        received = await functions.records(2)
        await until(lambda: left(url, dead) == 1)
    assert [record["attributes"]["ApproximateReceiveCount"] for record in received] == ["1", "2"]
    assert left(url, queue) == 0


async def test_a_partial_response_leaves_only_what_it_names(url: str) -> None:
    queue, arn = make_queue(url)
    bad: list[str] = []

    def report(records: list[dict[str, Any]]) -> Any:
        bad.extend(record["messageId"] for record in records if record["body"] == "bad")
        return {"batchItemFailures": [{"itemIdentifier": item} for item in bad]}

    entries: Any = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(["a", "bad", "c"])]
    client("sqs", url).send_message_batch(QueueUrl=queue, Entries=entries)
    functions = Functions(report)
    mapping = QueueMapping(arn, "fn", partial_responses=True)
    async with running(serve_queue(mapping, functions, clients(url))):
        assert len(await functions.records(3)) == 3
        await until(lambda: left(url, queue) == 1)


async def test_a_window_collects_a_batch_larger_than_ten(url: str) -> None:
    queue, arn = make_queue(url)
    for _ in range(3):
        entries: Any = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        client("sqs", url).send_message_batch(QueueUrl=queue, Entries=entries)
    functions = Functions()
    mapping = QueueMapping(arn, "fn", batch_size=25, window=60.0)
    async with running(serve_queue(mapping, functions, clients(url))):
        assert len(await functions.records()) == 25


async def test_a_group_of_an_ordered_queue_is_processed_in_order(url: str) -> None:
    queue, arn = make_queue(url, FifoQueue="true")
    sqs = client("sqs", url)
    for number in range(8):
        sqs.send_message(
            QueueUrl=queue,
            MessageBody=str(number),
            MessageGroupId="ab"[number % 2],
            MessageDeduplicationId=str(number),
        )
    functions = Functions()
    mapping = QueueMapping(arn, "fn", batch_size=3)
    async with running(serve_queue(mapping, functions, clients(url))):
        records = await functions.records(8)
        await until(lambda: left(url, queue) == 0)
    by_group: dict[str, list[int]] = {}
    for record in records:
        by_group.setdefault(record["attributes"]["MessageGroupId"], []).append(int(record["body"]))
        assert {"MessageDeduplicationId", "SequenceNumber"} <= set(record["attributes"])
    assert by_group == {"a": [0, 2, 4, 6], "b": [1, 3, 5, 7]}


async def test_a_queue_that_does_not_exist_yet_is_waited_for(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"late-{uuid.uuid4().hex[:8]}"
    functions = Functions()
    mapping = QueueMapping(f"arn:aws:sqs:us-east-1:123456789012:{name}", "fn")
    async with running(serve_queue(mapping, functions, clients(url))):
        await until(lambda: bool(caplog.records))
        sqs = client("sqs", url)
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="hello")
        assert [record["body"] for record in await functions.records()] == ["hello"]
    assert len([entry for entry in caplog.records if name in entry.getMessage()]) == 1


async def test_records_of_a_stream_reach_the_function_in_order(dynamodb_url: str) -> None:
    table, stream = make_table(dynamodb_url)
    put(dynamodb_url, table, "0", "1")
    functions = Functions()
    arn = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}/stream/2026"
    mapping = StreamMapping(arn, "fn", batch_size=10, from_start=True)
    async with running(serve_stream(mapping, functions, clients(dynamodb_url), stream=stream)):
        records = await functions.records(2)
        put(dynamodb_url, table, "2", "3")
        records += await functions.records(2)
    assert ids(records) == ["0", "1", "2", "3"]
    assert {record["eventName"] for record in records} == {"INSERT"}
    assert {record["eventSourceARN"] for record in records} == {arn}
    assert {record["awsRegion"] for record in records} == {"eu-west-1"}
    assert json.dumps(records)


@pytest.mark.parametrize("from_start", [True, False])
async def test_a_mapping_goes_on_where_it_was(dynamodb_url: str, tmp_path: Path, *, from_start: bool) -> None:
    table, stream = make_table(dynamodb_url)
    mapping = StreamMapping(stream, "fn", batch_size=1, from_start=from_start)

    def checkpoints(**other: str) -> Checkpoints:
        about = {"endpoint": dynamodb_url, "stream": stream, "function": "fn", **other}
        return Checkpoints(tmp_path, **about)

    def serving(
        functions: Functions, kept: Checkpoints, *, anew: bool | None = None
    ) -> Coroutine[Any, Any, None]:
        return serve_stream(mapping, functions, clients(dynamodb_url), checkpoints=kept, from_start=anew)

    first = Functions()
    async with running(serving(first, checkpoints(), anew=True)):
        put(dynamodb_url, table, "0", "1")
        assert ids(await first.records(2)) == ["0", "1"]
        # The second is known to be processed when the third is: one batch comes after the other.
        put(dynamodb_url, table, "2")
        assert ids(await first.records()) == ["2"]
    put(dynamodb_url, table, "3")
    second = Functions()
    async with running(serving(second, checkpoints())):
        seen = ids(await second.records())
        while seen[-1] != "3":
            seen += ids(await second.records())
        put(dynamodb_url, table, "4")
        seen += ids(await second.records())
    assert seen in (["3", "4"], ["2", "3", "4"])  # what was under way at the end may come again
    another = Functions()
    async with running(serving(another, checkpoints(function="another"), anew=True)):
        assert ids(await another.records(5)) == ["0", "1", "2", "3", "4"]


async def test_latest_leaves_out_what_was_written_before(dynamodb_url: str) -> None:
    table, stream = make_table(dynamodb_url)
    put(dynamodb_url, table, "before")
    functions = Functions()
    mapping = StreamMapping(stream, "fn", from_start=False)
    numbers = iter(range(1000))
    async with running(serve_stream(mapping, functions, clients(dynamodb_url))):
        while functions.events.empty():  # where its place is, it only shows by what it reads
            put(dynamodb_url, table, f"after-{next(numbers)}")
            await asyncio.sleep(0.05)
        seen = await functions.records()
    assert "before" not in ids(seen)


async def test_a_poisoned_record_is_told_to_queue_and_topic_alike(url: str) -> None:
    table, stream = make_table(url)
    sns = client("sns", url)
    topic = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    queue, arn = make_queue(url)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def fail(records: list[dict[str, Any]]) -> None:
        raise FunctionRaised("no")

    for destination in (arn, topic):
        mapping = StreamMapping(stream, "fn", max_retries=0, on_failure=destination)
        async with running(serve_stream(mapping, Functions(fail), clients(url))):
            put(url, table, destination)
            await until(lambda: left(url, queue) >= 1)
        [message] = client("sqs", url).receive_message(QueueUrl=queue)["Messages"]
        client("sqs", url).delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        body = json.loads(message["Body"])
        body = json.loads(body["Message"]) if "Message" in body else body
        assert body["DDBStreamBatchInfo"]["streamArn"] == stream
        assert body["requestContext"]["condition"] == "RetryAttemptsExhausted"


async def test_a_destination_that_is_not_there_ends_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    table, stream = make_table(url)

    def fail_once(records: list[dict[str, Any]]) -> None:
        if ids(records) == ["poison"]:
            raise FunctionRaised("no")

    for destination in ("arn:aws:sqs:us-east-1:123456789012:nowhere", "arn:aws:s3:::bucket"):
        functions = Functions(fail_once)
        mapping = StreamMapping(
            stream, "fn", batch_size=1, max_retries=0, on_failure=destination, from_start=False
        )
        async with running(serve_stream(mapping, functions, clients(url), from_start=True)):
            put(url, table, "poison", uuid.uuid4().hex)
            while ids(await functions.records()) == ["poison"]:
                pass
        assert any(destination in entry.getMessage() for entry in caplog.records)


def test_what_aws_would_refuse_of_a_mapping_is_said() -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:q"
    assert doubts(QueueMapping(queue, "fn", batch_size=100, window=1, max_concurrency=2)) == []
    assert len(doubts(QueueMapping(queue, "fn", batch_size=100, max_concurrency=1))) == 2
    assert len(doubts(QueueMapping(f"{queue}.fifo", "fn", batch_size=11, window=5))) == 2
