"""A server in the gateway's place, which says what a test wants to be said."""

import json
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

from tests.browser.events import Event


class Server:
    """Answers each `sync` with the next of its pages."""

    def __init__(self, *pages: Event) -> None:
        self.pages = list(pages)
        self.asked: list[str] = []
        """The ids of the questions."""
        self.live: list[WebSocketRoute] = []

    @classmethod
    def of(cls, page: Page, *pages: Event) -> "Server":
        server = cls(*pages)
        page.route_web_socket("**/ws/**", server.connect)
        return server

    def connect(self, route: WebSocketRoute) -> None:
        self.live.append(route)

        def answer(frame: str | bytes) -> None:
            asked: dict[str, Any] = json.loads(frame)
            if asked.get("action") == "sync":
                self.asked.append(asked["id"])
                route.send(json.dumps(self.pages.pop(0)))

        route.on_message(answer)

    def send(self, *events: Event) -> None:
        """All of them in one frame."""
        self.live[-1].send(json.dumps(events))
