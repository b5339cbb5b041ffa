from dataclasses import dataclass, field
from typing import Any

import pytest
from chat import entries
from chat.entries import Entry, Number
from chat.errors import Unavailable
from chat.events import MAX_PAGE_BYTES, Event, encode, message
from chat.frames import MAX_SEQ, Sync
from chat.identity import Identity
from chat.log import Count, RoomLog
from chat.pages import IN_FLIGHT_MS, SETTLE_MS, SETTLED_AT_ONCE, Pages
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.conftest import ROOM_LOG, Store, Time
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")
AT = "2025-06-15T15:06:40.000Z"
WEEK_MS = 7 * 86_400_000


@pytest.fixture
def ask(log: RoomLog, time: Time) -> Any:
    def ask(**asked: Any) -> Event:
        return Pages(log, "general", time.now_ms).page(Sync(**asked))

    return ask


def say(log: RoomLog, *contents: str) -> list[Event]:
    return [log.append(ADA, content, id=None).message for content in contents]


def lose(log: RoomLog, store: Store) -> None:
    """A number is taken, and its function dies."""
    store.faults["PutItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        say(log, "lost")


def shape(page: Event) -> tuple[list[int], int, int, int, bool]:
    seqs = [message["seq"] for message in page["messages"]]
    return seqs, page["from"], page["through"], page["last_seq"], page["more"]


def test_an_empty_room(ask: Any, store: Store) -> None:
    assert shape(ask()) == ([], 1, 0, 0, False)
    assert store.calls == ["GetItem", "Query"]
    assert shape(ask(after=0)) == ([], 1, 0, 0, False)
    assert shape(ask(before=7)) == ([], 1, 0, 0, False)


def test_pages_of_a_short_log(ask: Any, log: RoomLog, store: Store) -> None:
    messages = say(log, *"abcd")
    store.calls.clear()
    assert ask(after=2) == {
        "type": "page",
        "messages": messages[2:],
        "from": 3,
        "through": 4,
        "last_seq": 4,
        "timestamp": AT,
        "more": False,
    }
    assert store.calls == ["GetItem", "Query"]
    assert shape(ask(after=0)) == ([1, 2, 3, 4], 1, 4, 4, False)
    assert shape(ask(after=4)) == ([], 5, 4, 4, False)
    assert shape(ask()) == ([1, 2, 3, 4], 1, 4, 4, False)
    assert shape(ask(before=3)) == ([1, 2], 1, 2, 4, False)
    assert shape(ask(before=1)) == ([], 1, 0, 4, False)
    assert ask(id="mine")["id"] == "mine"


def test_a_client_that_knows_more_than_the_room_sees_that(ask: Any, log: RoomLog) -> None:
    say(log, "a")
    assert shape(ask(after=7)) == ([], 8, 7, 1, False)
    assert shape(ask(before=MAX_SEQ)) == ([1], 1, 1, 1, False)


def test_long_logs_come_page_by_page_in_both_directions(ask: Any, log: RoomLog) -> None:
    say(log, *("x" * 3000 for _ in range(25)))
    first, second, third = ask(after=0), ask(after=10), ask(after=20)
    assert shape(first) == ([*range(1, 11)], 1, 10, 25, True)
    assert shape(second) == ([*range(11, 21)], 11, 20, 25, True)
    assert shape(third) == ([*range(21, 26)], 21, 25, 25, False)
    assert shape(ask()) == ([*range(16, 26)], 16, 25, 25, True)
    assert shape(ask(before=16)) == ([*range(6, 16)], 6, 15, 25, True)
    assert shape(ask(before=6)) == ([*range(1, 6)], 1, 5, 25, False)


def test_more_is_said_where_the_query_was_cut(
    ask: Any, log: RoomLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.log.QUERY_LIMIT", 3)
    say(log, *"abcdef")
    assert shape(ask(after=0)) == ([1, 2, 3], 1, 3, 6, True)
    assert shape(ask(after=3)) == ([4, 5], 4, 5, 6, True)
    assert shape(ask()) == ([4, 5, 6], 4, 6, 6, True)
    assert shape(ask(before=4)) == ([2, 3], 2, 3, 6, True)


def test_a_page_does_not_reach_over_a_young_hole(ask: Any, log: RoomLog, store: Store, time: Time) -> None:
    say(log, "a")
    time.now_ms += 1000
    lose(log, store)
    time.now_ms += 1
    say(log, "b")
    store.calls.clear()
    assert shape(ask(after=1)) == ([3], 2, 1, 3, False)
    assert shape(ask()) == ([1, 3], 1, 1, 3, False)
    assert shape(ask(before=3)) == ([], 3, 2, 3, True)
    assert "PutItem" not in store.calls


def test_a_hole_that_has_lasted_is_settled(ask: Any, log: RoomLog, store: Store, time: Time) -> None:
    say(log, "a")
    lose(log, store)
    say(log, "b")
    time.now_ms += SETTLE_MS
    store.calls.clear()
    assert shape(ask(after=1)) == ([3], 2, 3, 3, False)
    assert store.calls == ["GetItem", "Query", "PutItem"]
    store.calls.clear()
    assert shape(ask(after=1)) == ([3], 2, 3, 3, False)
    assert shape(ask()) == ([1, 3], 1, 3, 3, False)
    assert shape(ask(before=3)) == ([1], 1, 2, 3, False)
    assert "PutItem" not in store.calls


@pytest.mark.parametrize("asked", [{"after": 1}, {}, {"before": 4}])
def test_holes_at_the_end_are_settled_too(
    ask: Any, log: RoomLog, store: Store, time: Time, asked: dict[str, int]
) -> None:
    say(log, "a")
    lose(log, store)
    lose(log, store)
    time.now_ms += SETTLE_MS - 1
    assert ask(**asked)["through"] == (3 if asked.get("before") else 1)
    time.now_ms += 1
    assert ask(**asked)["through"] == 3
    assert store.calls.count("PutItem") == 5


def test_a_message_that_turns_up_while_its_hole_is_settled_is_in_the_page(
    ask: Any, log: RoomLog, store: Store, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(log, store)
    say(log, "b")
    time.now_ms += SETTLE_MS
    settle = RoomLog.settle

    def settle_late(self: RoomLog, room_id: str, number: Number) -> Entry:
        late = message(room_id="general", client_id="ada", content="late", timestamp=AT, seq=1, id=None)
        store.client.put_item(TableName="RoomLog", Item=pages_item(late))
        return settle(self, room_id, number)

    monkeypatch.setattr(RoomLog, "settle", settle_late)
    assert [each["content"] for each in ask(after=0)["messages"]] == ["late", "b"]


def pages_item(late: Event) -> Any:
    return entries.message_item(late, Number(1, 0), expires_at=NOW)


def test_only_so_many_are_settled_at_once(ask: Any, log: RoomLog, store: Store, time: Time) -> None:
    say(log, "a")
    for _ in range(SETTLED_AT_ONCE + 5):
        lose(log, store)
    say(log, "b")
    time.now_ms += SETTLE_MS
    last = SETTLED_AT_ONCE + 7
    assert shape(ask(after=1)) == ([last], 2, 1 + SETTLED_AT_ONCE, last, True)
    assert shape(ask(after=1 + SETTLED_AT_ONCE)) == ([last], 2 + SETTLED_AT_ONCE, last, last, False)


def test_who_was_away_longer_than_messages_are_kept_is_told(ask: Any, log: RoomLog, time: Time) -> None:
    say(log, *"abc")
    time.now_ms += WEEK_MS
    say(log, "d", "e")
    time.now_ms += IN_FLIGHT_MS
    assert shape(ask(after=1)) == ([4, 5], 4, 5, 5, False)
    assert shape(ask()) == ([4, 5], 4, 5, 5, False)
    assert shape(ask(before=4)) == ([], 4, 3, 5, False)
    time.now_ms += WEEK_MS
    assert shape(ask(after=1)) == ([], 6, 5, 5, False)
    assert shape(ask()) == ([], 6, 5, 5, False)


def test_whoever_was_away_is_told_though_messages_are_kept_for_longer_by_now(
    log: RoomLog, store: Store, time: Time
) -> None:
    """What has expired by a shorter retention is not taken for holes, which would be settled one by one."""
    say(log, *"abc")
    time.now_ms += WEEK_MS
    longer = RoomLog(store.client, table=ROOM_LOG, retention_seconds=30 * 86_400, now=time.now)
    say(longer, "d")
    time.now_ms += IN_FLIGHT_MS
    store.calls.clear()
    assert shape(Pages(longer, "general", time.now_ms).page(Sync(after=1))) == ([4], 4, 4, 4, False)
    assert store.calls == ["GetItem", "Query"]


def test_where_the_log_begins_a_hole_is_not_taken_for_what_has_expired(
    ask: Any, log: RoomLog, store: Store, time: Time
) -> None:
    lose(log, store)
    assert shape(ask(after=0)) == ([], 1, 0, 1, False)
    assert shape(ask()) == ([], 1, 0, 1, False)
    time.now_ms += SETTLE_MS
    assert shape(ask(after=0)) == ([], 1, 1, 1, False)
    assert shape(ask()) == ([], 1, 1, 1, False)
    time.now_ms += IN_FLIGHT_MS
    assert shape(ask(after=0)) == ([], 1, 1, 1, False), "a room as young as this has forgotten nothing"


def test_a_first_message_that_may_still_come_is_not_passed_over(
    ask: Any, log: RoomLog, store: Store, time: Time
) -> None:
    lose(log, store)
    say(log, "b")
    assert shape(ask()) == ([2], 1, 0, 2, False)
    assert shape(ask(before=2)) == ([], 2, 1, 2, True)
    time.now_ms += SETTLE_MS
    assert shape(ask(before=2)) == ([], 1, 1, 2, False)
    assert shape(ask()) == ([2], 1, 2, 2, False)


def test_a_hole_that_nobody_looked_at_for_long_is_not_taken_for_what_has_expired(
    ask: Any, log: RoomLog, store: Store, time: Time
) -> None:
    lose(log, store)
    say(log, "b")
    time.now_ms += IN_FLIGHT_MS
    assert shape(ask(after=0)) == ([2], 1, 2, 2, False)


def test_the_newest_page_begins_with_a_hole_that_is_lower_than_what_fits(
    ask: Any, log: RoomLog, store: Store
) -> None:
    say(log, "a")
    lose(log, store)
    say(log, *("x" * 3000 for _ in range(20)))
    assert shape(ask()) == ([*range(13, 23)], 2, 1, 22, True)


def test_among_many_that_have_expired_only_the_last_can_still_come(
    ask: Any, log: RoomLog, store: Store, time: Time
) -> None:
    say(log, *"abcdefghijklmnopqrstuvwxyz")
    time.now_ms += WEEK_MS
    lose(log, store)
    last = 27
    oldest = last + 1 - SETTLED_AT_ONCE
    assert shape(ask(after=1)) == ([], oldest, oldest - 1, last, False)
    time.now_ms += SETTLE_MS
    assert ask(after=1)["through"] == last


def test_the_log_may_be_ahead_of_the_counter_that_was_read(
    ask: Any, log: RoomLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(log, "a", "b")
    monkeypatch.setattr(RoomLog, "count", lambda *_: Count(1, NOW))
    assert shape(ask(after=1)) == ([2], 2, 2, 2, False)
    assert shape(ask())[2:] == (2, 2, False)


@dataclass
class Model:
    """A room's log as a list: each number a message, a void, or a hole of a certain age."""

    numbers: list[str | None] = field(default_factory=list)  # content; "" is a void; None a hole
    taken_at: list[int] = field(default_factory=list)
    expired: int = 0

    def count(self, _: str) -> Count:
        return Count(len(self.numbers), self.taken_at[-1] if self.taken_at else 0)

    def has_forgotten(self, _: Count) -> bool:
        return self.expired > 0

    def read(self, _: str, *, low: int, high: int, newest: bool) -> tuple[list[Entry], bool]:
        seqs = range(max(low, self.expired + 1), min(high, len(self.numbers)) + 1)
        found = [entry for seq in seqs if (entry := self._entry(seq))]
        cut = found[-QUERY:] if newest else found[:QUERY]
        return cut, len(cut) < len(found)

    def settle(self, _: str, number: Number) -> Entry:
        assert self.numbers[number.seq - 1] is None or number.seq <= self.expired
        assert NOW - self.taken_at[number.seq - 1] >= SETTLE_MS, "settled too early"
        self.numbers[number.seq - 1] = ""
        return Entry(number, None)

    def _entry(self, seq: int) -> Entry | None:
        content = self.numbers[seq - 1]
        if content is None:
            return None
        taken_before = self.taken_at[seq - 2] if seq > 1 else 0
        said = message(room_id="r", client_id="a", content=content, timestamp=AT, seq=seq, id=None)
        return Entry(Number(seq, taken_before), said if content else None)


QUERY = 6
CONTENTS = st.sampled_from(["hi", "", "x" * 9000]) | st.none()


@st.composite
def logs(draw: st.DrawFn) -> Model:
    numbers = draw(st.lists(CONTENTS, max_size=40))
    ages = sorted(draw(st.lists(st.integers(0, 2 * SETTLE_MS), min_size=len(numbers), max_size=len(numbers))))
    expired = draw(st.integers(0, len(numbers)))
    ages = [age + (IN_FLIGHT_MS if len(numbers) - n <= expired else 0) for n, age in enumerate(ages)]
    numbers[:expired] = ["gone"] * expired
    return Model(numbers, [NOW - age for age in sorted(ages, reverse=True)], expired)


def walk(model: Model, ask: Sync) -> Event:
    page = Pages(model, "r", NOW).page(ask)  # type: ignore[arg-type]
    assert len(encode(page)) <= MAX_PAGE_BYTES
    seqs = [each["seq"] for each in page["messages"]]
    assert seqs == sorted(set(seqs))
    for seq in range(page["from"], page["through"] + 1):
        held = model.numbers[seq - 1]
        assert held is not None, "a page says that a hole is settled"
        assert (seq in seqs) is (held != ""), "a page leaves a message out"
    return page


@given(logs(), st.data())
def test_forward_pages_lead_to_the_first_young_hole_or_the_end(model: Model, data: st.DataObject) -> None:
    after = data.draw(st.integers(0, len(model.numbers)))
    started_at, known = after, after > model.expired and bool(model.numbers[after - 1] is not None)
    gaps: list[int] = []
    for _ in range(len(model.numbers) + 2):
        page = walk(model, Sync(after=after))
        if page["from"] > after + 1:
            gaps += range(after + 1, page["from"])
        assert page["through"] > after or not page["more"], "asked again for nothing"
        after = max(after, page["through"])
        if not page["more"]:
            break
    else:
        raise AssertionError("it never ends")
    if after < len(model.numbers):
        assert is_young_hole(model, after + 1)
    kept = [seq for seq in gaps if seq > model.expired and model.numbers[seq - 1]]
    assert kept == [], "a message that is there was said to be gone"
    if known:
        assert gaps == []
    elif started_at < model.expired <= after:
        assert set(range(started_at + 1, model.expired + 1 - SETTLED_AT_ONCE)) <= set(gaps)
        assert gaps, "what has expired was not said to be gone"


def is_young_hole(model: Model, seq: int) -> bool:
    """Whether a hole of which this number is one end was still growing a moment ago."""
    held = (n for n in range(max(seq, model.expired), len(model.numbers)) if model.numbers[n] is not None)
    last = next(held, len(model.numbers))
    missing = model.numbers[seq - 1] is None or seq <= model.expired
    return missing and NOW - model.taken_at[last - 1] < SETTLE_MS


@given(logs())
def test_the_newest_page_and_those_before_it_have_everything_that_is_kept(model: Model) -> None:
    page = walk(model, Sync())
    seen = {each["seq"] for each in page["messages"] if each["seq"] <= page["through"]}
    through = page["through"]
    for _ in range(2 * len(model.numbers) + 2):
        if not page["more"]:
            break
        before = page["from"]
        page = walk(model, Sync(before=before))
        assert page["through"] == before - 1
        seen |= {each["seq"] for each in page["messages"]}
        if page["more"] and page["from"] == before:
            seq = before - 1
            while model.numbers[seq - 1] == "":
                seq -= 1
            assert is_young_hole(model, seq)
            return
    else:
        assert not page["more"], "it never ends"
    kept = {seq for seq in range(model.expired + 1, through + 1) if model.numbers[seq - 1]}
    assert seen == kept
    oldest = max(model.expired, page["from"] - 1 - SETTLED_AT_ONCE) + 1
    assert all(model.numbers[seq - 1] is not None for seq in range(oldest, through + 1)), (
        "a message may come yet"
    )
