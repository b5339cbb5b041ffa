"""Chromium, and people in it: each with a browser context of their own, whose console must stay free of errors."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import chromium
from tests.browser.acts import DEADLINE
from tests.browser.events import Evaluate
from tests.conftest import ROOT, ServedGateway

PageFactory = Callable[..., Page]

# Small and still, so that little time goes into drawing.
DEFAULTS: dict[str, Any] = {
    "locale": "en-GB",
    "reduced_motion": "reduce",
    "viewport": {"width": 900, "height": 600},
    # What one asks for, a test could not stand in the way of.
    "service_workers": "block",
}


# What Chromium says where a page is reloaded while it connects, and where a cable is out; and Playwright of a worker.
HARMLESS = (
    "WebSocket is closed before the connection is established",
    "net::ERR_INTERNET_DISCONNECTED",
    "Service Worker registration blocked by Playwright",
)


# Not for the whole session: while Playwright's loop runs in this thread, asynchronous tests could not.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None:
        reason = "no Chromium on PATH, and CHROMIUM does not name one"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        yield launched
        launched.close()


@contextmanager
def visitors(browser: Browser, url: str, *harmless: str) -> Iterator[PageFactory]:
    """Opens the page for someone new. At the end every page must have kept its console free of errors, but for
    those that contain one of `harmless`.
    """
    complaints: list[str] = []
    contexts = []

    def complain(text: str) -> None:
        if not any(part in text for part in (*HARMLESS, *harmless)):
            complaints.append(text)

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: complain(f"page error: {error}"))
        page.on("console", lambda line: complain(line.text) if line.type in {"error", "warning"} else None)

    def open_page(**options: Any) -> Page:
        context = browser.new_context(base_url=url, **DEFAULTS | options)
        context.set_default_timeout(DEADLINE * 1000)
        context.on("page", watch)
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page_factory(browser: Browser, gateway: ServedGateway) -> Iterator[PageFactory]:
    with visitors(browser, gateway.url) as open_page:
        yield open_page


@pytest.fixture(scope="package")
def files() -> Iterator[str]:
    """The page's files and no gateway; their address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(ROOT / "site"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def caller(page: Page, folder: str) -> Evaluate:
    """Calls a JavaScript function `(module, argument) => …` with the module of that name in a folder of the page."""

    def evaluate(module: str, function: str, argument: Any = None) -> Any:
        # A page's policy forbids code from texts, but not what the browser itself is told to run.
        return page.evaluate(
            f"async ([path, argument]) => ({function})(await import(path), argument)",
            [f"{folder}/{module}.js", argument],
        )

    return evaluate


@pytest.fixture(scope="module")
def js(browser: Browser, files: str) -> Iterator[Evaluate]:
    """Calls functions with the chat's modules."""
    page = browser.new_page(base_url=files, service_workers="block")
    page.goto("/")
    yield caller(page, "/js")
    page.close()


@pytest.fixture
def room() -> str:
    """A room that no other test has used."""
    return f"room {uuid4().hex[:8]}"
