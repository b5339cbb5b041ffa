"""What outlasts a reload: it comes back as it was, and garbage in its place is as good as nothing."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser.events import Evaluate, after, composed, forward, message, newest, page_of

pytestmark = pytest.mark.browser

# A storage with some room, which may be full from the start, and what the page makes of a state through it.
THROUGH = """async (m, [log, outbox, quota]) => {
  const disk = new Map();
  const open = () => ({
    getItem: (key) => disk.get(key) ?? null,
    setItem: (key, text) => { if (text.length > quota) throw new Error("full"); disk.set(key, text); },
    removeItem: (key) => disk.delete(key),
  });
  const { createTab } = await import("/js/tab.js");
  const [session, tab] = [m.createSession(open), createTab(open)];
  const place = { name: "Ada", room: "r" };
  const state = { ...place, log, outbox: new Map(Object.entries(outbox)) };
  tab.stay(place);
  session.keepLog(state);
  session.keepOutbox(state);
  const [here, kept, other] = [tab.here(), session.recall(place), session.recall({ name: "Bo", room: "r" })];
  session.forget(place);
  tab.forget();
  return { here, log: kept?.log, outbox: kept && [...kept.outbox.values()], other, left: [...disk.keys()] };
}"""

READ = """(m, [log, outbox]) => {
  const read = m.readLog(log);
  return [read, [...m.readOutbox(outbox, read, "Ada")]];
}"""


def kept(js: Evaluate, *events: dict[str, Any], quota: int = 10**7) -> Any:
    state = after(js, *events)
    return js("session", THROUGH, [state["log"], state["outbox"], quota])


def test_the_log_and_the_outbox_come_back_as_they_were(js: Evaluate) -> None:
    events = [newest(7, 8, more=True), forward(8, 12, start=12, through=12), message(20), composed("a")]
    found = kept(js, *events)
    expected = after(js, *events)["log"]
    assert found["here"] == {"name": "Ada", "room": "r"}
    assert found["log"] == expected | {"held": [], "last": 12}
    assert [(item["id"], item["content"], item["sentAt"]) for item in found["outbox"]] == [("a", "a", None)]
    assert found["other"] is None
    assert found["left"] == []


def test_what_is_stored_already_does_not_wait_to_be_sent_again(js: Evaluate) -> None:
    state = after(js, newest(), message(1, who="Ada", id="a"))
    outbox = after(js, composed("a"), composed("b"))["outbox"]
    found = js("session", THROUGH, [state["log"], outbox, 10**7])
    assert [item["id"] for item in found["outbox"]] == ["b"]
    # Stored, though not shown yet: the log fetches it.
    held = kept(js, newest(), composed("a"), message(2, who="Ada", id="a"))
    assert (held["log"]["cursor"], held["outbox"]) == (0, [])


@pytest.mark.parametrize(("quota", "count"), [(10**7, 200), (10_000, 20), (400, 0)])
def test_only_the_last_messages_are_kept_and_fewer_where_storage_is_full(
    js: Evaluate, quota: int, count: int
) -> None:
    many = [message(seq) for seq in range(1, 251)]
    found = kept(js, page_of(*many, ask="newest", through=250), quota=quota)["log"]
    assert [each["seq"] for each in found["messages"]] == list(range(251 - count, 251))
    assert (found["cursor"], found["first"], found["earlier"]) == (250, 251 - count, True)


def test_where_nothing_can_be_stored_it_does_without(js: Evaluate) -> None:
    nothing = kept(js, newest(1), composed("a"), quota=0)
    assert (nothing["here"], nothing.get("log"), nothing["other"]) == (None, None, None)
    forbidden = """async (m) => {
      const open = () => { throw new DOMException("no", "SecurityError"); };
      const { createTab } = await import("/js/tab.js");
      const [session, tab] = [m.createSession(open), createTab(open)];
      tab.stay({ name: "a", room: "r" });
      session.forget({ name: "a", room: "r" });
      return [tab.here(), session.recall({ name: "a", room: "r" })];
    }"""
    assert js("session", forbidden) == [None, None]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
SEQ = st.integers(-1, 9) | JSON_VALUES
MESSAGES = st.lists(st.builds(message, st.integers(0, 9), id=st.sampled_from([None, "a", "b"])), max_size=4)
GAPS = st.lists(st.fixed_dictionaries({"from": SEQ, "to": SEQ}), max_size=3)
LOGS = st.fixed_dictionaries(
    {
        "cursor": SEQ,
        "first": SEQ,
        "earlier": st.booleans() | JSON_VALUES,
        "messages": MESSAGES.map(lambda each: sorted(each, key=lambda found: int(found["seq"])))
        | MESSAGES
        | JSON_VALUES,
        "gaps": GAPS | JSON_VALUES,
    }
)
ITEMS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", "", "x" * 65]) | JSON_VALUES,
        "content": st.text(max_size=3) | JSON_VALUES,
        "at": st.integers() | JSON_VALUES,
        "error": st.none() | st.just({"code": "x", "content": "y"}) | JSON_VALUES,
    }
)
TEXTS = st.none() | st.text() | JSON_VALUES.map(json.dumps)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=TEXTS | LOGS.map(json.dumps), outbox=TEXTS | st.lists(ITEMS, max_size=4).map(json.dumps))
def test_garbage_is_as_good_as_nothing(js: Evaluate, log: str | None, outbox: str | None) -> None:
    read, items = js("session", READ, [log, outbox])
    if read is not None:
        shown = [each["seq"] for each in read["messages"]]
        missing = [(gap["from"], gap["to"]) for gap in read["gaps"]]
        assert shown == sorted(set(shown))
        assert all(read["first"] <= seq <= read["cursor"] for seq in shown)
        assert missing == sorted(missing)
        assert all(read["first"] <= low <= high <= read["cursor"] for low, high in missing)
        assert not any(low <= seq <= high for seq in shown for low, high in missing)
        assert read["first"] <= read["cursor"] + 1
    for id, item in items:
        assert 0 < len(id) <= 64
        assert item["id"] == id
        assert item["content"]
        assert item["sentAt"] is None
        assert item["seq"] is None
