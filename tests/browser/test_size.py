"""How much of the page is loaded before which moment, in bytes without compression."""

import gzip
import re

import pytest
from playwright.sync_api import Response, Route, expect

from tests.browser.acts import contents, enter, say, until
from tests.browser.conftest import PageFactory

pytestmark = pytest.mark.browser

FIRST_STAGE = 60_000
"""Scripts and styles until somebody can type a name."""
WHOLE = 180_000
"""Scripts and styles until somebody has sent a message."""


def size(files: dict[str, bytes]) -> int:
    return sum(map(len, files.values()))


def test_little_is_loaded_before_the_entry_screen_and_not_much_in_all(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    page.goto("about:blank")
    responses: list[Response] = []
    held: list[Route] = []

    def keep(response: Response) -> None:
        responses.append(response)

    def hold(route: Route) -> None:
        held.append(route)

    page.on("response", keep)
    page.route(re.compile(r"(?<!/view)/room\.(js|css)$"), hold)  # the second stage

    def loaded() -> dict[str, bytes]:
        kinds = {"script", "stylesheet"}
        return {found.url: found.body() for found in responses if found.request.resource_type in kinds}

    page.goto("/")
    expect(page.get_by_label("Your name")).to_be_focused()
    until(page, lambda: len(held) == 2)
    first = loaded()
    # All at once, not each when the one before it has been read; which language it is, only main.js knows.
    begun = page.locator("link[rel=modulepreload], script").evaluate_all(
        "all => all.map((e) => e.href || e.src)"
    )
    scripts = {url for url in first if url.endswith(".js") and "/lang/" not in url}
    assert scripts == set(begun)
    for route in held:
        route.continue_()
    enter(page, "Ada", room)
    say(page, "hello")
    expect(contents(page)).to_have_text("hello")
    whole = loaded()
    for files in (first, whole):
        zipped = sum(len(gzip.compress(body)) for body in files.values())
        print(f"{len(files)} files, {size(files)} bytes, {zipped} with gzip")
    assert size(first) < FIRST_STAGE
    assert size(whole) < WHOLE
    assert whole.keys() > first.keys()
