from chat.identity import Identity
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=64)


@given(NAMES, NAMES)
def test_the_context_is_ascii_and_comes_back_as_it_was(room_id: str, client_id: str) -> None:
    who = Identity(room_id, client_id)
    assert all(value.isascii() for value in who.encode().values())
    assert Identity.decode({**who.encode(), "principalId": "x"}) == who


def test_slashes_and_percent_signs_are_escaped() -> None:
    assert Identity("a/b", "50%").encode() == {"room_id": "a%2Fb", "client_id": "50%25"}
