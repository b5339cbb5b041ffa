import pytest
from chat import places
from chat.places import WHOLE, Span
from hypothesis import given
from hypothesis import strategies as st

connection_ids = st.from_regex(r"[A-Za-z0-9_-]{8,15}=", fullmatch=True)


@given(connection_ids)
def test_a_place_leads_back_to_its_connection_and_is_in_the_whole_room(connection_id: str) -> None:
    place = places.of(connection_id)
    assert places.connection_at(place) == connection_id
    assert place in WHOLE
    assert not places.is_person(place)


def test_persons_are_no_connections() -> None:
    assert places.is_person("~ada")
    assert "~ada" not in WHOLE


@given(st.sets(connection_ids, min_size=2, max_size=40), st.integers(1, 5000), st.integers(1, 600), st.data())
def test_each_place_of_the_rest_is_in_one_span_and_none_before_it_is(
    ids: set[str], members: int, size: int, data: st.DataObject
) -> None:
    in_order = sorted(map(places.of, ids))
    last = data.draw(st.sampled_from(in_order))
    spans = places.cut(places.after(last, WHOLE), members=members, size=size)
    assert [(left.high, left.low < left.high) for left in spans] == [
        *((right.low, True) for right in spans[1:]),
        (WHOLE.high, True),
    ]
    for place in in_order:
        assert sum(place in span for span in spans) == (place > last)


@given(st.integers(1, 200_000), st.integers(200, 2000))
def test_spans_of_a_whole_room_are_equal_and_neither_too_large_nor_too_small(members: int, size: int) -> None:
    spans = places.cut(WHOLE, members=members, size=size)
    assert members / len(spans) <= size
    assert len(spans) == 1 or members / len(spans) > size / 2
    edges = [int(span.low, 16) for span in spans[1:]]
    assert edges == [number * 0x10000 // len(spans) for number in range(1, len(spans))]


@pytest.mark.parametrize("members", [2_000, 20_000])
def test_a_part_tells_how_large_the_whole_is_whatever_the_ids_look_like(members: int) -> None:
    in_order = sorted(places.of(f"AAAA{number:011}=") for number in range(members))
    estimate = places.estimate(1000, places.after(in_order[999], WHOLE))
    assert members * 0.85 < estimate < members * 1.15


def test_a_guess_from_nothing_is_large_and_no_failure() -> None:
    assert places.estimate(1000, Span("0000A=!", "~")) == 1000 * 0x10000
    assert len(places.cut(WHOLE, members=10**9, size=1)) == 1024
