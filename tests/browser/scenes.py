"""The page in one state after the other, before a server that is only played."""

import json
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.acts import enter, link, say
from tests.browser.events import Event, message, newest, page_of
from tests.browser.test_told import CROWD

TALK = [
    "Shall we talk?\n\nhttps://example.org/a?b=c and `code`",
    "> Cy: what about Tuesday?\n> \nYes, gladly.",
    "سلام، حالتان چطور است؟",
    "x" * 300,
    "👋🏽",
]


class Stage:
    """In the gateway's place: a room with no messages yet, but what is sent by the test."""

    def __init__(self, page: Page) -> None:
        self.live: list[WebSocketRoute] = []
        self.closed = False
        page.route_web_socket("**/ws/**", self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.closed:
            route.close(code=1001)
            return
        self.live.append(route)

        def answer(frame: str | bytes) -> None:
            asked: dict[str, Any] = json.loads(frame)
            if asked.get("action") != "sync":
                route.send("[]")  # a sign of life, or the page would connect anew
                return
            first = asked["id"] == "newest"
            page = (
                newest(through=4) | {"from": 5} if first else page_of(ask=asked["id"], through=asked["after"])
            )
            route.send(json.dumps(page))

        route.on_message(answer)

    def send(self, *events: Event) -> None:
        for event in events:
            self.live[-1].send(json.dumps(event))

    def close(self) -> None:
        """For good: who comes back is turned away."""
        self.closed = True
        self.live[-1].close(code=1001)


def speak_in(page: Page, code: str) -> None:
    """However the choice is shown."""
    page.locator("#language").evaluate(
        "(select, code) => { select.value = code; select.dispatchEvent(new Event('change')); }", code
    )
    expect(page.locator("html")).to_have_attribute("lang", code)


def talk(first: int, last: int) -> list[Event]:
    who = ["Bo", "مریم", "W" * 64, "Ada"]
    return [
        message(seq, who=who[seq // 2 % 4])
        | {"content": f"{seq} {TALK[seq % 5]}" if seq % 2 else TALK[seq % 5]}
        for seq in range(first, last)
    ]


def refuse_last(page: Page, stage: Stage) -> None:
    """What was written last is refused for good."""
    ids: list[str] = page.evaluate(
        "Object.entries(sessionStorage).filter(([key]) => key.startsWith('parley.outbox.'))"
        ".flatMap(([, text]) => JSON.parse(text).map(({ id }) => id))"
    )
    error = {"type": "error", "code": "content_too_long", "content": "No.", "timestamp": ""}
    stage.send(error | {"id": ids[-1]})
    expect(page.locator(".message[data-progress=failed]")).to_have_count(1)


def states(page: Page, stage: Stage) -> Iterator[str]:
    """Brings the page into one state after the other."""
    yield "entry"
    page.locator("#name").fill("system")
    page.locator("#room").fill("x" * 65)
    page.locator("#enter").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(2)
    yield "entry with errors"
    enter(page, "Ada", "r")
    expect(page.locator("#empty")).to_be_visible()
    yield "empty room"
    stage.send(*talk(5, 35))
    people = ["Ada", "Bo", "مریم", "W" * 64, *(f"Guest {number}" for number in range(40))]
    stage.send({"type": "presence", "users": people, "total": 1_200, "timestamp": "2030-01-02"})
    for second in range(10, 15):
        stage.send(CROWD | {"timestamp": f"2030-01-01T12:00:{second}.000Z"})
    say(page, "mine")
    page.locator("#message").fill("y" * 4_010)
    expect(page.locator("#limit")).to_be_visible()
    yield "busy room"
    page.locator("#message").fill("")
    if page.locator("#people-toggle").is_visible():
        page.locator("#people-toggle").click()
        expect(page.locator("#members")).to_be_visible()
        yield "people"
        page.keyboard.press("Escape")
    if page.locator("#menu-toggle").count():
        page.locator("#menu-toggle").click()
        expect(page.locator("#menu")).to_be_visible()
        yield "menu"
        page.keyboard.press("Escape")
    refuse_last(page, stage)
    stage.send({"type": "error", "code": "not_admitted", "content": "No.", "timestamp": ""})
    stage.send({"type": "error", "code": "unheard_of", "content": "No idea.", "timestamp": ""})
    expect(page.locator(".notice")).to_have_count(2)
    yield "failed message and notices"
    page.locator("#log").evaluate("log => { log.scrollTop = 0; }")
    stage.send(message(36))
    page.evaluate("Math.random = () => 100")  # it does not try again meanwhile: each try moves something
    page.context.set_offline(True)
    stage.close()
    expect(link(page)).to_have_attribute("data-status", "offline")
    yield "offline, and away from the end"
    page.context.set_offline(False)
    expect(link(page)).to_have_attribute("data-status", "waiting")
    yield "reconnecting"
    page.locator("#leave").click()
    expect(page.locator("#you-left")).to_be_visible()
    yield "left"
