"""Ids of API Gateway's form (contract E15, E16)."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.ids import IdSource, extended_request_id, is_well_formed, trace_id


def test_ids_are_distinct_and_well_formed_though_the_clock_stands_still() -> None:
    source = IdSource(clock=lambda: 1_700_000_000.0)
    ids = [source.connection_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(map(is_well_formed, ids))


def test_a_sibling_ends_as_its_connection_does_and_begins_later() -> None:
    source = IdSource()
    connection_id = source.connection_id()
    sibling = source.sibling(connection_id)
    assert sibling[-8:] == connection_id[-8:]
    assert base64.urlsafe_b64decode(sibling)[:6] > base64.urlsafe_b64decode(connection_id)[:6]


def test_an_id_without_a_connection_has_the_same_form() -> None:
    assert is_well_formed(extended_request_id())
    assert extended_request_id() != extended_request_id()


def test_a_trace_id_has_the_second_in_it() -> None:
    """Contract E20, M02: as in a recorded answer of Sun, 15 Nov 2020 12:23:14 GMT."""
    tail = bytes.fromhex("0cedbd927fcf897126a48be5")
    assert trace_id(clock=lambda: 1_605_442_994.9, random=lambda _: tail) == (
        "Root=1-5fb11db2-0cedbd927fcf897126a48be5"
    )


@given(st.text())
def test_any_text_is_well_formed_or_not(text: str) -> None:
    assert is_well_formed(text) == (
        len(text) == 16
        and text.endswith("=")
        and all(c.isascii() and (c.isalnum() or c in "-_") for c in text[:-1])
    )
