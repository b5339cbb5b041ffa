"""Tables and queues at another back end: a second moto server, and DynamoDB Local where there is one."""

import os
import socket
import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from local_dev.errors import EndpointError
from local_dev.stack.cloud import Resource
from local_dev.stack.elsewhere import Elsewhere, create_elsewhere
from local_dev.stack.endpoints import Endpoints
from tests.local_dev.back_end import another_aws, client

pytestmark = pytest.mark.anyio

DYNAMODB_LOCAL = os.environ.get("DYNAMODB_LOCAL_URL")
QUEUES = "https://sqs.us-east-1.amazonaws.com/123456789012"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The other back end."""
    with another_aws() as address:
        yield address


def name() -> str:
    return f"local-{uuid.uuid4().hex[:8]}"


def table(physical: str, **properties: Any) -> Resource:
    return Resource(
        "Table",
        "AWS::DynamoDB::Table",
        physical,
        {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "at", "AttributeType": "N"},
            ],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-time",
                    "KeySchema": [{"AttributeName": "at", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "TimeToLiveSpecification": {"AttributeName": "gone", "Enabled": True},
            **properties,
        },
    )


def queue(logical: str, physical: str, **properties: Any) -> Resource:
    return Resource(logical, "AWS::SQS::Queue", f"{QUEUES}/{physical}", properties)


async def create(url: str, *resources: Resource, **options: Any) -> Elsewhere:
    by_id = {resource.logical_id: resource for resource in resources}
    return await create_elsewhere(by_id, Endpoints(url), client_for=client, **options)


async def assert_is_made_once_and_kept(url: str) -> None:
    """A table is created as the template says, and used as it is at the next start."""
    physical = name()
    there = await create(url, table(physical))
    assert there.notes == ()
    dynamodb = client("dynamodb", url)
    found = dynamodb.describe_table(TableName=physical)["Table"]
    assert [index["IndexName"] for index in found["GlobalSecondaryIndexes"]] == ["by-time"]
    assert found["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    expiry = dynamodb.describe_time_to_live(TableName=physical)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone"}
    mine = f"arn:aws:dynamodb:us-east-1:123456789012:table/{physical}/stream/2026"
    assert there.stream(mine) == found["LatestStreamArn"]

    dynamodb.put_item(TableName=physical, Item={"id": {"S": "kept"}})
    again = await create(url, table(physical))
    assert again == there
    assert dynamodb.scan(TableName=physical)["Count"] == 1


async def test_a_table_is_made_once_and_kept(url: str) -> None:
    await assert_is_made_once_and_kept(url)


@pytest.mark.skipif(not DYNAMODB_LOCAL, reason="DYNAMODB_LOCAL_URL does not say where DynamoDB Local is")
async def test_a_table_is_made_once_and_kept_in_dynamodb_local() -> None:
    assert DYNAMODB_LOCAL
    await assert_is_made_once_and_kept(DYNAMODB_LOCAL)


@pytest.mark.skipif(not DYNAMODB_LOCAL, reason="DYNAMODB_LOCAL_URL does not say where DynamoDB Local is")
async def test_what_dynamodb_local_does_not_serve_is_noted() -> None:
    assert DYNAMODB_LOCAL
    there = await create(DYNAMODB_LOCAL, table(name()), queue("Jobs", name()))
    assert [note.logical_id for note in there.notes] == ["Jobs"]
    assert "is not created" in there.notes[0].text
    assert there.streams


@pytest.mark.skipif(not DYNAMODB_LOCAL, reason="DYNAMODB_LOCAL_URL does not say where DynamoDB Local is")
async def test_tables_kept_apart_by_access_key_are_noted() -> None:
    assert DYNAMODB_LOCAL
    other_keys = partial(client, key=f"OTHER{uuid.uuid4().hex[:8]}")
    there = await create(DYNAMODB_LOCAL, table(name()), stranger=other_keys)
    apart = "-sharedDb" not in os.environ.get("DYNAMODB_LOCAL_OPTIONS", "")
    assert [("-sharedDb" in note.text) for note in there.notes] == [True] * apart


async def test_a_table_that_differs_is_used_and_noted(url: str) -> None:
    physical = name()
    await create(
        url,
        table(
            physical,
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[],
            StreamSpecification={},
        ),
    )
    there = await create(url, table(physical), stranger=partial(client, key="OTHER"))
    assert [note.text.removeprefix(f"at {url} the table ").split(";")[0] for note in there.notes] == [
        "has other keys than the template says",
        "lacks the index by-time",
        "has no stream",
    ]
    assert there.streams == {}
    mine = f"arn:aws:dynamodb:us-east-1:123456789012:table/{physical}/stream/2026"
    assert there.stream(mine) == mine


async def test_queues_keep_their_attributes_and_find_their_dead_letter_queue(url: str) -> None:
    jobs, dead = name(), name()
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:999999999999:{dead}.fifo", "maxReceiveCount": 2}
    resources = [
        queue("Jobs", f"{jobs}.fifo", FifoQueue=True, VisibilityTimeout="90", RedrivePolicy=policy),
        queue("Dead", f"{dead}.fifo", FifoQueue=True, ContentBasedDeduplication=True),
    ]
    assert await create(url, *resources) == Elsewhere()
    sqs = client("sqs", url)
    address = sqs.get_queue_url(QueueName=f"{jobs}.fifo")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["All"])["Attributes"]
    assert attributes["FifoQueue"] == "true"
    assert attributes["VisibilityTimeout"] == "90"
    assert f":123456789012:{dead}.fifo" in attributes["RedrivePolicy"]

    sqs.set_queue_attributes(QueueUrl=address, Attributes={"VisibilityTimeout": "10"})
    assert await create(url, *resources) == Elsewhere()
    attributes = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "10"


async def test_what_cannot_be_created_is_noted_and_the_rest_is_there(url: str) -> None:
    physical = name()
    broken = Resource("Broken", "AWS::SQS::Queue", f"{QUEUES}/not a name", {})
    topic = Resource("Topic", "AWS::SNS::Topic", "arn:aws:sns:us-east-1:123456789012:t", {})
    there = await create(url, broken, topic, table(physical))
    assert {note.logical_id for note in there.notes} == {"Broken", "Topic"}
    assert set(there.streams) == {physical}


async def test_only_what_the_option_names_is_created(url: str) -> None:
    jobs = name()
    resources = {"Jobs": queue("Jobs", jobs), "Table": table(name())}
    there = await create_elsewhere(resources, Endpoints(None, {"dynamodb": url}), client_for=client)
    assert len(there.streams) == 1
    assert not client("sqs", url).list_queues(QueueNamePrefix=jobs).get("QueueUrls")


async def test_without_the_option_nothing_is_asked() -> None:
    def nobody(service: str, url: str) -> Any:
        raise AssertionError(service)

    assert await create_elsewhere({"T": table("t")}, Endpoints(), client_for=nobody) == Elsewhere()


async def test_no_answer_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(EndpointError, match=f"{address}: nothing answers there"):
            await create(address, table(name()))
