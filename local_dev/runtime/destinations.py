"""Destinations: who hears of stream records that were given up, and of what asynchronous events came to.

https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html,
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..errors import FunctionThrottled
from ..stack.model import Function, StreamMapping
from ..stack.opaque import function_arn
from .asynchronous import Outcome
from .mapping import Discarded

LONGEST_ERROR = 1024
"""Bytes of an error's text that a dead-letter queue gets."""


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


@dataclass(frozen=True)
class Letter:
    """What is to be handed over to the destination with this ARN."""

    destination: str
    text: str
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def letters(
    function: Function, event: bytes, outcome: Outcome, *, request_id: str, now: float
) -> Iterator[Letter]:
    """What is to be said of an asynchronous event, where the function asks for it. `now` in epoch seconds."""
    settings, failed = function.asynchronous, outcome.error is not None
    if failed and settings.dead_letter:
        yield Letter(settings.dead_letter, event.decode(), _attributes(outcome, request_id))
    told = settings.on_failure if failed else settings.on_success
    if told:
        record = _record(function, event, outcome, request_id=request_id, timestamp=_iso(now, "milliseconds"))
        yield Letter(told, json.dumps(record))


def _record(
    function: Function, event: bytes, outcome: Outcome, *, request_id: str, timestamp: str
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": timestamp,
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"{function.arn}:$LATEST",
            "condition": outcome.condition.value,
            "approximateInvokeCount": outcome.attempts,
        },
        "requestPayload": json.loads(event),
    }
    if outcome.attempts:
        context = {"statusCode": 200, "executedVersion": "$LATEST"}
        record |= {"responseContext": context, "responsePayload": outcome.result}
        if outcome.error is not None:
            context["functionError"] = "Unhandled"
            record["responsePayload"] = {
                "errorMessage": str(outcome.error),
                "errorType": outcome.error.error_type,
            }
    return record


def _attributes(outcome: Outcome, request_id: str) -> dict[str, Mapping[str, str]]:
    status = 429 if isinstance(outcome.error, FunctionThrottled) else 200
    text = str(outcome.error).encode()[:LONGEST_ERROR].decode(errors="ignore")
    return {
        "RequestID": {"DataType": "String", "StringValue": request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(status)},
        "ErrorMessage": {"DataType": "String", "StringValue": text or "Unhandled"},
    }


def service_of(destination: str) -> str | None:
    """Which service's client reaches the destination with this ARN: "sqs", "sns", or None for neither."""
    parts = destination.split(":")
    service = parts[2] if len(parts) > 5 else ""
    return service if service in ("sqs", "sns") else None


def send(client: Any, letter: Letter) -> None:
    """Hand the letter over with boto3's client of the destination's service."""
    attributes: dict[str, Any] = {"MessageAttributes": letter.attributes} if letter.attributes else {}
    if service_of(letter.destination) == "sns":
        client.publish(TopicArn=letter.destination, Message=letter.text, **attributes)
    else:
        url = client.get_queue_url(QueueName=letter.destination.rsplit(":", 1)[-1])["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=letter.text, **attributes)


def _iso(seconds: float, precision: str) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec=precision).replace("+00:00", "Z")
