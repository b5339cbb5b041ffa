"""The entry view: what is remembered, what is refused, and the language it speaks."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.acts import contents, enter, lines, link, members, say, until
from tests.browser.conftest import PageFactory
from tests.conftest import ServedGateway

pytestmark = pytest.mark.browser


def test_name_and_room_are_remembered_and_a_link_brings_its_own(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    name_field, room_field = page.get_by_label("Your name"), page.get_by_label("Room", exact=True)
    enter(page, "  مریم ", room)
    assert page.url.endswith(f"/#{quote(room)}")
    page.goto("about:blank")
    page.goto("/")
    expect(name_field).to_have_value("مریم")
    expect(room_field).to_have_value(room)

    place = f"اتاق {room} 100% #1"
    page.goto(f"/#{quote(place, safe='')}")
    expect(room_field).to_have_value(place)
    page.get_by_role("button", name="Enter room").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(place)
    expect(link(page)).to_have_attribute("data-status", "online")
    page.goto("/#elsewhere")
    expect(room_field).to_have_value("elsewhere")
    page.goto("/#%E0%A4%A")  # no code of anything: somebody has typed it
    expect(room_field).to_have_value("%E0%A4%A")


def test_whoever_types_before_the_scripts_have_come_has_typed(page_factory: PageFactory) -> None:
    page = page_factory()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/main.js", hold)
    page.goto("/", wait_until="commit")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("Sara")
    until(page, lambda: len(held) == 1)
    held[0].continue_()
    expect(page.get_by_role("button", name="Enter room")).to_be_visible()
    expect(page.locator("#name")).to_have_value("Sara")
    expect(page.locator("#name")).to_be_focused()


def test_blank_is_anonymous_in_general(page_factory: PageFactory) -> None:
    page = page_factory()
    enter(page, "", "  ")
    expect(page.get_by_role("heading", level=1)).to_have_text("general")
    expect(members(page).get_by_text("anonymous", exact=True)).to_be_visible()


def test_it_works_where_storage_is_forbidden(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    page.reload()
    enter(page, "Ada", room)
    page.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


def test_where_the_chat_cannot_be_loaded_it_says_so_and_tries_again(
    browser: Browser, gateway: ServedGateway, room: str
) -> None:
    page = browser.new_page(base_url=gateway.url, locale="en-GB", service_workers="block")
    page.route("**/js/room.js", lambda route: route.abort())
    page.goto("/")
    page.get_by_role("button", name="Enter room").click()
    expect(page.locator("#entry-problem")).to_contain_text("could not be loaded")
    page.unroute("**/js/room.js")
    enter(page, "Ada", room)
    expect(page.locator("#entry")).to_be_hidden()
    page.close()


REFUSED = [
    ("System", "", "name", "announcements"),
    ("ѕуѕтем", "", "name", "announcements"),
    ("x" * 65, "", "name", "64 characters"),
    ("a\u202eb", "", "name", "cannot be shown"),
    ("..", "", "name", "cannot be shown"),
    ("", "x" * 65, "room", "64 characters"),
    ("", "a\u2028b", "room", "cannot be shown"),
]


def test_a_name_that_the_server_would_refuse_is_refused_here(page_factory: PageFactory) -> None:
    page = page_factory()
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    for name, place, field, text in REFUSED:
        page.locator("#name").fill(name)
        page.locator("#room").fill(place)
        page.get_by_role("button", name="Enter room").click()
        expect(page.locator(f"#{field}-problem")).to_contain_text(text)
        expect(page.locator(f"#{field}")).to_be_focused()
        expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    assert sockets == []


def test_switching_to_persian_turns_and_translates_the_page(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.locator("html")).to_have_attribute("lang", "fa")
    expect(page.get_by_role("button", name="ورود به اتاق")).to_be_visible()
    page.reload()
    page.get_by_label("نام شما").fill("Ada")
    page.get_by_label("اتاق", exact=True).fill(room)
    page.get_by_role("button", name="ورود به اتاق").click()
    expect(lines(page, "Ada وارد شد")).to_have_count(1)
    expect(page.locator("#people-total")).to_have_text("۱ نفر در اتاق")
    say(page, "درود")
    expect(contents(page)).to_have_text(["درود"])
    expect(page.locator(".message time")).to_have_attribute("title", re.compile("[۰-۹]+:[۰-۹]+"))
    page.get_by_label("زبان").select_option("en")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    expect(lines(page, "Ada joined")).to_have_count(1)
    expect(page.locator(".message .sender")).to_have_text("You")


def _inside(page: Page, width: int) -> None:
    """Nothing that can be used or read lies beyond the edges, and the page does not scroll sideways."""
    overflowing = page.evaluate(
        """width => [...document.querySelectorAll("main *, header *")].filter((e) => {
             const box = e.getBoundingClientRect();
             return e.checkVisibility({ visibilityProperty: true }) && box.width > 0
               && (box.left < -0.5 || box.right > width + 0.5);
           }).map((e) => e.outerHTML.slice(0, 80))""",
        width,
    )
    assert overflowing == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("locale", "language"), [("de-DE", "en"), ("fa-IR", "fa")])
def test_a_phone_has_room_for_everything_in_the_language_of_its_browser(
    page_factory: PageFactory, room: str, locale: str, language: str
) -> None:
    page = page_factory(locale=locale, viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    expect(page.locator("html")).to_have_attribute("lang", language)
    _inside(page, 360)
    page.locator("#name").fill("W" * 64)
    page.locator("#room").fill(room + " " + "W" * 45)
    page.locator("#enter").click()
    expect(page.locator("#log")).to_have_attribute("aria-busy", "false")
    say(page, "looooooong" * 40)
    expect(contents(page)).to_have_count(1)
    page.locator("#message").fill("x" * 4_100)
    expect(page.locator("#limit")).to_be_visible()
    _inside(page, 360)
    expect(page.locator("#people")).not_to_be_visible()
    page.locator("#people-toggle").click()
    expect(page.locator("#members li")).to_be_visible()
    _inside(page, 360)
    page.keyboard.press("Escape")
    expect(page.locator("#people")).not_to_be_visible()
    expect(page.locator("#people-toggle")).to_be_focused()
