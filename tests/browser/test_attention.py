"""Notifications, the sound and the number on the icon: only where they are wanted, and only while nobody looks."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import contents, enter, say, until
from tests.browser.conftest import PageFactory
from tests.browser.events import Evaluate, forward, message, newest, page_of
from tests.browser.stand_in import Server

pytestmark = pytest.mark.browser

WATCH = """
Object.defineProperty(document, "hidden", { configurable: true, get: () => window.isHidden ?? false });
window.look = (away) => { window.isHidden = away; document.dispatchEvent(new Event("visibilitychange")); };
window.notes = 0;
// However long the machine takes to have a voice, or if it has none.
Object.defineProperty(AudioContext.prototype, "state", { get: () => "running" });
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) { window.notes += 1; return start.apply(this, when); };
window.badges = [];
navigator.setAppBadge = async (count) => { window.badges.push(count); };
"""
SHOWN = """async () => (await (await navigator.serviceWorker.ready).getNotifications())
  .map(({ title, body, tag, lang }) => [title, body, tag, lang])"""
COUNT = """() => {
  const { registration } = self;
  const show = registration.showNotification.bind(registration);
  self.shows = 0;
  registration.showNotification = async (...what) => { await show(...what); self.shows += 1; };
}"""

# Only a real click lets a worker focus or open anything, so what it asks for is noted.
NOTE = """() => {
  self.opened = [];
  self.clients.openWindow = async (url) => { self.opened.push(url); };
  WindowClient.prototype.focus = async function () { this.postMessage("focused"); };
}"""
CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  const click = new NotificationEvent("notificationclick", { notification });
  let done;  // what a script dispatches keeps no worker awake
  click.waitUntil = (work) => { done = work; };
  self.dispatchEvent(click);
  await done;
  return (await self.registration.getNotifications()).length;
}"""

# A voice that the browser holds back at first, and when each note was to be heard once it let it go.
HELD_BACK = """async ({ chime }) => {
  let isAllowed = false;
  const notes = [];
  const loudness = new Proxy({}, { get: () => () => loudness });
  const stubs = {
    AudioContext: class {
      currentTime = 0;
      get state() { return isAllowed ? "running" : "suspended"; }
      async resume() { await (isAllowed ? this.currentTime = 7 : new Promise(() => {})); }
    },
    GainNode: class { gain = loudness; connect() {} },
    OscillatorNode: class {
      connect(node) { return node; }
      start(when) { notes.push(when); }
      stop() {}
    },
    setTimeout: (act) => queueMicrotask(act),
  };
  const real = Object.fromEntries(Object.keys(stubs).map((name) => [name, window[name]]));
  Object.assign(window, stubs);
  for (let call = 0; call < 3; call++) await chime();
  isAllowed = true;
  await chime();
  Object.assign(window, real);
  return notes;
}"""

GAPS = """rows => rows.slice(1).map((row, place) =>
  Math.round(row.getBoundingClientRect().top - rows[place].getBoundingClientRect().bottom))"""


def arrived(page_factory: PageFactory, address: str = "/") -> Page:
    page = page_factory(service_workers="allow")
    page.context.add_init_script(WATCH)
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    return page


def opened(page_factory: PageFactory, name: str, room: str) -> Page:
    page = arrived(page_factory)
    enter(page, name, room)
    return page


def switch(page: Page, name: str) -> None:
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("checkbox", name=name).click()
    page.keyboard.press("Escape")


def shows(page: Page) -> int:
    """How many notifications have been shown. Only then may one ask which: Chromium drops a notification that it is
    asked for after it has stored and before it has shown it.
    """
    [worker] = page.context.service_workers
    return int(worker.evaluate("shows"))


def test_what_is_wanted_calls_while_nobody_looks_and_once_for_two_tabs(
    page_factory: PageFactory, room: str
) -> None:
    ada, bo = opened(page_factory, "Ada", room), opened(page_factory, "Bo", room)
    ada.context.grant_permissions(["notifications"])
    [worker] = ada.context.service_workers
    worker.evaluate(COUNT)
    ada.evaluate("look(true)")
    say(bo, "unwanted")
    expect(contents(ada)).to_have_text(["unwanted"])
    ada.wait_for_timeout(1_000)  # longer than a tab waits for another
    assert shows(ada) == 0
    ada.evaluate("look(false)")
    switch(ada, "Notifications")
    switch(ada, "Sound")
    until(ada, lambda: ada.evaluate("notes") == 2)  # as a sample
    say(bo, "seen")
    expect(contents(ada)).to_have_count(2)
    ada.wait_for_timeout(1_000)
    assert shows(ada) == 0

    other = ada.context.new_page()
    other.goto("/")
    enter(other, "Ada", room)
    for page in (ada, other):
        page.evaluate("look(true)")
    say(bo, "> Ada:\n> Tea?\n" + "Yes! " * 100)
    until(ada, lambda: shows(ada) == 1)
    [[title, body, tag, lang]] = ada.evaluate(SHOWN)
    assert (title, tag, lang) == (room, room, "en")
    assert body.startswith("\u2068Bo\u2069: \u2068Yes! Yes!")
    assert body.endswith("…\u2069")
    assert len(body) < 160
    say(bo, "the latest")
    until(ada, lambda: shows(ada) == 2)
    [[_, body, *_]] = ada.evaluate(SHOWN)
    assert "latest" in body
    # Two messages, two notes each, beside the sample.
    until(ada, lambda: ada.evaluate("notes") + other.evaluate("notes") >= 6)
    assert ada.evaluate("notes") + other.evaluate("notes") == 6
    until(ada, lambda: ada.evaluate("badges.at(-1)") == 2)  # it may have been the other tab that called
    assert ada.evaluate("badges").count(2) == 1
    # Somebody looks at one of the tabs: it is not for the other to call.
    ada.evaluate("look(false)")
    until(ada, lambda: ada.evaluate(SHOWN) == [])
    until(ada, lambda: ada.evaluate("badges.at(-1)") == 0)
    # Nor where it is slow to say that it has shown the message.
    ada.evaluate("() => { BroadcastChannel.prototype.postMessage = () => {}; }")
    say(bo, "in sight")
    expect(contents(other).last).to_have_text("in sight")
    other.wait_for_timeout(1_000)
    assert shows(ada) == 2


@pytest.mark.parametrize("transport", ["long-polling", "polling"])
def test_what_comes_without_a_websocket_calls_as_well(
    page_factory: PageFactory, room: str, transport: str
) -> None:
    ada = arrived(page_factory, f"/?transport={transport}")
    ada.context.grant_permissions(["notifications"])
    switch(ada, "Notifications")
    bo = page_factory()
    for page, name in ((ada, "Ada"), (bo, "Bo")):
        enter(page, name, room)
    ada.evaluate("look(true)")
    [worker] = ada.context.service_workers
    worker.evaluate(COUNT)
    say(bo, "Tea?")
    until(ada, lambda: shows(ada) == 1)
    [[_, body, *_]] = ada.evaluate(SHOWN)
    assert "Tea?" in body


def test_what_was_missed_during_a_cut_calls_once_and_history_does_not(page_factory: PageFactory) -> None:
    page = arrived(page_factory)
    page.context.grant_permissions(["notifications"])
    switch(page, "Notifications")
    server = Server(newest(1, 2))
    page.route_web_socket("**/ws/**", server.connect)
    page.evaluate("look(true)")
    [worker] = page.context.service_workers
    worker.evaluate(COUNT)
    enter(page, "Ada", "r")
    expect(contents(page)).to_have_count(2)
    page.wait_for_timeout(1_000)  # longer than a tab waits for another
    assert shows(page) == 0
    server.pages += [
        forward(2, 3, 4, through=4, last_seq=6, more=True),
        page_of(message(5), message(6, who="Ada"), ask="after:4", through=6),
    ]
    server.live[-1].close(code=1001)
    until(page, lambda: shows(page) == 1)
    [[_, body, *_]] = page.evaluate(SHOWN)
    assert "Bo 5" in body
    # A reload has them already, and nobody looks at it, either.
    page.add_init_script("window.isHidden = true")
    server.pages.append(forward(6, through=6))
    page.reload()
    expect(contents(page)).to_have_count(6)
    page.wait_for_timeout(1_000)
    assert shows(page) == 1


def test_one_room_calls_whatever_another_does(page_factory: PageFactory) -> None:
    """A tab that takes for ever over its call stands in for one whose room is never quiet."""
    busy = arrived(page_factory)
    busy.context.grant_permissions(["notifications"])
    switch(busy, "Notifications")
    quiet = busy.context.new_page()
    quiet.goto("/")
    servers = [Server.of(page, newest(1)) for page in (busy, quiet)]
    for page, name in ((busy, "busy"), (quiet, "quiet")):
        enter(page, "Ada", name)
        page.evaluate("look(true)")
    [worker] = busy.context.service_workers
    worker.evaluate(COUNT)
    busy.evaluate(
        """() => {
             navigator.serviceWorker.getRegistration = () => new Promise(() => { window.isStuck = true; });
           }"""
    )
    servers[0].send(message(2) | {"room_id": "busy"})
    until(busy, lambda: bool(busy.evaluate("window.isStuck === true")))
    servers[1].send(message(2) | {"room_id": "quiet"})
    until(quiet, lambda: shows(quiet) == 1)
    assert [tag for _, _, tag, _ in quiet.evaluate(SHOWN)] == ["quiet"]


def test_after_a_call_that_failed_the_next_message_calls(page_factory: PageFactory) -> None:
    page = arrived(page_factory)
    page.context.grant_permissions(["notifications"])
    switch(page, "Notifications")
    server = Server.of(page, newest(1))
    enter(page, "Ada", "r")
    page.evaluate("look(true)")
    [worker] = page.context.service_workers
    worker.evaluate(COUNT)
    page.evaluate(
        """() => {
             navigator.serviceWorker.getRegistration = async () => {
               delete navigator.serviceWorker.getRegistration;
               window.hasFailed = true;
               throw new Error("no such luck");
             };
           }"""
    )
    server.send(message(2))
    until(page, lambda: bool(page.evaluate("window.hasFailed === true")))
    said = iter(range(3, 100_000))

    def calls() -> bool:
        server.send(message(next(said)))
        return shows(page) > 0

    until(page, calls)


def test_what_may_not_be_heard_yet_is_not_saved_up(js: Evaluate) -> None:
    assert js("attention", HELD_BACK) == [7, 7.12]


def test_a_click_leads_to_the_tab_that_called_or_to_its_room(page_factory: PageFactory) -> None:
    room = "اتاق #1%"
    page = arrived(page_factory)
    other = page.context.new_page()
    other.goto("/")
    for tab in (page, other):
        tab.evaluate(
            """() => navigator.serviceWorker.addEventListener("message", ({ data }) => {
                 if (data === "focused") window.isFocused = true;
               })"""
        )
    page.context.grant_permissions(["notifications"])
    switch(page, "Notifications")
    server = Server.of(page, newest(1))
    enter(page, "Ada", room)
    page.evaluate("look(true)")
    [worker] = page.context.service_workers
    for script in (COUNT, NOTE):
        worker.evaluate(script)
    server.send(message(2) | {"room_id": room})
    until(page, lambda: shows(page) == 1)
    assert worker.evaluate(CLICK) == 0
    until(page, lambda: bool(page.evaluate("window.isFocused === true")))
    server.send(message(3) | {"room_id": room})
    until(page, lambda: shows(page) == 2)
    page.close()
    until(other, lambda: int(worker.evaluate("async () => (await clients.matchAll()).length")) == 1)
    assert worker.evaluate(CLICK) == 0
    [address] = worker.evaluate("opened")
    other.goto(f"/{address}")
    expect(other.locator("#entry-title")).to_have_text(room)
    assert other.evaluate("window.isFocused") is None


def test_where_notifications_are_blocked_it_says_what_to_do(page_factory: PageFactory) -> None:
    page = page_factory(service_workers="allow")
    page.add_init_script("Notification.requestPermission = async () => 'denied'")
    page.reload()
    page.get_by_role("button", name="Settings").click()
    assert page.locator(".menu-row:visible").evaluate_all(GAPS) == [0, 0]
    page.keyboard.press("Escape")
    switch(page, "Notifications")
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_text("Your browser blocks notifications")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Notifications")).not_to_be_checked()
    expect(page.get_by_role("button", name="Install as an app")).to_be_hidden()
    page.evaluate(
        """() => dispatchEvent(Object.assign(new Event("beforeinstallprompt"),
             { prompt: () => { window.prompted = true; } }))"""
    )
    page.get_by_role("button", name="Install as an app").click()
    assert page.evaluate("prompted")
    page.get_by_role("checkbox", name="Sound").check()
    page.reload()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_role("checkbox", name="Sound")).to_be_checked()
