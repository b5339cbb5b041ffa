import re

import pytest
from chat import places
from chat.errors import Code, NotAdmitted
from chat.identity import Identity
from chat.names import MAX_LENGTH
from chat.sessions import Session
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=MAX_LENGTH)


@given(NAMES)
def test_a_key_tells_whose_it_is_and_only_the_whole_of_it_is_that_connection(name: str) -> None:
    begun = Session.begin(Identity("general", name))
    found = Session.of("general", begun.key)
    assert found == begun
    assert found.connection_id == begun.connection_id
    secret, _, told = begun.key.partition(".")
    assert Session.of("general", f"{secret}.{told}x").connection_id != begun.connection_id
    assert begun.key.isascii()
    assert secret not in begun.connection_id


def test_two_sessions_of_a_client_have_keys_of_their_own() -> None:
    one, two = Session.begin(Identity("general", "ada")), Session.begin(Identity("general", "ada"))
    assert one.key != two.key
    assert one.connection_id != two.connection_id


@given(NAMES)
def test_an_id_can_stand_where_a_connections_does(name: str) -> None:
    session = Session.begin(Identity("general", name))
    place = places.of(session.connection_id)
    assert place in places.WHOLE
    assert places.connection_at(place) == session.connection_id
    assert place in places.after(place[:-1], places.WHOLE)
    assert re.fullmatch(r"poll-[A-Za-z0-9_-]{22}", session.connection_id)


@given(st.none() | st.text() | st.from_regex(r"[A-Za-z0-9_-]{20,24}\.?[a-z%]*", fullmatch=True))
def test_anything_else_is_no_key(text: str | None) -> None:
    try:
        session = Session.of("general", text)
    except NotAdmitted as refusal:
        assert refusal.code is Code.KEY_MISSING
    else:
        assert text is not None
        assert text == session.key


@pytest.mark.parametrize("text", ["", "x", "a" * 22, f"{'a' * 22}.", f"{'a' * 21}.ada", f"{'a' * 22}.a b"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(NotAdmitted):
        Session.of("general", text)
