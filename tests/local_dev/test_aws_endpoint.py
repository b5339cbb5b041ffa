"""Another back end than moto, whole: names from the template, tables and queues there, functions and mappings
that use them, and data that outlives a restart.
"""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from local_dev.runtime.functions import LocalFunctions
from local_dev.runtime.sources import serve_queue, serve_stream
from local_dev.stack.clients import Clients, make_client
from local_dev.stack.cloud import Cloud
from local_dev.stack.elsewhere import Elsewhere, create_elsewhere
from local_dev.stack.endpoints import environment, read_endpoints
from local_dev.stack.model import Function, QueueMapping, StreamMapping
from tests.local_dev.back_end import another_aws, client

pytestmark = pytest.mark.anyio

DYNAMODB_LOCAL = os.environ.get("DYNAMODB_LOCAL_URL")
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "LOCALKEY", "AWS_SECRET_ACCESS_KEY": "secret"}
CODE = """
import json, os, boto3

def handler(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    queue = os.environ["QUEUE"]
    if "write" in event:
        table.put_item(Item={"id": event["write"]})
        return table.scan()["Count"]
    for record in event["Records"]:
        if record["eventSource"] == "aws:dynamodb":
            boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=record["dynamodb"]["Keys"]["id"]["S"])
        else:
            print("MESSAGE " + record["body"], flush=True)
"""
TEMPLATE = {
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}},
        "Work": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Environment": {"Variables": {"TABLE": {"Ref": "Table"}, "QUEUE": {"Ref": "Queue"}}},
                "Description": {"Fn::GetAtt": ["Table", "StreamArn"]},
            },
        },
    }
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The other back end."""
    with another_aws() as address:
        yield address


@dataclass(frozen=True)
class Started:
    """The function and the stack's names, with what its function prints."""

    functions: LocalFunctions
    table: str
    elsewhere: Elsewhere
    moto: str
    lines: "asyncio.Queue[str]"

    async def write(self, item: str) -> Any:
        return await self.functions.invoke("work", {"write": item}, wait=60)

    async def printed(self, wanted: str) -> None:
        async with asyncio.timeout(60):
            while await self.lines.get() != wanted:
                pass


@contextlib.asynccontextmanager
async def started(stack: str, *texts: str) -> AsyncIterator[Started]:
    """Deploy the template with these `--aws-endpoint`."""
    endpoints = read_endpoints(texts)
    async with contextlib.AsyncExitStack() as cleanup:
        cloud = await Cloud.start(TEMPLATE, parameters={}, region=REGION, stack=stack)
        cleanup.push_async_callback(cloud.stop)
        client_for = partial(make_client, region=REGION, credentials=CREDENTIALS)
        elsewhere = await create_elsewhere(cloud.resources, endpoints, client_for=client_for)
        properties = cloud.resources["Work"].properties
        function = Function(
            name="work",
            arn=f"arn:aws:lambda:{REGION}:{cloud.account}:function:work",
            label="Work",
            handler="index.handler",
            timeout=60,
            memory=128,
            environment=properties["Environment"]["Variables"],
            code=None,
            inline_code=CODE,
        )
        lines: asyncio.Queue[str] = asyncio.Queue()
        functions = LocalFunctions(
            {"work": function},
            service_for=lambda _: {
                **CREDENTIALS,
                "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_ENDPOINT_URL": cloud.endpoint_url,
                **environment(endpoints),
            },
            output=lambda _, line: lines.put_nowait(line),
        )
        cleanup.push_async_callback(functions.stop)
        clients = Clients(
            lambda service: endpoints.of(service) or cloud.endpoint_url,
            region=REGION,
            credentials=CREDENTIALS,
        )
        stream = StreamMapping(properties["Description"], "work", from_start=True)
        queue = f"arn:aws:sqs:{REGION}:{cloud.account}:{cloud.resources['Queue'].id.rsplit('/', 1)[-1]}"
        for serving in (
            serve_stream(stream, functions, clients, stream=elsewhere.stream(stream.stream)),
            serve_queue(QueueMapping(queue, "work"), functions, clients),
        ):
            cleanup.push_async_callback(cancelled, asyncio.create_task(serving))
        yield Started(functions, cloud.resources["Table"].id, elsewhere, cloud.endpoint_url, lines)


async def cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def count(url: str, table: str) -> Any:
    """Items of the table at a back end."""
    return client("dynamodb", url).scan(TableName=table)["Count"]


async def test_everything_elsewhere_outlives_a_restart(url: str) -> None:
    stack = f"s{uuid.uuid4().hex[:8]}"
    async with started(stack, url) as first:
        assert first.elsewhere.notes == ()
        assert await first.write("one") == 1
        await first.printed("MESSAGE one")  # through the stream, and a queue, of the other back end
        assert count(url, first.table) == 1
        assert count(first.moto, first.table) == 0
    async with started(stack, url) as second:
        assert second.table == first.table
        assert second.elsewhere == first.elsewhere
        assert await second.write("two") == 2
        await second.printed("MESSAGE two")


async def assert_tables_alone_can_be_elsewhere(url: str) -> None:
    async with started(f"s{uuid.uuid4().hex[:8]}", f"dynamodb={url}") as one:
        assert one.elsewhere.notes == ()
        assert await one.write("one") == 1
        await one.printed("MESSAGE one")  # through the stream there, and moto's queue
        assert count(url, one.table) == 1
        queues = client("sqs", one.moto).list_queues()["QueueUrls"]
        assert len(queues) == 1


async def test_tables_alone_can_be_elsewhere(url: str) -> None:
    await assert_tables_alone_can_be_elsewhere(url)


@pytest.mark.skipif(not DYNAMODB_LOCAL, reason="DYNAMODB_LOCAL_URL does not say where DynamoDB Local is")
async def test_tables_can_be_in_dynamodb_local() -> None:
    assert DYNAMODB_LOCAL
    await assert_tables_alone_can_be_elsewhere(DYNAMODB_LOCAL)
