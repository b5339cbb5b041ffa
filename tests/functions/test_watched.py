"""What infra/watch.yaml draws and rings by is what the functions count, by the same names, dimensions and units."""

import json
import re
from typing import Any, NamedTuple

import pytest
from cfnlint.decode import decode  # type: ignore[import-untyped]
from chat import metrics
from chat.identity import Identity
from chat.memberships import Memberships

from tests.conftest import ROOT
from tests.functions.conftest import MEMBERSHIPS, Load, Store
from tests.functions.stand_ins import GONE, NOW, Answer, Context, Gateway, authorizer_event, websocket_event

ADA = Identity("general", "ada")


class Metric(NamedTuple):
    """`dimensions` are names only; `reason` is the one that is asked for, where it is one."""

    name: str
    dimensions: frozenset[str]
    unit: str | None = None
    reason: str | None = None


@pytest.fixture(scope="module")
def watch() -> dict[str, Any]:
    content, errors = decode(str(ROOT / "infra" / "watch.yaml"))
    assert not errors
    found: dict[str, Any] = json.loads(json.dumps(content))
    return found


@pytest.fixture
def emitted(
    load: Load,
    store: Store,
    gateway: Gateway,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> set[Metric]:
    """What comes of a run in which about everything happens that can."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "chat")
    memberships = Memberships(store.client, table=MEMBERSHIPS)
    for connection_id in ("A=", "B=", "C=", "D="):
        memberships.enter(ADA, connection_id, joined_at=NOW)
    gateway.answers["B="].append(GONE)
    gateway.answers["C="].append(Answer(429, "LimitExceededException"))
    gateway.answers["D="].append(Answer(403, "ForbiddenException"))
    say = load("default").handler
    say(websocket_event("MESSAGE", "A=", who=ADA, body="hi"), Context())
    say(websocket_event("MESSAGE", "A=", who=ADA, body="{}"), Context())
    store.faults["UpdateItem"].append("InternalServerError")
    store.faults["UpdateItem"].append("InternalServerError")
    store.faults["UpdateItem"].append("InternalServerError")
    store.faults["UpdateItem"].append("InternalServerError")
    say(websocket_event("MESSAGE", "A=", who=ADA, body="hi"), Context())
    load("admit").handler(authorizer_event({"client_id": "system"}), Context())
    found = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert directive["Namespace"] == metrics.NAMESPACE
            [dimensions] = directive["Dimensions"]
            assert line["service"] == "chat"
            found |= {
                Metric(metric["Name"], frozenset(dimensions), metric["Unit"], line.get("reason"))
                for metric in directive["Metrics"]
            }
    return found


def widgets(watch: dict[str, Any]) -> list[dict[str, Any]]:
    body = json.loads(watch["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


def drawn(watch: dict[str, Any]) -> set[Metric]:
    """What the dashboard asks for of our own."""
    found = set()
    for widget in widgets(watch):
        for namespace, *rest in widget["properties"].get("metrics", ()):
            if isinstance(namespace, dict):
                search = re.fullmatch(
                    r"""SEARCH\('\{(\w+),([\w,]+)\} MetricName="(\w+)" service="\$\{Service\}"', 'Sum', 60\)""",
                    namespace["expression"],
                )
                assert search, namespace
                assert search[1] == metrics.NAMESPACE
                found.add(Metric(search[3], frozenset(search[2].split(","))))
            elif namespace == metrics.NAMESPACE:
                name, *pairs = [each for each in rest if isinstance(each, str)]
                dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
                assert dimensions.pop("service") == "${Service}"
                found.add(Metric(name, frozenset(["service", *dimensions]), None, dimensions.get("reason")))
    return found


def rung_by(watch: dict[str, Any]) -> set[Metric]:
    """What the alarms ask for of our own."""
    found = set()
    for resource in watch["Resources"].values():
        if resource["Type"] != "AWS::CloudWatch::Alarm":
            continue
        alarm = resource["Properties"]
        queries = [query["MetricStat"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]
        for asked in [query["Metric"] | query for query in queries] or [alarm]:
            if asked["Namespace"] != metrics.NAMESPACE:
                continue
            dimensions = {each["Name"]: each["Value"] for each in asked["Dimensions"]}
            assert dimensions["service"] == {"Ref": "Service"}
            found.add(
                Metric(
                    asked["MetricName"], frozenset(dimensions), asked.get("Unit"), dimensions.get("reason")
                )
            )
    return found


def test_what_is_asked_for_is_counted(emitted: set[Metric], watch: dict[str, Any]) -> None:
    asked = drawn(watch) | rung_by(watch)
    assert asked
    for metric in asked:
        assert any(
            (metric.name, metric.dimensions) == (each.name, each.dimensions)
            and metric.unit in (None, each.unit)
            and metric.reason in (None, each.reason)
            for each in emitted
        ), f"nobody counts {metric}"


def test_all_that_is_counted_is_drawn(emitted: set[Metric], watch: dict[str, Any]) -> None:
    assert {(each.name, each.dimensions) for each in emitted} == {
        (each.name, each.dimensions) for each in drawn(watch)
    }
    assert {each.name for each in emitted} == {*metrics.Count, metrics.FAN_OUT_TIME, metrics.REFUSED}


def test_the_parameters_of_the_queries_are_those_of_the_stack(watch: dict[str, Any]) -> None:
    body = watch["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    known = {*watch["Parameters"], *watch["Resources"], "AWS::Region"}
    assert {name.removesuffix(".Arn") for name in re.findall(r"\$\{([^}]+)\}", body)} <= known
