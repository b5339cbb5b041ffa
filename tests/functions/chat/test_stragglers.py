import pytest
from chat.stragglers import DOUBLINGS, KNOWN, REST_MS, Stragglers

from tests.functions.conftest import Time


@pytest.fixture
def stragglers(time: Time) -> Stragglers:
    return Stragglers(time.now)


def test_one_time_out_is_forgiven(stragglers: Stragglers) -> None:
    stragglers.note("A")
    assert not stragglers.rests("A")
    assert not stragglers.rests("B")


def test_after_two_it_rests_and_each_further_one_doubles_that(stragglers: Stragglers, time: Time) -> None:
    stragglers.note("A")
    for doubling in [*range(DOUBLINGS + 1), DOUBLINGS]:
        stragglers.note("A")
        time.now_ms += (REST_MS << doubling) - 1
        assert stragglers.rests("A")
        time.now_ms += 1
        assert not stragglers.rests("A")


def test_one_that_was_reached_begins_anew(stragglers: Stragglers) -> None:
    for _ in range(3):
        stragglers.note("A")
    stragglers.forget("A")
    assert not stragglers.rests("A")
    stragglers.note("A")
    assert not stragglers.rests("A")
    stragglers.forget("never heard of")


def test_no_more_are_known_than_fit(stragglers: Stragglers) -> None:
    for number in range(KNOWN + 1):
        for _ in range(2):
            stragglers.note(str(number))
    assert not stragglers.rests("0")
    assert stragglers.rests("1")
    assert stragglers.rests(str(KNOWN))
