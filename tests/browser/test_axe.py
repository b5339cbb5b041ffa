"""axe-core looks at each state of the page, in both languages, light and dark, on a desk and on a phone."""

from importlib import resources
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import enter
from tests.browser.conftest import PageFactory
from tests.browser.scenes import Stage, speak_in, states, talk
from tests.browser.test_sizes_and_colours import measured

pytestmark = pytest.mark.browser

AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# All rules for WCAG 2.2 A and AA, the best practices and the experimental ones; AAA is not promised.
LOOK = """async () => {
  // Behind an open drawer everything is inert, the heading of the page, too.
  const unwanted = ["wcag2aaa", "deprecated", ...(document.querySelector("[inert]") ? ["page-has-heading-one"] : [])];
  const isWanted = ({ ruleId, tags }) => ![ruleId, ...tags].some((name) => unwanted.includes(name));
  const rules = Object.fromEntries(axe.getRules().map((rule) => [rule.ruleId, { enabled: isWanted(rule) }]));
  const { violations } = await axe.run({ resultTypes: ["violations"], rules });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    `${id}: ${node.target} ${node.html.slice(0, 120)}: ${node.failureSummary.split("\\n").slice(1, 3).join(";")}`));
}"""

LOOKS: list[tuple[str, Literal["dark", "light"]]] = [("fa", "dark"), ("en", "light")]


def barriers(page: Page, state: str) -> list[str]:
    """What axe finds in this state. Neither of language and colours depends on the other, so two looks do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = []
    for language, scheme in LOOKS:
        speak_in(page, language)
        page.emulate_media(color_scheme=scheme)
        found += [f"{state}, {language}, {scheme}: {each}" for each in page.evaluate(LOOK)]
    return found


@pytest.mark.parametrize(
    "viewport", [{"width": 1000, "height": 700}, {"width": 360, "height": 640}], ids=["desk", "phone"]
)
def test_axe_finds_no_barrier(page_factory: PageFactory, viewport: dict[str, int]) -> None:
    page = page_factory(viewport=viewport)
    assert [each for state in states(page, Stage(page)) for each in barriers(page, state)] == []


def test_what_one_does_with_a_message_has_no_barrier(page_factory: PageFactory) -> None:
    page = page_factory(viewport={"width": 320, "height": 568})
    stage = Stage(page)
    enter(page, "Ada", "r")
    stage.send(*talk(5, 12))
    page.evaluate(AXE)
    found = []
    for language, scheme in LOOKS:
        speak_in(page, language)
        page.emulate_media(color_scheme=scheme)
        page.locator("#log").focus()
        page.keyboard.press("ArrowUp")
        expect(page.locator(".message:focus .actions button")).to_have_count(2)
        found += page.evaluate(LOOK) + measured(page, "targets") + measured(page, "flow")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#message")).to_be_focused()
        found += page.evaluate(LOOK) + measured(page, "targets") + measured(page, "flow")
        expect(page.locator(".actions")).to_have_count(0)
    assert found == []


def test_axe_finds_no_barrier_in_the_lab(page_factory: PageFactory) -> None:
    found = []
    for language, scheme in LOOKS:
        page = page_factory(locale=language, color_scheme=scheme)
        page.goto("/lab.html")
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.locator("h1")).not_to_be_empty()
        page.evaluate(AXE)
        found += page.evaluate(LOOK)
        page.close()
    assert found == []
