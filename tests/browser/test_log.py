"""The log of a room on the page: once each and in order, held back above a hole, gaps that are told; and its rows."""

import itertools

import pytest

from tests.browser.events import (
    ENTERED,
    ONLINE,
    Evaluate,
    Event,
    after,
    composed,
    forward,
    message,
    newest,
    page_of,
    seqs,
)

pytestmark = pytest.mark.browser


def test_messages_are_shown_once_and_in_order_however_they_come(js: Evaluate) -> None:
    arrivals = [message(3), message(4), message(4), forward(2, 3, 4, through=4), message(5)]
    for order in itertools.permutations(arrivals):
        assert seqs(after(js, newest(1, 2), *order)) == [1, 2, 3, 4, 5]


def test_nothing_is_shown_before_the_newest_page_has_come(js: Evaluate) -> None:
    assert seqs(after(js, message(7))) == []
    assert seqs(after(js, message(7), newest(5, 6, through=6))) == [5, 6, 7]
    assert seqs(after(js, message(2), message(7), newest(5, 6, 7, more=True))) == [5, 6, 7]
    assert seqs(after(js, message(7), forward(4, 5, 6, through=6))) == []


def test_what_lies_above_a_hole_is_held_back_until_the_cursor_reaches_it(js: Evaluate) -> None:
    held = after(js, newest(1), message(3), message(4))
    assert (seqs(held), held["log"]["cursor"]) == ([1], 1)
    assert seqs(after(js, newest(1), message(3), message(4), message(2))) == [1, 2, 3, 4]
    # The server has settled the number: it was never used.
    void = after(js, newest(1), message(3), message(4), forward(1, 3, through=3, last_seq=4))
    assert (seqs(void), void["log"]["cursor"]) == ([1, 3, 4], 4)
    # A late answer to a question that is not the log's any more.
    assert seqs(after(js, newest(1), forward(5, 6, through=6))) == [1]
    # A page that does not reach over the hole, though it has what lies above it.
    assert seqs(after(js, newest(1), forward(1, 3, 4, through=1, last_seq=4))) == [1]
    assert seqs(after(js, newest(1, 3, through=1, last_seq=3))) == [1]


@pytest.mark.parametrize(
    ("events", "gaps", "shown"),
    [
        ([newest(1, 2), forward(2, 6, 7, start=6, through=7)], [[3, 5]], [1, 2, 6, 7]),
        ([newest(1, 2), forward(2, start=6, through=5)], [[3, 5]], [1, 2]),
        # What has come by itself is not missing.
        ([newest(1), message(3), forward(1, 6, start=6, through=6)], [[2, 2], [4, 5]], [1, 3, 6]),
        ([newest(1), message(2), forward(1, 6, start=3, through=6)], [], [1, 2, 6]),
        ([newest(1), *[forward(1, 6, start=5, through=6)] * 2], [[2, 4]], [1, 6]),
        # Whoever is new misses nothing.
        ([newest(6, 7)], [], [6, 7]),
        ([newest(1), forward(1, 4, start=4, through=4), message(2)], [[2, 3]], [1, 4]),
    ],
)
def test_a_gap_is_told_where_the_log_does_not_go_back_so_far(
    js: Evaluate, events: list[Event], gaps: list[list[int]], shown: list[int]
) -> None:
    state = after(js, *events)
    assert [[gap["from"], gap["to"]] for gap in state["log"]["gaps"]] == gaps
    assert seqs(state) == shown
    assert not state["log"]["doubtful"]


def test_a_gap_has_its_row_at_its_place(js: Evaluate) -> None:
    shown = after(js, newest(1, 2), forward(2, 6, start=6, through=6))["rows"]
    assert [row["kind"] for row in shown] == ["day", "message", "message", "gap", "message"]
    assert shown[3]["count"] == 3
    assert shown[4]["first"]
    assert after(js, newest(1), forward(1, start=6, through=5))["rows"][-1]["kind"] == "gap"


def test_earlier_messages_come_before_all_others(js: Evaluate) -> None:
    def before(seq: int, *found: int, more: bool) -> Event:
        return page_of(*map(message, found), ask=f"before:{seq}", through=seq - 1, more=more)

    entered = newest(7, 8, more=True)
    assert after(js, entered)["log"]["earlier"]
    once = after(js, entered, before(7, 5, 6, more=True))
    assert (seqs(once), once["log"]["earlier"], once["log"]["cursor"]) == ([5, 6, 7, 8], True, 8)
    all_there = after(js, entered, before(7, 5, 6, more=True), before(5, 2, more=False))
    assert (seqs(all_there), all_there["log"]["earlier"]) == ([2, 5, 6, 7, 8], False)
    # The same page again, and one that nobody waits for any more, change nothing.
    assert seqs(after(js, entered, *[before(7, 5, 6, more=True)] * 2)) == [5, 6, 7, 8]
    assert not after(js, entered, before(7, more=False))["log"]["earlier"]
    assert not after(js, entered, before(7, more=True))["log"]["earlier"]
    # A late message from below the newest page is there to be asked for.
    assert after(js, newest(7), message(3))["log"]["earlier"]


def test_a_room_that_counts_lower_than_before_begins_anew(js: Evaluate) -> None:
    state = after(js, newest(1, 2, 3), forward(3, through=1, start=4))
    assert (seqs(state), state["log"]["cursor"], state["sync"]["due"]) == ([], None, True)
    assert seqs(after(js, newest(1, 2, 3), forward(3, through=1, start=4), newest(1))) == [1]
    # A page that was made before the last message came is no sign of that.
    assert seqs(after(js, newest(1), message(2), forward(1, through=1))) == [1, 2]
    # Another message with a number that is known is one.
    assert after(js, newest(1, 2), message(2, who="Cy"))["log"]["doubtful"]
    assert not after(js, newest(1, 2), message(2))["log"]["doubtful"]


def test_a_message_keeps_its_row_from_composing_to_stored(js: Evaluate) -> None:
    mine = message(3, who="Ada", id="a")
    for events, progress in [([], "waiting"), ([ONLINE], "sending"), ([mine], "stored")]:
        row = after(js, ONLINE, newest(1), {"type": "link", "status": "waiting"}, composed("a"), *events)[
            "rows"
        ][-1]
        assert (row["key"], row["progress"]) == ("own a", progress)
    # Stored, though a hole below it keeps the log from showing it; and then it is in its place.
    held = after(js, ONLINE, newest(1), composed("a"), mine)
    assert (seqs(held), list(held["outbox"])) == ([1], ["a"])
    shown = after(js, ONLINE, newest(1), composed("a"), mine, message(2))
    assert (seqs(shown), shown["outbox"]) == ([1, 2, 3], {})
    assert [row["key"] for row in shown["rows"][1:]] == ["seq 1", "seq 2", "own a"]


def test_no_two_rows_share_a_key(js: Evaluate) -> None:
    rows = after(js, newest(), *[message(seq, who="Ada", id="same") for seq in (1, 2, 3)])["rows"]
    assert len({row["key"] for row in rows}) == len(rows) == 4


def test_rows_group_messages_and_place_system_lines_by_time(js: Evaluate) -> None:
    line = {"type": "system", "content": "Bo left r.", "timestamp": "2030-01-01T10:00:02.500Z"}
    late = message(4) | {"timestamp": "2030-01-01T10:30:00.000Z"}
    next_day = message(5) | {"timestamp": "2030-01-03T10:00:00.000Z"}
    everything = [message(1), message(2), message(3), late, next_day]
    # Two sockets that are open at once tell a line twice.
    rows = after(js, page_of(*everything, ask="newest", through=5), line, line, composed("a"))["rows"]
    kinds = [row["kind"] if row["kind"] != "message" else row["first"] for row in rows]
    assert kinds[:8] == ["day", True, False, "line", True, True, "day", True]
    assert (rows[-1]["mine"], rows[-1]["progress"]) == (True, "waiting")


def test_a_broken_timestamp_breaks_nothing(js: Evaluate) -> None:
    rows = after(js, newest(), message(1) | {"timestamp": "yesterday"})["rows"]
    assert [row["kind"] for row in rows] == ["message"]


def test_keys_that_people_choose_do_no_harm(js: Evaluate) -> None:
    everyone = ["__proto__", "constructor"]
    state = after(js, ONLINE, composed("__proto__"), {"type": "presence", "users": everyone, "timestamp": ""})
    assert (state["users"], state["total"]) == (everyone, 2)
    assert after(js, {"type": "presence", "users": ["a"], "total": 300, "timestamp": ""})["total"] == 300


def test_a_presence_event_that_was_overtaken_is_out_of_date(js: Evaluate) -> None:
    later = {"type": "presence", "users": ["Ada", "Bo"], "timestamp": "2030-01-01T10:00:01.000Z"}
    earlier = {"type": "presence", "users": ["Ada"], "timestamp": "2030-01-01T10:00:00.999Z"}
    assert after(js, later, earlier)["users"] == ["Ada", "Bo"]
    assert after(js, earlier, later)["users"] == ["Ada", "Bo"]


def test_frames_that_it_does_not_know_change_nothing(js: Evaluate) -> None:
    same = """(m, events) => {
      const state = events.reduce((state, event) => m.reduce(state, event, { now: 0, luck: 0 }), m.initialState);
      return m.reduce(state, { type: "unheard of" }, { now: 9, luck: 0 }) === state;
    }"""
    assert js("core/state", same, [ENTERED, ONLINE, newest(1)])
