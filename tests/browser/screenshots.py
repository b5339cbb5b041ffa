"""Pictures of the page for the documents: two people talk in two browser contexts, and each look is taken once.

python -m tests.browser.screenshots --url http://127.0.0.1:8000 --out docs/images
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, executable

DESKTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=390, height=844)

Talk = list[tuple[str, str]]

ENGLISH: Talk = [
    ("Ravi", "Morning! The harbour camera is back up."),
    ("Ravi", "And there is a heron on the jetty again 🐦"),
    ("Ada", "Third day in a row. He must be on the payroll by now."),
    ("مریم", "سلام به همه! من هم رسیدم.\nکسی عکسش را گرفت؟"),
    ("Ada", "Two, even. I will bring them to lunch."),
    ("Ravi", "Lunch plan:\n1. dumplings at noon\n2. the long way home\n3. <b>no</b> laptops"),
    ("مریم", "عالی است 👏"),
]
PERSIAN: Talk = [
    ("آرش", "سلام مریم، خوش آمدی."),
    ("آرش", "داشتیم دربارهٔ سفر آخر هفته حرف می‌زدیم."),
    ("Ada", "Count me in! What time does the bus leave?"),
    ("مریم", "ساعت ۷:۳۰ از میدان ولیعصر.\nچای و نان و پنیر با من، Ada هم دوربینش را بیاورد 📷"),
    ("مریم", "کسی چادر دارد؟"),
    ("آرش", "من دارم، برای چهار نفر جا هست."),
    ("Ada", "عالی 👍"),
    ("مریم", "پس تا جمعه!"),
]


@contextmanager
def visitor(
    browser: Browser,
    *,
    url: str,
    name: str,
    room: str,
    locale: str = "en-GB",
    scheme: Literal["light", "dark"] = "light",
    viewport: ViewportSize = DESKTOP,
) -> Iterator[Page]:
    """A person in the room, in a browser context of their own."""
    context = browser.new_context(
        locale=locale, color_scheme=scheme, viewport=viewport, device_scale_factor=2
    )
    page = context.new_page()
    page.goto(url)
    if name:
        page.locator("#name").fill(name)
        page.locator("#room").fill(room)
        page.locator("#enter").click()
        expect(page.locator("#link")).to_have_attribute("data-status", "online")
    try:
        yield page
    finally:
        context.close()


def converse(talk: Talk, people: dict[str, Page]) -> None:
    for name, content in talk:
        page = people[name]
        before = page.locator(".message").count()
        page.locator("#message").fill(content)
        page.locator("#message").press("Enter")
        for each in people.values():
            expect(each.locator(".message")).to_have_count(before + 1)


def take(page: Page, out: Path, name: str) -> None:
    page.screenshot(path=out / f"{name}.png", animations="disabled")
    print(out / f"{name}.png")


@contextmanager
def live_page(browser: Browser, url: str) -> Iterator[Page]:
    """The gateway's own page, with what has happened so far."""
    context = browser.new_context(viewport=DESKTOP, device_scale_factor=2, color_scheme="light")
    page = context.new_page()
    page.goto(f"{url}/_local/")
    page.get_by_role("searchbox").fill('"content"')  # the frames, without the log lines of the start
    expect(page.get_by_text("Lunch plan").first).to_be_visible()
    try:
        yield page
    finally:
        context.close()


def take_lab(
    browser: Browser,
    url: str,
    out: Path,
    name: str,
    *,
    room: str,
    locale: str,
    scheme: Literal["light", "dark"],
) -> None:
    """The experiment of the lab, once a few messages have come by all three ways."""
    context = browser.new_context(locale=locale, color_scheme=scheme, viewport=DESKTOP, device_scale_factor=2)
    page = context.new_page()
    page.goto(f"{url}/lab.html#{room}")
    # Five seconds apart.
    expect(page.locator(".arrivals").filter(has_text="#7")).to_have_count(3, timeout=60_000)
    page.locator("#cards").screenshot(path=out / f"{name}.png", animations="disabled")
    print(out / f"{name}.png")
    context.close()


def take_all(browser: Browser, url: str, out: Path) -> None:
    with visitor(browser, url=url, name="", room="") as page:
        take(page, out, "entry")
    with (
        visitor(browser, url=url, name="Ravi", room="harbour") as ravi,
        visitor(browser, url=url, name="مریم", room="harbour", scheme="dark") as maryam,
        visitor(browser, url=url, name="Ada", room="harbour") as ada,
    ):
        people = {"Ravi": ravi, "مریم": maryam, "Ada": ada}
        for page in people.values():
            expect(page.locator("#members li")).to_have_count(3)
        converse(ENGLISH, people)
        with live_page(browser, url) as page:
            take(page, out, "live-page")
        take(ada, out, "room-light")
        take(maryam, out, "room-dark")
        ada.set_viewport_size(PHONE)
        ada.locator("#log").evaluate("log => { log.scrollTop = log.scrollHeight }")
        take(ada, out, "room-phone")
        ada.locator("#people-toggle").click()
        take(ada, out, "room-phone-people")
    with (
        visitor(browser, url=url, name="آرش", room="سفر") as arash,
        visitor(browser, url=url, name="Ada", room="سفر") as ada,
        visitor(browser, url=url, name="مریم", room="سفر", locale="fa-IR") as maryam,
    ):
        people = {"آرش": arash, "Ada": ada, "مریم": maryam}
        for page in people.values():
            expect(page.locator("#members li")).to_have_count(3)
        converse(PERSIAN, people)
        take(maryam, out, "room-persian")
    take_lab(browser, url, out, "lab", room="lab", locale="en-GB", scheme="light")
    take_lab(browser, url, out, "lab-persian", room="آزمایشگاه", locale="fa-IR", scheme="dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        take_all(browser, options.url, options.out)
        browser.close()


if __name__ == "__main__":
    main()
