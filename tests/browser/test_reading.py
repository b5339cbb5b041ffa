"""Reading a long log: what is drawn of it, where one is in it, what is new, and when it was said."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acts import contents, enter, lines, say, until
from tests.browser.conftest import PageFactory
from tests.browser.events import Event, forward, message, newest, page_of
from tests.browser.stand_in import Server

pytestmark = pytest.mark.browser

MOST = 280
"""Rows: messages, and days and dividers between them."""

# Scrolls by so much, and answers how far a message that stayed in sight is then from where it should be.
SCROLL = """async (log, by) => {
  const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const { top, bottom } = log.getBoundingClientRect();
  const inSight = (row) => row.getBoundingClientRect().bottom > top && row.getBoundingClientRect().top < bottom;
  const rows = [...log.querySelectorAll(".message")].filter(inSight);
  const row = rows[by < 0 ? 0 : rows.length - 1];
  const [was, from] = [row.getBoundingClientRect().bottom, log.scrollTop];
  log.scrollTop += by;
  const moved = log.scrollTop - from;
  await frames();
  const off = Math.abs(row.getBoundingClientRect().bottom - (was - moved));
  return [moved, off, log.querySelectorAll("#rows > li").length];
}"""

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def log_of(page: Page) -> Locator:
    return page.get_by_role("log")


def jump(page: Page) -> Locator:
    return page.locator("#jump")


def from_end(page: Page) -> float:
    distance: float = log_of(page).evaluate("log => log.scrollHeight - log.scrollTop - log.clientHeight")
    return distance


def scroll_to(page: Page, edge: int, goal: int) -> tuple[float, float]:
    """Step by step, until the goal is there and nothing beyond it; how far anything ever jumped, and how many rows
    there ever were.
    """
    off, most = 0.0, 0.0

    def is_there() -> bool:
        nonlocal off, most
        moved, jumped, rows = log_of(page).evaluate(SCROLL, edge * 700)
        off, most = max(off, jumped), max(most, rows)
        return moved == 0 and numbers(page)[0 if edge < 0 else -1] == goal

    until(page, is_there)
    return off, most


def numbers(page: Page) -> list[int]:
    return [int(text.split()[1]) for text in contents(page).all_text_contents()]


def before(seq: int, messages: Sequence[Event], *, more: bool) -> Event:
    return page_of(*messages, ask=f"before:{seq}", through=seq - 1, last_seq=900, more=more)


def test_of_a_long_log_a_few_hundred_rows_are_drawn_and_all_can_be_reached(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    earlier = [
        before(101, [*map(message, range(51, 101))], more=True),
        before(51, [*map(message, range(1, 51))], more=False),
    ]
    server = Server.of(page, newest(*range(101, 151), more=True), *earlier)
    enter(page, "Ada", room)
    for start in range(151, 901, 150):
        server.send(*map(message, range(start, start + 150)))
        expect(contents(page).last).to_have_text(f"Bo {start + 149}")
        # Whoever reads the end goes on reading it.
        assert from_end(page) < 1
    assert page.locator("#rows > li").count() <= MOST
    shown = numbers(page)
    assert len(shown) >= 100
    assert shown == list(range(shown[0], 901))

    off, most = scroll_to(page, -1, 1)
    assert (off < 1, most <= MOST, server.asked) == (True, True, ["newest", "before:101", "before:51"])
    shown = numbers(page)
    assert shown == list(range(1, shown[-1] + 1))
    # What comes meanwhile is far below.
    server.send(*map(message, range(901, 911)))
    expect(jump(page)).to_have_text("10")
    assert numbers(page) == shown

    off, most = scroll_to(page, 1, 910)
    assert (off < 1, most <= MOST) == (True, True)
    expect(jump(page)).not_to_be_visible()
    server.send(message(911))
    expect(contents(page).last).to_have_text("Bo 911")
    assert from_end(page) < 1


def test_rows_that_stay_are_never_drawn_again(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    server = Server.of(page, newest(*range(1, 351)))
    enter(page, "Ada", room)
    kept = "rows => { window.kept = [...rows.children].slice(-200); }"
    page.locator("#rows").evaluate(kept)
    server.send(*map(message, range(351, 401)))
    expect(contents(page).last).to_have_text("Bo 400")
    log_of(page).evaluate(SCROLL, -7000)
    assert page.evaluate("kept.every((row) => row.isConnected)")
    assert page.locator("#rows").evaluate("rows => rows.children[rows.children.length - 51] === kept.at(-1)")


def test_whoever_goes_up_slowly_is_not_brought_back(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    server = Server.of(page, newest(*range(1, 61)))
    enter(page, "Ada", room)
    for seq in range(61, 66):
        log_of(page).evaluate(SCROLL, -15)
        server.send(message(seq))
        expect(contents(page).last).to_have_text(f"Bo {seq}")
    assert from_end(page) > 5 * 15
    expect(jump(page)).to_be_visible()


def test_what_comes_while_one_reads_further_up_is_counted_and_marked(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    server = Server.of(page, newest(*range(1, 61)))
    enter(page, "Ada", room)
    divider = page.locator(".unread")
    expect(jump(page)).not_to_be_visible()
    log_of(page).evaluate(SCROLL, -400)
    expect(jump(page)).to_be_visible()
    expect(jump(page)).to_have_accessible_name("Latest messages")
    place = contents(page).get_by_text("Bo 50", exact=True)
    was = place.bounding_box()
    server.send(message(61), message(62), message(63, who="Cy"))
    expect(jump(page)).to_have_text("3")
    expect(jump(page)).to_have_accessible_name("Latest messages, 3 new")
    expect(page).to_have_title(f"(3) {room} · Parley")
    assert place.bounding_box() == was
    expect(page.locator(".unread + .message .content")).to_have_text("Bo 61")
    page.locator("#language").select_option("fa")
    expect(jump(page)).to_have_text("۳")
    expect(divider).to_have_text("پیام‌های نخوانده")
    expect(page).to_have_title(f"(۳) {room} · Parley")
    page.locator("#language").select_option("en")

    # What has been in sight is counted no more.
    log_of(page).evaluate("log => { log.scrollTop = log.scrollHeight - log.clientHeight - 90; }")
    jump(page).press("Enter")
    expect(jump(page)).not_to_be_visible()
    assert from_end(page) < 1
    expect(log_of(page)).to_be_focused()
    expect(page).to_have_title(f"{room} · Parley")
    # Where it began stays to be seen, until the next begins or one writes.
    expect(divider).to_have_count(1)
    log_of(page).evaluate(SCROLL, -400)
    server.send(message(64))
    expect(page.locator(".unread + .message .content")).to_have_text("Bo 64")
    say(page, "me too")
    expect(divider).to_have_count(0)
    assert from_end(page) < 1


def test_another_language_and_another_width_leave_what_is_read_in_its_place(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    wordy = [message(seq) | {"content": f"Bo {seq} " + "word " * seq} for seq in range(1, 121)]
    Server.of(page, page_of(*wordy, ask="newest", through=120))
    enter(page, "Ada", room)
    log_of(page).evaluate(SCROLL, -2000)
    top = """log => [...log.querySelectorAll(".message")]
      .map((row) => [row.querySelector(".content").textContent, row.getBoundingClientRect().bottom - log.offsetTop])
      .find(([, bottom]) => bottom > 0)"""
    was = log_of(page).evaluate(top)
    page.locator("#language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    for _ in range(2):
        now = log_of(page).evaluate(top)
        assert now[0] == was[0]
        assert abs(now[1] - was[1]) < 1
        page.set_viewport_size({"width": 320, "height": 700})
        page.wait_for_function("document.querySelector('#log').clientHeight > 500")


def test_whoever_comes_back_sees_where_the_new_begins(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    server = Server.of(page, newest(*range(1, 61)))
    enter(page, "Ada", room)
    page.evaluate(HIDE, True)
    server.send(message(61), message(62))
    expect(page.locator(".unread")).to_have_count(1)
    expect(page).to_have_title(f"(2) {room} · Parley")
    # Few of them are all in sight.
    page.evaluate(HIDE, False)
    expect(page).to_have_title(f"{room} · Parley")
    expect(page.locator(".unread")).to_be_in_viewport()
    assert from_end(page) < 1
    page.evaluate(HIDE, True)
    expect(page.locator(".unread")).to_have_count(0)
    # Many are not, and may be more than are drawn.
    server.send(*map(message, range(63, 563)))
    expect(page).to_have_title(f"(500) {room} · Parley")
    page.evaluate(HIDE, False)
    expect(contents(page).get_by_text("Bo 63", exact=True)).to_be_in_viewport()
    expect(page.locator(".unread")).to_be_in_viewport()
    top = "log => document.querySelector('.unread').offsetTop - log.scrollTop"
    assert log_of(page).evaluate(top) < 60
    expect(jump(page).locator(".count")).to_have_text(
        re.compile("^4")
    )  # not before what is in sight was seen
    seen = 500 - int(jump(page).inner_text())
    assert 2 < seen < 40
    scroll_to(page, 1, 562)
    expect(page).to_have_title(f"{room} · Parley")


def test_of_very_many_messages_the_last_are_kept_and_what_is_read_stays_in_place(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    server = Server.of(page, newest(*range(101, 161), more=True))
    enter(page, "Ada", room)
    server.send(forward(160, *range(161, 10_101), through=10_100))
    expect(contents(page).last).to_have_text("Bo 10100")
    page.locator("#rows").evaluate("rows => { window.kept = [...rows.children].slice(-50); }")
    server.send(message(10_101))
    expect(contents(page).last).to_have_text("Bo 10101")
    assert from_end(page) < 1
    assert page.evaluate("kept.every((row) => row.isConnected)")

    # Whoever goes up from the end keeps what is in sight, whatever comes below.
    log_of(page).evaluate(SCROLL, -400)
    top = numbers(page)[0]
    place = contents(page).get_by_text("Bo 10090", exact=True)
    was = place.bounding_box()
    server.send(forward(10_101, *range(10_102, 30_101), through=30_100))
    expect(jump(page)).to_have_text("19,999")
    assert (place.bounding_box(), numbers(page)[0]) == (was, top)
    # More that is new than can be kept: one is led to where that begins.
    server.send(message(30_101), message(30_102))
    expect(contents(page).first).to_have_text("Bo 20103")
    expect(page.locator(".unread + .message .content")).to_have_text("Bo 20103")
    expect(page.locator(".unread")).to_be_in_viewport()
    server.pages.append(before(20_103, [*map(message, range(20_053, 20_103))], more=True))
    page.locator("#earlier").click()
    expect(contents(page).first).to_have_text("Bo 20053")
    expect(page.locator(".unread")).to_be_in_viewport()
    jump(page).click()
    expect(contents(page).last).to_have_text("Bo 30102")
    assert from_end(page) < 1


def test_a_room_that_is_entered_out_of_sight_counts_from_then_on(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    page.evaluate(HIDE, True)
    server = Server.of(page, newest(1, 2))
    enter(page, "Ada", room)
    expect(contents(page)).to_have_count(2)
    server.send(message(3), message(4, who="Ada"))
    expect(page).to_have_title(f"(1) {room} · Parley")


def test_focus_goes_to_the_log_when_what_has_it_is_gone(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    server = Server.of(page, newest(*range(1, 11)))
    enter(page, "Ada", room)
    page.locator(".message").first.evaluate("row => { row.tabIndex = -1; row.focus(); }")
    server.send(*map(message, range(11, 351)))
    expect(contents(page).last).to_have_text("Bo 350")
    expect(log_of(page)).to_be_focused()


def system(seconds: int, content: str) -> Event:
    return {
        "type": "system",
        "room_id": "r",
        "client_id": "system",
        "content": content,
        "timestamp": f"2030-01-01T11:00:{seconds:02}.000Z",
    }


def test_many_who_come_and_go_are_one_line_that_can_be_opened(page_factory: PageFactory) -> None:
    page = page_factory()
    server = Server.of(page, newest(1))
    enter(page, "Ada", "r")
    names = ["Bo", "بهار", "Cy", "Di", "Ed"]
    server.send(*(system(number, f"{name} joined r.") for number, name in enumerate(names)))
    crowd = page.locator(".line > details")
    expect(crowd.locator("summary")).to_have_text("Bo, بهار, Cy and 2 others joined")
    expect(lines(page, "Cy joined")).not_to_be_visible()
    crowd.locator("summary").press("Enter")
    expect(lines(page, "Cy joined")).to_be_visible()
    server.send(system(10, "Cy left r."), system(11, "Di left r."))
    expect(crowd.locator("summary")).to_have_text("Bo, بهار, Cy and 2 others joined; Cy and Di left")
    expect(lines(page, "Di left")).to_be_visible()
    page.locator("#language").select_option("fa")
    expect(crowd.locator("summary")).to_contain_text("؛ Cy و Di رفتند")


def test_times_are_told_by_how_long_ago_and_in_full(page_factory: PageFactory, room: str) -> None:
    page = page_factory(timezone_id="Asia/Tehran")
    now = datetime(2026, 5, 17, 20, 20, tzinfo=UTC)
    page.clock.install(time=now)
    page.clock.set_fixed_time(now)  # however long this takes
    ago: list[Any] = [
        message(seq) | {"timestamp": (now - timedelta(minutes=minutes)).isoformat()}
        for seq, minutes in ((1, 90), (2, 50), (3, 0))
    ]
    Server.of(page, page_of(*ago, ask="newest", through=3))
    enter(page, "Ada", room)
    times = page.locator(".message time")
    expect(times).to_have_text(["22:20", "50 min ago", "now"])
    expect(page.locator(".day")).to_have_text(["today"])
    assert "17 May 2026 at 23:50:00" in str(times.last.get_attribute("title"))
    assert times.last.get_attribute("datetime") == "2026-05-17T20:20:00.000Z"
    page.clock.set_fixed_time(now + timedelta(minutes=11))
    page.clock.run_for(20_000)  # as often it looks at the clock
    expect(times).to_have_text(["22:20", "23:00", "11 min ago"])
    expect(page.locator(".day")).to_have_text(["yesterday"])
    page.locator("#language").select_option("fa")
    expect(times).to_have_text(["۲۲:۲۰", "۲۳:۰۰", "۱۱ دقیقه پیش"])
