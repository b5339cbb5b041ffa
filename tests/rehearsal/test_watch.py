"""Alarms, their topic and the dashboard, as CloudWatch has them."""

import json

import pytest

from .cloud import Definitions, Deployed


@pytest.fixture(scope="module")
def eyes(deployed: Deployed) -> Definitions:
    return deployed.nested("Eyes")


def test_every_alarm_tells_the_topic(deployed: Deployed, eyes: Definitions) -> None:
    declared = {item["id"] for item in eyes.values() if item["type"] == "AWS::CloudWatch::Alarm"}
    alarms = deployed.cloud("cloudwatch").describe_alarms(AlarmNames=sorted(declared))["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in alarms} == declared
    topics = [topic["TopicArn"] for topic in deployed.cloud("sns").list_topics()["Topics"]]
    assert eyes["Alarms"]["id"] in topics
    assert {action for alarm in alarms for action in alarm["AlarmActions"]} == {eyes["Alarms"]["id"]}


def test_alarms_watch_what_there_is(deployed: Deployed, eyes: Definitions) -> None:
    """A dimension with a wrong name would be an alarm that never rings."""
    watched = {
        (dimension["Name"], dimension["Value"])
        for item in eyes.values()
        if item["type"] == "AWS::CloudWatch::Alarm"
        for metric in [item["properties"], *item["properties"].get("Metrics", [])]
        for dimension in metric.get("Dimensions", [])
        + metric.get("MetricStat", {}).get("Metric", {}).get("Dimensions", [])
    }
    ids = {item["id"] for item in deployed.resources.values()}
    known = {
        "FunctionName": ids,
        "QueueName": {name.rpartition("/")[2] for name in ids},
        "ApiId": ids,
        "Stage": {"live"},
        "TableName": ids,
        "service": {deployed.name},
    }
    assert watched
    for name, value in watched:
        if name in known:
            assert value in known[name], f"{name} {value}"


def test_the_dashboard_can_be_read(deployed: Deployed, eyes: Definitions) -> None:
    body = deployed.cloud("cloudwatch").get_dashboard(DashboardName=eyes["Dashboard"]["id"])["DashboardBody"]
    assert json.loads(body)["widgets"]
