"""The connection over time: heartbeat, silence, refusals. The page's clock is moved on, so that nothing waits."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.acts import Cable, contents, enter, lines, link, members, say, stored, until
from tests.browser.conftest import PageFactory
from tests.browser.events import ONLINE, WAITING, Evaluate, Event, after, error

pytestmark = pytest.mark.browser

Answer = Callable[[int, dict[str, str]], dict[str, Any] | None]


def answer_instead(page: Page, answer: Answer) -> None:
    """Put `answer(number of the connection, frame)` in the gateway's place, wherever it is not None; {} is silence."""
    connections = 0

    def connect(route: WebSocketRoute) -> None:
        nonlocal connections
        connections += 1
        number, server = connections, route.connect_to_server()

        def forward(frame: str | bytes) -> None:
            reply = answer(number, json.loads(frame))
            if reply is None:
                server.send(frame)
            elif reply:
                route.send(json.dumps(reply))

        route.on_message(forward)

    page.route_web_socket("**/ws/**", connect)


def refusal(code: str, **more: Any) -> dict[str, Any]:
    return {"type": "error", "code": code, "content": "No.", "timestamp": ""} | more


def test_a_heartbeat_keeps_an_idle_connection(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.clock.install()
    cable = Cable(page)
    enter(page, "Ada", room)
    page.clock.run_for(4 * 60_000 + 1_000)
    say(page, "still here")
    expect(stored(page)).to_have_count(1)
    frames = [json.loads(frame) for frame in cable.sent]
    assert [frame.get("action") for frame in frames] == ["sync", "ping", "presence", None]


def test_a_connection_that_falls_silent_is_replaced(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.clock.install()
    asked: list[int] = []

    def silence_the_first(number: int, frame: dict[str, str]) -> dict[str, str] | None:
        asked.append(number)
        return {} if number == 1 and "content" in frame else None

    answer_instead(page, silence_the_first)
    enter(page, "Ada", room)
    expect(members(page)).to_have_text(["Ada"])
    expect(lines(page, "Ada joined")).to_have_count(1)  # what still comes would be a sign of life
    say(page, "is anyone there?")
    expect(page.locator(".message .progress p")).to_have_text(["Sending…"])
    page.clock.run_for(15_100)
    expect(stored(page)).to_have_count(1)
    expect(contents(page)).to_have_text(["is anyone there?"])
    assert set(asked) == {1, 2}


def test_an_entry_that_cannot_fetch_the_log_is_tried_anew(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    asked: list[str] = []

    def refuse_twice(_: int, frame: dict[str, str]) -> dict[str, str] | None:
        asked.append(frame["id"])
        return refusal("unavailable", id=frame["id"]) if len(asked) < 3 else None

    answer_instead(page, refuse_twice)
    enter(page, "Ada", room)
    say(page, "made it")
    expect(stored(page)).to_have_count(1)
    assert asked[:3] == ["newest"] * 3


def test_a_lost_membership_is_regained_and_the_message_sent_again(
    page_factory: PageFactory, room: str
) -> None:
    page = page_factory()
    ids: list[str] = []

    def forget_the_first(number: int, frame: dict[str, str]) -> dict[str, str] | None:
        if "content" not in frame:
            return None
        ids.append(frame["id"])
        return refusal("not_a_member", id=frame["id"]) if number == 1 else None

    answer_instead(page, forget_the_first)
    enter(page, "Ada", room)
    say(page, "still me")
    expect(stored(page)).to_have_count(1)
    expect(contents(page)).to_have_text(["still me"])
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_fault_of_the_gateway_is_borne_for_five_tries(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.clock.install()
    fault = {"message": "Internal server error", "connectionId": "c", "requestId": "r"}
    ids: list[str] = []

    def fail(_: int, frame: dict[str, str]) -> dict[str, str] | None:
        if "content" not in frame:
            return None
        ids.append(frame["id"])
        return fault if len(ids) <= 5 else None

    answer_instead(page, fail)
    enter(page, "Ada", room)
    say(page, "lost?")
    failed = page.locator(".message[data-progress=failed]")

    def is_failed() -> bool:
        page.clock.run_for(1_000)
        return failed.count() > 0

    until(page, is_failed)
    assert len(ids) == 5
    expect(failed).to_contain_text("The server did not confirm this.")
    failed.get_by_role("button", name="Try again").click()
    expect(stored(page)).to_have_count(1)
    assert len(ids) == 6
    assert len(set(ids)) == 1


def test_a_rate_limit_is_waited_out(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.clock.install()
    ids: list[str] = []

    def limit(_: int, frame: dict[str, str]) -> dict[str, Any] | None:
        if "content" not in frame:
            return None
        ids.append(frame["id"])
        return refusal("rate_limited", id=frame["id"], retry_after_ms=90_000) if len(ids) == 1 else None

    answer_instead(page, limit)
    enter(page, "Ada", room)
    say(page, "patience")
    expect(page.locator(".message .progress p")).to_have_text(["Sending…"])
    until(page, lambda: bool(ids))
    page.clock.run_for(91_000)
    expect(stored(page)).to_have_count(1)
    expect(page.locator("#notices p")).to_have_count(0)
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_server_that_lets_nobody_in_is_said_so(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    page.clock.install()
    cable = Cable(page)
    cable.pull()
    page.evaluate("Math.random = () => 0.9")  # once it waits, it does so for long
    page.locator("#room").fill(room)
    page.locator("#enter").click()
    for _ in range(3):
        expect(link(page)).to_have_attribute("data-status", "waiting")
        page.clock.run_for(30_000)
    expect(page.locator("#notices")).to_contain_text("No connection yet.")
    expect(link(page)).to_have_attribute("data-status", "waiting")
    cable.plug_in()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(link(page)).to_have_attribute("data-status", "online")
    expect(page.locator("#notices p")).to_have_count(0)


def test_why_there_is_no_way_in_is_said_once_and_until_there_is_one(js: Evaluate) -> None:
    def told(*events: Event) -> list[str]:
        return [notice["code"] for notice in after(js, *events)["notices"]]

    def refused(code: str) -> Event:
        return WAITING | {"refusal": {"code": code, "content": "No."}}

    assert told(WAITING, WAITING) == []
    assert told(WAITING, WAITING, WAITING) == ["unreachable"]
    # What the server says is a reason, and stays one; also for who was in, and was put out.
    assert told(refused("not_admitted")) == ["not_admitted"]
    assert told(WAITING, WAITING, WAITING, refused("not_admitted"), WAITING) == ["not_admitted"]
    assert told(ONLINE, WAITING, refused("not_admitted")) == ["not_admitted"]
    assert told(refused("not_admitted"), refused("too_many_connections")) == ["too_many_connections"]
    expired = refused("not_admitted") | {"ticketExpired": True}
    assert told(refused("not_admitted"), expired) == ["ticket_expired"]
    # Whatever the reason is, it is gone with what it hinders.
    assert told(WAITING, WAITING, WAITING, refused("rate_limited"), WAITING) == ["rate_limited"]
    assert told(refused("rate_limited"), WAITING, ONLINE) == []
    # Other notices are left alone.
    assert told(error("key_missing"), refused("not_admitted"), ONLINE) == ["key_missing"]


def test_offline_is_told_apart_from_a_server_that_is_away(page_factory: PageFactory, room: str) -> None:
    page = page_factory()
    cable = Cable(page)
    enter(page, "Ada", room)
    page.context.set_offline(True)
    cable.pull()
    expect(link(page)).to_have_attribute("data-status", "offline")
    expect(link(page)).to_contain_text("Offline")
    cable.plug_in()
    page.context.set_offline(False)
    expect(link(page)).to_have_attribute("data-status", "online")
