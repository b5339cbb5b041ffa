"""How a message's text is drawn: links that say where they lead, quotes, each paragraph in its own direction."""

from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.acts import contents, enter, say, stored
from tests.browser.conftest import PageFactory

pytestmark = pytest.mark.browser

# The side at which the first line of an element's own text stands.
SIDE = """node => {
  const range = document.createRange();
  range.selectNodeContents([...node.childNodes].find(({ nodeType }) => nodeType === Node.TEXT_NODE));
  const [line] = range.getClientRects();
  const box = node.getBoundingClientRect();
  return line.left - box.left < box.right - line.right ? "left" : "right";
}"""


def attributes(link: Locator) -> Any:
    return link.evaluate(
        "link => Object.fromEntries([...link.attributes].map(({ name, value }) => [name, value]))"
    )


def test_a_link_opens_by_itself_and_tells_where_it_leads(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    say(page, "ببینید: www.a.example/x؟ و https://مثال.example، و https://b.example/")
    link = contents(page).locator("a")
    expect(link).to_have_text(["www.a.example/x", "https://مثال.example", "https://b.example/"])
    common = {"target": "_blank", "rel": "noopener noreferrer nofollow ugc", "dir": "ltr", "tabindex": "-1"}
    assert [attributes(each) for each in link.all()] == [
        common | {"href": "https://www.a.example/x", "title": "https://www.a.example/x"},
        common | {"href": "https://xn--mgbh0fb.example/", "title": "https://xn--mgbh0fb.example/"},
        common | {"href": "https://b.example/"},
    ]
    page.context.route(
        "https://b.example/", lambda route: route.fulfill(body="there", content_type="text/plain")
    )
    with page.context.expect_page() as opened:
        link.nth(2).click()
    expect(opened.value.locator("body")).to_have_text("there")
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]
    expect(stored(page)).to_have_count(1)


def test_a_quote_and_its_answer_have_each_its_own_direction(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    say(
        page,
        "> Bo:\n> Is there tea?\nبله، بفرمایید.\nAs much as you like, and some more of it for everybody.",
    )
    content = contents(page)
    expect(content.locator("blockquote cite")).to_have_text("Bo")
    expect(content.locator("blockquote")).to_have_text("BoIs there tea?")
    expect(content.locator("p")).to_have_text(
        "بله، بفرمایید.\nAs much as you like, and some more of it for everybody."
    )
    assert [content.locator(part).evaluate(SIDE) for part in ("blockquote", "p")] == ["left", "right"]
    say(page, ">:( not a quote\n> nor this")
    expect(content.nth(1)).to_have_text(">:( not a quote\n> nor this")
    expect(content.locator("blockquote")).to_have_count(1)
