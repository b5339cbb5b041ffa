"""A room's link handed on and followed, who is here in a drawer, and nothing that moves while the page opens."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.acts import enter, until
from tests.browser.conftest import PageFactory
from tests.browser.scenes import Stage

pytestmark = pytest.mark.browser

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
PHONE = {"viewport": {"width": 360, "height": 640}}
FINGER = {"has_touch": True, "is_mobile": True}
SHEET = (
    "navigator.share = async (data) => { window.shared = data; if (window.refusal) throw window.refusal; }"
)
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    const moved = ({ node }) => (node?.parentElement ?? node)?.outerHTML.slice(0, 120);
    window.shifts.push(`${value} ${sources.map(moved).join("; ")}`);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def clipboard(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def toast(page: Page, text: str) -> None:
    """Looked for in each frame, as it goes by itself."""
    page.wait_for_function("text => document.querySelector('#toast').textContent === text", arg=text)


def test_the_link_is_shown_as_one_types_copied_as_it_can_be_sent_and_followed_to_the_room(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory(**CLIPBOARD)
    place = f"اتاق {room} 100% #1"
    origin = page.evaluate("location.origin")
    host = origin.split("//")[1]
    link = page.locator("#room-link")
    expect(link).to_have_text(f"{host}/#general")
    page.locator("#room").press_sequentially("ab")
    expect(link).to_have_text(f"{host}/#ab")
    page.locator("#room").fill("a\u202eb")
    expect(link).to_be_empty()
    page.locator("#room").fill(f" {place} ")
    expect(link).to_have_text(f"{host}/#{place}")
    page.get_by_role("button", name="Copy the room’s link").click()
    toast(page, "Link copied")
    address = f"{origin}/#{quote(place, safe='')}"
    assert clipboard(page) == address

    guest = page_factory(**CLIPBOARD)
    guest.goto(address)
    title = guest.locator("#entry-title")
    expect(title).to_have_text(place)
    expect(guest.locator("#entry-lead")).to_contain_text("You are invited")
    expect(guest.locator("#name")).to_be_focused()
    guest.locator("#name").fill("Bo")
    guest.keyboard.press("Enter")
    expect(guest.get_by_role("heading", level=1)).to_have_text(place)
    expect(guest.locator("#empty")).to_be_visible()
    for invitation in guest.get_by_role("button", name="Invite").all():
        guest.evaluate("navigator.clipboard.writeText('')")
        invitation.click()
        until(guest, lambda: clipboard(guest) == address)
        toast(guest, "Link copied")
    expect(guest.locator("#toast")).to_be_empty()

    guest.get_by_role("button", name="Leave").click()
    expect(title).to_have_text("Come in")
    guest.goto("/#elsewhere")
    expect(title).to_have_text("elsewhere")
    guest.locator("#room").fill("else")
    expect(title).to_have_text("Come in")


def test_a_link_is_copied_where_the_context_is_not_secure(page_factory: PageFactory) -> None:
    page = page_factory(**CLIPBOARD)
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.reload()
    page.locator("#copy-link").click()
    toast(page, "Link copied")
    expect(page.locator("#copy-link")).to_be_focused()
    page.locator("#name").focus()
    page.keyboard.press("ControlOrMeta+V")
    expect(page.locator("#name")).to_have_value(page.evaluate("location.origin") + "/#general")


def test_a_finger_gets_the_systems_own_sheet(page_factory: PageFactory, room: str) -> None:
    page = page_factory(**PHONE, **FINGER, **CLIPBOARD)
    page.add_init_script(SHEET)
    page.reload()
    page.locator("#room").fill(room)
    page.get_by_role("button", name="Share the room’s link").click()
    address = f"{page.evaluate('location.origin')}/#{quote(room)}"
    assert page.evaluate("window.shared") == {"title": f"{room} · Parley", "url": address}
    enter(page, "Ada", room)
    page.evaluate("window.shared = null; window.refusal = new DOMException('', 'AbortError')")
    page.locator("#invite").click()
    assert page.evaluate("window.shared.url") == address
    expect(page.locator("#toast")).to_be_empty()
    page.evaluate("window.refusal = new DOMException('', 'NotAllowedError')")
    page.locator("#invite").click()
    toast(page, "Link copied")


def test_the_drawer_has_the_focus_while_it_is_open_and_gives_it_back(page_factory: PageFactory) -> None:
    page = page_factory(**PHONE)
    stage = Stage(page)
    enter(page, "Ada", "r")
    toggle, drawer = page.locator("#people-toggle"), page.locator("#people")

    def present(*users: str) -> None:
        event = {"type": "presence", "users": users, "total": len(users), "timestamp": f"2030-{len(users)}"}
        stage.send(event)
        expect(page.locator("#here")).to_contain_text(str(len(users)))

    present("Ada", "Bo")
    toggle.click()
    expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    expect(page.locator("#people-filter")).not_to_be_visible()
    for _ in range(4):
        page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || people.contains(document.activeElement)"
        assert page.evaluate(inside)
    page.keyboard.press("Escape")
    expect(drawer).not_to_be_visible()
    expect(toggle).to_be_focused()
    page.keyboard.press("Enter")
    expect(drawer).to_be_visible()
    page.mouse.click(10, 300)
    expect(drawer).not_to_be_visible()

    present("Ada", "علي کريمی", "Åsa", *(f"Guest {number}" for number in range(40)))
    toggle.click()
    shown = page.locator("#members li:visible bdi")
    for typed, found in (
        ("علی کریمی", ["علي کريمی"]),
        ("asa", ["Åsa"]),
        ("guest 39", ["Guest 39"]),
        ("x", []),
    ):
        page.locator("#people-filter").fill(typed)
        expect(shown).to_have_text(found)
    page.locator("#people-filter").fill("")
    expect(shown).to_have_count(43)
    page.set_viewport_size({"width": 1000, "height": 640})
    expect(page.locator("#people:popover-open")).to_have_count(0)
    expect(drawer).to_be_visible()
    page.locator("#message").fill("the room is in reach again")
    page.locator("#leave").click()
    expect(page.locator("#name")).to_be_visible()


@pytest.mark.parametrize(("locale", "width"), [("en-GB", 360), ("fa-IR", 360), ("fa-IR", 1200)])
def test_the_shape_is_there_before_its_language_and_nothing_moves_when_that_comes(
    page_factory: PageFactory, locale: str, width: int
) -> None:
    page = page_factory(
        locale=locale, viewport={"width": width, "height": 740}, reduced_motion="no-preference"
    )
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/lang/*.js", hold)
    page.add_init_script(SHIFTS)
    page.goto(f"/?{width}#harbour", wait_until="commit")
    expect(page.get_by_role("heading", name="Parley")).to_be_visible()
    expect(page.locator("#entry-form")).to_be_visible()
    painted = "performance.getEntriesByName('first-contentful-paint').length > 0"
    until(page, lambda: len(held) == 1 and bool(page.evaluate(painted)))
    held[0].continue_()
    expect(page.locator("#enter")).not_to_be_empty()
    expect(page.locator("#name")).to_be_focused()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.shifts") == []


def test_a_reload_in_a_room_shows_nothing_of_the_entry_screen(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    for script in ("main", "room"):
        page.route(f"**/js/{script}.js", hold)
    page.reload(wait_until="commit")
    for count, loading in enumerate(("main", "room"), 1):
        until(page, lambda count=count: len(held) == count)  # type: ignore[misc]
        assert held[-1].request.url.endswith(f"/js/{loading}.js")
        expect(page.locator("#entry")).to_be_attached()
        expect(page.locator("#entry")).to_be_hidden()
        held[-1].continue_()
    expect(page.locator("#room-title")).to_have_text(room)
    # Unless it is needed.
    page.unroute_all()
    page.route("**/js/room.js", lambda route: route.abort("internetdisconnected"))
    page.reload()
    expect(page.get_by_role("alert").get_by_text("could not be loaded")).to_be_visible()
    expect(page.get_by_role("button", name="Enter room")).to_be_focused()
