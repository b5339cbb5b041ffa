"""Messages of queues as Lambda's records."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import SqsModel

from local_dev.runtime.messages import as_record, overtakers

ARN = "arn:aws:sqs:us-west-2:123456789012:my-queue"
MESSAGE = {
    "MessageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
    "ReceiptHandle": "AQEB",
    "Body": "Test message.",
    "MD5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
    "Attributes": {
        "ApproximateReceiveCount": "1",
        "SentTimestamp": "1545082649183",
        "SenderId": "AIDAIENQZJOLO23YVJ4VO",
        "ApproximateFirstReceiveTimestamp": "1545082649185",
    },
}


def test_a_plain_message() -> None:
    assert as_record(MESSAGE, ARN) == {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEB",
        "body": "Test message.",
        "attributes": MESSAGE["Attributes"],
        "messageAttributes": {},
        "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "us-west-2",
    }


def test_attributes_are_in_lower_camel_case_and_json() -> None:
    attributes = {
        "text": {"StringValue": "x", "DataType": "String"},
        "bytes": {"BinaryValue": b"\x00\xff", "DataType": "Binary.png"},
    }
    record = as_record({**MESSAGE, "MessageAttributes": attributes, "MD5OfMessageAttributes": "d25a"}, ARN)
    assert record["messageAttributes"] == {
        "text": {
            "stringValue": "x",
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "String",
        },
        "bytes": {
            "binaryValue": "AP8=",
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "Binary.png",
        },
    }
    assert record["md5OfMessageAttributes"] == "d25a"


def test_powertools_accepts_the_event() -> None:
    attributes = {"text": {"StringValue": "x", "DataType": "String"}}
    event = {"Records": [as_record({**MESSAGE, "MessageAttributes": attributes}, ARN)]}
    assert SqsModel.model_validate(event).Records[0].body == "Test message."


def grouped(name: str, group: str | None) -> dict[str, Any]:
    return {"messageId": name, "attributes": {"MessageGroupId": group} if group else {}}


@pytest.mark.parametrize(
    ("failed", "found"),
    [
        (set(), []),
        ({"a1"}, ["a2", "a3"]),
        ({"a2"}, ["a3"]),
        ({"a1", "a2", "a3"}, []),
        ({"a3", "b1"}, []),
        ({"x"}, []),
    ],
)
def test_overtakers_are_done_though_one_before_them_in_their_group_is_not(
    failed: set[str], found: list[str]
) -> None:
    batch = [
        grouped("a1", "a"),
        grouped("b1", "b"),
        grouped("a2", "a"),
        grouped("x", None),
        grouped("a3", "a"),
    ]
    batch.append(grouped("y", None))
    assert [record["messageId"] for record in overtakers(batch, frozenset(failed))] == found
