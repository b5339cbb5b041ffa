"""The page without a network: what its service worker keeps, when that is shown, and when it is not."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import contents, enter, link, say, stored, until
from tests.browser.conftest import DEFAULTS, PageFactory
from tests.browser.site_copy import SiteCopy, served
from tests.conftest import ROOT

pytestmark = pytest.mark.browser

SITE = ROOT / "site"
KEPT = """async () => {
  const [name] = (await caches.keys()).filter((name) => name.startsWith("parley.shell."));
  return name ? (await (await caches.open(name)).keys()).map(({ url }) => url) : [];
}"""
WORKERS = "async () => (await navigator.serviceWorker.getRegistrations()).length"
COPIES = "async () => (await caches.keys()).length"
CONTROLLED = "() => navigator.serviceWorker.controller !== null"


def listed() -> set[str]:
    text = (SITE / "sw.js").read_text("utf-8")
    found = re.search(r"FILES = \[(.*?)\];", text, re.DOTALL)
    assert found
    return set(re.findall(r'"(.+?)"', found[1]))


def test_the_list_is_all_that_the_page_is_made_of() -> None:
    """What the lab alone is made of, the system's icons and the worker itself are not the page."""
    others = re.compile(r"lab|sw\.js|manifest|icons/|.*\.d\.ts$|js/lab/")
    files = {path.relative_to(SITE).as_posix() for path in SITE.rglob("*") if path.is_file()}
    assert listed() == {"./"} | {file for file in files - {"index.html"} if not others.match(file)}


def kept(page: Page) -> set[str]:
    """What the copy has, as the list names it."""
    urls = page.evaluate(KEPT)
    return {urlsplit(url)._replace(scheme="", netloc="").geturl()[1:] or "./" for url in urls}


# In seconds. However busy this machine is, nothing is slow but what a test makes so.
PATIENCE, LESS = 30, 3


def lose_patience(site: SiteCopy, path: str) -> None:
    """The worker waits less long for this file, and for no other."""
    site.change("sw.js", "resolve, PATIENCE", f"resolve, path === '{path}' ? {LESS}_000 : PATIENCE")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SiteCopy]:
    with served(tmp_path / "site") as copy:
        copy.change("sw.js", re.compile(r"PATIENCE = \w+"), f"PATIENCE = {PATIENCE}_000")
        yield copy


@pytest.fixture
def visit(browser: Browser, site: SiteCopy) -> Iterator[Callable[[], Page]]:
    """Opens the page for somebody who has been there once, so that the worker has it."""
    contexts = []

    def open_page() -> Page:
        context = browser.new_context(base_url=site.url, **DEFAULTS | {"service_workers": "allow"})
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        page.wait_for_function(CONTROLLED)
        return page

    yield open_page
    for context in contexts:
        context.close()


TITLE = "#entry-title"


def shows(page: Page, text: str) -> None:
    expect(page.locator(TITLE)).to_have_text(text)


def retitle(site: SiteCopy, old: str, new: str, language: str = "en") -> None:
    site.change(f"js/lang/{language}.js", f'entry_title: "{old}"', f'entry_title: "{new}"')


def settled(page: Page, text: str, file: str = "/js/lang/en.js") -> None:
    """The copy has this text, and there is no other copy."""
    script = """async ([file, text]) => {
      const names = await caches.keys();
      const found = names.length === 1 && await caches.match(file);
      return found && (await found.text()).includes(text);
    }"""
    until(page, lambda: bool(page.evaluate(script, [file, text])))


def test_it_opens_without_a_network_and_what_is_written_is_sent_when_that_is_back(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory(service_workers="allow")
    page.wait_for_function(CONTROLLED)
    assert kept(page) == listed()
    enter(page, "Ada", room)
    say(page, "before")
    expect(stored(page)).to_have_count(1)
    page.context.set_offline(True)
    page.reload()
    expect(contents(page)).to_have_text("before")
    expect(link(page)).to_have_attribute("data-status", "offline")
    say(page, "meanwhile")
    expect(page.locator("#offline-note")).to_be_visible()

    # In another tab, where nothing of a room is kept, in the other language, by each other way.
    other = page.context.new_page()
    other.goto("/")
    note = other.get_by_text("You seem to be offline.")
    expect(note).to_be_visible()
    other.locator("#language").evaluate(
        "select => { select.value = 'fa'; select.dispatchEvent(new Event('change')) }"
    )
    expect(other.locator("html")).to_have_attribute("dir", "rtl")
    for transport in ("long-polling", "polling"):
        other.goto(f"/?transport={transport}")
        expect(other.locator("html")).to_have_attribute("lang", "fa")
        expect(other.locator("#entry-note")).to_contain_text("آفلاین")
        other.locator("#name").fill("مریم")
        other.locator("#room").fill(room)
        other.locator("#enter").click()
        expect(link(other)).to_have_attribute("data-status", "offline")
        say(other, transport)
        if transport == "long-polling":
            other.locator("#leave").click()

    page.context.set_offline(False)
    expect(link(other)).to_have_attribute("data-status", "online")
    expect(stored(page)).to_have_count(3)
    assert set(contents(page).all_inner_texts()) == {"before", "meanwhile", "polling"}
    assert kept(page) == listed()


def test_a_ticket_and_what_the_server_answers_are_never_kept(page_factory: PageFactory, room: str) -> None:
    page = page_factory(service_workers="allow")
    page.wait_for_function(CONTROLLED)
    page.goto("about:blank")
    page.goto(f"/?transport=polling&ticket=a.b.c#{room}&ticket=a.b.c")
    enter(page, "Ada", room)
    page.goto("/lab.html")
    expect(page.locator("h1")).not_to_be_empty()
    page.goto("/")
    assert page.evaluate(COPIES) == 1
    assert kept(page) == listed()


def test_the_next_load_is_the_next_version_with_or_without_a_network(
    site: SiteCopy, visit: Callable[[], Page]
) -> None:
    page = visit()
    shows(page, "Come in")
    retitle(site, "Come in", "Two")
    page.reload()
    shows(page, "Two")
    settled(page, "Two")
    # A file that is not asked for while it loads is not forgotten.
    retitle(site, "بفرمایید", "دو", "fa")
    page.reload()
    settled(page, "دو", "/js/lang/fa.js")
    site.status = HTTPStatus.SERVICE_UNAVAILABLE
    page.reload()
    shows(page, "Two")
    expect(page.locator("#entry-note")).to_be_visible()
    site.status = HTTPStatus.OK
    page.reload()
    shows(page, "Two")
    expect(page.locator("#entry-note")).to_be_hidden()


def test_a_page_that_is_open_gets_nothing_of_the_next_version(
    site: SiteCopy, visit: Callable[[], Page]
) -> None:
    page = visit()
    retitle(site, "بفرمایید", "دو", "fa")
    page.locator("#language").evaluate(
        "select => { select.value = 'fa'; select.dispatchEvent(new Event('change')) }"
    )
    shows(page, "بفرمایید")
    page.reload()
    shows(page, "دو")


def test_a_page_whose_copy_is_still_taken_gets_nothing_of_the_version_before(
    site: SiteCopy, visit: Callable[[], Page]
) -> None:
    page = visit()
    retitle(site, "Come in", "Two")
    retitle(site, "بفرمایید", "دو", "fa")
    late = "/js/transports/polling.js"  # which a page does not ask for before it has to
    site.slow = {late}
    asked = site.asked.count(late)
    page.reload()
    until(page, lambda: site.asked.count(late) > asked)
    page.locator("#language").evaluate(
        "select => { select.value = 'fa'; select.dispatchEvent(new Event('change')) }"
    )
    shows(page, "دو")
    site.hasten()
    settled(page, "دو", "/js/lang/fa.js")


def test_what_is_slow_is_answered_from_the_copy_and_then_all_of_it(
    site: SiteCopy, visit: Callable[[], Page]
) -> None:
    lose_patience(site, "/js/main.js")
    page = visit()
    retitle(site, "Come in", "Two")
    site.slow = {"/js/main.js"}
    page.reload()
    shows(page, "Come in")  # it asks for this one after that
    expect(page.locator("#entry-note")).to_be_visible()
    site.hasten()

    def is_new() -> bool:
        page.reload()
        expect(page.locator(TITLE)).not_to_be_empty()
        return page.locator(TITLE).inner_text() == "Two"

    until(page, is_new)  # at once, but where it is slow by itself


def test_what_is_slow_is_waited_for_once_the_site_has_changed(
    site: SiteCopy, visit: Callable[[], Page]
) -> None:
    lose_patience(site, "/js/main.js")
    page = visit()
    site.change("index.html", "<title>Parley", "<title>Two")
    site.change("js/main.js", "/** The first stage", "document.body.id = 'two'; /** The first stage")
    site.slow = {"/js/main.js"}
    page.goto("/", wait_until="commit")
    page.wait_for_timeout(LESS * 1_000 + 500)
    expect(page.locator("#two")).to_have_count(0)
    expect(page.locator("#entry-title")).to_be_empty()
    site.hasten()
    shows(page, "Come in")
    expect(page.locator("#two")).to_have_count(1)


@pytest.mark.parametrize("everything", [False, True])
def test_the_worker_goes_with_the_site(everything: bool, site: SiteCopy, visit: Callable[[], Page]) -> None:
    page = visit()
    if everything:
        site.status = HTTPStatus.NOT_FOUND
        page.reload()
        expect(page.get_by_role("heading", name="Error response")).to_be_visible()
    else:
        (site.folder / "sw.js").unlink()
        site.change("index.html", '<link rel="manifest" href="manifest.webmanifest">', "")
        # Nor is there anything that has it back.
        site.change("js/main.js", "setTimeout(() => prepare()", "void (() => prepare()")
        page.reload()
        shows(page, "Come in")
    until(page, lambda: page.evaluate(WORKERS) + page.evaluate(COPIES) == 0)
    page.reload()
    page.wait_for_timeout(1_000)  # longer than the page waits before it has itself kept
    assert page.evaluate(WORKERS) + page.evaluate(COPIES) == 0


def test_where_nothing_can_be_kept_the_page_works_as_ever(
    site: SiteCopy, visit: Callable[[], Page], page_factory: PageFactory
) -> None:
    page = visit()
    full = page.context.new_cdp_session(page)
    full.send("Storage.overrideQuotaForOrigin", {"origin": site.url, "quotaSize": 1})
    old = "Come in"
    for new in ("Two", "Three"):
        retitle(site, old, new)
        page.reload()
        shows(page, new)
        old = new
    until(page, lambda: page.evaluate(COPIES) == 0)  # the old one made room, but not enough
    page.reload()
    shows(page, "Three")
    expect(page.locator("#entry-note")).to_be_hidden()
    until(page, lambda: page.evaluate(COPIES) == 0)
