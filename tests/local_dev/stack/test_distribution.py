"""Which behaviour of a distribution a path has, and what its origin is told."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.stack.distribution import Behaviour, Distribution, Origin, normal_form, with_headers


def distribution(*patterns: str) -> Distribution:
    return Distribution("D", tuple(Behaviour(pattern, Origin(pattern)) for pattern in (*patterns, "*")))


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/ws/a/b", "/ws/*"),
        ("/ws/", "/ws/*"),
        ("/ws", "*"),
        ("/WS/a", "*"),
        ("/", "*"),
        ("/images/a.jpg", "images/*.jpg"),
        ("/images/deep/er/a.jpg", "images/*.jpg"),
        ("/images/a.jpeg", "*"),
        ("/a1/x", "/a?/*"),
        ("/a12/x", "*"),
        ("/ws/only/this", "/ws/*"),
        ("/%77s/a", "/ws/*"),
        ("/x/../ws/a", "/ws/*"),
        ("//ws/a", "/ws/*"),
        ("/ws%2Fa", "*"),
        ("/ws/../x", "*"),
    ],
)
def test_the_first_pattern_that_fits_counts(path: str, pattern: str) -> None:
    made = distribution("/ws/*", "/ws/only/this", "images/*.jpg", "/a?/*")
    assert made.behaviour_of(path).pattern == pattern


def test_the_order_is_the_precedence() -> None:
    assert distribution("/ws/only/*", "/ws/*").behaviour_of("/ws/only/x").pattern == "/ws/only/*"
    assert distribution("/ws/*", "/ws/only/*").behaviour_of("/ws/only/x").pattern == "/ws/*"


@given(st.text(st.characters(max_codepoint=255), max_size=30))
def test_a_normal_form_is_one(path: str) -> None:
    once = normal_form(f"/{path}")
    assert once.startswith("/")
    assert "//" not in once
    assert not {".", ".."} & set(once.split("/"))


@given(st.text("abcXYZ019-._~", min_size=1, max_size=20).filter(lambda it: set(it) != {"."}))
def test_what_need_not_be_encoded_is_the_same_either_way(segment: str) -> None:
    encoded = "".join(f"%{ord(letter):02x}" for letter in segment)
    assert normal_form(f"/{encoded}") == normal_form(f"/{segment}") == f"/{segment}"


@given(st.text("/?#[]@!$&'()*+,;= \"<>äß", min_size=1, max_size=10))
def test_what_has_to_be_encoded_stays_so(text: str) -> None:
    encoded = quote(text, safe="")
    assert normal_form(f"/{encoded}") == f"/{encoded}"


def test_an_origins_own_headers_replace_the_viewers() -> None:
    sent = [("Host", "h"), ("X-Origin-Key", "guess"), ("x-origin-key", "again"), ("Origin", "o")]
    assert with_headers(sent, (("x-origin-key", "real"),)) == (
        ("Host", "h"),
        ("Origin", "o"),
        ("x-origin-key", "real"),
    )
