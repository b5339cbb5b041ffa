"""Messages of an SQS queue as the records of Lambda's event. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
"""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

Record = dict[str, Any]


def as_record(message: Mapping[str, Any], arn: str) -> Record:
    """A message of ReceiveMessage as Lambda's event shows it."""
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    if "MD5OfMessageAttributes" in message:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def overtakers(batch: Iterable[Record], failed: frozenset[str]) -> list[Record]:
    """The records that are not among the failed though one before them in their message group is."""
    broken: set[str] = set()
    found = []
    for record in batch:
        group = record["attributes"].get("MessageGroupId")
        if record["messageId"] in failed:
            broken.add(group)
        elif group is not None and group in broken:
            found.append(record)
    return found


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "StringValue" in value:
        shown["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        shown["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return {**shown, "stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
