"""What a person does with the page, and what they see there."""

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Locator, Page, Route, WebSocketRoute, expect

DEADLINE = 30.0  # a function may start cold, on a busy machine
expect.set_options(timeout=DEADLINE * 1000)


def enter(page: Page, name: str, room: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Room", exact=True).fill(room)
    page.get_by_role("button", name="Enter room").click()
    expect(link(page)).to_have_attribute("data-status", "online")
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false")


def say(page: Page, content: str) -> None:
    page.locator("#message").fill(content)
    page.locator("#message").press("Enter")


def link(page: Page) -> Locator:
    """The state of the connection."""
    return page.locator("#link")


def contents(page: Page) -> Locator:
    """The text of each message, in order."""
    return page.locator(".message .content")


def stored(page: Page) -> Locator:
    """The messages that the server has acknowledged."""
    return page.locator(".message:is([data-progress=''], [data-progress=stored])")


def lines(page: Page, text: str) -> Locator:
    """The system lines that read `text`."""
    return page.locator(".line > span").get_by_text(text, exact=True)


def members(page: Page) -> Locator:
    return page.locator("#members bdi")


def statuses(page: Page) -> list[str]:
    """The states of the connection that were shown, from `watch_link` on."""
    return list(page.evaluate("window.linkStatuses"))


def watch_link(page: Page) -> None:
    page.evaluate(
        """() => {
             const link = document.querySelector("#link");
             window.linkStatuses = [link.dataset.status];
             new MutationObserver(() => window.linkStatuses.push(link.dataset.status))
               .observe(link, { attributes: true, attributeFilter: ["data-status"] });
           }"""
    )


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for what only this process can see, while the page goes on."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(20)


class Cable:
    """The wire between a page and the chat, which can be pulled out and put back."""

    def __init__(self, page: Page) -> None:
        self.sent: list[str] = []
        """Frames, and the requests that stand for some where the page does without a WebSocket."""
        self.closed = False
        self.connections = 0
        self.refused = 0
        """How often the page came in vain."""
        self.live: list[WebSocketRoute] = []
        page.route_web_socket("**/ws/**", self._connect)
        page.route("**/api/**", self._ask)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.closed:
            self.refused += 1
            route.close(code=1001)
            return
        self.connections += 1
        server = route.connect_to_server()
        self.live.append(route)

        def hang_up(code: int | None, reason: str | None) -> None:
            if route in self.live:
                self.live.remove(route)
            server.close(code=code, reason=reason)

        def forward(frame: str | bytes) -> None:
            self.sent.append(str(frame))
            server.send(frame)

        route.on_message(forward)
        route.on_close(hang_up)

    def _ask(self, route: Route) -> None:
        if self.closed:
            route.abort("internetdisconnected")
            return
        if route.request.method == "POST" and route.request.post_data:
            self.sent.append(route.request.post_data)
        asked = dict(parse_qsl(urlsplit(route.request.url).query))
        if "id" in asked:
            after = {"after": int(asked["after"])} if "after" in asked else {}
            self.sent.append(json.dumps({"action": "sync", "id": asked["id"], **after}))
        route.fallback()

    def pull(self) -> None:
        self.closed = True
        live, self.live = self.live, []
        for route in live:
            route.close(code=1001)

    def plug_in(self) -> None:
        self.closed = False

    def published(self, content: str) -> list[str]:
        """The ids that this content was sent with, once for each time."""
        sent = [json.loads(frame) for frame in self.sent]
        return [frame["id"] for frame in sent if frame.get("content") == content]
