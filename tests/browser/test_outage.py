"""Nothing is lost where the gateway goes: over its 2-hour cut, and over a restart before a store that stays."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.asking import ask
from tests.browser.acts import contents, enter, link, members, say, stored
from tests.browser.conftest import PageFactory, visitors
from tests.conftest import ServedGateway, serve, stop
from tests.local_dev.store import empty_store
from tests.ports import free_port
from tests.threads import in_thread

pytestmark = pytest.mark.browser

TWO_HOURS = 7_200


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], ServedGateway]]:
    """Start the chat before a store that stays, each time on the same port."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    port = str(free_port())
    started: list[ServedGateway] = []
    with in_thread(empty_store(ttl_sweep=5)) as store:

        def run() -> ServedGateway:
            back_end = f"dynamodb={store.value.endpoint_url}"
            log = tmp_path / f"log{len(started)}"
            started.append(serve(log, "--port", port, "--aws-endpoint", back_end, "--faults"))
            return started[-1]

        yield run
        for served in started:
            if served.process.poll() is None:
                stop(served)


@pytest.fixture
def people(
    browser: Browser, start: Callable[[], ServedGateway]
) -> Iterator[tuple[ServedGateway, PageFactory]]:
    """A gateway of their own, and its page; Chromium complains of each connection that it does not get."""
    served = start()
    with visitors(
        browser, served.url, "WebSocket connection to", "net::ERR_CONNECTION_REFUSED", "410 (Gone)"
    ) as open_page:
        yield served, open_page


def write(page: Page, *texts: str) -> None:
    for content in texts:
        say(page, content)


@pytest.mark.parametrize("query", ["", "?transport=long-polling"])
def test_the_two_hour_cut_loses_and_repeats_nothing(
    people: tuple[ServedGateway, PageFactory], room: str, query: str
) -> None:
    served, open_page = people
    ada, bo = open_page(), open_page()
    ada.goto(f"/{query}")
    for page, name in ((ada, "Ada"), (bo, "Bo")):
        enter(page, name, room)
    write(ada, "one", "two")
    write(bo, "three")
    assert ask(served.url, "POST", "clock", {"advance": TWO_HOURS})[0] == 200
    write(ada, "four", "five")
    write(bo, "six")
    for page in (ada, bo):
        expect(stored(page)).to_have_count(6)
        assert len(set(contents(page).all_text_contents())) == 6
    assert contents(ada).all_text_contents() == contents(bo).all_text_contents()
    mine = [text for text in contents(ada).all_text_contents() if text not in {"three", "six"}]
    assert mine == ["one", "two", "four", "five"]
    expect(members(ada)).to_have_text(["Ada", "Bo"])


def test_a_restart_of_the_gateway_loses_and_repeats_nothing(
    people: tuple[ServedGateway, PageFactory], start: Callable[[], ServedGateway], room: str
) -> None:
    served, open_page = people
    ada, bo = open_page(), open_page()
    for page, name in ((ada, "Ada"), (bo, "Bo")):
        enter(page, name, room)
    write(ada, "before")
    expect(contents(bo)).to_have_text(["before"])
    write(ada, *[f"last words {number}" for number in range(5)])
    served.process.kill()
    served.process.wait(20)
    for page in (ada, bo):
        expect(link(page)).not_to_have_attribute("data-status", "online")
        write(page, "meanwhile")
    start()
    everyone = (ada, bo)
    for page in everyone:
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(stored(page)).to_have_count(8)
        assert contents(page).all_text_contents()[0] == "before"
    texts = contents(ada).all_text_contents()
    assert contents(bo).all_text_contents() == texts
    assert [text for text in texts if "words" in text] == [f"last words {number}" for number in range(5)]
    assert sorted(texts)[-2:] == ["meanwhile", "meanwhile"]
    write(bo, "and on")
    for page in everyone:
        expect(contents(page).last).to_have_text("and on")
        expect(stored(page)).to_have_count(9)
