"""What destinations receive: of stream records that were given up, and of asynchronous events."""

import json
import re
from typing import Any

import pytest

from local_dev.errors import FunctionError, FunctionRaised, FunctionThrottled
from local_dev.runtime import asynchronous
from local_dev.runtime.asynchronous import Outcome
from local_dev.runtime.destinations import Letter, failure_message, letters, send, service_of
from local_dev.runtime.mapping import Condition, Discarded, Record
from local_dev.stack.model import Asynchronous, Function, StreamMapping

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
    attributes = {"ErrorCode": {"DataType": "Number", "StringValue": "200"}}
    send(client, Letter("arn:aws:sqs:us-east-1:1:q", "{}"))
    send(client, Letter("arn:aws:sns:us-east-1:1:t", "{}", attributes))
    assert client.calls == [
        {"QueueUrl": "http://aws/q", "MessageBody": "{}"},
        {"TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": "{}", "MessageAttributes": attributes},
    ]


ASKED = Asynchronous(on_success="good", on_failure="bad", dead_letter="dead")
EVENT = '{"name":"سارا"}'.encode()


def told(outcome: Outcome, settings: Asynchronous = ASKED) -> list[Letter]:
    function = Function(
        "f", "arn:aws:lambda:eu-west-1:1:function:f", "F", "a.b", 3, 128, {}, None, asynchronous=settings
    )
    return list(letters(function, EVENT, outcome, request_id="id", now=1573690429.717))


def failed(attempts: int, error: FunctionError) -> Outcome:
    condition = asynchronous.Condition.RETRIES if attempts else asynchronous.Condition.AGE
    return Outcome(condition, attempts, error=error)


def test_who_asks_for_nothing_is_told_nothing() -> None:
    nobody = Asynchronous()
    assert told(Outcome(asynchronous.Condition.SUCCESS, 1), nobody) == []
    assert told(failed(3, FunctionRaised("no")), nobody) == []


def test_a_result_is_told_with_its_event() -> None:
    (letter,) = told(Outcome(asynchronous.Condition.SUCCESS, 2, {"ok": True}))
    assert (letter.destination, letter.attributes) == ("good", {})
    assert json.loads(letter.text) == {
        "version": "1.0",
        "timestamp": "2019-11-14T00:13:49.717Z",
        "requestContext": {
            "requestId": "id",
            "functionArn": "arn:aws:lambda:eu-west-1:1:function:f:$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 2,
        },
        "requestPayload": {"name": "سارا"},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"ok": True},
    }


def test_a_failure_is_told_and_its_event_kept() -> None:
    dead, letter = told(failed(3, FunctionRaised("because", error_type="ValueError")))
    assert (dead.destination, dead.text) == ("dead", EVENT.decode())
    assert dead.attributes == {
        "RequestID": {"DataType": "String", "StringValue": "id"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
        "ErrorMessage": {"DataType": "String", "StringValue": "because"},
    }
    record = json.loads(letter.text)
    assert letter.destination == "bad"
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"] == {"errorMessage": "because", "errorType": "ValueError"}


def test_an_event_that_was_never_run_has_no_response() -> None:
    dead, letter = told(failed(0, FunctionThrottled("busy")))
    assert dead.attributes["ErrorCode"]["StringValue"] == "429"
    record = json.loads(letter.text)
    assert record["requestContext"]["condition"] == "EventAgeExceeded"
    assert not {"responseContext", "responsePayload"} & set(record)


@pytest.mark.parametrize(
    ("error", "sent"), [("", "Unhandled"), ("س" * 1000, "س" * 512), ("x" * 1024, "x" * 1024)]
)
def test_what_a_dead_letter_queue_gets_of_an_error_is_never_empty_or_long(error: str, sent: str) -> None:
    dead, _ = told(failed(1, FunctionRaised(error)))
    assert dead.attributes["ErrorMessage"]["StringValue"] == sent
