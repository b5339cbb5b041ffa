"""What a person does with the page, and what they see there."""

from playwright.sync_api import Locator, Page, WebSocketRoute, expect

expect.set_options(timeout=30_000)  # a function may start cold, on a busy machine


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


class Cable:
    """The wire between a page and the gateway, which can be pulled out and put back."""

    def __init__(self, page: Page) -> None:
        self.sent: list[str] = []
        self.closed = False
        self._live: list[WebSocketRoute] = []
        page.route_web_socket("**/ws/**", self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        if self.closed:
            route.close(code=1001)
            return
        server = route.connect_to_server()
        self._live.append(route)

        def forward(frame: str | bytes) -> None:
            self.sent.append(str(frame))
            server.send(frame)

        route.on_message(forward)

    def pull(self) -> None:
        self.closed = True
        for route in self._live:
            route.close(code=1001)
        self._live.clear()

    def plug_in(self) -> None:
        self.closed = False
