"""On-failure destinations of stream mappings: an SQS queue or an SNS topic hears of the records that were
given up.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any

from ..stack.model import StreamMapping
from ..stack.opaque import function_arn
from .mapping import Discarded


def failure_message(mapping: StreamMapping, discarded: Discarded, *, shard: str, now: float) -> str:
    """What the destination receives: where the records are, not the records. `now` in epoch seconds."""
    region, account = mapping.stream.split(":")[3:5]
    first, last = (discarded.records[index]["dynamodb"] for index in (0, -1))
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if discarded.error is not None:
        response["functionError"] = "Unhandled"
    message = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn(mapping.function, account=account, region=region),
            "condition": discarded.condition.value,
            "approximateInvokeCount": discarded.invocations,
        },
        **({"responseContext": response} if discarded.invocations else {}),
        "version": "1.0",
        "timestamp": _iso(now, "milliseconds"),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _iso(first["ApproximateCreationDateTime"], "seconds"),
            "approximateArrivalOfLastRecord": _iso(last["ApproximateCreationDateTime"], "seconds"),
            "batchSize": len(discarded.records),
            "streamArn": mapping.stream,
        },
    }
    return json.dumps(message)


def service_of(destination: str) -> str | None:
    """Which service's client reaches the destination with this ARN: "sqs", "sns", or None for neither."""
    parts = destination.split(":")
    service = parts[2] if len(parts) > 5 else ""
    return service if service in ("sqs", "sns") else None


def send(client: Any, destination: str, message: str) -> None:
    """Hand the message over with boto3's client of the destination's service."""
    if service_of(destination) == "sns":
        client.publish(TopicArn=destination, Message=message)
    else:
        url = client.get_queue_url(QueueName=destination.rsplit(":", 1)[-1])["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=message)


def _iso(seconds: float, precision: str) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec=precision).replace("+00:00", "Z")
