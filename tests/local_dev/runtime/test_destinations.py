"""What on-failure destinations of stream mappings receive."""

import json
import re
from typing import Any

import pytest

from local_dev.errors import FunctionRaised
from local_dev.runtime.destinations import failure_message, send, service_of
from local_dev.runtime.mapping import Condition, Discarded, Record
from local_dev.stack.model import StreamMapping

STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/T/stream/2026-01-01T00:00:00.000"


def record(number: int) -> Record:
    return {"dynamodb": {"SequenceNumber": str(number), "ApproximateCreationDateTime": 1573690399.0 + number}}


def message(discarded: Discarded) -> dict[str, Any]:
    text = failure_message(StreamMapping(STREAM, "fn"), discarded, shard="shardId-1", now=1573690429.717)
    body: dict[str, Any] = json.loads(text)
    return body


def test_the_message_says_where_the_records_are() -> None:
    body = message(Discarded([record(4), record(6)], Condition.RETRIES, 3, FunctionRaised("because")))
    assert re.fullmatch(r"[0-9a-f-]{36}", body["requestContext"].pop("requestId"))
    assert body == {
        "requestContext": {
            "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:fn",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-1",
            "startSequenceNumber": "4",
            "endSequenceNumber": "6",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:13:23Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:13:25Z",
            "batchSize": 2,
            "streamArn": STREAM,
        },
    }


def test_a_partial_response_is_no_function_error_and_old_records_had_no_response() -> None:
    partial = message(Discarded([record(1)], Condition.RETRIES, 1))
    assert "functionError" not in partial["responseContext"]
    old = message(Discarded([record(1)], Condition.AGE, 0))
    assert old["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in old


@pytest.mark.parametrize(
    ("arn", "service"),
    [
        ("arn:aws:sqs:us-east-1:123456789012:q", "sqs"),
        ("arn:aws:sns:us-east-1:123456789012:t", "sns"),
        ("arn:aws:s3:::bucket", None),
        ("a queue", None),
    ],
)
def test_which_service_a_destination_is_of(arn: str, service: str | None) -> None:
    assert service_of(arn) == service


class Client:
    """Takes down what it is asked."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def get_queue_url(self, **arguments: str) -> dict[str, str]:
        return {"QueueUrl": f"http://aws/{arguments['QueueName']}"}

    def send_message(self, **arguments: str) -> None:
        self.calls.append(arguments)

    publish = send_message


def test_queues_and_topics_get_the_same_text() -> None:
    client = Client()
    send(client, "arn:aws:sqs:us-east-1:1:q", "{}")
    send(client, "arn:aws:sns:us-east-1:1:t", "{}")
    assert client.calls == [
        {"QueueUrl": "http://aws/q", "MessageBody": "{}"},
        {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "{}"},
    ]
