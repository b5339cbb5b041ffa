"""The journal: numbered, bounded whatever is recorded, and always fit to be written as JSON."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local_dev import journal as module
from local_dev.journal import KEPT, TEXT_LIMIT, VALUE_LIMIT, Entry, Journal


def facts_of(**facts: Any) -> dict[str, Any]:
    journal = Journal(clock=lambda: 1.0)
    journal.record("invoked", **facts)
    [entry] = journal.since(0)
    return entry.facts


def test_entries_are_numbered_from_one_and_timed() -> None:
    times = iter([10.0, 11.5])
    journal = Journal(clock=lambda: next(times))
    journal.record("received", connection="a", text="x")
    journal.record("sent", connection="a", text="y")
    assert [(entry.number, entry.time, entry.kind) for entry in journal.since(0)] == [
        (1, 10.0, "received"),
        (2, 11.5, "sent"),
    ]
    assert journal.last == 2


def test_a_reader_gets_what_is_after_its_place_and_at_most_as_many_as_it_asks_for() -> None:
    journal = Journal()
    assert journal.since(0) == []
    for _ in range(10):
        journal.record("notice", text="x")
    assert [entry.number for entry in journal.since(7)] == [8, 9, 10]
    assert [entry.number for entry in journal.since(3, limit=2)] == [4, 5]
    assert journal.since(10) == journal.since(99) == []


def test_the_oldest_entries_go_first() -> None:
    journal = Journal()
    for _ in range(KEPT + 5):
        journal.record("notice", text="x")
    kept = journal.since(0)
    assert len(kept) == KEPT
    assert (kept[0].number, kept[-1].number) == (6, KEPT + 5)
    assert journal.since(2, limit=1)[0].number == 6


def test_all_entries_together_are_bounded(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 1200)
    journal = Journal()
    for number in range(10):
        journal.record("received", connection="a", text=f"{number}" * 400)
    assert [entry.facts["text"][0] for entry in journal.since(0)] == ["8", "9"]
    journal.record("received", connection="a", text="z" * 5000)
    assert [entry.facts["text"][0] for entry in journal.since(0)] == ["z"]  # the newest is always there


def test_they_are_bounded_by_what_they_take_in_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "KEPT_BYTES", 4000)
    kept = {}
    for letter in ("a", "\u0633", "\N{GRINNING FACE}"):
        journal = Journal()
        for _ in range(20):
            journal.record("received", text=letter * 400)
        kept[len(letter.encode())] = len(journal.since(0))
    assert 7 <= kept[1] <= 9
    assert 3 <= kept[2] <= 5
    assert kept[4] == 2


def test_a_long_text_is_cut_and_says_so() -> None:
    journal = Journal()
    journal.record("received", connection="a", text="x" * (TEXT_LIMIT + 1))
    journal.record("received", connection="a", text="x" * TEXT_LIMIT)
    long, whole = journal.since(0)
    assert (len(long.facts["text"]), long.cut) == (TEXT_LIMIT, True)
    assert (len(whole.facts["text"]), whole.cut) == (TEXT_LIMIT, False)


def test_a_large_result_is_cut_as_a_whole() -> None:
    journal = Journal()
    journal.record("returned", function="f", request="r", result={"items": ["x" * 100] * 100_000})
    [entry] = journal.since(0)
    assert entry.cut
    assert VALUE_LIMIT / 2 < entry.size < 4 * VALUE_LIMIT
    assert len(json.dumps(entry.facts)) < 2 * VALUE_LIMIT


def test_a_large_event_crowds_nothing_out() -> None:
    facts = facts_of(event="x" * 2 * VALUE_LIMIT, function="F", request="r", cold=True)
    assert len(facts.pop("event")) == VALUE_LIMIT
    assert facts == {"function": "F", "request": "r", "cold": True}


def test_a_deep_result_is_cut() -> None:
    deep: Any = "bottom"
    for _ in range(5000):
        deep = [deep]
    assert "bottom" not in json.dumps(facts_of(result=deep))


def test_an_event_cannot_be_changed_afterwards() -> None:
    event: dict[str, Any] = {"requestContext": {"authorizer": {}}}
    journal = Journal()
    journal.record("invoked", event=event)
    event["requestContext"]["authorizer"]["principalId"] = "late"
    assert journal.since(0)[0].facts["event"] == {"requestContext": {"authorizer": {}}}


def test_numbers_that_json_or_javascript_cannot_hold_become_texts() -> None:
    facts = facts_of(a=float("nan"), b=float("inf"), c=2**53, d=2**53 + 1, e=10**6000, f=True, g=None, h=1.5)
    assert facts["a"] == "nan"
    assert facts["b"] == "inf"
    assert facts["c"] == 2**53
    assert facts["d"] == "9007199254740993"
    assert "bits" in facts["e"]
    assert (facts["f"], facts["g"], facts["h"]) == (True, None, 1.5)


def test_a_listener_hears_of_each_entry_until_it_has_enough() -> None:
    journal = Journal()
    heard: list[Entry] = []
    forget = journal.listen(heard.append)
    journal.record("notice", text="one")
    forget()
    journal.record("notice", text="two")
    assert [entry.facts["text"] for entry in heard] == ["one"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner)
    ),
    max_leaves=30,
)


@given(anything)
def test_whatever_is_recorded_can_be_written_as_json(value: Any) -> None:
    written = json.dumps(facts_of(event=value), allow_nan=False)
    assert json.loads(written.encode()) is not None
