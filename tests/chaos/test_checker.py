"""The checker finds nothing in what a correct server and careful clients do, and everything that breaks a rule."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.chaos.breaking import broken_run
from tests.chaos.checker import check, judge
from tests.chaos.ending import Ending, Stored
from tests.chaos.history import History, Kind, Record
from tests.chaos.model import ROOM
from tests.chaos.storm import FAULTS, storm
from tests.chaos.violations import MEANING, Rule

Run = tuple[list[Record], Ending]
WITHIN_RETENTION = sorted({*FAULTS} - {"elsewhere", "expire"})


def told(client: str, kind: Kind, at: float = 1.0, **facts: Any) -> Record:
    return Record(at, ROOM, client, kind, facts)


def shown(client: str, seq: int) -> Record:
    return told(client, Kind.SHOWN, seq=seq, id=f"a{seq}", sender="Ada", content=f"text {seq}")


def stored(seq: int) -> Stored:
    return Stored(seq, "Ada", f"a{seq}", f"text {seq}")


def good() -> Run:
    """Ada says three things, Bo hears them; number 2 was never used."""
    history = [told("Ada", Kind.BEGUN, seq=1), told("Bo", Kind.BEGUN, seq=1)]
    for seq in (1, 3, 4):
        history += [
            told("Ada", Kind.SAY, id=f"a{seq}", content=f"text {seq}"),
            told("Ada", Kind.ACKED, id=f"a{seq}", seq=seq),
            shown("Ada", seq),
            shown("Bo", seq),
        ]
    history.append(told("Bo", Kind.PAGE, first=1, through=3, last_seq=4, seqs=[1, 3, 4]))
    history += [told(client, Kind.PRESENCE, 9.0, users=["Ada", "Bo"]) for client in ("Ada", "Bo")]
    there = {ROOM: ["Ada", "Bo"]}
    log = {ROOM: [stored(1), stored(3), stored(4)]}
    return history, Ending(log=log, expected=there, present=there, settled=10.0, leaving=20.0)


def without(run: Run, kind: Kind, client: str, seq: int) -> Run:
    def meant(record: Record) -> bool:
        return (record.kind, record.client, record.facts.get("seq")) == (kind, client, seq)

    return [record for record in run[0] if not meant(record)], run[1]


def having(run: Run, *records: Record) -> Run:
    return [*run[0], *records], run[1]


def with_log(run: Run, *log: Stored) -> Run:
    return run[0], replace(run[1], log={ROOM: log})


def swapped(run: Run) -> Run:
    history, ending = run
    places = [
        place for place, record in enumerate(history) if (record.kind, record.client) == (Kind.SHOWN, "Bo")
    ]
    history[places[0]], history[places[1]] = history[places[1]], history[places[0]]
    return history, ending


A4 = "a4"
BAD: dict[Rule, Callable[[Run], Run]] = {
    Rule.ACKED_NOT_STORED: lambda run: with_log(run, stored(1), stored(3)),
    Rule.ACKED_ELSEWHERE: lambda run: having(run, told("Ada", Kind.ACKED, id=A4, seq=5)),
    Rule.NEVER_ACKED: lambda run: without(run, Kind.ACKED, "Ada", 4),
    Rule.FAILED_BUT_STORED: lambda run: having(run, told("Ada", Kind.FAILED, id=A4, code="unavailable")),
    Rule.STORED_TWICE: lambda run: with_log(
        run, *(stored(seq) for seq in (1, 3, 4)), replace(stored(4), seq=5)
    ),
    Rule.STORED_NOT_SAID: lambda run: with_log(run, stored(1), stored(3), replace(stored(4), content="else")),
    Rule.STORED_OUT_OF_ORDER: lambda run: with_log(
        run, stored(1), replace(stored(4), seq=3), replace(stored(3), seq=4)
    ),
    Rule.SHOWN_OUT_OF_ORDER: swapped,
    Rule.SHOWN_TWICE: lambda run: having(run, shown("Bo", 4)),
    Rule.SHOWN_NOT_STORED: lambda run: having(run, shown("Bo", 5)),
    Rule.SHOWN_DIFFERENTLY: lambda run: having(
        without(run, Kind.SHOWN, "Bo", 4), told("Bo", Kind.SHOWN, seq=4, id=A4, sender="Ada", content="else")
    ),
    Rule.HOLE_NOT_TOLD: lambda run: without(run, Kind.SHOWN, "Bo", 3),
    Rule.GAP_NOT_TRUE: lambda run: having(
        without(run, Kind.SHOWN, "Bo", 3), told("Bo", Kind.GAP, first=2, last=3)
    ),
    Rule.NOT_SHOWN: lambda run: without(run, Kind.SHOWN, "Bo", 4),
    Rule.PAGE_NOT_TRUE: lambda run: having(
        run, told("Bo", Kind.PAGE, first=1, through=3, last_seq=4, seqs=[1])
    ),
    Rule.LOG_ANEW: lambda run: having(run, told("Bo", Kind.ANEW, last_seq=0)),
    Rule.NOT_BACK: lambda run: (run[0], replace(run[1], expected={ROOM: ["Ada", "Bo", "Cy"]})),
    Rule.PRESENCE_WRONG: lambda run: having(run, told("Bo", Kind.PRESENCE, 12.0, users=["Bo"])),
    Rule.MEMBERSHIP_LEFT: lambda run: (run[0], replace(run[1], memberships=[(ROOM, "c=")])),
}


def rules(run: Run) -> set[Rule]:
    return {violation.rule for violation in check(*run)}


def test_a_good_history_has_no_violation() -> None:
    assert check(*good()) == []


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_is_found_when_it_is_broken(rule: Rule) -> None:
    found = check(*BAD[rule](good()))
    assert rule in {violation.rule for violation in found}
    assert all(MEANING[violation.rule] in str(violation) and violation.what for violation in found)


def test_who_saw_a_message_that_is_gone_makes_it_neither_stored_nor_a_hole() -> None:
    run = with_log(good(), stored(1), stored(4))
    assert rules(run) == {Rule.ACKED_NOT_STORED, Rule.SHOWN_NOT_STORED}


def test_who_left_early_need_not_have_an_answer() -> None:
    history, ending = without(good(), Kind.ACKED, "Ada", 4)
    history = [record for record in history if record.kind is not Kind.PRESENCE]
    history.append(told("Bo", Kind.PRESENCE, 9.0, users=["Bo"]))
    assert rules((history, replace(ending, expected={ROOM: ["Bo"]}, present={ROOM: ["Bo"]}))) == set()


def test_who_left_early_need_not_have_been_shown_the_end() -> None:
    history, ending = without(good(), Kind.SHOWN, "Bo", 4)
    assert rules((history, replace(ending, expected={ROOM: ["Ada"]}, present={ROOM: ["Ada"]}))) == {
        Rule.PRESENCE_WRONG
    }


def test_who_never_got_a_page_was_shown_nothing() -> None:
    history = [record for record in good()[0] if record.client != "Bo" or record.kind is Kind.PRESENCE]
    assert rules((history, good()[1])) == {Rule.NOT_SHOWN}


def test_presence_may_be_wrong_before_it_has_to_be_right_but_must_have_been_told() -> None:
    early = told("Bo", Kind.PRESENCE, 2.0, users=["Bo"])
    history, ending = good()
    assert rules(([early, *history], ending)) == set()
    late = [replace(record, at=11.0) if record.kind is Kind.PRESENCE else record for record in history]
    assert rules((late, ending)) == {Rule.PRESENCE_WRONG}
    assert rules(([early, *late], ending)) == {Rule.PRESENCE_WRONG}


def test_a_history_can_be_judged_from_its_file(tmp_path: Path) -> None:
    for name, (records, ending) in {"good": good(), "bad": BAD[Rule.HOLE_NOT_TOLD](good())}.items():
        history = History(tmp_path / name)
        for record in [*records, Record(30.0, "", "", Kind.ENDING, ending.facts())]:
            history.add(record)
        history.close()
        assert judge(tmp_path / name) == check(records, ending)


def generated(seed: int, steps: int, faults: list[str]) -> Run:
    """What clients saw in a storm, and then of each other."""
    world = storm(seed, steps=steps, faults=faults)
    clients = sorted(line.session.client for line in world.lines)
    now = world.now
    history = [*world.records]
    for at in (0.5, 2.0):
        history += [told(client, Kind.PRESENCE, now + at, users=clients) for client in clients]
    log = [
        Stored(seq, said["client_id"], said["id"], said["content"]) for seq, said in world.room.stored.items()
    ]
    there = {ROOM: clients}
    return history, Ending(log={ROOM: log}, expected=there, present=there, settled=now + 1, leaving=now + 3)


STORMS = st.builds(
    generated,
    st.integers(0, 2**32),
    st.integers(20, 150),
    st.sets(st.sampled_from(WITHIN_RETENTION)).map(sorted),
)


@settings(max_examples=100)
@given(STORMS)
def test_what_careful_clients_see_of_a_correct_server_has_no_violation(run: Run) -> None:
    assert check(*run) == []


@settings(max_examples=500)
@given(STORMS, st.sampled_from(Rule), st.integers(0, 2**32))
def test_whatever_rule_is_broken_somewhere_in_a_correct_history_is_found(
    run: Run, rule: Rule, seed: int
) -> None:
    broken = broken_run(rule, Random(seed), *run)
    assume(broken is not None)
    assert broken and rule in rules(broken)
