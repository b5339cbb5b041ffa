"""Tables, what of them is streamed, and the queues."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import boto3
import pytest
from chat.identity import Identity
from chat.memberships import Memberships
from moto import mock_aws


@pytest.mark.parametrize(("table", "sort", "kind"), [("Memberships", "place", "S"), ("RoomLog", "seq", "N")])
def test_table(table: str, sort: str, kind: str, resources: dict[str, Any]) -> None:
    properties = resources[table]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["KeySchema"] == [
        {"AttributeName": "room_id", "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
    assert {"AttributeName": sort, "AttributeType": kind} in properties["AttributeDefinitions"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert {"DeletionPolicy", "UpdateReplacePolicy"} <= resources[table].keys()


def test_the_operating_page_finds_a_connections_client(resources: dict[str, Any], root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text(encoding="utf-8")
    section = page.partition("\n## From a connection to its client\n")[2]
    [command] = re.findall(r"^aws dynamodb query (?:.*\\\n)*.*", section, re.MULTILINE)
    words = shlex.split(command.replace("\\\n", ""))[3:]
    given = {name.removeprefix("--"): text for name, text in zip(words[::2], words[1::2], strict=True)}
    given["table-name"] = "Memberships"
    values = json.loads(given.pop("expression-attribute-values"))
    room, connection = values[":room"]["S"], values[":connection"]["S"]
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-central-1")
        names = ("KeySchema", "AttributeDefinitions", "BillingMode")
        table: Any = {name: resources["Memberships"]["Properties"][name] for name in names}
        client.create_table(TableName="Memberships", **table)
        memberships = Memberships(client, table="Memberships")
        for who, id in (
            (Identity(room, "eve"), connection),
            (Identity(room, "bob"), "B="),
            (Identity("x", "al"), connection),
        ):
            memberships.enter(who, id, joined_at=1)
        ask: Any = {name.title().replace("-", ""): text for name, text in given.items()}
        found = client.query(ExpressionAttributeValues=values, **ask)["Items"]
        assert found == [{"client_id": {"S": "eve"}}]
        del ask["KeyConditionExpression"], values[":room"]
        found = client.scan(ExpressionAttributeValues=values, **ask)["Items"]
        assert {item["client_id"]["S"] for item in found} == {"eve", "al"}


def test_only_memberships_are_streamed(resources: dict[str, Any]) -> None:
    stream = resources["Memberships"]["Properties"]["StreamSpecification"]
    assert stream == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "StreamSpecification" not in resources["RoomLog"]["Properties"]


def mapping_of(function: str, resources: dict[str, Any]) -> dict[str, Any]:
    """The one event source mapping of a function."""
    mapping: dict[str, Any]
    [mapping] = [
        item["Properties"]
        for item in resources.values()
        if item["Type"] == "AWS::Lambda::EventSourceMapping"
        and item["Properties"]["FunctionName"] == {"Ref": f"{function}Aliaslive"}
    ]
    return mapping


def test_queue_mapping(resources: dict[str, Any]) -> None:
    assert mapping_of("DeliverFunction", resources) == {
        "EventSourceArn": {"Fn::GetAtt": ["Slices", "Arn"]},
        "FunctionName": {"Ref": "DeliverFunctionAliaslive"},
        "BatchSize": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": {"Ref": "DeliverConcurrency"}},
    }


def test_a_slice_stays_with_the_function_that_works_on_it(resources: dict[str, Any]) -> None:
    queue = resources["Slices"]["Properties"]
    assert queue["VisibilityTimeout"] == 3 * resources["DeliverFunction"]["Properties"]["Timeout"]
    assert queue["MessageRetentionPeriod"] > 3 * queue["VisibilityTimeout"]
    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["SliceFailures", "Arn"]},
        "maxReceiveCount": 3,
    }


def test_stream_mapping(resources: dict[str, Any]) -> None:
    mapping = mapping_of("AnnounceFunction", resources)
    patterns = [json.loads(item["Pattern"]) for item in mapping.pop("FilterCriteria")["Filters"]]
    assert patterns == [
        {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"client_id": {"S": [{"exists": True}]}}}},
        {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"client_id": {"S": [{"exists": True}]}}}},
    ]
    assert mapping == {
        "EventSourceArn": {"Fn::GetAtt": ["Memberships", "StreamArn"]},
        "FunctionName": {"Ref": "AnnounceFunctionAliaslive"},
        "StartingPosition": "TRIM_HORIZON",
        "BatchSize": 1000,
        "MaximumBatchingWindowInSeconds": {"Ref": "AnnounceWindow"},
        "ParallelizationFactor": 1,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 5,
        "MaximumRecordAgeInSeconds": 3600,
        "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["AnnounceFailures", "Arn"]}}},
    }


@pytest.mark.parametrize(("queue", "days"), [("AnnounceFailures", 14), ("SliceFailures", 1)])
def test_failures_are_encrypted_and_what_was_said_is_kept_no_longer_than_the_log_keeps_it(
    queue: str, days: int, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    properties = resources[queue]["Properties"]
    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == days * 24 * 3600
    least = min(map(int, template["Parameters"]["MessageRetentionDays"]["AllowedValues"]))
    assert queue == "AnnounceFailures" or days <= least


def test_retention_has_every_choice_in_seconds(template: dict[str, Any]) -> None:
    choices = template["Parameters"]["MessageRetentionDays"]["AllowedValues"]
    assert template["Mappings"]["Retention"] == {day: {"Seconds": str(int(day) * 86400)} for day in choices}


def test_no_choice_is_shorter_than_what_the_log_takes_for_the_shortest(template: dict[str, Any]) -> None:
    from chat.log import SHORTEST_RETENTION_SECONDS

    seconds = [int(choice["Seconds"]) for choice in template["Mappings"]["Retention"].values()]
    assert min(seconds) == SHORTEST_RETENTION_SECONDS
