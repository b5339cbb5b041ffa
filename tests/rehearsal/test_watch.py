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


@pytest.mark.parametrize("dashboard", ["Dashboard", "Polling"])
def test_dashboards_draw_what_there_is(dashboard: str, deployed: Deployed, eyes: Definitions) -> None:
    name = eyes[dashboard]["id"]
    body = json.loads(deployed.cloud("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"])
    drawn = [
        metric for widget in body["widgets"] for metric in widget["properties"].get("metrics", ()) if metric
    ]
    ids = {item["id"] for item in deployed.resources.values()}
    for metric in drawn:
        pairs = dict(zip(metric[2::2], metric[3::2], strict=False))
        for kind in ("FunctionName", "ApiId", "TableName"):
            if kind in pairs:
                assert pairs[kind] in ids, metric
    assert drawn
