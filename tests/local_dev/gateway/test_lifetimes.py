"""Who is cut when (contract L08, L09)."""

from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.lifetimes import IDLE, Lifetimes


def test_one_that_was_active_meanwhile_is_looked_at_again_at_its_new_deadline() -> None:
    lifetimes, deadlines = Lifetimes(), {"a": 600.0}
    lifetimes.watch("a", 600.0)
    deadlines["a"] = 900.0
    assert lifetimes.due(600.0, deadlines.get) == []
    assert lifetimes.next_look(600.0) == 300.0
    assert lifetimes.due(899.9, deadlines.get) == []
    assert lifetimes.due(900.0, deadlines.get) == ["a"]
    assert lifetimes.due(10_000.0, deadlines.get) == []  # watched no more


def test_one_that_is_gone_is_forgotten() -> None:
    lifetimes = Lifetimes()
    lifetimes.watch("a", 5.0)
    assert lifetimes.due(5.0, lambda _: None) == []
    assert lifetimes.next_look(5.0) == IDLE


def test_without_connections_the_next_look_is_before_any_new_one_can_be_due() -> None:
    assert Lifetimes().next_look(0.0) == IDLE


def test_activity_is_not_paid_for_by_those_that_look() -> None:
    lifetimes = Lifetimes()
    asked = []

    def deadline_of(connection_id: str) -> float:
        asked.append(connection_id)
        return 10_000.0

    for number in range(1000):
        lifetimes.watch(str(number), 600.0 + number)
    assert lifetimes.due(610.0, deadline_of) == []
    assert len(asked) == 11  # and not a thousand


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e4)), max_size=50), st.floats(0, 1e5))
def test_all_that_are_due_are_found_and_no_other(times: list[tuple[float, float]], now: float) -> None:
    lifetimes = Lifetimes()
    deadlines = {str(number): first + later for number, (first, later) in enumerate(times)}
    for number, (first, _) in enumerate(times):
        lifetimes.watch(str(number), first)
    found = lifetimes.due(now, deadlines.get)
    assert sorted(found) == sorted(name for name, deadline in deadlines.items() if deadline <= now)
    rest = [deadline for deadline in deadlines.values() if deadline > now]
    assert all(lifetimes.next_look(now) <= deadline - now for deadline in rest)
    assert lifetimes.next_look(now) <= IDLE
