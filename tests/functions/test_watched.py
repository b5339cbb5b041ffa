"""What infra/watch.yaml draws and rings by is what the functions count, by the same names, dimensions and units."""

import json
import re
from typing import Any, NamedTuple

import pytest
from cfnlint.decode import decode  # type: ignore[import-untyped]
from chat import metrics
from chat.admissions import Admissions
from chat.identity import Identity
from chat.memberships import Memberships
from chat.places import WHOLE
from chat.slices import Slice

from tests.conftest import ROOT
from tests.functions.conftest import MEMBERSHIPS, Load, Logged, Store
from tests.functions.stand_ins import (
    GONE,
    NOW,
    Answer,
    Context,
    Gateway,
    authorizer_event,
    http_event,
    queue_record,
    stream_record,
    websocket_event,
)

ADA = Identity("general", "ada")
PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


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
def lines(  # noqa: PLR0917 (fixtures)
    load: Load,
    store: Store,
    gateway: Gateway,
    logged: Logged,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> list[dict[str, Any]]:
    """What is written in a run in which about everything happens that can."""
    monkeypatch.setenv("LARGE_ROOM", "8")
    memberships = Memberships(store.client, table=MEMBERSHIPS)
    say, admit, enter = load("default").handler, load("admit").handler, load("connect").handler
    announce, deliver = load("announce").handler, load("deliver").handler
    come, poll, tell = load("enter").handler, load("poll").handler, load("say").handler
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "chat")  # the loggers have theirs

    def speak(body: str) -> None:
        say(websocket_event("MESSAGE", "A=", who=ADA, body=body), Context())

    for connection_id in ("A=", "B=", "C=", "D="):
        memberships.enter(ADA, connection_id, joined_at=NOW)
    gateway.answers["B="].append(GONE)
    gateway.answers["C="].append(Answer(429, "LimitExceededException"))
    gateway.answers["D="].append(Answer(403, "ForbiddenException"))
    speak("hi")
    speak("{}")
    store.faults["UpdateItem"].append("InternalServerError")
    speak("hi")
    admit(authorizer_event({"client_id": "system"}), Context())
    store.faults["PutItem"].append("InternalServerError")
    enter(websocket_event("CONNECT", "E=", who=ADA), Context())
    eve = Identity("general", "eve")
    Admissions.from_environment().put_out(eve, until=2 * NOW)
    enter(websocket_event("CONNECT", "F=", who=eve), Context())
    store.faults["UpdateItem"].append("InternalServerError")
    announce({"Records": [stream_record(1, "INSERT", "A=", ADA)]}, Context())
    store.faults["PutItem"].append("InternalServerError")
    slices = [Slice("1", "general", WHOLE, (b"{}",)).encode(), "?"]
    records = [queue_record(str(number), body, sent_at=NOW) for number, body in enumerate(slices)]
    deliver({"Records": records}, Context())
    entered = json.loads(come(http_event("POST /api/members", {"client_id": "bo"}), Context())["body"])
    come(http_event("POST /api/members", {"client_id": "eve"}), Context())
    poll(http_event("GET /api/events", key=entered["key"]), Context())
    poll(http_event("GET /api/events"), Context())
    store.faults["UpdateItem"].append("InternalServerError")
    poll(http_event("GET /api/events", key=entered["key"]), Context())
    tell(http_event("POST /api/messages", key=entered["key"], body="hi"), Context())
    tell(http_event("POST /api/messages", key=entered["key"], body="{}"), Context())
    for number in range(16):
        memberships.enter(ADA, f"F{number}=", joined_at=NOW)
    speak("hi, all of you")  # and there is no queue
    return logged() + [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]


@pytest.fixture
def emitted(lines: list[dict[str, Any]]) -> set[Metric]:
    """The metrics in them."""
    found = set()
    for line in lines:
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
    return [widget for body in bodies(watch) for widget in json.loads(body)["widgets"]]


def bodies(watch: dict[str, Any]) -> list[str]:
    """What the dashboards are."""
    return [
        item["Properties"]["DashboardBody"]["Fn::Sub"]
        for item in watch["Resources"].values()
        if item["Type"] == "AWS::CloudWatch::Dashboard"
    ]


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
    # Frames and handshakes, by default, admit and connect; requests, by enter, poll and say.
    assert {each.reason for each in emitted} == {
        None,
        "content_missing",
        "key_missing",
        "unavailable",
        "client_reserved",
        "put_out",
    }


def test_the_parameters_of_the_queries_are_those_of_the_stack(watch: dict[str, Any]) -> None:
    known = {*watch["Parameters"], *watch["Resources"], "AWS::Region"}
    for body in bodies(watch):
        assert {name.removesuffix(".Arn") for name in re.findall(r"\$\{([^}]+)\}", body)} <= known


def fields(lines: list[dict[str, Any]]) -> set[str]:
    """The names by which Logs Insights knows what is in the lines."""
    found = set()
    for line in lines:
        found |= {*line, *(f"{name}.0" for name, value in line.items() if isinstance(value, list))}
    return found


def access_fields() -> set[str]:
    """The names in the gateways' access log."""
    template, errors = decode(str(ROOT / "template.yaml"))
    assert not errors
    apis = [template["Resources"][name]["Properties"] for name in ("ChatApi", "PollApi")]
    return {field for api in apis for field in json.loads(api["AccessLogSettings"]["Format"])}


def test_the_fields_in_the_documents_are_those_of_the_lines(lines: list[dict[str, Any]]) -> None:
    table = PAGE.split("\n## The logs\n")[1].split("\n## ")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    described = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert described - fields(lines) == set()
    constant = {"function_memory_size", "function_arn"}
    assert fields([line for line in lines if "_aws" not in line]) - {*constant, "gone.0"} <= described


@pytest.mark.parametrize("query", re.findall(r"```\n(f(?:ields|ilter) .*?)```", PAGE, re.DOTALL))
def test_a_query_in_the_documents_asks_for_what_is_in_the_lines(
    query: str, lines: list[dict[str, Any]]
) -> None:
    functions = {"count", "pct", "sum", "bin", "ispresent"}
    words = {"fields", "filter", "stats", "sort", "limit", "by", "desc", "as", "times", "or"}
    names = re.sub(r'"[^"]*"|\bbin\(\d+m\)|@timestamp', " ", query)
    asked = set(re.findall(r"\b[A-Za-z_][\w.]*", names)) - functions - words
    assert asked
    assert asked <= fields(lines) or asked <= access_fields()
    for message in re.findall(r'message = "([^"]+)"', query):
        assert any(line.get("message") == message for line in lines)


def test_the_documents_have_queries() -> None:
    assert PAGE.split("\n## Questions to the logs\n")[1].split("\n## ")[0].count("```") == 2 * 8


def test_a_line_says_of_whom_and_where(lines: list[dict[str, Any]]) -> None:
    told = [line for line in lines if "message" in line]
    assert len({line["message"] for line in told}) >= 10
    for line in told:
        # Of whom and where a request is that shows no key, nobody knows.
        if line["message"] not in {"not a slice", "refused"} and line.get("code") != "key_missing":
            assert line["room"] == "general", line
        if line["message"] in {"refused", "refused a frame", "not entered", "not counted"}:
            assert line["connection_id"], line
