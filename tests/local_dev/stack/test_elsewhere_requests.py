"""Properties of tables and queues as the requests that create them."""

import json
from typing import Any

import pytest

from local_dev.stack.elsewhere_requests import queue_attributes, redrive_policy, table_request, time_to_live

KEYS = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}


def test_a_table_on_demand() -> None:
    properties = {
        **KEYS,
        "BillingMode": "PAY_PER_REQUEST",
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "SSESpecification": {"SSEEnabled": True},
        "GlobalSecondaryIndexes": [
            {"IndexName": "g", "KeySchema": [], "Projection": {}, "ContributorInsightsSpecification": {}}
        ],
    }
    assert table_request("T", properties) == {
        "TableName": "T",
        **KEYS,
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [{"IndexName": "g", "KeySchema": [], "Projection": {}}],
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    }


def test_a_provisioned_table_with_numbers_as_text() -> None:
    units = {"ReadCapacityUnits": "1", "WriteCapacityUnits": 2}
    index = {"IndexName": "i", "KeySchema": [], "Projection": {}}
    request = table_request(
        "T",
        {
            **KEYS,
            "ProvisionedThroughput": units,
            "GlobalSecondaryIndexes": [{**index, "ProvisionedThroughput": units}, index],
            "LocalSecondaryIndexes": [index],
        },
    )
    assert request["BillingMode"] == "PROVISIONED"
    assert request["ProvisionedThroughput"] == {"ReadCapacityUnits": 1, "WriteCapacityUnits": 2}
    assert [
        item["ProvisionedThroughput"]["ReadCapacityUnits"] for item in request["GlobalSecondaryIndexes"]
    ] == [
        1,
        5,
    ]
    assert request["LocalSecondaryIndexes"] == [index]
    assert "StreamSpecification" not in request


@pytest.mark.parametrize(
    ("specification", "expected"),
    [
        ({"AttributeName": "t", "Enabled": True}, {"AttributeName": "t", "Enabled": True}),
        ({"AttributeName": "t", "Enabled": "true"}, {"AttributeName": "t", "Enabled": True}),
        ({"AttributeName": "t", "Enabled": False}, None),
        ({}, None),
    ],
)
def test_expiry(specification: dict[str, Any], expected: dict[str, Any] | None) -> None:
    assert time_to_live({"TimeToLiveSpecification": specification}) == expected


def test_attributes_of_queues_are_text() -> None:
    properties = {
        "QueueName": "q.fifo",
        "FifoQueue": True,
        "ContentBasedDeduplication": "true",
        "VisibilityTimeout": 60,
        "Tags": [],
        "RedrivePolicy": {},
    }
    assert queue_attributes(properties) == {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "true",
        "VisibilityTimeout": "60",
    }
    assert queue_attributes({"FifoQueue": False, "DelaySeconds": "5"}) == {"DelaySeconds": "5"}


@pytest.mark.parametrize("as_text", [False, True])
def test_a_redrive_policy_names_the_queue_as_it_is_called_there(as_text: bool) -> None:
    policy = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": "3"}
    properties = {"RedrivePolicy": json.dumps(policy) if as_text else policy}
    made = redrive_policy(properties, lambda name: f"arn:there:{name}")
    assert json.loads(made or "") == {"deadLetterTargetArn": "arn:there:dead", "maxReceiveCount": 3}
    assert redrive_policy({}, str) is None
