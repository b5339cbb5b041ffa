"""Pictures of the page for the documents, of a local gateway that has just been started: people talk in its rooms,
each in a browser context or by a bare WebSocket, and each look is taken once. Only the clock is not theirs: whatever
is said has the time that stands beside it here, so that the pictures are the same on each day.

python -m tests.browser.screenshots --url http://127.0.0.1:8000 --out docs/images
"""

import argparse
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from playwright.sync_api import Browser, Page, ViewportSize, WebSocketRoute, expect, sync_playwright
from websockets.sync.client import connect

from tests.browser.chromium import ARGUMENTS, executable
from tests.browser.scenes import speak_in

DESK = ViewportSize(width=1200, height=760)
PHONE = ViewportSize(width=390, height=760)
NOW = datetime(2026, 5, 14, 12, 5, tzinfo=UTC)

Scheme = Literal["light", "dark"]
Line = tuple[str, str, str]
"""When, who, what."""

UNSENT = "Who has the key of the boathouse?"

ENGLISH: list[Line] = [
    ("13T16:40", "Bo Larsen", "The harbour camera is back up: https://harbour.example/live?pier=3"),
    ("13T16:52", "Ada Lovelace", "Wonderful. It had been looking at its own lens cap since Monday."),
    ("14T08:58", "Ravi Menon", "Morning! There is a heron on the jetty again 🐦"),
    ("14T08:58", "Ravi Menon", "Third day in a row. He must be on the payroll by now."),
    ("14T09:03", "مریم میرزایی", "سلام به همه! من هم رسیدم.\nکسی عکسش را گرفت؟"),
    (
        "14T09:05",
        "Ada Lovelace",
        "> مریم میرزایی:\n> کسی عکسش را گرفت؟\nTwo, even. I will bring them to lunch.",
    ),
    (
        "14T11:40",
        "Ravi Menon",
        "Lunch plan:\n1. dumplings at noon\n2. the long way home, along the quay\n3. <b>no</b> laptops",
    ),
    ("14T11:42", "Ada Lovelace", "> Ravi Menon:\n> 3. <b>no</b> laptops\nAgreed, for once."),
]
UNREAD: list[Line] = [
    ("14T11:58", "مریم میرزایی", "عالی است 👏"),
    ("14T12:01", "Bo Larsen", "I am at the door. It smells of ginger."),
]
PERSIAN: list[Line] = [
    ("13T19:20", "آرش", "داشتیم دربارهٔ سفر آخر هفته حرف می‌زدیم."),
    ("13T19:24", "Ada Lovelace", "Count me in! What time does the bus leave?"),
    ("14T10:31", "مریم میرزایی", "ساعت ۷:۳۰ از میدان ولیعصر. نقشه: https://example.ir/meydan"),
    ("14T10:31", "مریم میرزایی", "چای و نان و پنیر با من، Ada هم دوربینش را بیاورد 📷"),
    ("14T10:36", "آرش", "> مریم میرزایی:\n> چای و نان و پنیر با من\nپس میوه با من. کسی چادر دارد؟"),
    ("14T11:50", "سارا", "من دارم؛ برای چهار نفر جا هست.\nفقط میخ‌هایش را پارسال در دماوند جا گذاشتیم!"),
    ("14T11:52", "Ada Lovelace", "عالی 👍"),
    ("14T12:01", "مریم میرزایی", "پس تا جمعه!"),
]
CROWD = [
    "Chidi Okafor",
    "Elif",
    "Jonas",
    "Kateryna Bondar",
    "Liu Wei",
    "Mateo",
    "Noor",
    "Oskar",
    "پرستو",
    "Thandi",
]
"""They come, and say nothing."""
LIVE: dict[Page, WebSocketRoute] = {}
CUT: set[Page] = set()


def time_of(event: dict[str, Any]) -> str:
    said = {content: when for when, _, content in (*ENGLISH, *UNREAD, *PERSIAN)}
    crowd = any(name in event.get("content", "") for name in CROWD)
    return f"2026-05-{said.get(event['content'], '14T09:20' if crowd else '13T16:30')}:00.000Z"


def retimed(frame: str) -> str:
    """What the server says, with the times of here."""
    events = json.loads(frame)
    for event in events if isinstance(events, list) else [events]:
        for each in (event, *event.get("messages", [])):
            if each.get("type") in {"message", "system"}:
                each["timestamp"] = time_of(each)
    return json.dumps(events)


@contextmanager
def visitor(
    browser: Browser,
    url: str,
    name: str = "",
    room: str = "",
    *,
    locale: str = "en-GB",
    scheme: Scheme = "light",
    viewport: ViewportSize = DESK,
    scale: float = 1,
) -> Iterator[Page]:
    """Somebody on the entry screen, or in a room if a name is given, in a browser context of their own."""
    context = browser.new_context(
        locale=locale, color_scheme=scheme, viewport=viewport, device_scale_factor=scale, timezone_id="UTC"
    )
    context.clock.set_fixed_time(NOW)
    page = context.new_page()

    def carry(route: WebSocketRoute) -> None:
        if page in CUT:
            route.close(code=1001)
            return
        server = route.connect_to_server()
        LIVE[page] = route

        def forward(frame: str | bytes) -> None:
            asked = json.loads(frame)
            if asked.get("content") == UNSENT:
                refusal = {"type": "error", "code": "content_invalid", "content": "No.", "timestamp": ""}
                route.send(json.dumps(refusal | {"id": asked["id"]}))
            else:
                server.send(frame)

        route.on_message(forward)
        server.on_message(lambda frame: route.send(retimed(str(frame))))

    page.route_web_socket("**/ws/**", carry)
    page.goto(f"{url}/#{quote(room)}" if room and not name else url)
    expect(page.locator("#enter")).not_to_be_empty()
    if name:
        page.locator("#name").fill(name)
        page.locator("#room").fill(room)
        page.locator("#enter").click()
        expect(page.locator("#log")).to_have_attribute("aria-busy", "false")
    try:
        yield page
    finally:
        context.close()


@contextmanager
def crowd(url: str, room: str) -> Iterator[None]:
    with ExitStack() as stack:
        for name in CROWD:
            address = f"{url.replace('http', 'ws', 1)}/ws/{quote(room)}/{quote(name)}"
            stack.enter_context(connect(address, ping_interval=None, close_timeout=1))
        yield


def converse(talk: list[Line], people: dict[str, Page]) -> None:
    """Each line once the one before has reached everybody."""
    for _, name, content in talk:
        people[name].locator("#message").fill(content)
        people[name].locator("#message").press("Enter")
        last = content.splitlines()[-1].split("https")[0]
        for page in people.values():
            expect(page.locator(".message").filter(has_text=last).last).to_be_attached()
    for page in people.values():
        expect(page.locator(".message:is([data-progress=sending], [data-progress=waiting])")).to_have_count(0)


def look_up(page: Page) -> None:
    """Away from the end, so that what comes there is new."""
    page.locator("#log").evaluate("log => { log.scrollTop = 0; }")
    expect(page.locator("#jump")).to_be_visible()


def take(page: Page, out: Path, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)  # for images and transitions
    page.screenshot(path=out / f"{name}.png", animations="disabled")
    print(out / f"{name}.png")


def take_entry(browser: Browser, url: str, out: Path) -> None:
    with visitor(browser, url) as page:
        page.locator("#name").fill("Ada Lovelace")
        page.locator("#room").fill("harbour")
        page.locator("#enter").focus()
        take(page, out, "entry")
    with visitor(browser, url, room="سفر به شمال", locale="fa-IR", scheme="dark") as page:
        take(page, out, "entry-invited-persian-dark")
    with visitor(browser, url, viewport=PHONE, scale=1.5, locale="fa-IR") as page:
        page.locator("#name").fill("System")
        page.locator("#enter").click()
        expect(page.locator("#name-problem")).not_to_be_empty()
        take(page, out, "phone-name-refused-persian")


def take_harbour(browser: Browser, url: str, out: Path) -> None:
    with ExitStack() as stack:
        names = ["Ravi Menon", "مریم میرزایی", "Bo Larsen", "Ada Lovelace"]
        people = {name: stack.enter_context(visitor(browser, url, name, "harbour")) for name in names}
        ada = people["Ada Lovelace"]
        assert ada.locator(".message").count() == 0, (
            "somebody has talked there already: start the gateway anew"
        )
        converse(ENGLISH[:5], people)
        with live_page(browser, url) as page:
            take(page, out, "live-page")
        with crowd(url, "harbour"):
            expect(ada.locator("#members li")).to_have_count(len(CROWD) + len(names))
            converse(ENGLISH[5:], people)
            phone = stack.enter_context(
                visitor(browser, url, "Ada Lovelace", "harbour", viewport=PHONE, scale=1.5)
            )
            for page in (ada, phone):
                look_up(page)
            converse(UNREAD, people)
            take(phone, out, "phone-unread")
            for page in (ada, phone):
                page.locator("#jump").click()
                page.locator("#message").focus()
            take(ada, out, "room")
            take(phone, out, "phone-room")
            phone.emulate_media(color_scheme="dark")
            phone.locator("#people-toggle").click()
            take(phone, out, "phone-people-dark")
            phone.keyboard.press("Escape")
            if phone.locator("#menu-toggle").count():
                speak_in(phone, "fa")
                phone.locator("#menu-toggle").click()
                take(phone, out, "phone-menu-persian-dark")
                phone.keyboard.press("Escape")
            ada.emulate_media(color_scheme="dark")
            take(ada, out, "room-dark")
            ada.locator("#message").fill(UNSENT)
            ada.locator("#message").press("Enter")
            expect(ada.locator(".message[data-progress=failed]")).to_have_count(1)
            take(ada, out, "not-sent-dark")
            bo = people["Bo Larsen"]
            CUT.add(bo)
            bo.context.set_offline(True)
            LIVE[bo].close(code=1001)
            expect(bo.locator("#link")).to_have_attribute("data-status", "offline")
            bo.locator("#message").fill("Tell them to keep two for me.")
            bo.locator("#message").press("Enter")
            take(bo, out, "offline")


def take_journey(browser: Browser, url: str, out: Path) -> None:
    with ExitStack() as stack:
        names = ["آرش", "سارا", "Ada Lovelace", "مریم میرزایی"]
        people = {
            name: stack.enter_context(visitor(browser, url, name, "سفر به شمال", locale="fa-IR"))
            for name in names
        }
        converse(PERSIAN, people)
        maryam = people["مریم میرزایی"]
        take(maryam, out, "room-persian")
        maryam.set_viewport_size(PHONE)
        maryam.emulate_media(color_scheme="dark")
        take(maryam, out, "phone-room-persian-dark")


@contextmanager
def live_page(browser: Browser, url: str) -> Iterator[Page]:
    """The gateway's own page, with what has happened so far."""
    context = browser.new_context(viewport=ViewportSize(width=1280, height=900), color_scheme="light")
    page = context.new_page()
    page.goto(f"{url}/_local/")
    page.get_by_role("searchbox").fill('"content"')  # the frames, without the log lines of the start
    expect(page.get_by_text("heron").first).to_be_visible()
    try:
        yield page
    finally:
        context.close()


def take_lab(
    browser: Browser, url: str, out: Path, name: str, *, room: str, locale: str, scheme: Scheme
) -> None:
    """The experiment of the lab, once a few messages have come by all three ways."""
    context = browser.new_context(
        locale=locale,
        color_scheme=scheme,
        viewport=ViewportSize(width=1280, height=900),
        device_scale_factor=2,
    )
    page = context.new_page()
    page.goto(f"{url}/lab.html#{room}")
    # Five seconds apart.
    expect(page.locator(".arrivals").filter(has_text="#7")).to_have_count(3, timeout=60_000)
    page.locator("#cards").screenshot(path=out / f"{name}.png", animations="disabled")
    print(out / f"{name}.png")
    context.close()


def take_all(browser: Browser, url: str, out: Path) -> None:
    take_entry(browser, url, out)
    take_harbour(browser, url, out)
    take_journey(browser, url, out)
    take_lab(browser, url, out, "lab", room="lab", locale="en-GB", scheme="light")
    take_lab(browser, url, out, "lab-persian", room="آزمایشگاه", locale="fa-IR", scheme="dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        take_all(browser, asked.url, asked.out)
        browser.close()


if __name__ == "__main__":
    main()
