"""Tables and queues, with what moto's CloudFormation would drop: time to live, recovery, encryption, redrive."""

import json
from typing import Any

import pytest

from .cloud import Deployed


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("Memberships", {"room_id": "S HASH", "place": "S RANGE"}),
        ("Admissions", {"subject": "S HASH"}),
        ("RoomLog", {"room_id": "S HASH", "seq": "N RANGE"}),
    ],
)
def test_table(table: str, keys: dict[str, str], deployed: Deployed) -> None:
    name = deployed.id(table)
    found = deployed.cloud("dynamodb").describe_table(TableName=name)["Table"]
    types = {item["AttributeName"]: item["AttributeType"] for item in found["AttributeDefinitions"]}
    roles = {item["AttributeName"]: item["KeyType"] for item in found["KeySchema"]}
    assert {key: f"{types[key]} {roles[key]}" for key in roles} == keys
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    ttl = deployed.cloud("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    backups = deployed.cloud("dynamodb").describe_continuous_backups(TableName=name)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_only_memberships_are_streamed_with_both_images(deployed: Deployed) -> None:
    describe = deployed.cloud("dynamodb").describe_table
    memberships = describe(TableName=deployed.id("Memberships"))["Table"]
    assert memberships["StreamSpecification"] == {
        "StreamEnabled": True,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    assert "LatestStreamArn" not in describe(TableName=deployed.id("RoomLog"))["Table"]


def attributes(queue: str, deployed: Deployed) -> dict[str, Any]:
    """A queue's settings."""
    found: dict[str, Any] = deployed.cloud("sqs").get_queue_attributes(
        QueueUrl=deployed.id(queue), AttributeNames=["All"]
    )["Attributes"]
    return found


@pytest.mark.parametrize("queue", ["AnnounceFailures", "Slices", "SliceFailures"])
def test_queues_are_encrypted(queue: str, deployed: Deployed) -> None:
    assert attributes(queue, deployed)["SqsManagedSseEnabled"] == "true"


def test_slices_that_fail_are_put_aside(deployed: Deployed) -> None:
    slices = attributes("Slices", deployed)
    assert json.loads(slices["RedrivePolicy"]) == {
        "deadLetterTargetArn": attributes("SliceFailures", deployed)["QueueArn"],
        "maxReceiveCount": 3,
    }
    assert slices["VisibilityTimeout"] == "60"
