"""IAM's wildcards."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.iam.wildcards import matches


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "a/b\n$c", True),
        ("?", "", False),
        ("a?c", "abc", True),
        ("a*c", "abbbc", True),
        ("a*c", "abbb", False),
        ("a.c", "abc", False),
        ("[ab]", "a", False),
        ("*ab*", "aab", True),
    ],
)
def test_matches(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@given(st.text("ab*?", max_size=8), st.text("ab*?", max_size=8))
def test_it_agrees_with_a_regular_expression(pattern: str, text: str) -> None:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert matches(pattern, text) is (re.fullmatch(expression, text, re.DOTALL) is not None)


def test_many_stars_take_no_time() -> None:
    assert not matches("*a" * 200 + "b", "a" * 2000)
