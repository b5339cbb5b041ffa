"""What one does with messages: answering with a quote, copying; by mouse, by keys alone, by a finger."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import contents, enter, say, stored, until
from tests.browser.conftest import PageFactory
from tests.browser.events import newest
from tests.browser.stand_in import Server

pytestmark = pytest.mark.browser

FINGER = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 700}}


def active(page: Page) -> str:
    """The text of the message that has the focus, or whose button or link has it."""
    return str(
        page.evaluate(
            "document.activeElement.closest('.message')?.querySelector('.content').textContent ?? ''"
        )
    )


def talk(page: Page, room: str, *texts: str) -> None:
    enter(page, "Ada", room)
    for number, text in enumerate(texts, 1):
        say(page, text)
        expect(stored(page)).to_have_count(number)


def test_a_message_is_answered_with_its_beginning(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    talk(page, room, "> Bo:\n> Is there tea?\nYes.\nWhich?", "Green or black?")
    field, actions = page.locator("#message"), page.locator("#rows .actions")
    field.fill("Green,\nplease.")
    expect(actions).to_have_count(0)
    contents(page).first.hover()
    expect(page.locator(".message").first.locator(".actions")).to_be_visible()
    page.get_by_role("button", name="Reply").click()
    # Only what was said last is quoted, and what was begun stays.
    expect(field).to_have_value("> Ada:\n> Yes.\n> Which?\nGreen,\nplease.")
    expect(field).to_be_focused()
    # Whoever answers another message after all answers one.
    contents(page).nth(1).hover()
    expect(actions).to_have_count(1)
    page.get_by_role("button", name="Reply").click()
    expect(field).to_have_value("> Ada:\n> Green or black?\nGreen,\nplease.")
    page.keyboard.type(" Thanks.")
    page.keyboard.press("Enter")
    answer = contents(page).nth(2)
    expect(answer.locator("cite")).to_have_text("Ada")
    expect(answer.locator("blockquote")).to_have_text("AdaGreen or black?")
    expect(answer.locator("p")).to_have_text("Green,\nplease. Thanks.")
    page.mouse.move(0, 0)
    expect(actions).to_have_count(0)


def test_a_message_is_copied_as_it_was_written(page_factory: PageFactory, room: str) -> None:
    page = page_factory(permissions=["clipboard-read", "clipboard-write"])
    text = "> Bo:\n> Is there tea?\nبله،\nhttps://a.example/x."
    talk(page, room, text)
    contents(page).hover()
    copied = page.get_by_role("button", name="Copy text")
    copied.click()
    # It goes after three seconds, and `expect` looks but once a second.
    page.wait_for_function("document.querySelector('#toast[role=status]').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == text
    expect(page.locator("#message")).to_be_focused()  # a mouse takes the focus nowhere
    # Where the page was not loaded over TLS there is no clipboard; it can be copied all the same.
    page.evaluate("navigator.clipboard.writeText('')")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.locator("#log").focus()
    page.keyboard.press("ArrowUp")
    copied.focus()
    page.keyboard.press("Enter")
    expect(copied).to_be_focused()
    page.locator("#message").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#message")).to_have_value(text)


def test_the_log_is_one_stop_and_arrows_go_through_it(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    keys = page.keyboard
    talk(page, room, "one", "two https://a.example and https://b.example", "three")
    log, field = page.locator("#log"), page.locator("#message")
    keys.press("ArrowUp")  # from an empty field
    assert active(page) == "three"
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    keys.press("ArrowUp")  # there is none above the first
    assert active(page) == "one"
    keys.press("End")
    assert active(page) == "three"
    keys.press("Home")
    keys.press("ArrowDown")
    assert active(page).startswith("two")
    # Tab goes through what belongs to the message, and then out of the log.
    within = []
    for _ in range(5):
        keys.press("Tab")
        within.append(
            page.evaluate(
                "({ activeElement: at }) => at.ariaLabel || at.textContent", page.evaluate_handle("document")
            )
        )
    assert within[:4] == ["https://a.example", "https://b.example", "Reply", "Copy text"]
    expect(field).to_be_focused()
    expect(log).to_have_attribute("tabindex", "0")
    expect(page.locator("#rows .actions")).to_have_count(0)
    assert page.locator("#rows a").evaluate_all("links => links.map(({ tabIndex }) => tabIndex)") == [-1, -1]
    keys.press("Shift+Tab")
    expect(log).to_be_focused()
    keys.press("ArrowUp")
    assert active(page) == "three"
    expect(log).to_have_attribute("tabindex", "-1")
    # What comes in meanwhile leaves the focus where it is.
    other = page_factory()
    enter(other, "Bo", room)
    say(other, "four")
    expect(contents(page)).to_have_count(4)
    assert active(page) == "three"
    keys.press("ArrowDown")
    keys.press("Tab")
    expect(page.get_by_role("button", name="Reply")).to_be_focused()
    keys.press("Enter")
    expect(field).to_have_value("> Bo:\n> four\n")
    expect(field).to_be_focused()
    keys.press("ArrowUp")  # which is not empty: the arrow moves in it
    expect(field).to_be_focused()
    field.fill("")
    keys.press("ArrowUp")
    assert active(page) == "four"
    keys.press("Escape")
    expect(field).to_be_focused()


def test_arrows_reach_what_is_far_away(page_factory: PageFactory, room: str) -> None:
    """The log draws a window of what it has: further messages come as one walks."""
    page = page_factory()
    server = Server(newest(*range(1, 501)))
    page.route_web_socket("**/ws/**", server.connect)
    enter(page, "Ada", room)
    keys = page.keyboard
    keys.press("ArrowUp")
    assert active(page) == "Bo 500"
    keys.press("ArrowUp")
    assert active(page) == "Bo 499"
    keys.press("Home")
    first = active(page)
    assert first not in ("Bo 1", "Bo 499")
    until(page, lambda: contents(page).first.text_content() != first)
    assert active(page) == first
    keys.press("ArrowUp")
    assert active(page) == f"Bo {int(first.removeprefix('Bo ')) - 1}"

    def is_at_the_first() -> bool:
        keys.press("Home")
        return active(page) == "Bo 1"

    until(page, is_at_the_first)
    expect(contents(page).first).to_be_in_viewport()
    keys.press("End")
    assert active(page) == "Bo 500"
    expect(contents(page).last).to_be_in_viewport()


def test_by_a_finger(page_factory: PageFactory, room: str) -> None:
    page = page_factory(**FINGER)
    enter(page, "Ada", room)
    field = page.locator("#message")
    expect(field).to_have_attribute("enterkeyhint", "enter")
    # Its keyboard has no Shift + Enter: the button sends.
    field.fill("one")
    field.press("Enter")
    page.keyboard.type("two")
    expect(field).to_have_value("one\ntwo")
    page.get_by_role("button", name="Send").tap()
    expect(contents(page)).to_have_text(["one\ntwo"])
    field.fill("three")
    field.press("Control+Enter")
    expect(stored(page)).to_have_count(2)
    actions = page.locator("#rows .actions")
    expect(actions).to_have_count(0)
    contents(page).first.tap()
    expect(page.locator(".message").first.locator(".actions")).to_be_visible()
    contents(page).nth(1).tap()
    expect(page.locator(".message").nth(1).locator(".actions")).to_be_visible()
    contents(page).nth(1).tap()
    expect(actions).to_have_count(0)
    contents(page).nth(1).tap()
    page.get_by_role("button", name="Reply").tap()
    expect(field).to_have_value("> Ada:\n> three\n")
    expect(field).to_be_focused()
