"""When the page asks for what: derived from the state and the time alone."""

from typing import Any

import pytest

from tests.browser.events import (
    DO,
    ONLINE,
    WAITING,
    Evaluate,
    Event,
    after,
    at,
    error,
    forward,
    message,
    newest,
    page_of,
)

pytestmark = pytest.mark.browser

ENTRY = [ONLINE, DO, newest(1, 2)]
PING_AT = 240_000


def syncs(js: Evaluate, *events: Event) -> list[str]:
    return [ask["id"] for ask in after(js, *events)["done"] if ask["type"] == "sync"]


def test_the_newest_page_on_entry_and_the_next_one_after_a_cut(js: Evaluate) -> None:
    assert syncs(js, ONLINE, DO, DO) == ["newest"]
    assert syncs(js, *ENTRY, DO, WAITING, DO, ONLINE, DO, DO) == ["newest", "after:2"]
    assert syncs(js, ONLINE, DO, WAITING, ONLINE, DO) == ["newest", "newest"]


def test_as_long_as_there_is_more_it_asks_at_once(js: Evaluate) -> None:
    again = [*ENTRY, WAITING, ONLINE, DO]
    pages = [forward(2, 3, through=3, last_seq=9, more=True), DO, forward(3, 4, through=9), DO]
    assert syncs(js, *again, *pages) == ["newest", "after:2", "after:3"]
    # But not without end where a page says "more" and brings nothing.
    idle = [*again, forward(2, through=2, last_seq=9, more=True), DO]
    assert syncs(js, *idle) == ["newest", "after:2"]
    assert syncs(js, *idle, at(1_000, DO)) == ["newest", "after:2", "after:2"]


def test_a_hole_is_asked_about_after_a_second_while_it_lasts(js: Evaluate) -> None:
    hole = [*ENTRY, at(100, message(4)), DO]
    assert syncs(js, *hole, at(1_000, DO)) == ["newest"]
    asked = [*hole, at(1_400, DO)]  # a second and, as luck has it, a quarter
    assert syncs(js, *asked) == ["newest", "after:2"]
    unsettled = at(1_500, forward(2, 4, through=2, last_seq=4))
    assert syncs(js, *asked, unsettled, at(2_000, DO)) == ["newest", "after:2"]
    assert syncs(js, *asked, unsettled, at(2_800, DO)) == ["newest", "after:2", "after:2"]
    assert syncs(js, *hole, at(900, message(3)), at(9_000, DO)) == ["newest"]
    # Other messages above it do not put it off.
    assert syncs(js, *hole, at(1_300, message(5)), at(1_400, DO)) == ["newest", "after:2"]
    # A newest page that does not reach its own end.
    assert syncs(js, ONLINE, DO, newest(1, through=1, last_seq=2), at(2_000, DO)) == ["newest", "after:1"]


def test_a_pong_that_counts_further_is_followed_up(js: Evaluate) -> None:
    def pong(last_seq: int) -> Event:
        return {"type": "pong", "last_seq": last_seq, "timestamp": ""}

    assert syncs(js, *ENTRY, pong(2), DO) == ["newest"]
    assert syncs(js, *ENTRY, pong(5), DO) == ["newest", "after:2"]
    assert syncs(js, *ENTRY, pong(1), DO) == ["newest", "after:2"]


def test_a_question_that_fails_is_asked_again_later_and_later(js: Evaluate) -> None:
    refused = [*ENTRY, WAITING, ONLINE, DO, at(10, error("unavailable", "after:2")), DO]
    assert syncs(js, *refused) == ["newest", "after:2"]
    assert after(js, *refused)["wake"] == 510
    twice = [*refused, at(510, DO), error("unavailable"), DO]
    assert after(js, *twice)["wake"] == 1_510
    limited = [*ENTRY, WAITING, ONLINE, DO, at(10, error("rate_limited", "after:2", retry_after_ms=250))]
    assert after(js, *limited)["wake"] == 260
    # What a poll brings meanwhile is no answer.
    poll = {key: value for key, value in forward(2, through=2).items() if key != "id"}
    polled = [*limited, poll, at(20, DO)]
    assert after(js, *polled)["wake"] == 260
    final = after(js, *ENTRY, WAITING, ONLINE, DO, error("sync_invalid", "after:2"), DO)
    assert [notice["code"] for notice in final["notices"]] == ["sync_invalid"]
    assert [ask["id"] for ask in final["done"] if ask["type"] == "sync"] == ["newest", "after:2"]


def test_a_question_without_an_answer_is_asked_again_and_then_another_connection_is(js: Evaluate) -> None:
    silent: list[Event] = [ONLINE, DO]
    kinds: list[Any] = []
    for now in range(15_000, 80_000, 15_000):
        silent += [at(now, DO), at(now + 5_000, DO)]
        kinds = [ask["type"] for ask in after(js, *silent)["done"]]
    assert kinds[:5] == ["sync", "silence", "sync", "silence", "sync"]
    assert kinds[5] == "reconnect"


def test_earlier_messages_are_asked_for_when_somebody_wants_them(js: Evaluate) -> None:
    entered = [ONLINE, DO, newest(7, 8, more=True), DO]
    wants: Event = {"type": "earlier"}
    assert syncs(js, *entered) == ["newest"]
    assert syncs(js, *entered, wants, DO, wants, DO) == ["newest", "before:7"]
    page = page_of(message(6), ask="before:7", through=6, more=True)
    assert syncs(js, *entered, wants, DO, page, DO) == ["newest", "before:7"]
    assert syncs(js, *entered, wants, DO, page, wants, DO) == ["newest", "before:7", "before:6"]
    assert syncs(js, ONLINE, DO, newest(7), wants, DO) == ["newest"]
    # It is not forgotten over a cut.
    cut = [*entered, wants, DO, WAITING, ONLINE, DO, forward(8, through=8), DO]
    assert syncs(js, *cut) == ["newest", "before:7", "after:8", "before:7"]


def test_the_heartbeat_asks_who_is_here_as_well_unless_the_list_could_not_tell(js: Evaluate) -> None:
    def kinds(*events: Event) -> list[str]:
        return [ask["type"] for ask in after(js, *events)["done"]]

    assert after(js, *ENTRY)["wake"] == PING_AT
    assert kinds(*ENTRY, at(PING_AT, DO)) == ["sync", "ping", "presence"]
    assert kinds(*ENTRY, WAITING, ONLINE, DO) == ["sync", "sync", "presence"]
    crowd = {"type": "presence", "users": ["Ada"], "total": 201, "timestamp": ""}
    assert kinds(*ENTRY, crowd, at(PING_AT, DO), WAITING, ONLINE, DO) == ["sync", "ping", "sync"]


def test_nothing_is_wanted_without_a_connection(js: Evaluate) -> None:
    for events in ([], [WAITING], [ONLINE, WAITING]):
        state = after(js, *events, at(10**9, DO))
        assert (state["done"], state["wanted"], state["wake"]) == ([], None, None)
