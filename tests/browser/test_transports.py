"""The page where no WebSocket comes through: it falls back by itself, says so, climbs back, loses and repeats
nothing.
"""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from tests.browser.acts import contents, enter, lines, link, members, say, stored, until
from tests.browser.conftest import PageFactory, visitors
from tests.browser.events import Evaluate
from tests.browser.wall import Wall, wall_before
from tests.conftest import ServedGateway
from tests.threads import Inside, in_thread

pytestmark = pytest.mark.browser


@pytest.fixture
def wall(gateway: ServedGateway) -> Iterator[Inside[Wall]]:
    port = urlsplit(gateway.url).port
    assert port
    with in_thread(wall_before(port)) as inside:
        yield inside


@pytest.fixture
def behind(browser: Browser, wall: Inside[Wall]) -> Iterator[PageFactory]:
    """Opens the page behind the wall; Chromium complains of what does not come through, and of what is said by a
    transport that another has just taken over from.
    """
    with visitors(
        browser, wall.value.url, "WebSocket connection to", "net::ERR_", "status of 504", "status of 410"
    ) as open_page:
        yield open_page


def via(page: Page) -> Locator:
    """The mark of how the page is connected, if it is not by a WebSocket."""
    return page.locator("#via")


def test_where_no_socket_comes_through_the_page_polls_and_says_so(
    page_factory: PageFactory, behind: PageFactory, wall: Inside[Wall], room: str
) -> None:
    wall.value.sockets = False
    bo, ada = page_factory(), behind()
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    assert wall.value.upgrades == 1  # after half a minute it will try again
    expect(via(ada)).to_have_text("Long polling")
    expect(via(ada)).to_have_attribute("title", re.compile("block WebSockets"))
    expect(via(bo)).to_have_text("")
    for page in (ada, bo):
        expect(members(page)).to_have_text(["Ada", "Bo"])
        expect(lines(page, "Ada joined")).to_have_count(1)
    ada.evaluate(
        """() => {
             window.spoken = 0;
             new MutationObserver(() => { window.spoken += 1; })
               .observe(document.querySelector("#via-spoken"), { childList: true, characterData: true, subtree: true });
           }"""
    )
    say(bo, "hello")
    expect(contents(ada)).to_have_text(["hello"])
    say(ada, "سلام")
    for page in (ada, bo):
        expect(contents(page)).to_have_text(["hello", "سلام"])
    expect(stored(ada)).to_have_count(2)
    assert ada.evaluate("window.spoken") == 0  # it was read out once
    before = wall.value.upgrades
    ada.reload()  # which need not find out anew
    expect(via(ada)).to_have_text("Long polling")
    assert wall.value.upgrades == before
    expect(contents(ada)).to_have_text(["hello", "سلام"])


def under_way(page: Page) -> set[Request]:
    """The requests to the API, from now on, that have no answer yet."""
    asked: set[Request] = set()

    def is_over(request: Request) -> None:
        asked.discard(request)

    page.on("request", lambda request: asked.add(request) if "/api/" in request.url else None)
    page.on("requestfinished", is_over)
    page.on("requestfailed", is_over)
    return asked


def everyone_reads(texts: list[str], *pages: Page) -> None:
    """Each page shows these, each once, in the same order as the others."""
    for page in pages:
        expect(contents(page)).to_have_count(len(texts))
        expect(stored(page)).to_have_count(len(texts))
        assert sorted(contents(page).all_text_contents()) == sorted(texts)
        assert contents(page).all_text_contents() == contents(pages[0]).all_text_contents()


def test_over_several_switches_nothing_is_lost_or_repeated(
    page_factory: PageFactory, behind: PageFactory, wall: Inside[Wall], room: str
) -> None:
    bo, ada = page_factory(), behind()
    ada.clock.install()
    asked = under_way(ada)
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    told: list[str] = []

    def talk() -> None:
        for page, name in ((ada, "Ada"), (bo, "Bo")):
            for _ in range(2):
                told.append(f"{name} {len(told)}")
                say(page, told[-1])

    talk()
    for _ in range(2):
        wall.run(wall.value.block())
        talk()
        ada.clock.run_for(5_000)  # what it waits between two tries
        expect(via(ada)).to_have_text("Long polling")
        talk()
        everyone_reads(told, ada, bo)

        wall.value.sockets = True
        until(ada, lambda: len(asked) <= 1)  # all but the one that is held would run out of time
        ada.clock.fast_forward(40_000)  # from time to time it tries the better one
        talk()
        expect(via(ada)).to_have_text("")
        talk()
        everyone_reads(told, ada, bo)
    for name in ("Ada", "Bo"):
        mine = [text for text in told if text.startswith(name)]
        assert [text for text in contents(bo).all_text_contents() if text.startswith(name)] == mine
    expect(members(bo)).to_have_text(["Ada", "Bo"])

    def left() -> int:
        return sum(re.match("DELETE .*/members", request) is not None for request in wall.value.requests)

    # It has entered by the one before it left by the other.
    until(ada, lambda: left() >= 2)
    assert left() == 2


def test_where_long_requests_are_cut_it_polls_every_few_seconds(
    page_factory: PageFactory, behind: PageFactory, wall: Inside[Wall], room: str
) -> None:
    wall.value.sockets = False
    wall.value.patience = 0.5
    bo, ada = page_factory(), behind()
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    say(ada, "one")
    expect(via(ada)).to_have_text("Polling")
    expect(via(ada)).to_have_attribute("title", re.compile("cut long requests"))
    expect(stored(ada)).to_have_count(1)
    say(bo, "two")
    expect(contents(ada)).to_have_text(["one", "two"])
    say(ada, "three")
    everyone_reads(["one", "two", "three"], ada, bo)

    def last_poll() -> str:
        return [request for request in wall.value.requests if "wait=" in request][-1]

    until(ada, lambda: "wait=0" in last_poll())
    expect(lines(bo, "Ada left")).to_have_count(0)
    # Back to a network that has nothing in between.
    wall.value.sockets = True
    ada.evaluate("dispatchEvent(new Event('online'))")
    expect(via(ada)).to_have_text("")


def test_a_network_that_is_gone_is_no_reason_to_fall_back(
    behind: PageFactory, wall: Inside[Wall], room: str
) -> None:
    ada = behind()
    ada.clock.install()
    enter(ada, "Ada", room)
    ada.evaluate("Math.random = () => 0.9")  # long enough to be seen waiting
    ada.evaluate(
        """() => {
             window.marks = [];
             new MutationObserver(() => window.marks.push(document.querySelector("#via").textContent))
               .observe(document.querySelector("#via"), { childList: true, characterData: true, subtree: true });
           }"""
    )
    wall.run(wall.value.vanish())
    expect(link(ada)).to_have_attribute("data-status", "waiting")
    say(ada, "patience")
    before = wall.value.upgrades

    def has_tried() -> bool:
        ada.clock.run_for(1_000)
        return wall.value.upgrades > before + 2

    until(ada, has_tried)
    expect(link(ada)).to_have_attribute("data-status", "waiting")
    wall.value.gone = False
    ada.evaluate("dispatchEvent(new Event('online'))")
    expect(stored(ada)).to_have_count(1)
    assert ada.evaluate("window.marks") == []
    assert wall.value.requests == []


@pytest.mark.parametrize("hangs", [False, True])
def test_a_socket_on_which_nothing_comes_is_no_socket(
    behind: PageFactory, wall: Inside[Wall], room: str, hangs: bool
) -> None:
    wall.value.mute, wall.value.hangs = not hangs, hangs
    ada = behind()
    ada.clock.install()
    asked = under_way(ada)
    ada.get_by_label("Your name").fill("Ada")
    ada.get_by_label("Room", exact=True).fill(room)
    ada.get_by_role("button", name="Enter room").click()
    until(ada, lambda: wall.value.upgrades == 1)
    expect(link(ada)).to_have_attribute("data-status", "connecting" if hangs else "online")
    ada.clock.run_for(15_100)
    expect(via(ada)).to_have_text("Long polling")
    say(ada, "here")
    expect(stored(ada)).to_have_count(1)
    # One that is tried beside it does not take over either.
    until(ada, lambda: len(asked) <= 1)  # all but the one that is held would run out of time
    before = wall.value.upgrades
    ada.clock.fast_forward(40_000)
    until(ada, lambda: wall.value.upgrades > before)
    ada.clock.run_for(15_100)
    say(ada, "still here")
    expect(stored(ada)).to_have_count(2)
    expect(via(ada)).to_have_text("Long polling")


@pytest.mark.parametrize(("status", "body"), [(404, '{"message":"Not Found"}'), (403, "<p>No"), (501, "")])
def test_where_there_is_no_such_api_it_goes_on_with_sockets(
    browser: Browser, wall: Inside[Wall], room: str, status: int, body: str
) -> None:
    wall.value.sockets = False
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=status, body=body)

    with visitors(browser, wall.value.url, "WebSocket connection to", f"status of {status}") as visit:
        page = visit()
        page.clock.install()
        page.route("**/api/**", answer)
        page.evaluate("Math.random = () => 0.9")  # once it waits, it does so for long
        page.get_by_label("Room", exact=True).fill(room)
        page.get_by_role("button", name="Enter room").click()
        for _ in range(3):
            expect(link(page)).to_have_attribute("data-status", "waiting")
            page.clock.run_for(30_000)
        expect(page.locator("#notices")).to_contain_text("No connection yet.")
        assert len(asked) == 1
        expect(link(page)).to_have_attribute("data-status", "waiting")
        wall.value.sockets = True
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(link(page)).to_have_attribute("data-status", "online")
        expect(via(page)).to_have_text("")


def test_who_leaves_or_closes_the_tab_is_gone_at_once(page_factory: PageFactory, room: str) -> None:
    bo, ada, cy = page_factory(), page_factory(), page_factory()
    enter(bo, "Bo", room)
    for page, name in ((ada, "Ada"), (cy, "Cy")):
        page.goto("/?transport=long-polling")
        enter(page, name, room)
    expect(members(bo)).to_have_text(["Ada", "Bo", "Cy"])
    ada.get_by_role("button", name="Leave").click()
    expect(members(bo)).to_have_text(["Bo", "Cy"])
    cy.goto("about:blank")
    expect(members(bo)).to_have_text(["Bo"])
    for name in ("Ada", "Cy"):
        expect(lines(bo, f"{name} left")).to_have_count(1)
    # A page that the browser keeps may be shown again.
    cy.go_back()
    expect(members(bo)).to_have_text(["Bo", "Cy"])
    # Its clock stands still, or it would come back after a second, as one that was not closed after all.
    cy.clock.install()
    cy.clock.pause_at(cy.evaluate("Date.now()") / 1000 + 60)
    cy.evaluate("dispatchEvent(new Event('pagehide'))")
    expect(members(bo)).to_have_text(["Bo"])
    cy.evaluate("dispatchEvent(new Event('pageshow'))")
    expect(members(bo)).to_have_text(["Bo", "Cy"])


@pytest.mark.parametrize("kind", ["websocket", "long-polling", "polling"])
def test_one_kind_can_be_forced(page_factory: PageFactory, room: str, kind: str) -> None:
    page = page_factory(locale="fa-IR")
    fetched: set[str] = set()
    page.on("request", lambda asked: fetched.add(asked.url.rpartition("/js/transports/")[2]))
    room += "/ä?&#%2F+"  # names are percent-encoded, whatever they have
    page.goto(f"/?transport={kind}#{quote(room, safe='')}")
    page.locator("#enter").click()
    mark = {"websocket": "", "long-polling": "سرکشی طولانی", "polling": "سرکشی"}[kind]
    expect(via(page)).to_have_text(mark)
    expect(page.locator("#room-title")).to_have_text(room)
    expect(members(page)).to_have_text(["anonymous"])
    say(page, "سلام")
    expect(stored(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(rf"\?transport={kind}#"))
    # What is not needed is not loaded.
    others = {"long-polling.js", "polling.js", "poller.js", "api.js"}
    assert fetched & others == ({f"{kind}.js", "poller.js", "api.js"} if mark else set())
    page.reload()
    expect(contents(page)).to_have_text(["سلام"])
    expect(via(page)).to_have_text(mark)


def test_what_a_request_may_meet_loses_and_repeats_nothing(
    browser: Browser, gateway: ServedGateway, room: str
) -> None:
    """An answer that is lost, a rate limit, a server that cannot, one that forgot who asks."""
    trouble = iter(["lost", "limited", "unavailable", "fault", "forgotten", "refused"])
    ids: list[str] = []

    def meet(route: Route) -> None:
        ids.append(json.loads(route.request.post_data or "")["id"])
        error = {"type": "error", "content": "No.", "timestamp": "", "id": ids[-1]}
        match next(trouble, None):
            case "lost":
                route.fetch()
                route.abort("internetdisconnected")
            case "limited":
                route.fulfill(status=429, json=error | {"code": "rate_limited", "retry_after_ms": 200})
            case "unavailable":
                route.fulfill(status=503, json=error | {"code": "unavailable"})
            case "fault":
                route.fulfill(status=500, json={"message": "Internal Server Error"})
            case "forgotten":
                route.fulfill(status=410, json=error | {"code": "not_a_member"})
            case "refused":
                route.fulfill(status=413, json=error | {"code": "content_too_long"})
            case _:
                route.fallback()

    with visitors(browser, gateway.url, "the server responded with a status of") as visit:
        page = visit()
        page.goto("/?transport=polling")
        page.route("**/messages", meet)
        enter(page, "Ada", room)
        for text in ("one", "two", "three"):
            say(page, text)
        failed = page.locator(".message[data-progress=failed]")
        expect(failed).to_contain_text("It is too long")
        failed.get_by_role("button", name="Try again").click()
        expect(stored(page)).to_have_count(3)
        assert sorted(contents(page).all_text_contents()) == ["one", "three", "two"]
        assert len(set(ids)) == 3
        assert len(ids) == 9 - 1  # "one" was stored when its answer was lost


def test_a_second_entry_takes_over_before_the_first_is_too_old(page_factory: PageFactory, room: str) -> None:
    bo, ada = page_factory(), page_factory()
    ada.goto("/?transport=long-polling")
    ada.clock.install()
    requests: list[str] = []
    ada.on("request", lambda request: requests.append(request.method) if "/members" in request.url else None)
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    say(bo, "one")
    expect(contents(ada)).to_have_text(["one"])
    ada.clock.fast_forward(116 * 60_000)
    until(ada, lambda: "DELETE" in requests)
    say(bo, "two")
    say(ada, "three")
    everyone_reads(["one", "two", "three"], ada, bo)
    assert requests.count("POST") == 2
    expect(lines(bo, "Ada left")).to_have_count(0)
    expect(lines(bo, "Ada joined")).to_have_count(1)


def test_the_heartbeat_asks_how_far_the_room_is(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.goto("/?transport=long-polling")
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    enter(page, "Ada", room)
    say(page, "one")
    until(page, lambda: any(url.startswith("events?after=1&wait=25") for url in asked))
    asked.clear()
    page.clock.fast_forward(4 * 60_000 + 1_000)
    until(page, lambda: "members" in asked)
    assert any("id=after%3A1" in url and "noticed=" in url for url in asked)
    expect(link(page)).to_have_attribute("data-status", "online")


CHOOSE = """(m, events) => {
  const choice = new m.Choice();
  return events.map(([event, ...rest]) => [choice[event](...rest), choice.kind]);
}"""
NOW = 10**12
HALF_AN_HOUR = 30 * 60_000
"""Events of a choice and, after each, what it answers and the kind."""
CHOICES: dict[str, list[tuple[list[object], object, str]]] = {
    "one that never came through is enough": [
        (["ended", "lost", False, NOW], True, "long-polling"),
    ],
    "where one came through, two in a row": [
        (["worked", "websocket"], None, "websocket"),
        (["ended", "lost", True, NOW], False, "websocket"),
        (["ended", "lost", False, NOW], False, "websocket"),
        (["ended", "lost", False, NOW], True, "long-polling"),
    ],
    "what worked is tried again first, then the others from the top": [
        (["ended", "lost", False, NOW], True, "long-polling"),
        (["ended", "lost", True, NOW], False, "long-polling"),
        (["ended", "lost", False, NOW], False, "websocket"),
        (["ended", "lost", False, NOW], True, "long-polling"),
        (["ended", "refused", False, NOW], False, "websocket"),
    ],
    "long requests are not tried again soon where they are cut": [
        (["ended", "lost", False, NOW], True, "long-polling"),
        (["ended", "cut", True, NOW], True, "polling"),
        (["climbFailed", "websocket", NOW + 1], None, "polling"),
        (["ended", "lost", False, NOW], False, "websocket"),
        (["ended", "lost", False, NOW + 1], True, "polling"),
        (["climbFailed", "websocket", NOW + HALF_AN_HOUR], "long-polling", "polling"),
        (["climbFailed", "long-polling", NOW + HALF_AN_HOUR], None, "polling"),
        (["worked", "long-polling"], None, "long-polling"),
    ],
    "another network, perhaps": [
        (["ended", "lost", False, NOW], True, "long-polling"),
        (["ended", "cut", True, NOW], True, "polling"),
        (["networkChanged"], None, "polling"),
        (["climbFailed", "websocket", NOW], "long-polling", "polling"),
    ],
    "where there is no such API, sockets are all there is, for a while": [
        (["ended", "lost", False, NOW], True, "long-polling"),
        (["ended", "missing", False, NOW], False, "websocket"),
        (["ended", "lost", False, NOW + 299_999], False, "websocket"),
        (["ended", "lost", False, NOW + 300_000], True, "long-polling"),
    ],
}


@pytest.mark.parametrize("case", CHOICES)
def test_which_kind_is_next(js: Evaluate, case: str) -> None:
    events, *expected = zip(*CHOICES[case], strict=True)
    assert js("transport", CHOOSE, list(events)) == [list(each) for each in zip(*expected, strict=True)]


def test_a_better_kind_is_tried_less_and_less_often(js: Evaluate) -> None:
    waits = js(
        "transport",
        """(m) => {
          const [choice, waits] = [new m.Choice(), []];
          waits.push(choice.climbAfter(0) === Infinity);
          choice.ended("lost", false, 0);
          for (let round = 0; round < 6; round++) {
            waits.push(choice.climbAfter(round % 2));
            choice.climbFailed("websocket", 0);
          }
          return [...waits, new m.Choice("polling").climbAfter(0) === Infinity];
        }""",
    )
    assert waits == [True, 30_000, 75_000, 120_000, 300_000, 300_000, 375_000, True]
