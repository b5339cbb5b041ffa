"""The pure modules of the page at /_local/: entries fold into exchanges, and what is shown is text."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import caller
from tests.browser.events import Evaluate
from tests.local_dev.inspector.scene import scene
from tests.threads import in_thread

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def js(browser: Browser) -> Iterator[Evaluate]:
    """Calls functions with that page's modules."""
    with in_thread(scene()) as served:
        page = browser.new_page(base_url=served.value.url)
        page.goto("/_local/")
        yield caller(page, "/_local")
        page.close()


def folded(js: Evaluate, *entries: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The exchanges that entries of those kinds and facts become, a tenth of a second apart."""
    numbered = [
        {"number": number, "time": number / 10, "kind": kind, "facts": facts}
        for number, (kind, facts) in enumerate(entries, 1)
    ]
    found: list[dict[str, Any]] = js(
        "exchanges", "({ empty, fold }, entries) => [...fold(empty(), entries).exchanges.values()]", numbered
    )
    return found


def invoked(request: str, event: Any, function: str = "F") -> tuple[str, dict[str, Any]]:
    return "invoked", {"function": function, "request": request, "event": event, "cold": False}


def returned(request: str, result: Any = None, function: str = "F") -> tuple[str, dict[str, Any]]:
    return "returned", {"function": function, "request": request, "result": result, "duration_ms": 1}


def event(kind: str, connection: str, **more: Any) -> dict[str, Any]:
    return {"requestContext": {"eventType": kind, "connectionId": connection, "routeKey": "r"}, **more}


def shape(exchanges: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    return [
        (each["kind"], [step.get("request") or step["text"] for step in each["steps"]]) for each in exchanges
    ]


def test_frames_that_overlap_keep_their_invocations(js: Evaluate) -> None:
    exchanges = folded(
        js,
        ("received", {"connection": "a", "text": "1"}),
        ("received", {"connection": "a", "text": "2"}),
        ("received", {"connection": "b", "text": "2"}),
        invoked("for b", event("MESSAGE", "b", body="2")),
        invoked("second", event("MESSAGE", "a", body="2")),
        invoked("first", event("MESSAGE", "a", body="1")),
        ("sent", {"connection": "a", "text": "whose?"}),
        returned("first"),
        returned("second"),
        ("sent", {"connection": "a", "text": "b's"}),
        returned("for b"),
    )
    assert shape(exchanges) == [
        ("frame", ["first"]),
        ("frame", ["second"]),
        ("frame", ["for b", "b's"]),
        ("sent", []),  # three were running: it is not guessed which one sent it
    ]


def test_a_handshake_is_one_exchange_with_its_authorizer(js: Evaluate) -> None:
    exchanges = folded(
        js,
        invoked("authorizer", event("CONNECT", "a", type="REQUEST"), "A"),
        returned("authorizer", function="A"),
        invoked("connect", event("CONNECT", "a")),
        returned("connect"),
        ("connected", {"connection": "a", "api": "Api", "stage": "prod", "source": "127.0.0.1"}),
        invoked("no", event("CONNECT", "b")),
        ("refused", {"connection": "b", "api": "Api", "stage": "prod", "status": 403}),
        ("disconnected", {"connection": "a", "code": 1001, "reason": ""}),
        invoked("disconnect", event("DISCONNECT", "a")),
    )
    assert shape(exchanges) == [
        ("connect", ["authorizer", "connect"]),
        ("connect", ["no"]),
        ("disconnect", ["disconnect"]),
    ]
    assert [each["outcome"] for each in exchanges] == ["connected", "refused 403", "disconnected 1001"]


def test_errors_and_route_responses_belong_to_their_frame(js: Evaluate) -> None:
    def error(text: str) -> str:
        return f'{{"message": "{text}", "connectionId":"a", "requestId":"r"}}'

    exchanges = folded(
        js,
        ("received", {"connection": "a", "text": "1"}),
        invoked("fails", event("MESSAGE", "a", body="1")),
        ("received", {"connection": "a", "text": "2"}),
        ("sent", {"connection": "a", "text": error("Forbidden")}),
        ("failed", {"function": "F", "request": "fails", "error_type": "E", "error": "e", "duration_ms": 1}),
        ("sent", {"connection": "a", "text": error("Internal server error")}),
        ("received", {"connection": "a", "text": "3"}),
        invoked("answers", event("MESSAGE", "a", body="3")),
        returned("answers", {"statusCode": 200, "body": "the answer"}),
        ("sent", {"connection": "a", "text": "the answer"}),
    )
    assert shape(exchanges) == [
        ("frame", ["fails", error("Internal server error")]),
        ("frame", [error("Forbidden")]),
        ("frame", ["answers", "the answer"]),
    ]


def test_log_lines_go_where_they_can_only_belong(js: Evaluate) -> None:
    line = {"function": "F", "line": "x"}
    exchanges = folded(
        js,
        ("log", line),  # before anything ran: of the start
        invoked("1", {"Records": [{"eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:r:1:queue"}]}),
        ("log", line),
        returned("1"),
        ("log", line),  # read after the result
        invoked("2", {}),
        invoked("3", {}),
        ("log", line),  # of either
    )
    assert [(each["kind"], each["text"]) for each in exchanges] == [
        ("log", "x"),
        ("source", "1 × sqs queue"),
        ("source", "invoked"),
        ("source", "invoked"),
        ("log", "x"),
    ]
    assert exchanges[1]["steps"][0]["logs"] == ["x", "x"]


def test_a_request_is_one_exchange_with_what_it_caused(js: Evaluate) -> None:
    exchanges = js(
        "exchanges",
        """({ empty, fold, matches }) => {
             const facts = [
               ["requested", { request: "a=", api: "Http", method: "GET", path: "/x", route: "GET /x" }],
               ["requested", { request: "b=", api: "Http", method: "PUT", path: "/y", route: null }],
               ["invoked", { request: "1", function: "F", event: { requestContext: { requestId: "a=" }, body: "x" } }],
               ["answered", { request: "b=", status: 404, duration_ms: 0.1 }],
               ["returned", { request: "1", function: "F", result: { statusCode: 200 }, duration_ms: 2 }],
               ["answered", { request: "a=", status: 200, duration_ms: 2.5 }],
               ["answered", { request: "c=", status: 200, duration_ms: 2.5 }],
             ];
             const entries = facts.map(([kind, facts], at) => ({ number: at + 1, time: at, kind, facts }));
             const filter = { text: "", connection: "", kind: "requested", fn: "" };
             return [...fold(empty(), entries).exchanges.values()].filter((each) => matches(each, filter));
           }""",
    )
    shown = [[each["text"], each["outcome"], each["bad"], len(each["steps"])] for each in exchanges]
    assert shown == [["GET /x", "200 in 2.5 ms", False, 1], ["PUT /y", "404 in 0.1 ms", True, 0]]
    assert exchanges[0]["steps"][0]["state"] == "returned"


def test_a_fold_leaves_what_it_got_as_it_is_and_stays_within_its_bound(js: Evaluate) -> None:
    assert js(
        "exchanges",
        """({ empty, fold, CAP }) => {
             const entry = (number) => ({ number, time: 1, kind: "sent", facts: { connection: "a", text: "x" } });
             const one = fold(empty(), [entry(1)]);
             const many = fold(one, Array.from({ length: 3 * CAP }, (_, index) => entry(index + 2)));
             const again = fold(one, [entry(1)]);
             return [one.exchanges.size, one.last, many.exchanges.size, many.last, again.exchanges.size];
           }""",
    ) == [1, 1, 2000, 6001, 1]


def test_another_run_of_the_gateway_begins_anew(js: Evaluate) -> None:
    assert js(
        "state",
        """({ initial, reduce }) => {
             const nothing = { apis: [], http_apis: [], functions: [], tables: [], notes: [] };
             const here = (run) => ({ type: "here", now: 1, here: { run, ...nothing } });
             const entry = { number: 9, time: 1, kind: "notice", facts: { text: "x" } };
             const entries = { type: "entries", entries: [entry] };
             let state = [here("one"), entries].reduce(reduce, initial("nonsense"));
             const sizes = [state.tab, state.timeline.exchanges.size];
             state = reduce(state, here("one"));
             sizes.push(state.timeline.exchanges.size);
             state = reduce(state, here("two"));
             return [...sizes, state.timeline.exchanges.size, state.timeline.last];
           }""",
    ) == ["timeline", 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\u0000\u001b[31m\u007f", "a␀␛[31m␡"),
        ("\u202eexe\u2069\ufeff", "⟨U+202E⟩exe⟨U+2069⟩⟨U+FEFF⟩"),
        ("می\u200cخواهم 👩\u200d👩\u200d👧\n\t", "می\u200cخواهم 👩\u200d👩\u200d👧\n\t"),
    ],
)
def test_what_cannot_be_seen_is_written_out(js: Evaluate, text: str, seen: str) -> None:
    assert js("format", "({ visible }, text) => visible(text)", text) == seen


def test_json_is_coloured_without_losing_a_character(js: Evaluate) -> None:
    value: dict[str, Any] = {'a "q" \\': [1, -2.5e-7, True, None, "x: 1, true", {}], "": "\\"}
    text = json.dumps(value, indent=2, ensure_ascii=False)
    found = js("format", "({ parts }, text) => parts(text)", text)
    assert "".join(part for _, part in found) == text
    assert ["word", "-2.5e-07"] in found
    assert ["text", '"x: 1, true"'] in found
