"""People in a room, each in a browser of their own: they see each other come, talk and go."""

import json

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.browser.acts import Cable, contents, enter, lines, link, members, say, stored
from tests.browser.conftest import PageFactory

pytestmark = pytest.mark.browser

SALAM = "سلام، حالتان چطور است؟"
WAVE = "👋🏽"
SCRIPT = "<script>alert(1)</script>"
LINES = "one\n  two\nthree"


def test_two_people_meet_talk_and_part_and_see_who_said_what(page_factory: PageFactory, room: str) -> None:
    ada, bo = page_factory(), page_factory()
    dialogs: list[str] = []
    for page in (ada, bo):
        page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    enter(ada, "Ada", room)
    expect(lines(ada, "Ada joined")).to_have_count(1)
    enter(bo, "Bo", room)
    for page in (ada, bo):
        expect(lines(page, "Bo joined")).to_have_count(1)
        expect(members(page)).to_have_text(["Ada", "Bo"])
        expect(page.locator("#people-total")).to_have_text("2 people here")

    for speaker, content in ((ada, SALAM), (ada, WAVE), (bo, SCRIPT), (bo, LINES)):
        said = contents(ada).count()
        say(speaker, content)
        for page in (ada, bo):
            expect(contents(page)).to_have_count(said + 1)
    for page in (ada, bo):
        assert contents(page).all_text_contents() == [SALAM, WAVE, SCRIPT, LINES]
        expect(page.locator(".message .progress p")).to_have_count(0)
    assert dialogs == []
    expect(ada.locator(".message.mine .content")).to_have_text([SALAM, WAVE])
    expect(ada.locator(".message .sender")).to_have_text(["You", "You", "Bo", "Bo"])
    expect(ada.locator(".message .sender:not(.visually-hidden)")).to_have_text(["You", "Bo"])
    times = ada.locator(".message time")
    assert [bool(time.get_attribute("datetime")) for time in times.all()] == [True] * 4

    bo.get_by_role("button", name="Leave").click()
    expect(bo.get_by_role("status").get_by_text(f"You left {room}.")).to_be_visible()
    expect(lines(ada, "Bo left")).to_have_count(1)
    expect(members(ada)).to_have_text(["Ada"])


def test_two_tabs_of_one_person_are_one_person(page_factory: PageFactory, room: str) -> None:
    bo, ada = page_factory(), page_factory()
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    expect(members(bo)).to_have_text(["Ada", "Bo"])
    second = ada.context.new_page()
    second.goto("/")
    enter(second, "Ada", room)
    expect(members(second)).to_have_text(["Ada", "Bo"])
    say(second, "from the second tab")
    expect(ada.locator(".message.mine .content")).to_have_text(["from the second tab"])
    second.close()
    say(ada, "from the first tab")
    expect(contents(bo)).to_have_text(["from the second tab", "from the first tab"])
    expect(members(bo)).to_have_text(["Ada", "Bo"])
    ada.get_by_role("button", name="Leave").click()
    expect(members(bo)).to_have_text(["Bo"])
    expect(lines(bo, "Ada joined")).to_have_count(1)
    expect(lines(bo, "Ada left")).to_have_count(1)


def test_names_that_are_special_in_an_address(page_factory: PageFactory, room: str) -> None:
    name, place = "a/b ?&#%2e\"'<\\", f"{room} /../% اتاق #?"
    page = page_factory()
    enter(page, name, place)
    expect(members(page)).to_have_text([name])
    expect(lines(page, f"{name} joined")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text(place)


def test_a_cut_is_bridged_and_what_was_missed_comes_once_in_order(
    page_factory: PageFactory, room: str
) -> None:
    bo, ada = page_factory(), page_factory()
    cable = Cable(ada)
    enter(bo, "Bo", room)
    enter(ada, "Ada", room)
    say(ada, "before")
    expect(contents(bo)).to_have_text(["before"])
    expect(contents(ada)).to_have_text(["before"])

    cable.pull()
    expect(link(ada)).to_have_attribute("data-status", "waiting")
    expect(link(ada)).to_contain_text("Reconnecting")
    expect(ada.locator("#offline-note")).to_be_visible()
    say(ada, "written in the dark")
    expect(ada.locator(".message .progress p")).to_have_text(["Waiting for connection"])
    missed = [f"missed {number}" for number in range(5)]
    for content in missed:
        say(bo, content)
    expect(stored(bo)).to_have_count(6)
    expect(contents(bo)).to_have_text(["before", *missed])

    cable.plug_in()
    ada.evaluate("dispatchEvent(new Event('online'))")
    expect(link(ada)).to_have_attribute("data-status", "online")
    everything = ["before", *missed, "written in the dark"]
    for page in (ada, bo):
        expect(contents(page)).to_have_text(everything)
    expect(ada.locator(".message .progress p")).to_have_count(0)
    expect(members(bo)).to_have_text(["Ada", "Bo"])
    ids = [json.loads(frame).get("id") for frame in cable.sent if "written" in frame]
    assert len(ids) == 1


def test_it_reconnects_by_itself_but_not_after_leaving(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    cable = Cable(page)
    enter(page, "Ada", room)
    cable.pull()
    expect(link(page)).to_have_attribute("data-status", "waiting")
    cable.plug_in()
    expect(link(page)).to_have_attribute("data-status", "online")
    cable.pull()
    page.get_by_role("button", name="Leave").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    cable.plug_in()
    so_far = cable.connections, len(cable.sent)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(2_000)  # longer than it waits before it tries again
    assert (cable.connections, len(cable.sent)) == so_far


def test_a_message_whose_ack_was_lost_is_not_shown_twice(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    held: list[str | bytes] = []

    def deaf(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def back(frame: str | bytes) -> None:
            if '"type":"message"' not in str(frame) or held:
                route.send(frame)
            else:
                held.append(frame)
                route.close(code=1001)

        server.on_message(back)

    page.route_web_socket("**/ws/**", deaf)
    enter(page, "Ada", room)
    say(page, "once")
    expect(page.locator(".message .progress p")).to_have_count(0)
    expect(contents(page)).to_have_text(["once"])
    say(page, "twice")
    expect(contents(page)).to_have_text(["once", "twice"])
    expect(page.locator(".message .progress p")).to_have_count(0)
    assert len(held) == 1
