"""What is said to who cannot see the page: every live region of it is listened to."""

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.browser.acts import contents, enter, link, say, until
from tests.browser.conftest import PageFactory
from tests.browser.events import Event, forward, message, newest, page_of
from tests.browser.stand_in import Server

pytestmark = pytest.mark.browser

LISTEN = """() => {
  window.heard = [];
  const loud = "[aria-live=polite], [aria-live=assertive], [role=alert], [role=status], [role=log]:not([aria-live])";
  new MutationObserver((changes) => {
    const regions = new Set(changes.filter(({ addedNodes }) => addedNodes.length > 0)
      .map(({ target }) => (target instanceof Element ? target : target.parentElement)?.closest(loud)));
    for (const region of regions) {
      if (region?.checkVisibility() && region.innerText) window.heard.push(`${region.id}: ${region.innerText}`);
    }
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def heard(page: Page) -> list[str]:
    """What was said since the last time."""
    page.clock.run_for(40)  # two frames
    said: list[str] = page.evaluate("window.heard.splice(0)")
    return said


def at_peace(page: Page) -> None:
    """Until nothing that was said keeps anything else waiting."""
    page.clock.run_for(20_000)


def arrive(page: Page, server: Server, *events: Event) -> None:
    shown = contents(page).count()
    for event in events:
        server.send(event)

    def are_shown() -> bool:
        page.clock.run_for(20)  # a frame, where the clock stands still
        return contents(page).count() == shown + len(events)

    until(page, are_shown)


def line(name: str, second: int) -> Event:
    time = f"2030-01-01T11:00:{second:02}.000Z"
    return {"type": "system", "room_id": "r", "content": f"{name} joined r.", "timestamp": time}


@pytest.fixture
def listener(page_factory: PageFactory) -> tuple[Page, Server]:
    """Ada's page in the room "r", after a history of two messages, and the server that she talks to."""
    page = page_factory()
    page.clock.install()
    server = Server(newest(3, 4, more=True))
    page.route_web_socket("**/ws/**", server.connect)
    page.add_init_script("Math.random = () => 0.9")  # a cut lasts long enough to be seen
    page.reload()
    page.evaluate(LISTEN)
    enter(page, "Ada", "r")
    expect(contents(page)).to_have_count(2)
    return page, server


def test_what_others_write_is_read_out_once_and_much_at_once_is_counted(
    listener: tuple[Page, Server],
) -> None:
    page, server = listener
    assert [text for text in heard(page) if not text.startswith("link-spoken")] == []
    # However slowly they come: so much is at once, and so much is not.
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    arrive(page, server, message(5) | {"content": "مریم <b>و</b> من"})
    assert heard(page) == ["told: Bo: مریم <b>و</b> من"]
    arrive(page, server, message(6), message(7))
    assert heard(page) == []
    at_peace(page)
    assert heard(page) == ["told: Bo: Bo 6\n\nBo: Bo 7"]
    arrive(page, server, message(8) | {"content": "> Ada:\n> mine\nBo 8"})
    arrive(page, server, *map(message, range(9, 14)))
    at_peace(page)
    assert heard(page) == ["told: Bo: Bo 8", "told: 5 new messages"]
    arrive(page, server, message(14) | {"content": "x" * 4_000})
    assert heard(page) == ["told: Bo: " + "x" * 300]
    at_peace(page)
    assert page.locator("#told").inner_text() == ""
    assert heard(page) == []


def test_neither_history_nor_own_messages_nor_what_is_drawn_anew_is_said(
    listener: tuple[Page, Server],
) -> None:
    page, server = listener
    heard(page)
    say(page, "mine")
    id = page.evaluate('JSON.parse(sessionStorage.getItem(\'parley.outbox.["r","Ada"]\'))[0].id')
    server.send(message(5, who="Ada", id=id))
    expect(page.locator(".message.mine[data-progress=stored]")).to_have_count(1)
    server.send(message(6, who="Ada"))  # from another tab
    expect(contents(page)).to_have_count(4)
    page.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    server.pages.append(page_of(message(1), message(2), ask="before:3", through=2))
    page.locator("#log").evaluate("log => { log.scrollTop = 0; log.dispatchEvent(new Event('scroll')); }")
    if page.locator("#earlier").is_visible():
        page.locator("#earlier").click()
    expect(contents(page)).to_have_count(6)
    at_peace(page)
    assert [text for text in heard(page) if not text.startswith("link-spoken")] == []


def test_a_cut_and_what_was_missed_are_said_once(listener: tuple[Page, Server]) -> None:
    page, server = listener
    heard(page)
    for count in range(3):
        server.pages.append(
            forward(4 + count * 5, *range(5 + count * 5, 10 + count * 5), through=9 + count * 5)
        )
        server.live[-1].close(code=1001)
        expect(contents(page)).to_have_count(7 + count * 5)
        at_peace(page)
        assert heard(page) == [
            "link-spoken: Reconnecting…",
            "link-spoken: Connected",
            "told: 5 new messages",
        ]
    expect(link(page)).to_have_attribute("data-status", "online")


def test_an_entry_that_is_refused_is_said_once_however_often_it_is_tried(page_factory: PageFactory) -> None:
    page = page_factory()
    page.clock.install()
    refused: list[Route] = []

    def refuse(route: Route) -> None:
        refused.append(route)
        route.fulfill(json={"type": "error", "code": "client_reserved", "content": "No.", "timestamp": ""})

    def cut(route: WebSocketRoute) -> None:
        route.close(code=1001)

    page.route("**/api/**", refuse)
    page.route_web_socket("**/ws/**", cut)
    page.add_init_script("Math.random = () => 0.9")  # a wait is long enough to be seen
    page.reload()
    page.evaluate(LISTEN)
    page.locator("#name").fill("Ada")
    page.locator("#enter").click()
    expect(page.locator(".notice button")).to_have_text(["Leave"])
    assert heard(page) == [
        "link-spoken: Connecting…",
        "link-spoken: Reconnecting…",
        "warned: That name is kept for announcements. Please pick another one.",
    ]

    def try_again() -> None:
        before = len(refused)
        page.clock.run_for(30_000)
        until(page, lambda: len(refused) > before)
        expect(link(page)).to_have_attribute("data-status", "waiting")

    for _ in range(3):
        try_again()
        expect(page.locator(".notice button")).to_have_text(["Leave"])
        assert heard(page) == []
    server = Server.of(page, newest(1))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(contents(page)).to_have_count(1)
    expect(page.locator(".notice")).to_have_count(0)
    assert heard(page) == ["link-spoken: Connected"]
    assert server.asked == ["newest"]


def test_a_reload_says_nothing_of_what_was_missed(listener: tuple[Page, Server]) -> None:
    page, server = listener
    page.clock.run_for(1_000)
    server.pages.append(forward(4, 5, 6, 7, 8, 9, through=9))
    page.add_init_script(f"addEventListener('DOMContentLoaded', {LISTEN})")
    page.reload()
    expect(contents(page)).to_have_count(7)
    at_peace(page)
    assert [text for text in heard(page) if not text.startswith("link-spoken")] == []
    arrive(page, server, message(10))
    assert heard(page) == ["told: Bo: Bo 10"]


def test_who_comes_is_said_politely_and_a_crowd_is_not_called_by_name(listener: tuple[Page, Server]) -> None:
    page, server = listener
    heard(page)
    server.send(line("Ada", 1))  # by whom else such a line begins
    server.send(line("Ada Li", 2))
    expect(page.locator(".line")).to_have_count(2)
    assert heard(page) == ["told: Ada Li joined"]
    for second in range(3, 9):
        server.send(line(f"No. {second}", second))
    expect(page.locator(".line summary")).to_contain_text("5 others")
    page.clock.run_for(4_000)
    assert heard(page) == []
    at_peace(page)
    present = {
        "type": "presence",
        "users": ["Ada", "Cy"],
        "total": 40,
        "timestamp": "2030-01-01T11:01:00.000Z",
    }
    server.send(present)
    expect(page.locator("#people-total")).to_contain_text("40")
    server.send(*(line(f"No. {second}", second) for second in range(10, 13)))
    expect(page.locator(".line summary")).to_contain_text("8 others")
    at_peace(page)
    assert heard(page) == ["told: 40 people here"]


def test_an_error_is_said_at_once_and_once_in_whatever_language(listener: tuple[Page, Server]) -> None:
    page, server = listener
    heard(page)
    say(page, "refused")
    id = page.evaluate('JSON.parse(sessionStorage.getItem(\'parley.outbox.["r","Ada"]\'))[0].id')
    error = {"type": "error", "code": "content_too_long", "content": "No.", "timestamp": ""}
    server.send(error | {"id": id})
    expect(page.locator(".message[data-progress=failed]")).to_have_count(1)
    (said,) = heard(page)
    assert said.startswith("warned: Not sent. It is too long")
    server.send(error | {"code": "not_admitted"})
    expect(page.locator(".notice")).to_have_count(1)
    assert heard(page) == [
        "warned: You may not enter this room. Please ask for an invitation, or leave and enter another room."
    ]
    page.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    at_peace(page)
    assert [text for text in heard(page) if not text.startswith("link-spoken")] == []
    page.locator(".notice .quiet").click()
    expect(page.locator(".notice")).to_have_count(0)
    server.send(error | {"code": "not_admitted"})
    expect(page.locator(".notice")).to_have_count(1)
    assert len(heard(page)) == 1


def test_the_limit_is_said_when_it_is_near_and_when_it_is_passed(listener: tuple[Page, Server]) -> None:
    page, _ = listener
    field = page.locator("#message")
    field.fill("x" * 3_799)
    heard(page)
    field.press_sequentially("x" * 5)
    expect(page.locator("#limit")).to_have_text("Characters left: 196")
    assert heard(page) == ["limit-spoken: Characters left: 200"]
    page.get_by_label("Language").select_option("fa")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_label("زبان").select_option("en")
    expect(page.locator("html")).to_have_attribute("dir", "ltr")
    field.fill("x" * 4_000)
    assert "limit-spoken" not in str(heard(page))
    field.press_sequentially("xx")
    [said] = heard(page)
    assert said.startswith("limit-spoken: Too long by 1.")
    field.press("Backspace")
    field.press("Backspace")
    assert heard(page) == ["limit-spoken: Characters left: 0"]
    field.fill("")
    assert heard(page) == []
    expect(page.locator("#limit-spoken")).to_be_empty()
