"""What the log tells besides messages: what is missing, and who came or went in a crowd. In either language."""

import pytest
from playwright.sync_api import expect

from tests.browser.acts import contents, enter, link
from tests.browser.conftest import PageFactory
from tests.browser.events import forward, message, newest
from tests.browser.stand_in import Server

pytestmark = pytest.mark.browser

CROWD = {"type": "system", "room_id": "r", "client_id": "system", "timestamp": "2030-01-01T10:05:00.000Z"} | {
    "content": "Ada, بهار, <b>Cy</b> and 97 others joined r.",
    "event": "joined",
    "clients": ["Ada", "بهار", "<b>Cy</b>"],
    "total": 100,
}


def test_a_gap_is_told_at_its_place_in_the_language_of_the_reader(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    server = Server.of(page, newest(1, 2), forward(2, 40, start=40, through=40), forward(40, through=40))
    enter(page, "Ada", room)
    expect(contents(page)).to_have_count(2)
    server.live[-1].close(code=1001)
    expect(contents(page)).to_have_text(["Bo 1", "Bo 2", "Bo 40"])
    gap = page.locator(".message:nth-child(3) + .gap")
    expect(gap).to_have_text(
        "You were away longer than messages are kept. 37 messages are missing here.",
    )
    page.get_by_label("Language").select_option("fa")
    expect(gap).to_contain_text("۳۷ پیام")
    page.reload()
    expect(gap).to_contain_text("۳۷ پیام")


def test_a_crowd_is_one_line_in_the_language_of_the_reader(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    server = Server.of(page, newest(1))
    enter(page, "Ada", room)
    server.send(CROWD)
    line = page.locator(".line > span")
    expect(line).to_have_text("Ada, بهار, <b>Cy</b> and 97 others joined")
    expect(line.locator("bdi")).to_have_text(["Ada", "بهار", "<b>Cy</b>"])
    server.send(CROWD | {"event": "left", "total": 4, "timestamp": "2030-01-01T10:06:00.000Z"})
    expect(line.last).to_have_text("Ada, بهار, <b>Cy</b> and 1 other left")
    page.get_by_label("Language").select_option("fa")
    expect(line.first).to_contain_text("۹۷ نفر دیگر وارد شدند")


def test_what_is_malformed_changes_nothing(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    server = Server.of(page, newest(1))
    enter(page, "Ada", room)
    for odd in (CROWD | {"clients": "Ada"}, message(2) | {"seq": "2"}, {"type": "page"}, {"type": "new"}):
        server.send(odd)
    server.send(message(2))
    expect(contents(page)).to_have_text(["Bo 1", "Bo 2"])
    expect(page.locator(".line")).to_have_count(0)
    expect(link(page)).to_have_attribute("data-status", "online")
