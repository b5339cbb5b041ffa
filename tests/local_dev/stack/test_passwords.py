"""Generated secrets have what is asked for, and nothing else."""

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import TemplateError
from local_dev.stack.passwords import generated

KINDS = {
    "ExcludeLowercase": string.ascii_lowercase,
    "ExcludeUppercase": string.ascii_uppercase,
    "ExcludeNumbers": string.digits,
    "ExcludePunctuation": string.punctuation,
}


@given(
    st.sets(st.sampled_from(sorted(KINDS)), max_size=3),
    st.text(string.printable, max_size=5),
    st.integers(5, 80),
    st.booleans(),
)
def test_a_password(left_out: set[str], excluded: str, length: int, space: bool) -> None:
    asked: dict[str, Any] = {
        **dict.fromkeys(left_out, True),
        "ExcludeCharacters": excluded,
        "PasswordLength": str(length),
        "IncludeSpace": space,
    }
    made = generated(asked)
    assert len(made) == length
    kinds = [KINDS[name] for name in KINDS.keys() - left_out] + [" "] * space
    assert set(made) <= set("".join(kinds)) - set(excluded)
    for kind in kinds:
        kept = set(kind) - set(excluded)
        assert not kept or kept & set(made)


def test_no_two_are_the_same() -> None:
    assert len({generated({}) for _ in range(100)}) == 100
    assert len(generated({})) == 32


def test_one_within_a_template() -> None:
    made = json.loads(generated({"SecretStringTemplate": '{"user": "ann"}', "GenerateStringKey": "p"}))
    assert made == {"user": "ann", "p": made["p"]}


@pytest.mark.parametrize(
    "asked",
    [
        dict.fromkeys(KINDS, True),
        {"PasswordLength": 3},
        {"PasswordLength": 0, "RequireEachIncludedType": False},
        {"PasswordLength": 5000},
        {"GenerateStringKey": "p", "SecretStringTemplate": "[]"},
        {"GenerateStringKey": "p", "SecretStringTemplate": "{"},
    ],
)
def test_what_cannot_be(asked: dict[str, Any]) -> None:
    with pytest.raises(TemplateError):
        generated(asked)
