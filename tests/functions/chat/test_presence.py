from chat import presence
from hypothesis import given
from hypothesis import strategies as st


def test_two_connections_of_one_name_are_one_person() -> None:
    assert presence.roll(["bo", "ada", "bo"]) == (["ada", "bo"], 2)


def test_an_empty_room() -> None:
    assert presence.roll([]) == ([], 0)


def test_no_more_than_200_names_are_listed_but_all_are_counted() -> None:
    assert presence.roll(f"{n:03}" for n in range(200)) == ([f"{n:03}" for n in range(200)], 200)
    assert presence.roll(f"{n:03}" for n in range(201)) == ([f"{n:03}" for n in range(200)], 201)


@given(st.lists(st.text(max_size=2), max_size=300))
def test_the_roll_does_not_depend_on_the_order(names: list[str]) -> None:
    users, total = presence.roll(names)
    assert (users, total) == presence.roll(reversed(names))
    assert users == sorted(set(users)) == sorted(set(names))[:200]
    assert total == len(set(names))
