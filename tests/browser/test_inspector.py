"""The page at /_local/ in a browser: what a person sees and does."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.browser.acts import DEADLINE
from tests.browser.conftest import DEFAULTS
from tests.conftest import ServedGateway
from tests.local_dev.inspector.scene import HANDLERS, Scene, message, scene
from tests.threads import Inside, in_thread

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1100, "height": 700}}


class Rooms:
    """A table in memory with DynamoDB's manners."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = [{"room": {"S": "general"}, "count": {"N": "1"}}]

    def describe_table(self, **_: Any) -> Any:
        return {"Table": {"KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}]}}

    def scan(self, **_: Any) -> Any:
        return {"Items": list(self.items)}


@pytest.fixture(scope="module")
def rooms() -> Rooms:
    return Rooms()


@pytest.fixture(scope="module")
def served(rooms: Rooms) -> Iterator[Inside[Scene]]:
    with in_thread(
        scene(handlers=HANDLERS, tables={"Rooms": "stack-Rooms"}, dynamodb=lambda: rooms)
    ) as thread:
        yield thread


@pytest.fixture
def open_page(browser: Browser, served: Inside[Scene]) -> Iterator[Callable[..., Page]]:
    """Opens the page; at the end no page may have complained."""
    complaints: list[str] = []
    contexts = []

    def visit(tab: str = "timeline", **options: Any) -> Page:
        context = browser.new_context(base_url=served.value.url, **{**DEFAULTS, **DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None,
        )
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        page.goto(f"/_local/#{tab}")
        expect(page.get_by_role("status").first).to_have_text("Live")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def client(served: Inside[Scene]) -> Iterator[ClientConnection]:
    with connect(
        served.value.url.replace("http", "ws") + "/prod?room=general", open_timeout=DEADLINE
    ) as connection:
        yield connection


def exchange(page: Page, text: str) -> Locator:
    return page.locator(".exchange", has_text=text)


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("tab", name=name)


def test_a_frame_is_shown_with_what_it_caused(
    open_page: Callable[..., Page], client: ClientConnection
) -> None:
    page = open_page()
    client.send(message(text="shall we?"))
    assert json.loads(client.recv(DEADLINE))["text"] == "shall we?"
    row = exchange(page, "shall we?")
    expect(row).to_have_count(1)  # the frame, its invocation, its log and the answer are one
    expect(row.locator(".run .fn")).to_have_text("Echo")
    expect(row.locator(".run .good")).to_have_text("200")
    expect(row.locator(".ms")).to_have_text("13 ms")
    expect(row.locator(".lines")).to_contain_text("INFO got")
    expect(row.locator(".post .text")).to_contain_text("shall we?")
    expect(row.locator(".route")).to_have_text("$default")


def test_an_invocation_opens_to_event_result_and_log(
    open_page: Callable[..., Page], client: ClientConnection
) -> None:
    page = open_page()
    client.send(message(text="open me"))
    run = exchange(page, "open me").locator(".run .head")
    run.focus()
    page.keyboard.press("Enter")
    expect(run).to_have_attribute("aria-expanded", "true")
    opened = exchange(page, "open me").locator(".opened")
    expect(opened.get_by_role("heading")).to_have_text(["Event", "Result", "Log"])
    expect(opened.locator("pre").first).to_contain_text('"eventType": "MESSAGE"')
    page.keyboard.press("Enter")
    expect(run).to_have_attribute("aria-expanded", "false")


def test_a_failure_says_what_failed_and_what_the_client_heard(
    open_page: Callable[..., Page], client: ClientConnection
) -> None:
    page = open_page()
    client.send(message(text="fail now"))
    row = exchange(page, "fail now")
    expect(row.locator(".run .bad")).to_have_text("ValueError")
    expect(row.locator(".post")).to_contain_text("Internal server error")
    page.get_by_label("Kind").select_option("failed")
    expect(page.locator(".exchange").first).to_contain_text("ValueError")


def test_hostile_text_is_only_text(open_page: Callable[..., Page], client: ClientConnection) -> None:
    page = open_page()
    hostile = (
        "hostile <script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe \x00\x1b "
        + "x" * 100_000
    )
    client.send(hostile[start : start + 20_000] for start in range(0, len(hostile), 20_000))
    row = exchange(page, "hostile")
    expect(row.locator(".text").first).to_contain_text("<script>alert(1)</script>")
    expect(row.locator(".text").first).to_contain_text("⟨U+202E⟩gnp.exe ␀␛")
    row.locator("button.head").first.click()
    expect(row.locator(".opened pre")).to_contain_text("<img src=x onerror=alert(2)>")
    row.get_by_role("button", name="Show all").click()
    expect(row.locator(".opened")).to_contain_text("the rest is not kept")
    assert page.locator(".exchanges :is(script, img)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_right_to_left_text_is_set_by_itself(
    open_page: Callable[..., Page], client: ClientConnection
) -> None:
    page = open_page()
    client.send("سلام به همه")
    text = exchange(page, "سلام").locator("bdi").first
    expect(text).to_have_text("سلام به همه")
    assert text.evaluate("node => getComputedStyle(node).unicodeBidi") == "isolate"


def test_filters_pause_and_clear(open_page: Callable[..., Page], client: ClientConnection) -> None:
    page = open_page()
    client.send(message(text="apple"))
    client.send(message(text="pear"))
    expect(exchange(page, "pear")).to_have_count(1)
    page.get_by_label("Search").fill("APPLE")
    expect(exchange(page, "pear")).to_have_count(0)
    expect(exchange(page, "apple")).to_have_count(1)
    page.get_by_label("Search").fill("no such thing")
    page.get_by_role("button", name="Show everything").click()
    page.get_by_label("Function").select_option("Connect")
    expect(exchange(page, "pear")).to_have_count(0)
    page.get_by_label("Function").select_option("")
    page.get_by_role("button", name="Pause").click()
    client.send(message(text="quince"))
    expect(page.get_by_role("button", name="Go on (5)")).to_be_visible()
    expect(exchange(page, "quince")).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    expect(exchange(page, "quince")).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".exchange")).to_have_count(0)


def test_a_person_sends_a_frame_and_cuts_the_connection(
    open_page: Callable[..., Page], client: ClientConnection
) -> None:
    page = open_page("connections")
    page.locator(".pick").last.click()
    expect(page.locator(".facts")).to_contain_text("room=general")
    page.get_by_label("A frame for this connection").fill('{"hello": "سلام"}')
    page.keyboard.press("Control+Enter")
    assert client.recv(DEADLINE) == '{"hello": "سلام"}'
    expect(page.locator(".outcome")).to_have_text("Sent.")
    expect(page.locator(".detail .exchange").last).to_contain_text("hello")
    page.get_by_role("button", name="Cut…").click()
    expect(page.get_by_role("button", name="Cut", exact=True)).to_be_focused()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Cut…").click()
    page.get_by_role("button", name="Cut", exact=True).click()
    expect(page.locator(".badge")).to_have_text("closed")
    expect(page.locator(".detail .exchange.disconnect")).to_contain_text("disconnected 1000")
    with pytest.raises(ConnectionClosed):
        client.recv(DEADLINE)
    assert client.close_code == 1000


def test_functions_show_their_last_invocations(
    open_page: Callable[..., Page], client: ClientConnection
) -> None:
    page = open_page()
    client.send(message(text="for the function"))
    expect(exchange(page, "for the function").locator(".run")).to_have_count(1)
    tab(page, "Functions").click()
    page.locator(".pick", has_text="Echo").click()
    expect(page.locator(".detail")).to_contain_text("median 13 ms")
    first = page.locator(".detail .exchange").first
    expect(first.locator(".route")).to_have_text("$default")
    first.locator(".head").click()
    expect(first.locator(".opened pre").first).to_contain_text("for the function")


def test_rows_follow_the_table(open_page: Callable[..., Page], rooms: Rooms, served: Inside[Scene]) -> None:
    page = open_page("tables")
    expect(page.locator("tbody tr")).to_have_count(1)
    rooms.items.append({"room": {"S": "<b>ops</b>"}, "count": {"N": "2"}, "tags": {"SS": ["b", "a"]}})

    async def happen() -> None:
        served.value.journal.record("notice", text="something happened")

    served.run(happen())
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tr.fresh")).to_have_text("<b>ops</b>2" + '["a","b"]')
    page.locator("tr.fresh").click()
    expect(page.locator("tr pre")).to_contain_text('"room": "<b>ops</b>"')


def test_the_keyboard_goes_through_the_tabs(open_page: Callable[..., Page]) -> None:
    page = open_page()
    tab(page, "Timeline").focus()
    for name in ("Connections", "Functions", "Tables", "Stack", "Timeline"):
        page.keyboard.press("ArrowRight")
        expect(tab(page, name)).to_be_focused()
        expect(tab(page, name)).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator(".notes")).to_contain_text("nodejs22.x is not run here")
    outline = tab(page, "Stack").evaluate("node => getComputedStyle(node).outlineStyle")
    assert outline == "solid"


def test_nothing_overflows_on_a_phone(open_page: Callable[..., Page], client: ClientConnection) -> None:
    page = open_page(viewport={"width": 360, "height": 640})
    client.send(message(text="y" * 500))
    expect(exchange(page, "yyy")).to_have_count(1)
    for name in ("Connections", "Functions", "Tables", "Stack", "Timeline"):
        tab(page, name).click()
        panel = page.get_by_role("tabpanel", name=name)
        expect(panel).to_be_visible()
        expect(panel).not_to_contain_text("Reading…")
        assert page.evaluate("document.documentElement.scrollWidth") == 360, name


def test_two_thousand_entries_are_the_most_that_is_drawn(
    open_page: Callable[..., Page], served: Inside[Scene]
) -> None:
    page = open_page()

    async def flood() -> None:
        for number in range(2500):
            served.value.journal.record("sent", connection="AAAAAAAAAAAAAAA=", text=f"flood {number}")

    served.run(flood())
    expect(exchange(page, "flood 2499")).to_have_count(1)
    assert page.locator(".exchange").count() <= 2000
    expect(exchange(page, "flood 2499")).to_be_in_viewport()  # the newest is what is looked at
    page.get_by_label("Search").fill("flood 2498")
    expect(page.locator(".exchange")).to_have_count(1)


def test_events_of_any_shape_are_shown(open_page: Callable[..., Page], served: Inside[Scene]) -> None:
    page = open_page()
    context = {"eventType": "__proto__", "connectionId": {"a": 1}, "routeKey": ["x"]}
    events: list[Any] = [
        None, 7, "text", [], [1], {}, {"Records": []}, {"Records": [None, {"eventSource": 1, "eventSourceARN": []}]},
        {"requestContext": 7}, {"requestContext": None}, {"requestContext": context, "body": {"not": "text"}},
        {"requestContext": {"eventType": "MESSAGE", "connectionId": "c"}, "headers": 1}, {"__proto__": {"x": 1}},
    ]  # fmt: skip
    results: list[Any] = [
        None,
        0,
        "",
        "x",
        [],
        {"statusCode": {}},
        {"statusCode": "200", "body": [1]},
        {"body": None},
    ]

    async def happen() -> None:
        record = served.value.journal.record
        for number, shape in enumerate(events):
            facts = {"function": "Odd", "request": f"odd {number}"}
            record("invoked", event=shape, cold=False, **facts)
            record("returned", result=results[number % len(results)], duration_ms=1, **facts)
        record(
            "failed", function="Odd", request="never begun", error_type="Throttled", error="", duration_ms=0
        )
        record("something-new", fact=[1])
        record("refused", connection="r", api="A", stage="s", status=429)

    served.run(happen())
    expect(exchange(page, "something-new")).to_have_count(1)
    tab(page, "Functions").click()
    page.locator(".pick", has_text="Odd").click()
    rows = page.locator(".detail .run > .head")
    expect(rows).to_have_count(len(events) + 1)
    for row in rows.all():
        row.click()
    expect(page.locator(".detail .opened")).to_have_count(len(events) + 1)


# A whole deployment: the chat, with its own functions and tables


def test_the_chat_can_be_watched(browser: Browser, gateway: ServedGateway, room: str) -> None:
    page = browser.new_page(base_url=gateway.url, **{**DEFAULTS, **DESK})
    page.goto("/_local/")
    address = f"{gateway.ws_url}/live?{urlencode({'room_id': room, 'client_id': 'Ada'})}"
    with connect(address, open_timeout=DEADLINE) as client:
        joined = page.locator(".exchange.connect", has_text="connected").last
        expect(joined.locator(".run .good").first).to_have_text("200")
        client.send(message(type="message", text="watch this"))
        frame = page.locator(".exchange.frame", has_text="watch this").first
        expect(frame.locator(".run .good").first).to_have_text("200")
        tab(page, "Tables").click()
        page.get_by_label("Table", exact=True).select_option("Memberships")
        expect(page.locator("tbody tr", has_text=room).first).to_be_visible()
        tab(page, "Connections").click()
        page.locator(".pick").last.click()
        page.get_by_label("A frame for this connection").fill("from the page")
        page.get_by_role("button", name="Send").click()
        while client.recv(DEADLINE) != "from the page":
            pass
        page.get_by_role("button", name="Cut…").click()
        page.get_by_role("button", name="Cut", exact=True).click()
        expect(page.locator(".badge")).to_have_text("closed")
    page.close()
