"""One table, or one queue, at another back end: found there, or created with boto3's client."""

import contextlib
from collections.abc import Mapping
from typing import Any

from .cloud import Resource
from .elsewhere_requests import queue_attributes, redrive_policy, table_request, time_to_live


def ensure_table(client: Any, resource: Resource) -> Mapping[str, Any]:
    """The table's description; it is created unless it is there."""
    name, missing = resource.id, client.exceptions.ResourceNotFoundException
    with contextlib.suppress(missing):
        return _described(client, name)
    client.create_table(**table_request(name, resource.properties))
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    expiry = time_to_live(resource.properties)
    if expiry:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
    return _described(client, name)


def _described(client: Any, name: str) -> Mapping[str, Any]:
    description: Mapping[str, Any] = client.describe_table(TableName=name)["Table"]
    return description


def differences(table: Mapping[str, Any], resource: Resource) -> list[str]:
    """In what the table is not what the template says, as far as functions would stumble over it."""
    said = []
    if _keys(table) != _keys(resource.properties):
        said.append("the table has other keys than the template says; it is used as it is")
    indexes = {index["IndexName"] for index in resource.properties.get("GlobalSecondaryIndexes", ())}
    missing = indexes - {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", ())}
    if missing:
        said.append(f"the table lacks the index {', '.join(sorted(missing))}; it is used as it is")
    if resource.properties.get("StreamSpecification") and not stream_of(table):
        said.append("the table has no stream; it is used as it is")
    return said


def _keys(table: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {(key["AttributeName"], key["KeyType"]) for key in table.get("KeySchema", ())}


def stream_of(table: Mapping[str, Any]) -> str | None:
    """The ARN of the table's stream, from its description; None where it has none."""
    enabled = table.get("StreamSpecification", {}).get("StreamEnabled")
    return str(table["LatestStreamArn"]) if enabled and table.get("LatestStreamArn") else None


def ensure_queue(client: Any, resource: Resource) -> bool:
    """Create the queue; whether it was not there yet."""
    name = resource.id.rsplit("/", 1)[-1]
    try:
        client.get_queue_url(QueueName=name)
    except client.exceptions.QueueDoesNotExist:
        client.create_queue(QueueName=name, Attributes=queue_attributes(resource.properties))
        return True
    return False


def set_redrive_policy(client: Any, resource: Resource) -> None:
    """Point the queue to its dead-letter queue, whose ARN may be another there."""

    def arn_of(name: str) -> str:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
        answer = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    policy = redrive_policy(resource.properties, arn_of)
    if policy:
        url = client.get_queue_url(QueueName=resource.id.rsplit("/", 1)[-1])["QueueUrl"]
        client.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
