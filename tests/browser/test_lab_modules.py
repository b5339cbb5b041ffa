"""The lab's pure modules: sizes, sums, percentiles, the table for other programs, the words for lines and languages."""

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.browser.events import Evaluate
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

SITE = ROOT / "site"
NO_COUNTS = {
    "requests": 0,
    "empty": 0,
    "failed": 0,
    "framesUp": 0,
    "framesDown": 0,
    "bodyUp": 0,
    "bodyDown": 0,
    "headUp": 0,
    "headDown": 0,
    "heldMs": 0,
    "delivered": 0,
}


def test_percentiles_are_by_nearest_rank(js: Evaluate) -> None:
    def check(values: list[int], share: float, found: float | None) -> None:
        if not values:
            assert found is None
            return
        assert found in values
        assert sum(value <= found for value in values) >= share * len(values)
        assert sum(value < found for value in values) < share * len(values)

    drawn: list[tuple[list[int], float]] = []

    @settings(max_examples=200, deadline=None)
    @given(st.lists(st.integers(0, 50), max_size=30), st.sampled_from([0.01, 0.25, 0.5, 0.99, 1]))
    def draw(values: list[int], share: float) -> None:
        drawn.append((values, share))

    draw()
    found = js(
        "lab/statistics", "(m, cases) => cases.map(([values, share]) => m.percentile(values, share))", drawn
    )
    for (values, share), one in zip(drawn, found, strict=True):
        check(values, share, one)
    assert js("lab/statistics", "(m) => m.withLast([1, 2, 3], 4, 3)") == [2, 3, 4]


@pytest.mark.parametrize(
    ("payload", "up", "down"),
    [("", 6, 2), ("x" * 125, 6, 2), ("x" * 126, 8, 4), ("س" * 32_767, 8, 4), ("س" * 32_768, 14, 10)],
)
def test_the_head_of_a_frame_is_that_of_the_standard(js: Evaluate, payload: str, up: int, down: int) -> None:
    sizes = js("lab/sizes", "(m, text) => ['up', 'down'].map((way) => m.frameSizes(text, way))", payload)
    body = len(payload.encode())
    assert sizes == [{"head": up, "body": body}, {"head": down, "body": body}]


def test_a_head_is_counted_as_http_1_1_writes_it(js: Evaluate) -> None:
    answer = {"status": 201, "headers": [["content-type", "application/json"], ["x-name", "é"]]}
    text = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nx-name: é\r\n\r\n"
    assert js("lab/sizes", "(m, answer) => m.responseSizes(answer, 'ää')", answer) == {
        "head": len(text.encode()),
        "body": 4,
    }


def test_a_meter_adds_up_what_it_is_told(js: Evaluate) -> None:
    """A poll of a second that brings nothing, one that is held still, a socket with a frame each way, a delivery."""
    seen = js(
        "lab/meter",
        """(m) => {
             let now = 0;
             const meter = m.createMeter(() => now);
             const first = meter.request({ head: 100, body: 10 });
             now = 1000;
             first({ kind: "empty", head: 50, body: 5 });
             meter.request({ head: 100, body: 10 });
             const gone = meter.held();
             meter.frame("up", { head: 6, body: 7 });
             meter.frame("down", { head: 2, body: 3 });
             now = 1500;
             const sample = meter.sample("polling", 2, 42);
             gone();
             meter.lost();
             const took = meter.delivered(1400);
             now = 2000;
             return { sample, took, look: meter.look(), next: meter.sample("polling", 2, 43) };
           }""",
    )
    counts = NO_COUNTS | {
        "requests": 2,
        "empty": 1,
        "framesUp": 1,
        "framesDown": 1,
        "bodyUp": 27,
        "bodyDown": 8,
        "headUp": 206,
        "headDown": 52,
        "heldMs": 2000,
    }
    assert seen["sample"] == {
        "time": 42,
        "kind": "polling",
        "setting": 2,
        "seconds": 1.5,
        "counts": counts,
        "heldNow": 2,
        "p50": None,
        "p99": None,
    }
    assert seen["took"] == 100
    assert seen["look"]["counts"] == counts | {"heldMs": 2500, "failed": 1, "delivered": 1}
    assert [span["kind"] for span in seen["look"]["spans"]] == ["empty", "pending", "socket"]
    assert seen["next"]["counts"] == NO_COUNTS | {"heldMs": 500, "failed": 1, "delivered": 1}
    assert (seen["next"]["p50"], seen["next"]["p99"], seen["next"]["heldNow"]) == (100, 100, 1)


def test_what_began_before_a_reset_is_not_counted_after_it(js: Evaluate) -> None:
    counts, held = js(
        "lab/meter",
        """(m) => {
             let now = 0;
             const meter = m.createMeter(() => now);
             const early = meter.request({ head: 100, body: 10 });
             now = 1000;
             meter.reset();
             const held = meter.look().heldNow;
             now = 1200;
             early({ kind: "failed", head: 50, body: 5 });
             return [meter.look().counts, held];
           }""",
    )
    assert held == 1
    assert counts == NO_COUNTS | {"heldMs": 200}


def test_the_table_for_other_programs_has_a_row_for_each_sample(js: Evaluate) -> None:
    sample: dict[str, Any] = {
        "time": 1_800_000_000_000,
        "kind": "long-polling",
        "setting": 25,
        "seconds": 1.0004,
        "counts": NO_COUNTS | {"requests": 2, "empty": 1, "headUp": 300, "heldMs": 999.6},
        "heldNow": 1,
        "p50": 12.34,
        "p99": None,
    }
    text = js("lab/csv", "(m, samples) => m.csv(samples)", [sample, sample | {"kind": 'a,"b"'}])
    assert text.endswith("\r\n")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows[0] == {
        "time": "2027-01-15T08:00:00.000Z",
        "transport": "long-polling",
        "setting_s": "25",
        "seconds": "1.000",
        "requests": "2",
        "empty_answers": "1",
        "failures": "0",
        "frames_up": "0",
        "frames_down": "0",
        "body_bytes_up": "0",
        "body_bytes_down": "0",
        "header_bytes_up": "300",
        "header_bytes_down": "0",
        "held_now": "1",
        "held_ms": "1000",
        "delivered": "0",
        "latency_p50_ms": "12.3",
        "latency_p99_ms": "",
    }
    assert rows[1]["transport"] == 'a,"b"'
    document = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", document, re.MULTILINE) == list(rows[0])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET /ws/lobby/Ada HTTP/1.1", ["line_get /ws/lobby/ada", "line_get"]),
        ("HTTP/1.1 101 Switching Protocols", ["line_http/1.1 101", "line_http/1.1"]),
        (
            ":status = 200",
            ["line_:status websocket", "line_:status 200", "line_:status server", "line_:status"],
        ),
        ("Via: 1", ["line_via websocket", "line_via 1", "line_via server", "line_via"]),
    ],
)
def test_a_line_is_explained_by_its_name(js: Evaluate, line: str, expected: list[str]) -> None:
    where = {"kind": "websocket", "from": "server", "what": "response"}
    assert js("lab/handshakes", "(m, [line, where]) => m.keysOf(line, where)", [line, where]) == expected


def test_every_line_that_makes_a_websocket_is_explained(js: Evaluate) -> None:
    texts = set(js("lab/lang/en", "(m) => Object.keys(m.default)"))
    recorded = json.loads((SITE / "lab" / "handshakes.json").read_text("utf-8"))["handshakes"]
    keys = "(m, [line, where]) => m.keysOf(line, where)"
    plain = {
        line
        for each in recorded
        for step in each["steps"]
        for line in step["lines"]
        if not texts & set(js("lab/handshakes", keys, [line, {**step, "kind": each["kind"]}]))
    }
    telling = re.compile(r"websocket|upgrade|connect|protocol|^:|^FIN|^GET|^HTTP|101", re.IGNORECASE)
    assert {line for line in plain if telling.search(line)} == set()


def test_the_lab_has_every_text_in_every_language(js: Evaluate) -> None:
    keys = "(m) => Object.keys(m.default)"
    english = js("lab/lang/en", keys)
    for code in js("i18n", "(m) => [...m.LANGUAGES.keys()]"):
        assert js(f"lab/lang/{code}", keys) == english
        # No text of the chat's page is taken for one of the lab.
        assert not set(english) & set(js(f"lang/{code}", "(m) => Object.keys(m.default.texts)"))
        # A list has as many items in each.
        lines = "(m) => m.default.counted.split('\\n').length"
        assert js(f"lab/lang/{code}", lines) == js("lab/lang/en", lines)


def test_every_text_that_the_lab_names_is_there(js: Evaluate) -> None:
    named = set(
        re.findall(r'data-(?:text|rich|list|label|hint)="([^"]+)"', (SITE / "lab.html").read_text("utf-8"))
    )
    texts = {
        *js("lab/lang/en", "(m) => Object.keys(m.default)"),
        *js("lang/en", "(m) => Object.keys(m.default.texts)"),
    }
    assert named <= texts


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("en", 0.4, "0.4 ms"),
        ("en", 12.6, "13 ms"),
        ("en", 999.4, "999 ms"),
        ("en", 999.6, "1 s"),
        ("en", 12_345, "12.3 s"),
        ("fa", 1234, "۱٫۲۳ ثانیه"),
        ("en", None, "–"),
    ],
)
def test_times_are_told_in_the_readers_language(
    js: Evaluate, code: str, value: float | None, expected: str
) -> None:
    assert formatted(js, code, "time", value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (123_456, "123 kB"), (2_500_000, "2.5 MB")],
)
def test_bytes_are_told_in_thousands(js: Evaluate, value: int, expected: str) -> None:
    assert formatted(js, "en", "bytes", value) == expected


def test_a_share_of_nothing_is_none(js: Evaluate) -> None:
    assert formatted(js, "en", "percent", 0.256) == "26 %"
    assert formatted(js, "en", "percent", None) == "–"


def formatted(js: Evaluate, code: str, what: str, value: Any) -> str:
    said: str = js(
        "lab/format",
        """async (m, [code, what, value]) => {
             const { createSpeaker, loadLanguage } = await import("/js/i18n.js");
             const language = await loadLanguage(code);
             const texts = (await import(`/js/lab/lang/${code}.js`)).default;
             const format = m.createFormat(createSpeaker({ ...language, texts }, []));
             return format[what](value === null && what === "percent" ? NaN : value);
           }""",
        [code, what, value],
    )
    return said
