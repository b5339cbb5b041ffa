"""What is said is stored as it is: nothing of it is trimmed, blank or too long; and rooms differ in size."""

import json
from collections import Counter
from random import Random

import pytest
from chat import frames
from chat.frames import Publish
from hypothesis import given
from hypothesis import strategies as st

from tests.chaos.talk import rooms_of, say_something


@given(st.integers(0, 2**32))
def test_the_server_takes_what_is_said_as_it_is(seed: int) -> None:
    content = say_something(Random(seed))
    published = frames.parse(json.dumps({"content": content, "id": "a"}))
    assert isinstance(published, Publish)
    assert published.content == content


@pytest.mark.parametrize(("clients", "rooms"), [(24, 6), (9, 2), (6, 6), (50, 7)])
def test_everybody_has_a_name_of_its_own_and_no_room_is_larger_than_the_one_before(
    clients: int, rooms: int
) -> None:
    placed = rooms_of(clients, rooms)
    sizes = Counter(room for room, _ in placed)
    assert len({name for _, name in placed}) == clients
    assert [*sizes.values()] == sorted(sizes.values(), reverse=True)
    assert len(sizes) == rooms
