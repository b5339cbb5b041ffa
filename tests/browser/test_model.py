"""The page's reducer and its sync against a model of the server, over schedules that nobody would think of."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.browser.events import Evaluate

pytestmark = pytest.mark.browser

MODEL = (Path(__file__).parent / "room_model.js").read_text(encoding="utf-8").partition("*/")[2].strip()

PICK = st.integers(0, 99)
WRITER = st.sampled_from(["Bo", "Cy", "Di"])
TROUBLE = st.sampled_from(
    ["lost", "deaf", "slow", "doubt", "unavailable", "fault", "evicted", "limited"],
)


def act(name: str, argument: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(st.just(name), st.none() if argument is None else argument)


STEPS = st.lists(
    st.one_of(
        act("say", WRITER),
        act("compose"),
        act("deliver", PICK),
        act("deliver", PICK),
        act("deliver", PICK),
        act("take", WRITER),
        act("settle", PICK),
        act("lose", PICK),
        act("repeat", PICK),
        act("trouble", TROUBLE),
        act("wait", st.sampled_from([10, 700, 1_500, 4_000, 20_000, 40_000, 300_000])),
        act("cut"),
        act("connect"),
        act("abandon", PICK),
        act("expire", st.integers(1, 8)),
        act("earlier"),
        act("away", st.tuples(st.integers(0, 6), st.integers(0, 9))),
        act("roll"),
        act("poll", PICK),
        act("save"),
        act("reload"),
    ),
    max_size=60,
)
SCHEDULES = st.fixed_dictionaries(
    {"steps": STEPS, "size": st.integers(1, 5), "quota": st.sampled_from([10**9, 900, 0])}
)


def is_true(transcript: dict[str, Any]) -> None:
    truth = {entry["seq"]: entry for entry in transcript["truth"]}
    for before, shown in pairwise(transcript["shown"]):
        if "reload" in (before, shown):
            continue
        # What is shown stays where it is: others come after it, or before it all where earlier ones are asked for.
        assert shown == sorted(set(shown))
        assert [seq for seq in shown if not before or seq >= before[0]][: len(before)] == before
    shown, gaps = transcript["shown"][-1], transcript["gaps"]
    missing = {seq for gap in gaps for seq in range(gap["from"], gap["to"] + 1)}
    stored = {seq for seq, entry in truth.items() if entry["kind"] == "stored"}

    # Everything is there, once: what is kept in the log, and what was shown before it expired.
    assert stored & set(range(transcript["floor"], len(truth) + 1)) <= set(shown) <= stored
    assert transcript["cursor"] == len(truth)
    assert not transcript["earlier"]
    # Between what is shown there is nothing but what never was, and what is said to be missing.
    assert stored & set(range(transcript["first"], len(truth) + 1)) <= set(shown) | missing
    assert all(seq < transcript["floor"] and seq not in shown for seq in missing)
    # What I wrote is stored and shown once.
    assert transcript["outbox"] == []
    own = [content for content in transcript["contents"] if content.startswith("id ")]
    assert len(own) == len(set(own))
    assert transcript["failures"] or own == sorted(own, key=transcript["composed"].index)
    expired = {entry["content"] for seq, entry in truth.items() if seq < transcript["floor"]}
    assert set(transcript["composed"]) - expired <= set(own)
    # And then it is quiet: a heartbeat now and then, and a question about people with it.
    assert transcript["held"] == 0
    assert transcript["idle_asks"] <= 6


@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schedule=SCHEDULES)
def test_nothing_is_lost_repeated_or_out_of_order(js: Evaluate, schedule: dict[str, Any]) -> None:
    is_true(js("core/state", MODEL, schedule))
