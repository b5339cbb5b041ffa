"""Writing messages: by keyboard alone, up to the limit, and what happens to those that the server refuses."""

import json

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.acts import contents, enter, link, say, stored, until
from tests.browser.conftest import PageFactory
from tests.browser.events import Evaluate

pytestmark = pytest.mark.browser


def test_with_the_keyboard_alone(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    keys = page.keyboard
    expect(page.locator("#name")).to_be_focused()
    keys.type("Ada")
    keys.press("Tab")
    expect(page.locator("#room")).to_be_focused()
    keys.type(room)
    keys.press("Tab")
    expect(page.locator("#copy-link")).to_be_focused()
    keys.press("Tab")
    expect(page.locator("#enter")).to_be_focused()
    keys.press("Enter")
    expect(page.locator("#message")).to_be_focused()
    keys.type("first")
    keys.press("Shift+Enter")
    keys.type("second")
    keys.press("Enter")
    expect(stored(page)).to_have_count(1)
    assert contents(page).all_text_contents() == ["first\nsecond"]
    expect(page.locator("#message")).to_have_value("")
    expect(page.locator("#message")).to_be_focused()
    for _ in range(9):  # the log, and what else there is in the bar
        if page.evaluate("document.activeElement.id") == "leave":
            break
        keys.press("Shift+Tab")
    expect(page.locator("#leave")).to_be_focused()
    assert page.locator("#leave").evaluate("leave => getComputedStyle(leave).outlineStyle") == "solid"
    keys.press("Enter")
    expect(page.locator("#enter")).to_be_focused()
    expect(page.locator("#you-left")).to_have_text(f"You left {room}.")


def test_over_long_content_is_refused_kindly(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    field, limit = page.locator("#message"), page.locator("#limit")
    field.fill("x" * 3_700)
    expect(limit).not_to_be_visible()
    field.fill("x" * 3_990)
    expect(limit).to_have_text("Characters left: 10")
    field.fill("😀" * 4_001)
    expect(limit).to_contain_text("Too long by 1.")
    field.press("Enter")
    expect(field).to_have_value("😀" * 4_001)
    expect(page.locator(".message")).to_have_count(0)
    field.fill("😀" * 4_000)
    field.press("Enter")
    expect(contents(page)).to_have_text(["😀" * 4_000])
    expect(limit).not_to_be_visible()


def test_the_field_grows_with_its_text_and_what_is_no_message_is_not_sent(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    field = page.locator("#message")
    heights = []
    for lines in (1, 3, 60, 80):
        field.fill("\n".join("x" * lines))
        heights.append(field.evaluate("field => field.offsetHeight"))
    assert heights[0] < heights[1] < heights[2] == heights[3]
    say(page, " \n ")
    field.fill("に")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(field).to_have_value("に")
    field.press("Enter")
    expect(contents(page)).to_have_text(["に"])


def paste(page: Page, text: str, html: str = "") -> None:
    """What is in the clipboard is put where the caret is."""
    page.evaluate(
        """([text, html]) => navigator.clipboard.write([new ClipboardItem(
             { "text/plain": text, ...(html ? { "text/html": html } : {}) })])""",
        [text, html],
    )
    page.locator("#message").press("Control+V")


def test_what_does_not_fit_is_not_taken_and_what_was_there_stays(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory(permissions=["clipboard-read", "clipboard-write"])
    enter(page, "Ada", room)
    field, limit = page.locator("#message"), page.locator("#limit")
    field.fill("before ")
    paste(page, "plain", "<b>rich</b>")
    expect(field).to_have_value("before plain")
    paste(page, "x" * 5_000)
    expect(field).to_have_value("before plain")
    expect(limit).to_have_text(
        "That text has 5,000 characters, and there is room for 3,988."
        " Nothing was pasted: please send it in parts, or a link to it."
    )
    field.press("!")
    expect(field).to_have_value("before plain!")
    expect(limit).not_to_be_visible()
    # What it takes the place of makes room for it.
    field.press("Control+A")
    paste(page, "😀" * 4_000)
    expect(field).to_have_value("😀" * 4_000)
    expect(limit).to_have_text("Characters left: 0")
    # A line ends with two characters in some clipboards, and with one in the field.
    field.fill("")
    paste(page, "x\r\n" * 2_000)
    expect(field).to_have_value("x\n" * 2_000)
    # Files, wherever they are dropped, take the place of nothing.
    field.fill("kept")
    for place in ("#log", "#message"):
        page.locator(place).evaluate(
            """place => {
                 const dataTransfer = new DataTransfer();
                 dataTransfer.items.add(new File(["x"], "x.png", { type: "image/png" }));
                 for (const type of ["dragover", "drop"]) {
                   const event = new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true });
                   window.taken = !place.dispatchEvent(event);
                 }
               }"""
        )
        assert page.evaluate("window.taken")
        expect(limit).to_have_text("Only text can be sent. To share a file, please send a link to it.")
        expect(field).to_have_value("kept")
        field.press("End")
        field.press("!")
        field.fill("kept")
        expect(limit).not_to_be_visible()


def test_a_draft_is_kept_for_each_room_and_name(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    enter(page, "Ada", room)
    field = page.locator("#message")
    field.fill("for\nlater")
    page.reload()
    expect(field).to_have_value("for\nlater")
    page.locator("#leave").click()
    enter(page, "Ada", f"{room} 2")
    expect(field).to_have_value("")
    field.fill("elsewhere")
    page.locator("#leave").click()
    enter(page, "Bo", room)
    expect(field).to_have_value("")
    page.locator("#leave").click()
    enter(page, "Ada", room)
    expect(field).to_have_value("for\nlater")
    field.press("Enter")
    expect(stored(page)).to_have_count(1)
    page.reload()
    expect(stored(page)).to_have_count(1)
    expect(field).to_have_value("")
    assert "elsewhere" in page.evaluate("localStorage.getItem('parley.drafts')")
    assert "later" not in page.evaluate("localStorage.getItem('parley.drafts')")


DRAFTS = """(m, [stored, quota]) => {
  const disk = new Map(stored === null ? [] : [["parley.drafts", stored]]);
  const drafts = m.createDrafts(() => ({
    getItem: (key) => disk.get(key) ?? null,
    setItem: (key, text) => { if (text.length > quota) throw new Error("full"); disk.set(key, text); },
    removeItem: (key) => disk.delete(key),
  }));
  for (let room = 0; room < 30; room++) drafts.keep({ name: "Ada", room: `r${room}` }, `text ${room}`);
  drafts.keep({ name: "Ada", room: "r15" }, "newer");
  drafts.keep({ name: "Ada", room: "r29" }, "");
  return ["r0", "r9", "r10", "r11", "r15", "r29"].map((room) => drafts.recall({ name: "Ada", room }));
}"""


def test_only_so_many_drafts_are_kept_and_garbage_is_none(js: Evaluate) -> None:
    kept = ["", "", "text 10", "text 11", "newer", ""]
    for garbage in (None, "{", "null", "7", '[7, ["a"], ["a", 1]]', '{"a": "b"}'):
        assert js("drafts", DRAFTS, [garbage, 10**6]) == kept
    assert js("drafts", DRAFTS, [None, 0]) == [""] * 6


def test_a_refused_message_stays_to_be_tried_again_or_discarded(page_factory: PageFactory, room: str) -> None:
    """The gateway's own answer is replaced by an error that is final, for a message that has nothing wrong."""
    page = page_factory()
    refusing = True

    def connect(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def forward(frame: str | bytes) -> None:
            sent = json.loads(frame)
            if refusing and "content" in sent:
                refusal = {
                    "type": "error",
                    "code": "content_invalid",
                    "content": "No.",
                    "timestamp": "",
                    "id": sent["id"],
                }
                route.send(json.dumps(refusal))
            else:
                server.send(frame)

        route.on_message(forward)

    page.route_web_socket("**/ws/**", connect)
    enter(page, "Ada", room)
    say(page, "to be kept")
    say(page, "to be dropped")
    failed = page.locator(".message[data-progress=failed]")
    expect(failed).to_have_count(2)
    expect(failed.first).to_contain_text("Not sent. Only text can be sent.")
    failed.nth(1).get_by_role("button", name="Discard").click()
    expect(failed).to_have_count(1)
    refusing = False
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_have_count(0)
    expect(contents(page)).to_have_text(["to be kept"])
    expect(page.locator(".message .progress p")).to_have_count(0)


def test_other_errors_are_shown_until_dismissed(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    routes: list[WebSocketRoute] = []

    def connect(route: WebSocketRoute) -> None:
        route.connect_to_server()
        routes.append(route)

    page.route_web_socket("**/ws/**", connect)
    enter(page, "Ada", room)
    for code, content in (
        ("key_missing", "server's words"),
        ("action_unknown", "server's words"),
        ("brand_new", "<b>new</b>"),
    ):
        routes[0].send(json.dumps({"type": "error", "code": code, "content": content, "timestamp": ""}))
    notices = page.locator("#notices p")
    expect(notices).to_have_text(
        [
            "You are no longer in this room.",
            "The server does not know what this page asked for. The page may be out of date.",
            "<b>new</b>",
        ]
    )
    # Each with the button that helps, if there is one.
    buttons = page.locator(".notice button")
    expect(buttons).to_have_text(["Enter again", "Dismiss", "Reload", "Dismiss", "Dismiss"])
    buttons.nth(1).click()
    buttons.nth(1).click()
    expect(notices).to_have_text(["<b>new</b>"])
    routes[-1].send(json.dumps({"type": "error", "code": "key_missing", "content": "", "timestamp": ""}))
    page.locator("#message").fill("kept")
    page.get_by_role("button", name="Enter again").click()
    expect(notices).to_have_count(0)
    expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false")
    expect(page.locator("#message")).to_have_value("kept")
    until(page, lambda: len(routes) == 2)
    expect(link(page)).to_have_attribute("data-status", "online")
    routes[-1].send(json.dumps({"type": "error", "code": "not_admitted", "content": "", "timestamp": ""}))
    page.locator(".notice").get_by_role("button", name="Leave").click()
    expect(page.locator("#you-left")).to_be_visible()
