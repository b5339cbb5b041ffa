"""The eyes: alarms that mean something, within what CloudWatch has for free, each with a place in the documents."""

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import evaluated, read

NAMED = {
    "AWS/ApiGateway": (
        {"ApiId", "Stage"},
        {
            "ConnectCount",
            "MessageCount",
            "IntegrationError",
            "ClientError",
            "ExecutionError",
            "IntegrationLatency",
            # An HTTP API's.
            "Count",
            "4xx",
            "5xx",
            "Latency",
        },
    ),
    "AWS/Lambda": (
        {"FunctionName"},
        {"Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "IteratorAge"},
    ),
    "AWS/SQS": ({"QueueName"}, {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}),
    "AWS/DynamoDB": (
        {"TableName"},
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
    ),
    "AWS/CloudFront": ({"DistributionId", "Region"}, {"Requests", "4xxErrorRate", "5xxErrorRate"}),
}
"""Metrics of AWS's own that the documents of each service list, and the dimensions they come by."""


@pytest.fixture(scope="module")
def watch(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = read(root / "infra" / "watch.yaml")
    return found


@pytest.fixture(scope="module")
def alarms(watch: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        name: resource["Properties"]
        for name, resource in watch["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }


def asked(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """The metrics of an alarm."""
    found = [each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
    return found or [alarm]


DASHBOARDS = ("Dashboard", "Polling")


def drawn_on(dashboard: str, watch: dict[str, Any]) -> list[list[str]]:
    """Its metrics: namespace, name, and dimensions in pairs."""
    body = json.loads(watch["Resources"][dashboard]["Properties"]["DashboardBody"]["Fn::Sub"])
    return [
        [part for part in metric if isinstance(part, str)]
        for widget in body["widgets"]
        for metric in widget["properties"].get("metrics", ())
    ]


@pytest.fixture(scope="module")
def drawn(watch: dict[str, Any]) -> list[list[str]]:
    return [metric for dashboard in DASHBOARDS for metric in drawn_on(dashboard, watch)]


def test_the_alarms_are_within_ten_metrics(alarms: dict[str, dict[str, Any]]) -> None:
    assert sum(len(asked(alarm)) for alarm in alarms.values()) <= 10


def test_there_are_two_dashboards_of_at_most_fifty_metrics(watch: dict[str, Any]) -> None:
    found = [
        name for name, item in watch["Resources"].items() if item["Type"] == "AWS::CloudWatch::Dashboard"
    ]
    assert tuple(found) == DASHBOARDS
    for name in DASHBOARDS:
        # The reasons of a refusal are a search, each one that there was a metric.
        assert sum(map(bool, drawn_on(name, watch))) <= 50


def test_every_function_that_serves_people_is_drawn(drawn: list[list[str]], watch: dict[str, Any]) -> None:
    functions = {name for name in watch["Parameters"] if name.endswith("Function")}
    for metric in ("Errors", "Duration"):
        names = {
            part[2:-1] for each in drawn if metric in each for part in each if part.endswith("Function}")
        }
        # `disconnect` keeps nobody waiting, and `poll` waits on purpose.
        assert functions - names <= (
            {"DisconnectFunction", "PollFunction"} if metric == "Duration" else set()
        )


def test_silence_is_no_alarm_and_whoever_is_told_of_one_is_told_of_its_end(
    alarms: dict[str, dict[str, Any]],
) -> None:
    for alarm in alarms.values():
        assert alarm["TreatMissingData"] == "notBreaching"
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]


def test_an_alarm_over_several_metrics_adds_what_may_be_missing(alarms: dict[str, dict[str, Any]]) -> None:
    for name, alarm in alarms.items():
        several = {each["Id"] for each in alarm.get("Metrics", ()) if "MetricStat" in each}
        if len(several) < 2:
            continue
        [result] = [each for each in alarm["Metrics"] if "Expression" in each]
        assert result.get("ReturnData", True), name
        assert not any(each["ReturnData"] for each in alarm["Metrics"] if "MetricStat" in each)
        summed = ", ".join(f"FILL({id}, 0)" for id in [each["Id"] for each in alarm["Metrics"]][1:])
        assert result["Expression"] == f"SUM([{summed}])"


def test_metrics_of_aws_are_asked_for_by_their_names(
    alarms: dict[str, dict[str, Any]], drawn: list[list[str]]
) -> None:
    of_alarms = [
        (each["Namespace"], each["MetricName"], {dimension["Name"] for dimension in each["Dimensions"]})
        for alarm in alarms.values()
        for each in asked(alarm)
    ]
    of_dashboard = [(each[0], each[1], set(each[2::2])) for each in drawn if each]
    for namespace, name, dimensions in of_alarms + of_dashboard:
        if namespace == "Parley":
            continue  # tests/functions/test_watched.py
        by, names = NAMED[namespace]
        assert (dimensions, name in names) == (by, True), name


@pytest.mark.parametrize(
    ("email", "budget", "made"),
    [
        ("", "0", set()),
        ("a@example.org", "0", {"AlarmsEmail"}),
        ("a@example.org", "20", {"AlarmsEmail", "Budget"}),
    ],
)
def test_mail_and_budget_are_there_where_they_are_asked_for(
    watch: dict[str, Any], email: str, budget: str, made: set[str]
) -> None:
    given = {"AlarmEmail": email, "MonthlyBudget": budget}
    conditional = {
        name: evaluated(watch, {"Fn::If": [resource["Condition"], True, False]}, given)
        for name, resource in watch["Resources"].items()
        if "Condition" in resource
    }
    assert {name for name, there in conditional.items() if there} == made


def test_the_budget_warns_before_and_of_what_is_to_come(watch: dict[str, Any]) -> None:
    properties = watch["Resources"]["Budget"]["Properties"]
    warnings = [each["Notification"] for each in properties["NotificationsWithSubscribers"]]
    assert [(each["NotificationType"], each["Threshold"]) for each in warnings] == [
        ("ACTUAL", 80),
        ("FORECASTED", 100),
    ]
    assert properties["Budget"]["BudgetLimit"] == {"Amount": {"Ref": "MonthlyBudget"}, "Unit": "USD"}


def test_a_budget_that_could_tell_nobody_is_refused(template: dict[str, Any]) -> None:
    rule = template["Rules"]["BudgetNeedsSomebodyToWriteTo"]

    def passes(**given: str) -> bool:
        met = evaluated(template, rule["RuleCondition"], given)
        return not met or bool(evaluated(template, rule["Assertions"][0]["Assert"], given))

    assert passes()
    assert passes(MonthlyBudget="5", AlarmEmail="a@example.org")
    assert not passes(MonthlyBudget="5")
    assert not passes(MonthlyBudget="5", AlarmEmail="a@example.org", Watch="off")


def test_the_stack_gets_what_it_asks_for(template: dict[str, Any], watch: dict[str, Any]) -> None:
    eyes = template["Resources"]["Eyes"]
    assert eyes["Condition"] == "Watched"
    assert eyes["Properties"]["Parameters"].keys() == watch["Parameters"].keys()
    # What the functions count is by the same name.
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert eyes["Properties"]["Parameters"]["Service"] == variables["POWERTOOLS_SERVICE_NAME"]


@pytest.mark.parametrize(("choice", "disabled"), [("on", "false"), ("off", "true")])
def test_who_does_not_watch_does_not_pay_for_metrics(
    choice: str, disabled: str, template: dict[str, Any]
) -> None:
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    assert evaluated(template, variables["POWERTOOLS_METRICS_DISABLED"], {"Watch": choice}) == disabled


@pytest.mark.parametrize(("level", "lambdas"), [("DEBUG", "DEBUG"), ("INFO", "INFO"), ("ERROR", "INFO")])
def test_metrics_get_past_the_log_level(level: str, lambdas: str, template: dict[str, Any]) -> None:
    logging = template["Globals"]["Function"]["LoggingConfig"]
    assert evaluated(template, logging["ApplicationLogLevel"], {"LogLevel": level}) == lambdas


def test_each_alarm_is_in_the_documents(alarms: dict[str, dict[str, Any]], root: Path) -> None:
    page = (root / "docs" / "operating.md").read_text(encoding="utf-8")
    for alarm in alarms.values():
        title = alarm["AlarmDescription"].split('"')[1]
        assert f"\n### {title}\n" in page
        name = alarm["AlarmName"]["Fn::Sub"].removeprefix("${Service}-")
        assert f"`<stack>-{name}`" in page
        threshold = f"{alarm['Threshold']:,}"
        section = page.split(f"\n### {title}\n")[1].split("\n### ")[0].split("\n## ")[0]
        assert threshold in section or (threshold == "0" and "a single" in section), title
