"""The page without a pointer: what can be reached, in which order, and that one always sees where one is."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import contents, enter, link, say, stored
from tests.browser.conftest import PageFactory
from tests.browser.scenes import Stage, speak_in, states

pytestmark = pytest.mark.browser

HERE = """() => {
  const at = document.activeElement;
  if (at === document.body) return { id: "", what: "nothing", isLost: true };
  const looks = () => [at, at.parentElement, at.parentElement.parentElement].map((node) => {
    const { outlineStyle, outlineWidth, borderColor, boxShadow, backgroundColor } = getComputedStyle(node);
    return JSON.stringify([outlineStyle === "none" ? "" : outlineWidth, borderColor, boxShadow, backgroundColor]);
  }).join();
  // Rows of the log come and go with scrolling, so each is a part of its own.
  const part = at.closest("li, [popover], header, aside, form, .log, main");
  // Measured in one moment: a row that comes into view moves those after it, when its true height is known.
  const last = window.last?.part === part && window.last.node.isConnected ? window.last.node : null;
  const [box, before] = [at, last].map((node) => node?.getBoundingClientRect().toJSON());
  window.last = { node: at, part };
  const id = (at.dataset.stop ??= String(window.stops = (window.stops ?? 0) + 1));
  const focused = looks();
  const isSeen = at.checkVisibility({ visibilityProperty: true })
    && box.left < innerWidth && box.right > 0 && box.top < innerHeight && box.bottom > 0;
  const scroll = [...document.querySelectorAll(".log, .people")].map((node) => [node, node.scrollTop]);
  at.blur();
  const isMarked = focused !== looks();
  at.focus({ focusVisible: true, preventScroll: true });
  for (const [node, top] of scroll) node.scrollTop = top;
  const text = at.labels?.[0]?.textContent || at.ariaLabel || at.textContent.trim().slice(0, 40);
  return { id, what: `${at.tagName} #${at.id} ${text}`, isLost: false, isSeen, isMarked, box, before };
}"""

Box = dict[str, float]
Stop = dict[str, Any]


def here(page: Page) -> Stop:
    found: Stop = page.evaluate(HERE)
    return found


def stops(page: Page, key: str = "Tab") -> list[Stop]:
    """Where one comes by, from the first place of the page to its last."""
    page.evaluate(
        "document.activeElement.blur(); getSelection().setPosition(document.body, 0); window.last = null"
    )
    found: list[Stop] = []
    for _ in range(80):
        page.keyboard.press(key)
        stop = here(page)
        if stop["isLost"] and not found:
            continue  # where the place is forgotten that was left last
        if stop["isLost"] or stop["id"] in {each["id"] for each in found}:
            break
        found.append(stop)
    return found


def is_after(now: Box, before: Box, language: str) -> bool:
    """Below, or further on in the same line, or within it."""
    middle, was = ((box["left"] + box["right"]) / 2 for box in (now, before))
    is_within = before["top"] <= now["top"] and now["bottom"] <= before["bottom"]
    if is_within and before["height"] > 2 * now["height"] and before["left"] <= middle <= before["right"]:
        return True
    if min(before["bottom"], now["bottom"]) - max(before["top"], now["top"]) <= 4:
        return now["top"] >= before["top"]
    return middle <= was if language == "fa" else middle >= was


def complaints(page: Page, state: str, language: str) -> list[str]:
    speak_in(page, language)
    met = stops(page)
    assert met, state
    said = [f"{each['what']} is not to be seen" for each in met if not each["isSeen"]]
    said += [f"{each['what']} does not show that it has the focus" for each in met if not each["isMarked"]]
    for before, stop in pairwise(met):
        if stop["before"] and not is_after(stop["box"], stop["before"], language):
            said.append(f"{stop['what']} comes after {before['what']}")
    return [f"{state}, {language}: {each}" for each in said]


@pytest.mark.parametrize(
    "viewport", [{"width": 1000, "height": 700}, {"width": 360, "height": 640}], ids=["desk", "phone"]
)
def test_every_stop_of_the_tab_key_is_seen_marked_and_in_order(
    page_factory: PageFactory, viewport: dict[str, int]
) -> None:
    page = page_factory(viewport=viewport)
    said = [
        each
        for state in states(page, Stage(page))
        for language in ("fa", "en")
        for each in complaints(page, state, language)
    ]
    assert said == []


def test_focus_is_never_lost(page_factory: PageFactory) -> None:
    page = page_factory()
    stage = Stage(page)
    for state in states(page, stage):
        if state == "failed message and notices":
            break

    def press(selector: str, key: str = "Enter") -> Stop:
        page.locator(selector).first.focus()
        page.keyboard.press(key)
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return here(page)

    for selector in (".notice .quiet", ".notice .quiet", ".progress button:last-child"):
        left = page.locator(selector).count()
        assert not press(selector)["isLost"], selector
        expect(page.locator(selector)).to_have_count(left - 1)
    assert not press("#leave")["isLost"]
    expect(page.locator("#entry")).to_be_visible()


def go_to(page: Page, selector: str, key: str = "Shift+Tab") -> None:
    """By the keyboard, which never loses the focus on its way."""
    for _ in range(30):
        if page.locator(selector).evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
        assert not here(page)["isLost"], selector
    raise AssertionError(f"{selector} is out of reach")


def test_a_whole_chat_by_keyboard_alone(page_factory: PageFactory, room: str) -> None:
    bo, ada = page_factory(), page_factory(viewport={"width": 390, "height": 700})
    enter(bo, "Bo", room)
    say(bo, "Tea?")
    expect(stored(bo)).to_have_count(1)
    keys = ada.keyboard
    expect(ada.locator("#name")).to_be_focused()
    keys.type("Ada")
    keys.press("Tab")
    keys.press("Control+A")
    keys.type(room)
    keys.press("Enter")
    expect(link(ada)).to_have_attribute("data-status", "online")
    expect(ada.locator("#message")).to_be_focused()
    keys.type("Hello")
    keys.press("Enter")
    expect(contents(ada)).to_have_text(["Tea?", "Hello"])

    go_to(ada, "#log")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    expect(ada.locator(".message:focus-within .content")).to_have_text("Tea?")
    keys.press("Tab")
    expect(ada.locator(".actions button").first).to_be_focused()
    keys.press("Enter")
    expect(ada.locator("#message")).to_be_focused()
    keys.type("Gladly")
    keys.press("Enter")
    expect(bo.locator(".message blockquote")).to_contain_text("Tea?")
    expect(contents(bo).last).to_contain_text("Gladly")

    go_to(ada, "#people-toggle")
    keys.press("Enter")
    expect(ada.locator("#members li")).to_have_count(2)
    expect(ada.locator("#members")).to_be_visible()
    keys.press("Escape")
    expect(ada.locator("#members")).not_to_be_visible()
    expect(ada.locator("#people-toggle")).to_be_focused()

    if not ada.locator("#language").is_visible():
        go_to(ada, "#menu-toggle", "Tab")
        keys.press("Enter")
        expect(ada.locator("#menu")).to_be_visible()
    go_to(ada, "#language", "Tab")
    keys.press("ArrowDown")
    expect(ada.locator("html")).to_have_attribute("dir", "rtl")
    expect(ada.locator("#language")).to_be_focused()
    keys.press("Escape")

    go_to(ada, "#leave")
    keys.press("Enter")
    expect(ada.locator("#you-left")).to_contain_text(room)
    expect(ada.locator("#enter")).to_be_focused()
