"""Languages on the page: a switch loses nothing, users' texts turn no sentence round, digits are the reader's own."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.acts import enter, until
from tests.browser.conftest import PageFactory
from tests.browser.scenes import Stage, speak_in, states, talk

pytestmark = pytest.mark.browser

# The people of `scenes`. What they are called and what they say stands alone, within an isolate, or in a field.
EXPOSED = """() => {
  const isUsers = /\\b(Ada|Bo|Cy|Guest \\d+)\\b|مریم|بهار|W{64}|سلام|Shall we/;
  const isolates = (node) => ["isolate", "plaintext", "isolate-override"].includes(getComputedStyle(node).unicodeBidi);
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode());) {
    if (!isUsers.test(text.data) || text.parentElement.closest("noscript, .glimpse")) continue;
    const own = text.parentElement.closest("bdi, [dir=auto], textarea");
    if (!own || !(own.matches("textarea") || isolates(own))) found.push(text.parentElement.outerHTML.slice(0, 160));
  }
  for (const node of document.querySelectorAll("[title], [aria-label], [alt]")) {
    for (const name of ["title", "aria-label", "alt"]) {
      const value = node.getAttribute(name) ?? "";
      const rest = value.replace(/\\u2068.*?\\u2069/gs, "");
      if (isUsers.test(rest) && rest.trim() !== value.match(isUsers)?.[0]) found.push(`${name}: ${value}`);
    }
  }
  return found;
}"""

# Of the page's own texts, in Persian: neither what users wrote nor an address.
LATIN_DIGITS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text; (text = walker.nextNode());) {
    const users = text.parentElement.closest("bdi, [dir], .content, textarea, .avatar, noscript");
    if (/[0-9]/.test(text.data) && !users) found.push(text.parentElement.outerHTML.slice(0, 160));
  }
  for (const node of document.querySelectorAll("[title], [aria-label], [placeholder]")) {
    if (!node.checkVisibility()) continue;
    for (const name of ["title", "aria-label", "placeholder"]) {
      const value = (node.getAttribute(name) ?? "").replace(/\\u2068.*?\\u2069/gs, "");
      if (/[0-9]/.test(value)) found.push(`${name}: ${value}`);
    }
  }
  return found;
}"""


def test_users_texts_are_isolated_and_persian_has_its_own_digits(page_factory: PageFactory) -> None:
    page = page_factory()
    found = []
    for state in states(page, Stage(page)):
        speak_in(page, "fa")
        found += [f"{state}, a digit: {each}" for each in page.evaluate(LATIN_DIGITS)]
        found += [f"{state}, fa: {each}" for each in page.evaluate(EXPOSED)]
        speak_in(page, "en")
        found += [f"{state}, en: {each}" for each in page.evaluate(EXPOSED)]
    assert found == []


def test_a_switch_of_language_loses_nothing(page_factory: PageFactory) -> None:
    page = page_factory(viewport={"width": 600, "height": 500})
    stage = Stage(page)
    page.locator("#name").fill("Bo")
    page.locator("#room").fill("elsewhere")
    speak_in(page, "fa")
    expect(page.locator("#name")).to_have_value("Bo")
    expect(page.locator("#room")).to_have_value("elsewhere")
    speak_in(page, "en")
    enter(page, "Ada", "r")
    stage.send(*talk(5, 65))
    expect(page.locator(".message")).to_have_count(60)
    page.evaluate("window.same = true")
    page.locator("#message").fill("half a sentence")
    page.locator("#message").evaluate("field => field.setSelectionRange(5, 6)")
    for language in ("fa", "en"):
        speak_in(page, language)
        expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "fa" else "ltr")
        expect(page.locator("#message")).to_have_value("half a sentence")
        assert page.locator("#message").evaluate("field => [field.selectionStart, field.selectionEnd]") == [
            5,
            6,
        ]
        assert page.evaluate("document.activeElement.id") == "message"
    assert page.evaluate("window.same")


@pytest.mark.parametrize("address", ["/", "/lab.html"])
def test_the_language_that_is_chosen_last_counts(page_factory: PageFactory, address: str) -> None:
    page = page_factory()
    page.goto(address)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/lang/fa.js", hold)
    choice = page.locator("#language")
    expect(choice).to_have_value("en")
    choice.select_option("fa")
    until(page, lambda: len(held) == (2 if "lab" in address else 1))
    choice.select_option("en")
    for route in held:
        route.continue_()
    # Whoever asks for them now has them after who asked before.
    page.evaluate(
        "paths => Promise.all(paths.map((path) => import(path)))", [route.request.url for route in held]
    )
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(choice).to_have_value("en")
