"""The careful client against every order of events that hypothesis can think of, and the cases worth naming."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chaos.history import Kind
from tests.chaos.session import Pace, Reconnect, Send, Session
from tests.chaos.storm import FAULTS, storm
from tests.chaos.timeline import Tell


@settings(max_examples=200)
@given(
    seed=st.integers(0, 2**32), steps=st.integers(1, 300), faults=st.sets(st.sampled_from(FAULTS)).map(sorted)
)
def test_after_any_storm_everything_is_shown_once_in_order_and_everything_said_is_stored_once(
    seed: int, steps: int, faults: list[str]
) -> None:
    world = storm(seed, steps=steps, faults=faults)
    everything = world.room.everything
    for line in world.lines:
        assert not line.session.outbox.waiting
        told = {kind: [record.facts for record in line.records if record.kind is kind] for kind in Kind}
        gone = {seq for gap in told[Kind.GAP] for seq in range(gap["first"], gap["last"] + 1)}
        expected = {seq for seq in everything if seq >= told[Kind.BEGUN][0]["seq"]} - gone
        assert {shown["seq"] for shown in told[Kind.SHOWN]} == expected
        assert not told[Kind.ANEW]
        acked = [(ack["id"], ack["seq"]) for ack in told[Kind.ACKED]]
        assert [id for id, _ in acked] == [say["id"] for say in told[Kind.SAY]]
        mine = (event for event in everything.values() if event["client_id"] == line.session.client)
        assert acked == sorted(((event["id"], event["seq"]) for event in mine), key=lambda ack: ack[1])


def test_what_a_storm_is_made_of_depends_on_nothing_but_its_seed() -> None:
    assert storm(7, steps=200).records == storm(7, steps=200).records


def message(seq: int, client: str = "Bo", id: str | None = None) -> dict[str, Any]:
    event = {"type": "message", "client_id": client, "content": f"text {seq}", "seq": seq}
    return event if id is None else event | {"id": id}


def page(
    seqs: list[int], first: int, through: int, last_seq: int, *, more: bool = False, id: str = "q2"
) -> Any:
    messages = [message(seq) for seq in seqs]
    page = {"type": "page", "messages": messages, "from": first, "through": through, "last_seq": last_seq}
    return page | {"more": more, "id": id}


class Scene:
    """A session, and what came of what it was given."""

    def __init__(self) -> None:
        self.session = Session("Ada", lambda: 0.5, Pace())
        self.sent: list[dict[str, Any]] = []
        self.told: list[Tell] = []
        self.reconnects: list[str] = []

    def take(self, outputs: Any) -> None:
        for output in outputs:
            match output:
                case Send(frame):
                    self.sent.append(frame)
                case Reconnect(why):
                    self.reconnects.append(why)
                case _:
                    self.told.append(output)

    def get(self, event: Any, now: float) -> None:
        self.take(self.session.frame(json.dumps(event), now))

    def shown(self) -> list[int]:
        return [tell.facts["seq"] for tell in self.told if tell.kind is Kind.SHOWN]

    def syncs(self) -> list[Any]:
        return [frame.get("after") for frame in self.sent if frame.get("action") == "sync"]


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.take(scene.session.opened(0.0))
    return scene


def test_it_asks_for_the_newest_page_first_and_for_what_came_after_its_cursor_when_it_is_back(
    scene: Scene,
) -> None:
    scene.get(page([4, 5], 4, 5, 5), 0.1)
    scene.take(scene.session.closed("cut"))
    scene.take(scene.session.opened(9.0))
    assert scene.syncs() == [None, 5]
    assert scene.shown() == [4, 5]


def test_a_hole_is_given_a_second_before_the_log_is_asked(scene: Scene) -> None:
    scene.get(page([], 1, 0, 0), 0.1)
    scene.get(message(2), 0.2)
    scene.take(scene.session.tick(1.1))
    assert scene.syncs() == [None]
    scene.take(scene.session.tick(1.3))
    assert scene.syncs() == [None, 0]
    assert scene.shown() == []
    scene.get(message(1), 1.4)
    assert scene.shown() == [1, 2]


def test_numbers_below_through_are_skipped_in_silence_and_those_before_from_are_told(scene: Scene) -> None:
    scene.get(page([1], 1, 1, 1), 0.1)
    scene.get(message(6), 0.2)
    scene.take(scene.session.tick(1.3))
    scene.get(page([6, 9], 5, 9, 9, id=scene.sent[-1]["id"]), 1.4)
    assert scene.shown() == [1, 6, 9]
    assert [tell.facts for tell in scene.told if tell.kind is Kind.GAP] == [{"first": 2, "last": 4}]


def test_an_answer_that_is_older_than_the_cursor_does_not_make_the_log_new(scene: Scene) -> None:
    scene.get(page([1], 1, 1, 1), 0.1)
    scene.get({"type": "pong", "last_seq": 2}, 0.2)  # asks after 1
    scene.get(message(2), 0.3)
    scene.get(message(3), 0.3)
    scene.get(page([2], 2, 2, 2, id=scene.sent[-1]["id"]), 0.4)
    assert scene.shown() == [1, 2, 3]
    assert not [tell for tell in scene.told if tell.kind is Kind.ANEW]


def test_a_log_that_ends_below_what_was_asked_after_is_a_new_one(scene: Scene) -> None:
    scene.get(page([7], 7, 7, 7), 0.1)
    scene.take(scene.session.closed("cut"))
    scene.take(scene.session.opened(9.0))
    scene.get(page([], 1, 0, 2, id=scene.sent[-1]["id"]), 9.1)
    assert scene.told[-1].kind is Kind.ANEW
    assert scene.syncs() == [None, 7, None]


def test_one_message_is_under_way_at_a_time_and_keeps_its_id(scene: Scene) -> None:
    scene.take(scene.session.say("a", "first", 1.0))
    scene.take(scene.session.say("b", "second", 1.0))
    scene.get({"type": "error", "code": "rate_limited", "id": "a", "retry_after_ms": 2000}, 1.1)
    scene.take(scene.session.tick(3.0))
    ids = [frame["id"] for frame in scene.sent if "content" in frame]
    assert ids == ["a"]
    scene.take(scene.session.tick(3.2))
    scene.get(message(1, "Ada", "a"), 3.3)
    ids = [frame["id"] for frame in scene.sent if "content" in frame]
    assert ids == ["a", "a", "b"]


def test_a_final_refusal_is_told_and_the_next_message_goes_out(scene: Scene) -> None:
    scene.take(scene.session.say("a", "x" * 5000, 1.0))
    scene.take(scene.session.say("b", "second", 1.0))
    scene.get({"type": "error", "code": "content_too_long", "id": "a"}, 1.1)
    assert scene.told[-1] == Tell(Kind.FAILED, {"id": "a", "code": "content_too_long"})
    assert scene.sent[-1]["id"] == "b"


def test_it_gives_a_connection_up_that_is_no_member_or_says_nothing(scene: Scene) -> None:
    scene.get({"type": "error", "code": "not_a_member"}, 1.0)
    assert scene.reconnects == ["not_a_member"]
    scene.take(scene.session.tick(21.1))
    assert scene.reconnects == ["not_a_member", "silence"]


def test_a_presence_event_that_was_overtaken_is_not_believed(scene: Scene) -> None:
    scene.get({"type": "presence", "users": ["Ada", "Bo"], "timestamp": "2026-01-01T00:00:02.000Z"}, 1.0)
    scene.get({"type": "presence", "users": ["Ada"], "timestamp": "2026-01-01T00:00:01.000Z"}, 1.1)
    seen = [tell.facts["users"] for tell in scene.told if tell.kind is Kind.PRESENCE]
    assert seen == [["Ada", "Bo"]]
