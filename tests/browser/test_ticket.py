"""Tickets in the page: read from the address, renewed by a backend, offered as a subprotocol."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Browser, Route, expect

from tests.asking import secret_of
from tests.browser.acts import contents, enter, link, members, say, stored, until
from tests.browser.conftest import PageFactory, visitors
from tests.browser.events import Evaluate
from tests.conftest import ROOT, ServedGateway, serve, stop
from tests.functions.signing import signed

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("fragment", "room", "token"),
    [
        ("", "", ""),
        ("#general", "general", ""),
        ("#general&ticket=a.b.c", "general", "a.b.c"),
        ("#a%26ticket%3Dx&ticket=a.b.c", "a&ticket=x", "a.b.c"),
        ("#%D8%A7%D8%AA%D8%A7%D9%82&ticket=a", "اتاق", "a"),
        ("#%&ticket=a", "%", "a"),
        ("#100% fun", "100% fun", ""),
        ("#100%%20fun%E2%98", "100% fun%E2%98", ""),
        ("#&ticket=", "", ""),
    ],
)
def test_an_address_has_a_room_and_perhaps_a_ticket(
    js: Evaluate, fragment: str, room: str, token: str
) -> None:
    assert js("ticket", "({ readFragment }, hash) => readFragment(hash)", fragment) == {
        "room": room,
        "token": token,
    }


def test_a_ticket_says_whose_it_is_and_what_is_none_says_nothing(js: Evaluate) -> None:
    claims = js("ticket", "({ claimsOf }, token) => claimsOf(token)", signed(sub="مریم"))
    assert claims["sub"] == "مریم"
    for token in ("", "x", "a.b.c", "a.bnVsbA.c", "a.!.c", "é.é"):
        assert js("ticket", "({ claimsOf }, token) => claimsOf(token)", token) == {}


def tickets(js: Evaluate, script: str, **options: Any) -> Any:
    """The outcome of `script(tickets, kept, asked)` with tickets whose backend answers what `answers` says."""
    return js(
        "ticket",
        f"""async ({{ createTickets }}, {{ token, url, answers }}) => {{
          const [kept, asked] = [[], []];
          const ask = async (url) => {{
            asked.push(url);
            const answer = answers.shift();
            if (answer === null) throw new TypeError("no network");
            return new Response(answer, {{ status: answer === "no" ? 403 : 200 }});
          }};
          const tickets = createTickets({{ token, url, keep: (token) => kept.push(token), ask }});
          const outcome = await ({script})(tickets, kept, asked);
          tickets.stop();
          return outcome;
        }}""",
        {"token": "", "url": "", "answers": [], **options},
    )


def test_a_ticket_is_offered_as_a_subprotocol(js: Evaluate) -> None:
    offer = "({ offered }, token) => offered(token)"
    assert js("ticket", offer, "a.b.c") == ["parley", "parley.ticket.a.b.c"]
    assert js("ticket", offer, "") == []


def test_a_backend_gives_a_fresh_one_for_the_place(js: Evaluate) -> None:
    outcome = tickets(
        js,
        """async (tickets, kept, asked) => {
          await tickets.start({ room: "a&b", name: "مریم" });
          return { current: tickets.current(), kept, asked };
        }""",
        token="old",
        url="/backend/ticket",
        answers=[" new\n"],
    )
    assert outcome == {
        "current": "new",
        "kept": ["new"],
        "asked": ["/backend/ticket?room=a%26b&client=%D9%85%D8%B1%DB%8C%D9%85"],
    }


@pytest.mark.parametrize("answer", [None, "no"])
def test_where_the_backend_fails_the_one_at_hand_serves(js: Evaluate, answer: str | None) -> None:
    script = """async (tickets, kept) => {
      await tickets.start({ room: "r", name: "n" });
      return [tickets.current(), kept];
    }"""
    outcome = tickets(js, script, token="old", url="/backend/ticket", answers=[answer])
    assert outcome == ["old", []]


def test_what_comes_after_a_room_was_left_is_not_kept(js: Evaluate) -> None:
    script = """async (tickets, kept) => {
      const asked = tickets.start({ room: "r", name: "n" });
      tickets.stop();
      await asked;
      return [kept, tickets.current()];
    }"""
    assert tickets(js, script, url="/backend/ticket", answers=["late"]) == [[], ""]


def test_a_ticket_for_years_is_not_renewed_at_once(js: Evaluate) -> None:
    """A browser's timers have 31 bits: a longer wait would be none."""
    lasting = signed(exp=int(time.time()) + 400 * 86400)
    script = """async (tickets) => {
      const [real, waits] = [window.setTimeout, []];
      window.setTimeout = (act, wait) => waits.push(wait);
      await tickets.start({ room: "r", name: "n" });
      window.setTimeout = real;
      return waits;
    }"""
    [wait] = tickets(js, script, url="/backend/ticket", answers=[lasting])
    assert 60_000 < wait < 2**31


def test_without_a_backend_nobody_is_asked(js: Evaluate) -> None:
    script = (
        "async (tickets, kept, asked) => { await tickets.start({ room: 'r', name: 'n' }); return asked; }"
    )
    assert tickets(js, script, token="old") == []


def test_a_ticket_runs_out(js: Evaluate) -> None:
    now = int(time.time())
    for token, expired in [
        (signed(exp=now - 5, iat=now - 60), True),
        (signed(exp=now + 60), False),
        ("opaque", False),
        ("", False),
    ]:
        assert tickets(js, "(tickets) => tickets.hasExpired()", token=token) is expired


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    """The chat with tickets."""
    served = serve(tmp_path_factory.mktemp("guarded") / "log.txt", "--param", "AccessMode=ticket")
    yield served
    assert stop(served) == 0


@pytest.fixture
def with_backend(tmp_path: Path) -> Iterator[ServedGateway]:
    """The same, and a page that names a backend for tickets."""
    site = tmp_path / "site"
    shutil.copytree(ROOT / "site", site)
    meta = '<meta name="parley-tickets" content="/backend/ticket">'
    page = (site / "index.html").read_text(encoding="utf-8").replace("<title>", f"{meta}<title>")
    (site / "index.html").write_text(page, encoding="utf-8")
    served = serve(tmp_path / "log.txt", "--param", "AccessMode=ticket", "--site", str(site))
    yield served
    assert stop(served) == 0


@pytest.fixture
def visit(browser: Browser, guarded: ServedGateway) -> Iterator[PageFactory]:
    # A refused handshake is an error on the console, and meant; so is the refusal of a plain request to enter.
    with visitors(browser, guarded.url, "WebSocket", "403 (Forbidden)") as open_page:
        yield open_page


def lasting(secret: str, name: str, room: str) -> str:
    """A ticket that does not run out meanwhile."""
    return signed(secret, sub=name, rooms=[room], exp=int(time.time()) + 600)


@pytest.fixture(scope="module")
def secret(guarded: ServedGateway) -> str:
    return secret_of(guarded.url, "TicketSecret")


@pytest.mark.parametrize("query", ["", "?transport=polling"])
def test_who_follows_a_link_with_a_ticket_is_who_it_says(
    visit: PageFactory, secret: str, room: str, query: str
) -> None:
    page = visit()
    page.goto("about:blank")
    page.goto(f"/{query}#{quote(room)}&ticket={lasting(secret, 'مریم', room)}")
    expect(page).not_to_have_url(re.compile("ticket"))
    expect(page.get_by_label("Your name")).to_have_value("مریم")
    expect(page.get_by_label("Room", exact=True)).to_have_value(room)
    page.get_by_role("button", name="Enter room").click()
    expect(link(page)).to_have_attribute("data-status", "online")
    say(page, "سلام")
    expect(stored(page)).to_have_count(1)
    page.reload()  # the ticket outlasts it
    expect(contents(page)).to_have_text(["سلام"])
    expect(link(page)).to_have_attribute("data-status", "online")


def test_a_ticket_that_has_run_out_is_said_so(visit: PageFactory, secret: str, room: str) -> None:
    now = int(time.time())
    page = visit()
    page.goto("about:blank")
    page.goto(f"/#{quote(room)}&ticket={signed(secret, sub='Ada', rooms=[room], iat=now - 99, exp=now - 60)}")
    page.get_by_role("button", name="Enter room").click()
    expect(page.locator("#notices")).to_contain_text("Your invitation to this room has run out.")


@pytest.mark.parametrize("query", ["", "?transport=polling"])
def test_who_may_not_enter_is_told_so(visit: PageFactory, secret: str, room: str, query: str) -> None:
    page = visit()
    page.goto("about:blank")
    page.goto(f"/{query}#{quote(room)}&ticket={signed(secret, sub='Ada', rooms=['another'])}")
    page.get_by_role("button", name="Enter room").click()
    notices = page.locator("#notices p")
    expect(notices).to_have_text([re.compile("^You may not enter this room. Please ask for an invitation")])
    page.locator(".notice").get_by_role("button", name="Leave").click()
    expect(page.get_by_role("button", name="Enter room")).to_be_visible()


def test_the_lab_enters_three_times_by_a_ticket(visit: PageFactory, secret: str, room: str) -> None:
    page = visit()
    page.goto("about:blank")
    page.goto(f"/lab.html#{quote(room)}&ticket={lasting(secret, 'Ada', room)}")
    expect(page).not_to_have_url(re.compile("ticket"))
    inside = ":is([data-state=asking], [data-state=resting], [data-state=open])"
    expect(page.locator(f".way .dot{inside}")).to_have_count(3)
    page.get_by_role("button", name="Send one now").click()
    expect(page.locator("#said")).to_contain_text("has arrived")


def test_the_lab_says_that_it_may_need_a_ticket(visit: PageFactory, room: str) -> None:
    page = visit()
    page.goto(f"/lab.html#{quote(room)}")
    expect(page.locator("#said")).to_contain_text("did not let the lab in")
    expect(page.locator(".way .dot[data-state=refused]")).to_have_count(3)


def test_a_backend_hands_out_tickets_to_the_page(
    browser: Browser, with_backend: ServedGateway, room: str
) -> None:
    """The page asks for a new one before it connects, and again when half of its time has passed."""
    secret = secret_of(with_backend.url, "TicketSecret")
    asked: list[str] = []

    def issue(route: Route) -> None:
        asked.append(route.request.url)
        name = parse_qs(urlsplit(route.request.url).query)["client"][0]
        route.fulfill(body=signed(secret, sub=name, rooms=[room], exp=int(time.time()) + 200))

    with visitors(browser, with_backend.url) as visit:
        page = visit()
        page.route("**/backend/ticket?*", issue)
        page.clock.install()
        enter(page, "Ada", room)
        assert len(asked) == 1
        page.clock.run_for(101_000)
        until(page, lambda: len(asked) == 2)
        expect(link(page)).to_have_attribute("data-status", "online")


def test_a_ticket_that_comes_to_an_open_page_leads_to_the_door(page_factory: PageFactory, room: str) -> None:
    """It may be another person's."""
    page = page_factory()
    enter(page, "Ada", room)
    page.evaluate("hash => { location.hash = hash; }", f"{room}&ticket={signed(sub='مریم')}")
    expect(page.get_by_label("Your name")).to_have_value("مریم")
    expect(page.locator("#room-view")).to_be_hidden()
    page.get_by_role("button", name="Enter room").click()
    expect(members(page)).to_have_text(["مریم"])
