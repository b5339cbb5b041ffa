import json
import warnings
from typing import Any

import pytest
from chat import metrics
from chat.errors import Code
from chat.metrics import Count


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "parley")
    metrics.clear()


def published(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    metrics.publish()
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_line_says_all_that_was_counted(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count(Count.MESSAGES)
    metrics.count(Count.DELIVERIES, 3)
    metrics.count(Count.DELIVERIES, 4)
    metrics.fan_out(12)
    metrics.fan_out(15)
    [line] = published(capsys)
    stamp = line["_aws"].pop("Timestamp")
    assert isinstance(stamp, int)
    assert line == {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "Parley",
                    "Dimensions": [["service"]],
                    "Metrics": [
                        {"Name": "Messages", "Unit": "Count"},
                        {"Name": "Deliveries", "Unit": "Count"},
                        {"Name": "FanOutTime", "Unit": "Milliseconds"},
                    ],
                }
            ]
        },
        "service": "parley",
        "Messages": [1],
        "Deliveries": [7],
        "FanOutTime": [12, 15],
    }


def test_a_refusal_is_counted_by_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count(Count.DELIVERIES)
    metrics.refused(Code.RATE_LIMITED)
    metrics.refused(Code.RATE_LIMITED)
    metrics.refused(Code.UNAVAILABLE)
    _, limited, unavailable = published(capsys)
    [directive] = limited["_aws"]["CloudWatchMetrics"]
    assert sorted(directive["Dimensions"][0]) == ["reason", "service"]
    assert (limited["reason"], limited["Refused"]) == ("rate_limited", [2])
    assert (unavailable["reason"], unavailable["Refused"]) == ("unavailable", [1])


def test_nothing_is_said_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count(Count.GONE, 0)
    assert published(capsys) == []


@pytest.mark.parametrize("number", [99, 100, 101, 250])
def test_no_time_is_lost_where_rooms_are_many(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    for milliseconds in range(number):
        metrics.fan_out(milliseconds)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lines = published(capsys)
    assert [each for line in lines for each in line["FanOutTime"]] == list(range(number))
    assert max(len(line["FanOutTime"]) for line in lines) <= 100, (
        "CloudWatch takes no more of a metric in a line"
    )


def test_they_can_be_switched_off(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    for milliseconds in range(200):
        metrics.fan_out(milliseconds)
    metrics.refused(Code.RATE_LIMITED)
    assert published(capsys) == []


def test_an_invocation_that_fails_says_what_it_had_counted_and_the_next_one_begins_anew(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @metrics.published
    def handler(event: dict[str, Any], context: object) -> str:
        metrics.count(Count.DELIVERIES, event["posts"])
        return event["answer"]  # type: ignore[no-any-return]

    metrics.count(Count.GONE)  # of an invocation that was cut off
    with pytest.raises(KeyError, match="answer"):
        handler({"posts": 3}, None)
    assert handler({"posts": 1, "answer": "yes"}, None) == "yes"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["Deliveries"] for line in lines] == [[3], [1]]
    assert not any("Gone" in line for line in lines)
