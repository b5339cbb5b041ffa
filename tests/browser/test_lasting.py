"""Nothing is lost, on the page: over a cut, a reload, and the change to a second socket."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.acts import (
    Cable,
    contents,
    enter,
    lines,
    link,
    members,
    say,
    statuses,
    stored,
    until,
    watch_link,
)
from tests.browser.conftest import PageFactory

pytestmark = pytest.mark.browser

HALF_A_MINUTE = 30_000
BEFORE_RELIEF, AFTER_RELIEF = 109 * 60_000, 115 * 60_000 + 1_000


def waits(page: Page, count: int) -> None:
    """So many messages wait for the connection."""
    expect(page.locator(".message[data-progress=waiting]")).to_have_count(count)


def two_who_talk(page_factory: PageFactory, room: str, first: str) -> tuple[Page, Page, Cable]:
    """Bo and Ada, who has said something; Ada's clock and cable are in the test's hands."""
    bo, ada = page_factory(), page_factory()
    ada.clock.install()
    cable = Cable(ada)
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    say(ada, first)
    expect(contents(bo)).to_have_text([first])
    expect(stored(ada)).to_have_count(1)
    return bo, ada, cable


def test_half_a_minute_without_network_loses_and_repeats_nothing(
    page_factory: PageFactory, room: str
) -> None:
    bo, ada, cable = two_who_talk(page_factory, room, "before")

    ada.evaluate("Math.random = () => 0.1")  # it never waits for long
    cable.pull()
    expect(link(ada)).not_to_have_attribute("data-status", "online")
    mine = [f"in the dark {number}" for number in range(3)]
    for content in mine:
        say(ada, content)
    missed = [f"missed {number}" for number in range(8)]
    for content in missed:
        say(bo, content)
    expect(stored(bo)).to_have_count(9)
    for _ in range(6):
        ada.clock.run_for(HALF_A_MINUTE // 6)
    waits(ada, 3)
    until(ada, lambda: cable.refused > 1)

    cable.plug_in()
    for page in (ada, bo):
        expect(contents(page)).to_have_text(["before", *missed, *mine])
        expect(page.locator(".message .progress p")).to_have_count(0)
    assert [len(cable.published(content)) for content in mine] == [1, 1, 1]
    expect(ada.locator(".message.mine .mark")).to_have_count(4)
    expect(ada.locator(".message.mine .mark").first).to_contain_text("Stored")


def test_a_reload_goes_on_where_it_was_and_sends_what_waits(page_factory: PageFactory, room: str) -> None:
    bo, ada = page_factory(), page_factory()
    cable = Cable(ada)
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    say(bo, "hello")
    expect(contents(ada)).to_have_text(["hello"])
    cable.pull()
    say(ada, "waiting")
    waits(ada, 1)
    say(bo, "missed")
    ada.reload()
    # In the room again, without the network.
    expect(contents(ada)).to_have_text(["hello", "waiting"])
    waits(ada, 1)
    say(ada, "also waiting")
    ada.reload()
    waits(ada, 2)
    expect(stored(bo)).to_have_count(2)
    cable.plug_in()
    for page in (ada, bo):
        expect(contents(page)).to_have_text(["hello", "missed", "waiting", "also waiting"])
    expect(stored(ada)).to_have_count(4)
    assert [len(cable.published(content)) for content in ("waiting", "also waiting")] == [1, 1]
    syncs = [json.loads(frame) for frame in cable.sent if "sync" in frame]
    assert [frame.get("after") for frame in syncs][:2] == [None, 1]


def test_a_reload_while_an_answer_is_due_sends_it_again_by_the_same_id(
    page_factory: PageFactory, room: str
) -> None:
    bo, ada = page_factory(), page_factory()
    ids: list[str] = []

    def deaf(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def forward(frame: str | bytes) -> None:
            if "content" in str(frame):
                ids.append(json.loads(frame)["id"])
            server.send(frame)

        route.on_message(forward)
        if not ids:
            server.on_message(lambda frame: None if '"type":"message"' in str(frame) else route.send(frame))

    ada.route_web_socket("**/ws/**", deaf)
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    say(ada, "once")
    expect(contents(bo)).to_have_text(["once"])
    expect(ada.locator(".message .progress p")).to_have_text(["Sending…"])
    ada.reload()
    expect(stored(ada)).to_have_count(1)
    say(ada, "twice")
    for page in (ada, bo):
        expect(contents(page)).to_have_text(["once", "twice"])
    assert len(set(ids)) == 2


def test_leaving_by_the_button_forgets_the_room_and_another_tab_knows_nothing(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    say(page, "hello")
    expect(stored(page)).to_have_count(1)
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.locator("#entry-form")).to_be_visible()
    tab.close()
    until(page, lambda: page.evaluate("Object.keys(sessionStorage).length") > 1)
    page.get_by_role("button", name="Leave").click()
    assert page.evaluate("Object.keys(sessionStorage)") == []
    page.reload()
    expect(page.locator("#entry-form")).to_be_visible()


def test_a_second_socket_takes_over_before_the_gateway_cuts_and_nobody_notices(
    page_factory: PageFactory, room: str
) -> None:
    bo, ada, cable = two_who_talk(page_factory, room, "one")
    watch_link(ada)

    ada.clock.fast_forward(BEFORE_RELIEF)
    say(bo, "two")
    expect(contents(ada)).to_have_text(["one", "two"])
    assert cable.connections == 1
    ada.clock.fast_forward(AFTER_RELIEF - BEFORE_RELIEF)
    say(bo, "three")
    say(ada, "four")
    expect(stored(ada)).to_have_count(4)
    until(ada, lambda: cable.connections == 2 and len(cable.live) == 1)
    say(ada, "five")
    say(bo, "six")
    for page in (ada, bo):
        expect(contents(page)).to_have_count(6)
        expect(stored(page)).to_have_count(6)
        assert sorted(contents(page).all_text_contents()) == sorted(
            ["one", "two", "three", "four", "five", "six"]
        )
    assert contents(ada).all_text_contents() == contents(bo).all_text_contents()
    assert set(statuses(ada)) == {"online"}
    expect(lines(bo, "Ada left")).to_have_count(0)
    expect(lines(bo, "Ada joined")).to_have_count(1)
    expect(lines(ada, "Ada joined")).to_have_count(1)
    expect(members(ada)).to_have_text(["Ada", "Bo"])
    # And on the second one as on the first.
    ada.clock.fast_forward(AFTER_RELIEF)
    until(ada, lambda: cable.connections == 3)


def test_while_no_second_socket_opens_the_first_stays(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.clock.install()
    cable = Cable(page)
    enter(page, "Ada", room)
    watch_link(page)
    cable.closed = True
    page.clock.fast_forward(AFTER_RELIEF)
    until(page, lambda: cable.refused > 0)
    say(page, "still here")
    expect(stored(page)).to_have_count(1)
    cable.plug_in()
    page.clock.fast_forward(60_000)
    until(page, lambda: cable.connections == 2)
    say(page, "and here")
    expect(stored(page)).to_have_count(2)
    assert set(statuses(page)) == {"online"}


def test_after_a_long_sleep_it_connects_anew_as_soon_as_somebody_looks(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    page.clock.install()
    cable = Cable(page)
    enter(page, "Ada", room)
    # What is still to come, and came after the sleep, would be a sign of life.
    expect(members(page)).to_have_text(["Ada"])
    expect(lines(page, "Ada joined")).to_have_count(1)
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=1))  # no timer has run meanwhile
    page.evaluate("dispatchEvent(new Event('focus'))")
    until(page, lambda: cable.connections == 2)
    say(page, "good morning")
    expect(stored(page)).to_have_count(1)


def test_earlier_messages_come_on_request_and_what_is_read_stays_in_place(
    page_factory: PageFactory, room: str
) -> None:
    bo = page_factory()
    enter(bo, "Bo", room)
    long = [f"{number} " + "x" * 3_900 for number in range(12)]
    for content in long:
        say(bo, content)
    expect(stored(bo)).to_have_count(12)
    ada, cy = page_factory(), page_factory()
    enter(ada, "Ada", room)
    enter(cy, "Cy", room)
    button = ada.get_by_role("button", name="Earlier messages")
    expect(button).to_be_visible()
    count = contents(ada).count()
    assert 0 < count < 12
    oldest = contents(ada).first
    text = oldest.text_content()
    button.press("Enter")
    expect(contents(ada)).to_have_text(long)
    expect(button).not_to_be_visible()
    same = contents(ada).nth(12 - count)
    assert same.text_content() == text
    # By scrolling up they come by themselves.
    top = "content.getBoundingClientRect().top"
    place = contents(cy).first.evaluate(f"content => {{ log.scrollTop = 0; return {top}; }}")
    expect(contents(cy)).to_have_text(long)
    assert abs(contents(cy).nth(12 - count).evaluate(f"content => {top}") - place) < 1
