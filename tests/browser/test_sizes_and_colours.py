"""What eyes and fingers need: targets, contrast, reflow, room for wider text, forced colours, and rest."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PageFactory
from tests.browser.scenes import Stage, speak_in, states
from tests.browser.test_keyboard import stops

pytestmark = pytest.mark.browser

MEASURES = (Path(__file__).parent / "measures.js").read_text(encoding="utf-8").partition("\n")[2]
TEXTS = [
    *(
        (text, ground, 4.5)
        for text in ("ink", "soft", "accent", "danger")
        for ground in ("paper", "surface", "raised")
    ),
    ("ink", "wash", 4.5),
    ("on-accent", "accent", 4.5),
    ("on-mine", "mine", 4.5),
    ("on-amber", "amber", 4.5),
    ("danger", "danger-wash", 4.5),
]
SIGNS = [
    *(
        (sign, ground, 3)
        for sign in ("edge", "accent", "good", "wait", "danger")
        for ground in ("paper", "surface", "raised")
    )
]  # borders of fields, the mark of the focus, icons, the state of the connection


def measured(page: Page, what: str, argument: object = None) -> list[str]:
    found: list[str] = page.evaluate(f"argument => {MEASURES.rstrip()}.{what}(argument)", argument)
    return found


def looked_at(
    page: Page, *measures: str, languages: tuple[str, ...] = ("fa", "en"), **media: Any
) -> list[str]:
    """What is wrong in any state."""
    found = []
    for state in states(page, Stage(page)):
        page.emulate_media(**media)
        for language in languages:
            speak_in(page, language)
            for what in measures:
                found += [f"{state}, {language}, {what}: {each}" for each in measured(page, what)]
    return found


@pytest.mark.parametrize(("width", "height"), [(320, 568), (320, 256), (640, 400)])
def test_nothing_is_out_of_reach_or_too_small_on_a_small_phone_or_enlarged(
    page_factory: PageFactory, width: int, height: int
) -> None:
    """1280 x 1024 at 400 % is 320 x 256; 1280 x 800 at 200 % is 640 x 400."""
    page = page_factory(viewport={"width": width, "height": height})
    assert looked_at(page, "targets", "flow") == []


def test_wider_text_finds_room(page_factory: PageFactory) -> None:
    page = page_factory(viewport={"width": 360, "height": 640})
    assert looked_at(page, "widen", "flow") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_told_from_what_is_behind_it(page_factory: PageFactory, scheme: str) -> None:
    page = page_factory(color_scheme=scheme)
    assert looked_at(page, "contrast", "still", languages=("en",)) == []
    assert measured(page, "tokens", TEXTS + SIGNS) == []
    assert measured(page, "tokens", [("edge", "paper", 21)]) != []


def test_colours_that_the_system_forces_leave_the_focus_to_be_seen(page_factory: PageFactory) -> None:
    page = page_factory(forced_colors="active")
    for state in states(page, Stage(page)):
        if state == "failed message and notices":
            break
        page.emulate_media(forced_colors="active")
        assert [stop["what"] for stop in stops(page) if not stop["isMarked"]] == [], state
