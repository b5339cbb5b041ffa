"""The live page's faults: rules with their counts, edited as JSON, and each fault in the timeline."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from local_dev.faults.draws import Question
from local_dev.faults.rules import Plan, Rule
from tests.browser.conftest import DEFAULTS
from tests.local_dev.inspector.scene import Scene, scene
from tests.threads import Inside, in_thread

pytestmark = pytest.mark.browser

THROTTLED = Rule(at="post", do="answer", status=429, chance=0.1, skip=2, times=20)


@pytest.fixture
def served() -> Iterator[Inside[Scene]]:
    with in_thread(scene(plan=Plan(7, (THROTTLED,)))) as inside:
        yield inside


@pytest.fixture
def open_page(browser: Browser, served: Inside[Scene]) -> Iterator[Callable[..., Page]]:
    """Opens the page; at the end it may not have complained."""
    complaints: list[str] = []
    contexts = []

    def visit(tab: str) -> Page:
        context = browser.new_context(base_url=served.value.url, **DEFAULTS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"/_local/#{tab}")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints == []


def happen(served: Inside[Scene], question: Question) -> None:
    """Ask for a fault, as a hook does."""

    async def ask() -> None:
        assert served.value.faults
        served.value.faults.ask(question)

    served.run(ask())


def test_rules_are_shown_edited_and_counted(open_page: Callable[..., Page], served: Inside[Scene]) -> None:
    page = open_page("faults")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("status: 429")
    expect(row).to_contain_text("10 in 100, after 2, at most 20")
    editor = page.get_by_label("All of it")
    plan = json.loads(editor.input_value())
    assert plan == {"seed": 7, "faults": [THROTTLED.data()]}
    apply = page.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()

    editor.fill('{"faults": [{"at": "post", "do": "fly"}]}')
    apply.click()
    expect(page.get_by_role("status").last).to_contain_text("faults[0].do: it cannot be 'fly'")
    assert editor.input_value().endswith('"fly"}]}')  # nothing of what was typed is lost
    expect(row).to_contain_text("429")

    editor.fill('{"seed": 9, "faults": [{"at": "invoke", "do": "lose", "function": "Echo"}]}')
    apply.click()
    expect(page.get_by_role("status").last).to_have_text("Applied.")
    expect(row).to_contain_text("function: Echo")
    happen(served, Question(at="invoke", function="Echo"))
    happen(served, Question(at="invoke", function="Connect"))
    expect(row.locator("td").last).to_have_text("1")
    expect(page.locator(".page")).to_contain_text("1 fault so far, seed 9")

    page.get_by_role("tab", name="Timeline").click()
    fault = page.locator(".exchange.fault")
    expect(fault).to_contain_text("lose at invoke")
    expect(fault).to_contain_text("Echo")


def test_a_page_without_faults_has_no_such_tab(browser: Browser) -> None:
    with in_thread(scene()) as inside:
        page = browser.new_page(base_url=inside.value.url, **DEFAULTS)
        page.goto("/_local/#faults")
        expect(page.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
        expect(page.get_by_role("tab", name="Faults")).to_have_count(0)
        page.close()
