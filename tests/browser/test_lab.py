"""The lab: one room carried three ways at once, its figures against the server's, and its use without a mouse.

Its console stays free of errors, so no policy of the page's headers is broken either.
"""

import csv
import itertools
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, WebSocket, expect

from tests.asking import ask
from tests.browser.acts import enter, members, until
from tests.browser.conftest import PageFactory, visitors
from tests.conftest import ServedGateway, serve, stop

pytestmark = pytest.mark.browser

WAYS = ("polling", "long-polling", "websocket")
HEADERS_WITHIN = 0.1
"""What the browser adds to a request is estimated."""


@pytest.fixture(scope="module")
def lab_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    """One of its own, whose counters nobody else moves."""
    served = serve(tmp_path_factory.mktemp("lab") / "log.txt", *os.environ.get("LAB_SITE", "").split())
    yield served
    assert stop(served) == 0


@pytest.fixture
def open_lab(browser: Browser, lab_gateway: ServedGateway) -> Iterator[PageFactory]:
    """Opens the lab in a room, or a page of the chat."""
    with visitors(browser, lab_gateway.url) as open_page:
        yield open_page


@dataclass
class Cost:
    """What one way has cost, by whoever counted."""

    requests: int = 0
    empty_answers: int = 0
    body_bytes_up: int = 0
    body_bytes_down: int = 0
    header_bytes_up: int = 0
    header_bytes_down: int = 0

    def add(self, **more: int) -> None:
        for name, value in more.items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Witness:
    """What Chromium itself sees of the requests by HTTP, whose way is known by the name of the member."""

    costs: dict[str, Cost] = field(default_factory=lambda: {way: Cost() for way in WAYS})
    polls: dict[str, list[float]] = field(default_factory=lambda: {way: [] for way in WAYS})
    """When each was begun, in epoch milliseconds."""
    finished: list[tuple[str, Request]] = field(default_factory=list)
    over: int = 0

    def watch(self, page: Page) -> None:
        page.on("request", self._begun)
        page.on("requestfinished", self._finished)
        page.on("websocket", self._opened)

    @staticmethod
    def _way(request: Request) -> str | None:
        if "/api/" not in request.url:
            return None
        name = request.headers.get("authorization", "") + request.url
        found = re.search(r"lab-(long-polling|polling)-", name)
        assert found, name
        return found[1]

    def _begun(self, request: Request) -> None:
        if way := self._way(request):
            self.costs[way].add(requests=1)

    def _finished(self, request: Request) -> None:
        if way := self._way(request):
            self.finished.append((way, request))
            self.over += 1
            if "/events" in request.url:
                self.polls[way].append(request.timing["startTime"])

    def _opened(self, socket: WebSocket) -> None:
        cost = self.costs["websocket"]
        cost.add(requests=1)
        socket.on("framesent", lambda frame: cost.add(body_bytes_up=size(frame)))
        socket.on("framereceived", lambda frame: cost.add(body_bytes_down=size(frame)))

    def settle(self) -> None:
        """Ask Chromium for the sizes of what is over."""
        done, self.finished = self.finished, []
        for way, request in done:
            sizes, response = request.sizes(), request.response()
            assert response is not None
            empty = "/events" in request.url and response.json()["events"] == []
            self.costs[way].add(
                empty_answers=empty,
                body_bytes_up=sizes["requestBodySize"],
                body_bytes_down=sizes["responseBodySize"],
                header_bytes_up=sizes["requestHeadersSize"],
                header_bytes_down=sizes["responseHeadersSize"],
            )


def size(frame: bytes | str) -> int:
    return len(frame.encode() if isinstance(frame, str) else frame)


# Before any script of the page's own has run.
QUIET = """document.addEventListener("readystatechange", () => {
  for (const choice of document.querySelectorAll("#rate option")) choice.selected = choice.value === "0";
}, { once: true });"""


def go(page: Page, room: str) -> None:
    """To the lab, in that room, without messages that are sent by themselves, and with quick polls."""
    page.add_init_script(QUIET)
    page.goto(f"/lab.html#{room}")
    expect(page.locator("#rate")).to_have_value("0")
    set_range(page, "interval", 0.5)
    for way in WAYS:
        expect(dot(page, way)).to_have_attribute("data-state", re.compile("asking|resting|open"))


def card(page: Page, way: str) -> Locator:
    return page.locator(f"article.way.{way}")


def dot(page: Page, way: str) -> Locator:
    return card(page, way).locator(".dot")


def arrivals(page: Page, way: str) -> Locator:
    return card(page, way).locator(".arrivals bdi")


def set_range(page: Page, name: str, value: float) -> None:
    page.locator(f"#{name}").fill(str(value))


def say(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Send one now").click()


def said_everywhere(page: Page, text: str) -> None:
    for way in WAYS:
        expect(arrivals(page, way).first).to_have_text(text)


def figure(page: Page, row: str, way: str) -> str:
    return page.locator(f"#figures [data-row={row}] [data-kind={way}]").inner_text()


def exported(page: Page) -> dict[str, Cost]:
    """The sums of the file that the lab exports."""
    with page.expect_download() as caught:
        page.get_by_role("button", name="Export CSV").click()
    sums = {way: Cost() for way in WAYS}
    with Path(caught.value.path()).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sums[row["transport"]].add(**{each.name: int(row[each.name]) for each in fields(Cost)})
    return sums


def is_quiet(page: Page, witness: Witness) -> bool:
    """Nothing is under way but the one question that the server holds, and the next poll is far away."""
    begun = sum(witness.costs[way].requests for way in ("polling", "long-polling"))
    rest = re.search(r"in \W*(\d\d) seconds", card(page, "polling").locator(".state").inner_text())
    return begun == witness.over + 1 and rest is not None and int(rest[1]) < 29


def without_headers(cost: Cost) -> Cost:
    return replace(cost, header_bytes_up=0, header_bytes_down=0)


def server(gateway: ServedGateway) -> dict[str, Any]:
    """What the gateway has counted, by route."""
    status, answer = ask(gateway.url, "GET", "requests")
    assert status == 200, answer
    figures: dict[str, Any] = answer["PollApi"]
    return figures


def test_the_figures_are_those_of_the_server(
    open_lab: PageFactory, lab_gateway: ServedGateway, room: str
) -> None:
    """In a moment in which nothing is under way but the question that the server holds."""
    witness = Witness()
    page = open_lab()
    until(page, lambda: not any(route["open"] for route in server(lab_gateway).values()))
    before = server(lab_gateway)
    witness.watch(page)
    go(page, room)
    until(page, lambda: witness.costs["polling"].requests > 7)
    for number, sender in enumerate(WAYS, start=1):
        page.locator("#sender").select_option(sender)
        say(page, "سلام!")
        said_everywhere(page, f"#{number} سلام!")
    set_range(page, "interval", 30)
    until(page, lambda: is_quiet(page, witness))
    lab = exported(page)
    witness.settle()
    after = server(lab_gateway)

    for way in WAYS:
        assert without_headers(lab[way]) == without_headers(witness.costs[way])
    assert lab["polling"].empty_answers > 4

    def moved(name: str) -> int:
        routes = {*before, *after}
        return sum(after.get(r, {}).get(name, 0) - before.get(r, {}).get(name, 0) for r in routes)

    by_http = [lab["polling"], lab["long-polling"]]
    assert moved("open") == 1
    assert sum(way.requests for way in by_http) == moved("requests") + moved("open")
    polling, seen = lab["polling"], witness.costs["polling"]
    assert polling.header_bytes_up == pytest.approx(seen.header_bytes_up, rel=HEADERS_WITHIN)
    assert sum(way.body_bytes_up for way in by_http) == moved("body_received")
    assert sum(way.body_bytes_down for way in by_http) == moved("body_sent")
    # To the byte: a page can read all headers of its answers.
    assert polling.header_bytes_down == seen.header_bytes_down
    assert sum(way.body_bytes_down + way.header_bytes_down for way in by_http) == moved("sent")
    assert sum(way.body_bytes_up + way.header_bytes_up for way in by_http) == pytest.approx(
        moved("received"), rel=HEADERS_WITHIN
    )


def test_what_one_says_comes_by_all_three_ways(open_lab: PageFactory, room: str) -> None:
    page = open_lab()
    go(page, room)
    for number, sender in enumerate(WAYS, start=1):
        page.locator("#sender").select_option(sender)
        say(page, f"over {sender}")
        said_everywhere(page, f"#{number} over {sender}")
    for way in WAYS:
        expect(page.locator(f"#figures [data-row=delivered] [data-kind={way}]")).to_have_text("3")
        assert re.fullmatch(r"[\d.]+ m?s", figure(page, "p50", way))
    assert page.title() == "The lab · Parley"


def test_messages_are_sent_by_themselves(open_lab: PageFactory, room: str) -> None:
    page = open_lab()
    go(page, room)
    page.locator("#rate").select_option("1000")
    for way in WAYS:
        expect(arrivals(page, way).filter(has_text=re.compile(r"^#([3-9]|\d\d+)$")).first).to_be_visible()


def test_the_interval_is_what_the_slider_says(open_lab: PageFactory, room: str) -> None:
    witness = Witness()
    page = open_lab()
    witness.watch(page)
    go(page, room)
    for interval in (1.5, 0.5):
        set_range(page, "interval", interval)
        known = len(witness.polls["polling"]) + 1  # the next one may have been due already

        def shortest(known: int = known) -> float:
            """The time from one poll to the next: a busy machine makes some of them late, but none early."""
            begun = witness.polls["polling"][known:]
            return min((after - before for before, after in itertools.pairwise(begun)), default=math.inf)

        until(page, lambda most=interval * 1000 + 1500: shortest() < most)  # type: ignore[misc]
        assert shortest() >= interval * 1000 - 100
    expect(page.locator("#interval-said")).to_have_text("0.5 seconds")


def test_a_shorter_interval_acts_at_once(open_lab: PageFactory, room: str) -> None:
    witness = Witness()
    page = open_lab()
    witness.watch(page)
    go(page, room)
    set_range(page, "interval", 30)
    until(page, lambda: is_quiet(page, witness))
    known = len(witness.polls["polling"])
    set_range(page, "interval", 0.5)
    until(page, lambda: len(witness.polls["polling"]) > known)
    assert witness.polls["polling"][known] - witness.polls["polling"][known - 1] < 29_000


def test_without_websockets_the_other_two_go_on(open_lab: PageFactory, room: str) -> None:
    page = open_lab()
    page.route_web_socket("**/ws/**", lambda route: route.close(code=1001))
    page.goto(f"/lab.html#{room}")
    expect(dot(page, "websocket")).to_have_attribute("data-state", re.compile("refused|away"))
    expect(page.locator("#sender")).to_have_value("websocket")
    page.locator("#rate").select_option("0")
    for way in ("polling", "long-polling"):
        expect(dot(page, way)).to_have_attribute("data-state", re.compile("asking|resting"))
    say(page, "by another way")
    for way in ("polling", "long-polling"):
        expect(arrivals(page, way).first).to_contain_text("by another way")
    expect(card(page, "websocket").locator(".state")).to_contain_text("next attempt in")


def test_a_pause_leaves_the_room(open_lab: PageFactory, room: str) -> None:
    page, other = open_lab(), open_lab()
    enter(other, "Ada", room)
    go(page, room)
    expect(members(other)).to_have_count(4)
    page.get_by_role("button", name="Pause").click()
    expect(members(other)).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text("Paused. All three have left the room.")
    page.get_by_role("button", name="Go on").click()
    expect(members(other)).to_have_count(4)


def test_a_hidden_page_pauses(open_lab: PageFactory, room: str) -> None:
    page = open_lab()
    go(page, room)
    hide = """(hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(hide, True)
    for way in WAYS:
        expect(dot(page, way)).to_have_attribute("data-state", "stopped")
    page.evaluate(hide, False)
    for way in WAYS:
        expect(dot(page, way)).to_have_attribute("data-state", re.compile("asking|resting|open"))
    expect(page.get_by_role("status")).to_contain_text("out of sight")


def test_a_forgotten_page_pauses(open_lab: PageFactory, room: str) -> None:
    page = open_lab()
    page.clock.install()
    go(page, room)
    page.clock.fast_forward(29 * 60_000)
    page.locator("#interval").press("ArrowRight")
    page.clock.fast_forward(29 * 60_000)
    expect(dot(page, "websocket")).to_have_attribute("data-state", "open")
    page.clock.fast_forward(2 * 60_000)
    for way in WAYS:
        expect(dot(page, way)).to_have_attribute("data-state", "stopped")
    expect(page.locator("#said")).to_contain_text("half an hour")


def test_a_message_sent_by_hand_is_told_of_once(open_lab: PageFactory, room: str) -> None:
    page = open_lab()
    go(page, room)
    page.evaluate(
        """() => {
             window.told = [];
             const said = document.querySelector("#said");
             new MutationObserver(() => told.push(said.textContent)).observe(said, { childList: true });
           }"""
    )
    say(page, "")
    expect(page.get_by_role("status")).to_contain_text("has arrived")
    told = page.evaluate("told")
    assert len(told) == 1, told
    for way in ("Polling", "Long polling", "WebSocket"):
        assert re.search(rf"{way}\W+after", told[0]), told


@pytest.mark.parametrize(
    ("locale", "forward", "back"),
    [("en-GB", "ArrowRight", "ArrowLeft"), ("fa-IR", "ArrowLeft", "ArrowRight")],
)
def test_the_tabs_go_by_the_arrow_keys(
    open_lab: PageFactory, room: str, locale: str, forward: str, back: str
) -> None:
    page = open_lab(locale=locale)
    page.goto(f"/lab.html#{room}")
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_text(["HTTP/1.1", "HTTP/2", "HTTP/3"])

    def chosen(index: int) -> None:
        expect(tabs.nth(index)).to_be_focused()
        expect(page.locator("[role=tab][aria-selected=true]")).to_have_text(tabs.nth(index).inner_text())
        expect(page.get_by_role("tabpanel")).to_have_count(1)

    tabs.first.focus()
    for key, index in ((forward, 1), (forward, 2), (forward, 0), (back, 2), ("Home", 0), ("End", 2)):
        page.keyboard.press(key)
        chosen(index)
    expect(page.get_by_role("tabpanel")).to_contain_text(":protocol")


def test_the_lab_speaks_persian_from_right_to_left(open_lab: PageFactory, room: str) -> None:
    page = open_lab(locale="fa-IR")
    page.goto(f"/lab.html#{room}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("#interval-said")).to_have_text("۲ ثانیه")
    for code in page.locator("code").all():
        expect(code).to_have_attribute("dir", "ltr")
    page.get_by_label("زبان").select_option("en")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(page.get_by_role("heading", level=1)).to_have_text("From polling to WebSocket")


@pytest.mark.parametrize("locale", ["en-GB", "fa-IR"])
def test_nothing_is_wider_than_a_small_phone(open_lab: PageFactory, room: str, locale: str) -> None:
    page = open_lab(locale=locale, viewport={"width": 360, "height": 740})
    page.goto(f"/lab.html#{room}")
    expect(page.get_by_role("tab").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_entry_leads_to_the_lab_and_back(open_lab: PageFactory) -> None:
    page = open_lab()
    page.get_by_role("link", name="the lab").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("From polling to WebSocket")
    page.get_by_role("link", name="To the chat").click()
    expect(page.get_by_role("button", name="Enter room")).to_be_visible()
