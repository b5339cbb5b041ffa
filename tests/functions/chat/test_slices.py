import json
from typing import Any

import pytest
from chat import places, slices
from chat.memberships import Member
from chat.places import WHOLE, Span
from chat.slices import Slice
from hypothesis import given
from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]))
GOOD: dict[str, Any] = {
    "id": "1",
    "room_id": "general",
    "low": "0",
    "high": "8000",
    "frames": ["{}"],
    "told": [],
    "syncing": False,
}


@given(
    st.builds(
        Slice,
        id=texts,
        room_id=texts,
        span=st.builds(Span, texts, texts),
        frames=st.lists(texts.map(str.encode)).map(tuple),
        told=st.frozensets(texts),
        syncing=st.booleans(),
    )
)
def test_a_slice_comes_out_of_the_queue_as_it_went_in(one: Slice) -> None:
    assert Slice.decode(one.encode()) == one


@pytest.mark.parametrize(
    "text",
    ["", "[]", "7", "null", *(json.dumps({k: v for k, v in GOOD.items() if k != name}) for name in GOOD)]
    + [json.dumps(GOOD | {name: 7}) for name in GOOD if name != "syncing"]
    + [json.dumps(GOOD | {"frames": [7]})],
)
def test_something_else_is_malformed(text: str) -> None:
    assert Slice.decode(json.dumps(GOOD)).room_id == "general"
    with pytest.raises(slices.MALFORMED):
        Slice.decode(text)


@given(st.text())
def test_any_text_is_a_slice_or_malformed(text: str) -> None:
    with pytest.raises(slices.MALFORMED):
        Slice.decode(text)


def test_whom_it_is_for() -> None:
    plain, syncing = Member("A=", 0), Member("B=", 0, syncs=True)
    everyone = Slice("1", "general", WHOLE, (b"{}",))
    assert everyone.is_for(plain)
    assert everyone.is_for(syncing)
    again = Slice("1", "general", WHOLE, (b"{}",), told=frozenset(["C="]), syncing=True)
    assert not again.is_for(plain)
    assert again.is_for(syncing)
    assert not again.is_for(Member("C=", 0, syncs=True))


def test_a_slice_knows_of_its_own_who_was_told() -> None:
    ids = frozenset(f"{number}=" for number in range(50))
    low, high = places.cut(WHOLE, members=2, size=1)
    assert slices.told_in(low, ids) | slices.told_in(high, ids) == ids
    assert slices.told_in(low, ids) == {id for id in ids if places.of(id) < "8000"} != ids
