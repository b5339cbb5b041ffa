"""CloudFormation's properties of tables and queues as the requests that create them. Pure.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

_QUEUE_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
)


def table_request(name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of DynamoDB's CreateTable. Encryption, tags and backups are left out."""
    provisioned = properties.get("BillingMode", "PROVISIONED") == "PROVISIONED"
    request: dict[str, Any] = {
        "TableName": name,
        "AttributeDefinitions": properties.get("AttributeDefinitions", []),
        "KeySchema": properties.get("KeySchema", []),
        "BillingMode": "PROVISIONED" if provisioned else "PAY_PER_REQUEST",
    }
    if provisioned:
        request["ProvisionedThroughput"] = _throughput(properties)
    for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        indexes = [
            _index(index, provisioned=provisioned and kind == "GlobalSecondaryIndexes")
            for index in properties.get(kind, ())
        ]
        if indexes:
            request[kind] = indexes
    view = properties.get("StreamSpecification", {}).get("StreamViewType")
    if view:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": view}
    return request


def time_to_live(properties: Mapping[str, Any]) -> dict[str, Any] | None:
    """The TimeToLiveSpecification to ask for, None where the table has none that is enabled."""
    wanted = properties.get("TimeToLiveSpecification", {})
    if not wanted.get("AttributeName") or not _is_true(wanted.get("Enabled", False)):
        return None
    return {"Enabled": True, "AttributeName": wanted["AttributeName"]}


def queue_attributes(properties: Mapping[str, Any]) -> dict[str, str]:
    """Attributes for SQS's CreateQueue; encryption and policies are left out, RedrivePolicy comes later."""
    found = {name: properties[name] for name in _QUEUE_ATTRIBUTES if name in properties}
    attributes = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in found.items()
    }
    for name in ("FifoQueue", "ContentBasedDeduplication"):  # SQS takes neither with the value false
        if attributes.get(name, "").lower() == "false":
            del attributes[name]
    return attributes


def redrive_policy(properties: Mapping[str, Any], arn_of: Callable[[str], str]) -> str | None:
    """The RedrivePolicy attribute; `arn_of` gives the ARN there of the queue of that name."""
    policy = properties.get("RedrivePolicy")
    if isinstance(policy, str):
        policy = json.loads(policy)
    if not policy:
        return None
    target = str(policy["deadLetterTargetArn"]).rsplit(":", 1)[-1]
    return json.dumps(
        {"deadLetterTargetArn": arn_of(target), "maxReceiveCount": int(policy["maxReceiveCount"])}
    )


def _index(index: Mapping[str, Any], *, provisioned: bool) -> dict[str, Any]:
    request = {name: index[name] for name in ("IndexName", "KeySchema", "Projection") if name in index}
    return {**request, "ProvisionedThroughput": _throughput(index)} if provisioned else request


def _throughput(properties: Mapping[str, Any]) -> dict[str, int]:
    given = properties.get("ProvisionedThroughput", {})
    return {name: int(given.get(name, 5)) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
