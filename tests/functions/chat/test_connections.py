import math
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from chat.connections import PATIENT, PAUSES, Connections, Outcome, Parcel, TimeLeft
from chat.memberships import Member
from chat.posts import Post, Result, Verdict
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.conftest import Counted, Time
from tests.functions.stand_ins import NOW

OLD = NOW - 10_000
YOUNG = NOW - 9_000
DELIVERED, GONE, BUSY, REFUSED = Verdict.DELIVERED, Verdict.GONE, Verdict.BUSY, Verdict.REFUSED
TIMED_OUT = Verdict.TIMED_OUT


@dataclass
class Engine:
    """An engine that answers as told, and delivers if not told otherwise."""

    verdicts: dict[str, deque[Verdict]] = field(default_factory=lambda: defaultdict(deque))
    rounds: list[tuple[list[str], bytes]] = field(default_factory=list)
    within: list[float] = field(default_factory=list)

    def post(self, posts: Sequence[Post], *, within: float = math.inf) -> list[Result]:
        self.within.append(within)
        frames = {frame for _, frame in posts}
        self.rounds.append(([id for id, _ in posts], b"".join(sorted(frames))))
        return [self._result(self.verdicts[id]) for id, _ in posts]

    def _result(self, verdicts: deque[Verdict]) -> Result:
        verdict = verdicts.popleft() if verdicts else DELIVERED
        return Result(verdict, verdict.name.lower())


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def connections(engine: Engine, time: Time) -> Connections:
    return Connections(engine, now=time.now, sleep=time.sleep, chance=lambda: 0.5)


def post_to_all(
    connections: Connections,
    members: Sequence[Member],
    *frames: bytes,
    time_left: TimeLeft = lambda: float("inf"),
) -> Outcome:
    return connections.deliver([Parcel(member, frames) for member in members], time_left=time_left)


def test_everyone_is_posted_to_at_once(connections: Connections, engine: Engine, time: Time) -> None:
    members = [Member("A", OLD), Member("B", YOUNG)]
    assert post_to_all(connections, members, b"x") == Outcome(delivered=2)
    assert engine.rounds == [(["A", "B"], b"x")]
    assert time.slept == []


def test_posting_to_nobody(connections: Connections) -> None:
    assert post_to_all(connections, [], b"x") == Outcome()


def test_an_old_member_that_is_gone_is_gone(connections: Connections, engine: Engine, time: Time) -> None:
    engine.verdicts["A"] += [GONE]
    outcome = post_to_all(connections, [Member("A", OLD), Member("B", OLD)], b"x")
    assert outcome == Outcome(delivered=1, gone=["A"])
    assert time.slept == []


def test_a_newcomer_is_waited_for_and_nobody_else_is(
    connections: Connections, engine: Engine, time: Time
) -> None:
    engine.verdicts["A"] += [GONE, GONE]
    outcome = post_to_all(connections, [Member("A", YOUNG), Member("B", OLD)], b"x")
    assert outcome == Outcome(delivered=2)
    assert engine.rounds == [(["A", "B"], b"x"), (["A"], b"x"), (["A"], b"x")]
    assert time.slept == [0.05, 0.1]


def test_one_that_has_been_heard_from_is_open_or_gone(
    connections: Connections, engine: Engine, time: Time
) -> None:
    engine.verdicts["A"] += [GONE]
    assert post_to_all(connections, [Member("A", YOUNG, heard=True)], b"x") == Outcome(gone=["A"])
    assert time.slept == []


def test_a_newcomer_that_does_not_come_is_not_evicted(
    connections: Connections, engine: Engine, time: Time
) -> None:
    engine.verdicts["A"] += [GONE] * 9
    outcome = post_to_all(connections, [Member("A", NOW - 1000)], b"x")
    assert outcome == Outcome(failed={"A": "gone"})
    assert time.slept == [0.05, 0.1, 0.2, 0.4, 0.8]


def test_a_newcomer_that_grows_old_meanwhile_is_gone(connections: Connections, engine: Engine) -> None:
    engine.verdicts["A"] += [GONE] * 9
    assert post_to_all(connections, [Member("A", NOW - 9_900)], b"x") == Outcome(gone=["A"])
    assert len(engine.rounds) == 3


def test_the_busy_are_tried_again_with_full_jitter(
    connections: Connections, engine: Engine, time: Time
) -> None:
    engine.verdicts["A"] += [BUSY, BUSY]
    assert post_to_all(connections, [Member("A", OLD)], b"x") == Outcome(delivered=1)
    assert time.slept == [0.025, 0.05]


def test_the_busy_are_given_up_after_a_while(connections: Connections, engine: Engine, time: Time) -> None:
    engine.verdicts["A"] += [BUSY] * 9
    outcome = post_to_all(connections, [Member("A", OLD), Member("B", OLD)], b"x")
    assert outcome == Outcome(delivered=1, failed={"A": "busy"})
    assert len(time.slept) == len(PAUSES)


def test_the_refused_are_not_tried_again(connections: Connections, engine: Engine, time: Time) -> None:
    engine.verdicts["A"] += [REFUSED]
    outcome = post_to_all(connections, [Member("A", OLD), Member("B", OLD)], b"x")
    assert outcome == Outcome(delivered=1, failed={"A": "refused"})
    assert time.slept == []


def test_nothing_is_tried_again_when_time_is_short(connections: Connections, engine: Engine) -> None:
    engine.verdicts["A"] += [BUSY, BUSY, BUSY]
    left = iter([25.0, 9.0, 8.9, 3.54])
    outcome = post_to_all(connections, [Member("A", OLD)], b"x", time_left=lambda: next(left))
    assert outcome == Outcome(failed={"A": "busy"})
    assert len(engine.rounds) == 2


def test_each_gets_the_payloads_in_order_and_a_straggler_holds_up_none(
    connections: Connections, engine: Engine
) -> None:
    engine.verdicts["A"] += [GONE, DELIVERED, GONE]
    outcome = post_to_all(connections, [Member("A", YOUNG), Member("B", OLD)], b"1", b"2")
    assert outcome == Outcome(delivered=2)
    assert engine.rounds == [
        (["A", "B"], b"1"),
        (["B"], b"2"),
        (["A"], b"1"),
        (["A"], b"2"),
        ([], b""),
        (["A"], b"2"),
    ]


def test_each_gets_what_is_meant_for_it(connections: Connections, engine: Engine) -> None:
    parcels = [
        Parcel(Member("A", OLD), [b"a", b"b"]),
        Parcel(Member("B", OLD), [b"a"]),
        Parcel(Member("C", OLD), [b"c", b"b"]),
        Parcel(Member("D", OLD), []),
    ]
    assert connections.deliver(parcels) == Outcome(delivered=4)
    assert engine.rounds == [(["A", "B", "C"], b"ac"), (["A", "C"], b"b")]


def test_a_time_out_is_not_tried_again(connections: Connections, engine: Engine, time: Time) -> None:
    engine.verdicts["A"] += [TIMED_OUT]
    slow, other = Member("A", OLD), Member("B", OLD)
    outcome = post_to_all(connections, [slow, other], b"1", b"2")
    assert outcome == Outcome(delivered=1, timed_out=[slow], failed={"A": "timed_out"})
    assert engine.rounds == [(["A", "B"], b"1"), (["B"], b"2")]
    assert time.slept == []


def test_one_that_rests_is_passed_over(connections: Connections, engine: Engine, time: Time) -> None:
    resting = Member("A", OLD, time_outs=1, rests_until=NOW + 1)
    outcome = post_to_all(connections, [resting, Member("B", OLD)], b"1")
    assert outcome == Outcome(delivered=1, failed={"A": "timed out before"})
    time.now_ms += 1
    assert post_to_all(connections, [resting], b"2") == Outcome(delivered=1)


def test_who_is_gone_at_the_first_payload_is_not_posted_the_second(
    connections: Connections, engine: Engine
) -> None:
    engine.verdicts["A"] += [GONE]
    assert post_to_all(connections, [Member("A", OLD)], b"1", b"2") == Outcome(gone=["A"])
    assert [ids for ids, _ in engine.rounds] == [["A"], []]


JOINED_AND_TOLD = st.tuples(st.sampled_from([OLD, YOUNG]), st.lists(st.sampled_from(Verdict)))


@given(st.dictionaries(st.text(min_size=1, max_size=2), JOINED_AND_TOLD, max_size=5), st.integers(1, 3))
def test_each_member_is_delivered_or_gone_or_failed(
    told: dict[str, tuple[int, list[Verdict]]], payloads: int
) -> None:
    engine, time = Engine(), Time()
    for id, (_, verdicts) in told.items():
        engine.verdicts[id] += verdicts
    connections = Connections(engine, now=time.now, sleep=time.sleep, chance=lambda: 1.0)
    members = [Member(id, joined_at) for id, (joined_at, _) in told.items()]
    outcome = post_to_all(connections, members, *(bytes([n]) for n in range(payloads)))
    assert outcome.delivered + len(outcome.gone) + len(outcome.failed) == len(members)
    assert {*outcome.gone, *outcome.failed} <= set(told)
    for id in told:
        got = [payload for ids, payload in engine.rounds if id in ids]
        assert got == sorted(got)
        assert len(got) <= len(PAUSES) + payloads


def test_a_member_that_takes_several_events_in_a_frame_gets_one(
    connections: Connections, engine: Engine
) -> None:
    members = [Member("A", OLD, batches=True), Member("B", OLD), Member("C", OLD, batches=True)]
    assert post_to_all(connections, members, b"1", b"2") == Outcome(delivered=3)
    assert engine.rounds == [(["A", "B", "C"], b"1[1,2]"), (["B"], b"2")]


def test_a_single_event_is_a_frame_as_ever(connections: Connections, engine: Engine) -> None:
    post_to_all(connections, [Member("A", OLD, batches=True)], b"1")
    assert engine.rounds == [(["A"], b"1")]


def test_where_nobody_waits_there_is_more_patience(engine: Engine, time: Time) -> None:
    patient = Connections(engine, pauses=PATIENT, now=time.now, sleep=time.sleep, chance=lambda: 0.5)
    engine.verdicts["A"] += [BUSY] * 15
    assert post_to_all(patient, [Member("A", OLD)], b"1") == Outcome(delivered=1)
    assert sum(time.slept) > sum(PAUSES)


def test_a_round_ends_with_the_time_that_is_left(connections: Connections, engine: Engine) -> None:
    post_to_all(connections, [Member("A", OLD)], b"1", b"2", time_left=iter([2.5, 0.1]).__next__)
    assert engine.within == [2.0, 0.0]


def test_what_is_posted_is_counted(
    connections: Connections, engine: Engine, time: Time, counted: Counted
) -> None:
    engine.verdicts["busy"] += [BUSY, BUSY]
    engine.verdicts["gone"] += [GONE]
    engine.verdicts["refused"] += [REFUSED]
    ids = ("well", "busy", "gone", "refused")
    resting = Member("resting", OLD, rests_until=time.now() + 1)
    post_to_all(connections, [*(Member(id, OLD) for id in ids), resting], b"x", b"y")
    assert counted() == {
        "Deliveries": 4,
        "Retries": 2,
        "Gone": 1,
        "Unreached": 2,
        "FanOutTime": 75,
    }


def test_an_answer_to_one_is_no_fan_out(connections: Connections, counted: Counted) -> None:
    post_to_all(connections, [Member("A", OLD)], b"x")
    assert counted() == {"Deliveries": 1}


def test_a_room_in_which_all_but_one_rest_is_no_fan_out(
    connections: Connections, counted: Counted, time: Time
) -> None:
    resting = Member("B", OLD, rests_until=time.now() + 1)
    post_to_all(connections, [Member("A", OLD), resting], b"x")
    assert counted() == {"Deliveries": 1, "Unreached": 1}
