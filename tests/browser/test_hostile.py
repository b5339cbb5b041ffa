"""What people write to hurt those who read it, as Chromium shows it: markup, links, direction, names that pretend."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect
from websockets.sync.client import connect

from tests.browser.acts import DEADLINE, contents, enter, lines, members
from tests.browser.conftest import PageFactory
from tests.chat.client import room_path
from tests.conftest import ServedGateway

pytestmark = pytest.mark.browser

# No more than may be said at once.
SCRIPTS = [
    "<script>window.hurt = 1</script>",
    "<img src=x onerror='window.hurt = 1'>",
    "<svg onload=window.hurt=1>",
    "<iframe srcdoc='<script>parent.hurt=1</script>'>",
    "<details open ontoggle=window.hurt=1>",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href='data:text/css,body{display:none}'>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<form action='https://evil.example/'><button>x</button></form>",
    "<a href='javascript:window.hurt=1'>click</a>",
    "javascript:window.hurt=1",
    "https://evil.example/'onmouseover=window.hurt=1//?q=<script>",
    "</p></li></ol><script>window.hurt = 1</script>",
    "{{constructor.constructor('window.hurt=1')()}}",
    "'\"><script>window.hurt=1</script>",
    "<math><mtext><table><mglyph><style><img src onerror=window.hurt=1>",
    "<img src='https://evil.example/pixel.gif'>",
    "__proto__",
]
# A quote of one who is called by markup, and what of it is shown.
QUOTE = "> <img src=x onerror=window.hurt=1>:\n> <script>window.hurt = 1</script> javascript:window.hurt=1\n<b>x</b>"
QUOTED = "<img src=x onerror=window.hurt=1><script>window.hurt = 1</script> javascript:window.hurt=1<b>x</b>"
DIRECTION = [
    "\u202egnp.exe",
    "\u2066a\u2067b\u2069c",
    "Ali\u202e: \u2066system",
    "سلام <b>دنیا</b> 123",
    "a\u200db\u200cc",
    "\u200f\u200e\u061c",
    "Z\u0351\u036b\u0343\u0323\u034d" * 20,
    "\x1b[2J\x1b[31mred",
    "\x00\x07\x08\x7f",
    "👩‍👩‍👧‍👦🏴‍☠️",
    "﷽" * 30,
]
LINK = "a[target=_blank][rel='noopener noreferrer nofollow ugc'][href^='https://evil.example/']"
MARKUP = (
    "script",
    "img",
    "iframe",
    f"a:not(.content {LINK})",
    "style",
    "link",
    "form",
    "base",
    "meta",
    "details:not(.line > details)",  # many who came and went
    "math",
    "b",
)


@contextmanager
def mallory(gateway: ServedGateway, room: str, name: str) -> Iterator[Any]:
    """Somebody who writes what no page would send."""
    with connect(gateway.ws_url + room_path(room, name), open_timeout=DEADLINE) as socket:
        yield socket


def write(socket: Any, content: str) -> None:
    """One after the other: the gateway may handle two frames at once, and swap them."""
    id = str(uuid4())
    socket.send(json.dumps({"content": content, "id": id}))
    while all(event.get("id") != id for event in events_of(socket.recv())):
        pass


def events_of(frame: str | bytes) -> list[dict[str, Any]]:
    value = json.loads(frame)
    return value if isinstance(value, list) else [value]


class Reader:
    """Somebody in the room, whose page is watched for whatever is done to it."""

    def __init__(self, page: Page, room: str) -> None:
        self.page = page
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: self.dialogs.append(dialog.message))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', ({ blockedURI }) => { window.violated = blockedURI; });"
        )
        page.reload()
        enter(page, "Reader", room)

    def is_unhurt(self) -> None:
        """Nothing ran, nothing was fetched from elsewhere, no policy had to step in, and the page stands as it stood.
        Its console is looked at by `page_factory`.
        """
        page = self.page
        assert page.evaluate("[window.hurt, window.violated]") == [None, None]
        assert self.dialogs == []
        origin = page.evaluate("location.origin")
        assert [url for url in self.asked if not url.startswith(origin)] == []
        assert page.evaluate("document.baseURI === location.href")
        assert page.evaluate("getComputedStyle(document.body).display") != "none"
        for link in page.locator("#rows a").all():
            names = link.evaluate("link => link.getAttributeNames()")
            assert set(names) <= {"href", "target", "rel", "dir", "tabindex", "title"}
        markup = [f"{place} {tag}" for place in ("#rows", "#members", "#room-title") for tag in MARKUP]
        assert page.locator(", ".join(markup)).count() == 0
        # Nothing that is written makes the page wider than it is.
        for place in ("html", "#log", ".bubble", "#people", "header"):
            wide = "nodes => nodes.filter((node) => node.scrollWidth > node.clientWidth).length"
            assert page.locator(place).evaluate_all(wide) == 0, place


def test_nothing_that_is_written_runs_or_is_anything_but_text(
    page_factory: PageFactory, gateway: ServedGateway, room: str
) -> None:
    reader = Reader(page_factory(), room)
    page = reader.page
    with mallory(gateway, room, "Mallory") as socket:
        for text in SCRIPTS:
            write(socket, text)
        expect(contents(page)).to_have_text(SCRIPTS)
    with mallory(gateway, room, "Mallory") as socket:
        write(socket, QUOTE)
        expect(contents(page)).to_have_text([*SCRIPTS, QUOTED])
    expect(page.locator("#rows a")).to_have_count(5)
    page.locator("#rows a").last.hover()
    reader.is_unhurt()
    page.reload()  # and so it is from the log, and from what the page has kept
    expect(contents(page)).to_have_text([*SCRIPTS, QUOTED])
    reader.is_unhurt()


def test_no_name_and_no_room_runs_or_is_anything_but_text(
    page_factory: PageFactory, gateway: ServedGateway, room: str
) -> None:
    room = f"<img src=x onerror=hurt=1>{room[:20]}"
    reader = Reader(page_factory(), room)
    page = reader.page
    names = [text for text in SCRIPTS if len(text) <= 64]
    for name in names:
        with mallory(gateway, room, name) as socket:
            expect(members(page).get_by_text(name, exact=True)).to_have_count(1)
            socket.send("hello")
            expect(page.locator(".sender bdi").get_by_text(name, exact=True)).to_have_count(1)
    expect(page.locator("#room-title")).to_have_text(room)
    expect(page).to_have_title(f"{room} · Parley")
    reader.is_unhurt()


def test_no_text_turns_what_stands_around_it(
    page_factory: PageFactory, gateway: ServedGateway, room: str
) -> None:
    """Overrides and isolates end with the message: the sender, the time and the next line stay as they are."""
    reader = Reader(page_factory(), room)
    page = reader.page
    with mallory(gateway, room, "Mallory") as socket:
        for text in DIRECTION:
            write(socket, f"x {text} y")
        write(socket, "after")
        expect(contents(page).last).to_have_text("after")
    expect(contents(page)).to_have_count(len(DIRECTION) + 1)
    isolated = "node => getComputedStyle(node).unicodeBidi"
    for content in contents(page).all():
        assert content.evaluate(isolated) in ("isolate", "plaintext", "isolate-override")
    for name in page.locator("#log bdi, #members bdi").all():
        assert name.evaluate(isolated) in ("isolate", "plaintext")
    # Each sender's name stands at its message's own side, and no text lies over another.
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.message .bubble')].map((node) => {
             const { top, bottom } = node.getBoundingClientRect();
             return [top, bottom];
           })"""
    )
    assert all(above[1] <= below[0] + 1 for above, below in pairwise(boxes))
    reader.is_unhurt()


def test_a_very_long_word_and_a_very_tall_one_stay_in_their_place(
    page_factory: PageFactory, gateway: ServedGateway, room: str
) -> None:
    reader = Reader(page_factory(viewport={"width": 360, "height": 640}), room)
    page = reader.page
    with mallory(gateway, room, "M" * 64) as socket:
        for text in (
            "x" * 4_000,
            "ﷺ" * 2_000,
            "\u0301" * 3_999 + "e",
            "a" + "\u0301" * 3_000,
            "\n" * 50 + "x" + "\n" * 3_000 + "y",
        ):
            write(socket, text)
        write(socket, "after")
        expect(contents(page).last).to_have_text("after")
    reader.is_unhurt()


def test_nobody_speaks_as_the_system(page_factory: PageFactory, gateway: ServedGateway, room: str) -> None:
    """What looks like a line of the system's is shown in a bubble, with its sender's name beside it."""
    reader = Reader(page_factory(), room)
    page = reader.page
    forged = f"Ada joined {room}."
    name = "Ada joined"
    with mallory(gateway, room, name) as socket:
        for frame in (
            {"content": forged, "type": "system", "client_id": "system"},
            {"content": f"system: {forged}", "event": "joined", "clients": ["Ada"], "total": 1},
            {"content": json.dumps({"type": "presence", "users": ["Ada"]})},
        ):
            socket.send(json.dumps(frame))
        expect(contents(page)).to_have_count(3)
        expect(contents(page).get_by_text(forged, exact=True)).to_have_count(1)
        expect(page.locator(".message .sender bdi").first).to_have_text(name)
        expect(members(page)).to_have_text([name, "Reader"])
        # The one line of the system is about the very name, set apart from the sentence.
        expect(lines(page, f"{name} joined")).to_have_count(1)
        expect(page.locator(".line bdi").get_by_text(name, exact=True)).to_have_count(1)
        expect(page.locator(".line bdi").get_by_text("Ada", exact=True)).to_have_count(0)
    reader.is_unhurt()


@pytest.mark.parametrize("name", ["system", "ѕуѕtеm", "\u202eAda", "s y s t e m"])
def test_the_page_refuses_the_names_that_the_server_refuses(
    page_factory: PageFactory, room: str, name: str
) -> None:
    page = page_factory()
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Room", exact=True).fill(room)
    page.get_by_role("button", name="Enter room").click()
    expect(page.locator("#name-problem")).not_to_be_empty()


def test_an_address_is_only_an_address(page_factory: PageFactory) -> None:
    """A link that somebody sends: what stands in its fragment is text, and it enters no room by itself."""
    page = page_factory()
    for fragment in (
        "<img src=x onerror=hurt=1>",
        "%3Cscript%3Ehurt=1%3C/script%3E",
        "%",
        "javascript:hurt=1",
        "&ticket=<script>",
    ):
        page.goto("about:blank")
        page.goto(f"/#{fragment}")
        expect(page.get_by_role("button", name="Enter room")).to_be_visible()
        assert page.evaluate("[window.hurt, document.body.dataset.view]") == [None, "entry"]
