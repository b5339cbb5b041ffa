"""The switches for what is not known for sure."""

from dataclasses import fields

import pytest

from local_dev.errors import AssumptionError
from local_dev.gateway.assumptions import ANY_TEXT, Assumptions, assumptions


def test_the_default_of_a_switch_is_its_first_choice() -> None:
    for item in fields(Assumptions):
        choices = item.metadata["choices"]
        assert item.default == (choices[0] if choices else ""), item.name


def test_every_choice_can_be_given() -> None:
    for item in fields(Assumptions):
        for choice in item.metadata["choices"] or ("some text",):
            given = [f"{item.name.replace('_', '-')}={choice}"]
            assert getattr(assumptions(given), item.name) == choice
    assert assumptions([]) == Assumptions()


def test_the_last_of_several_counts_and_text_may_have_an_equals_sign() -> None:
    chosen = assumptions(["order=kept", "too_large_reason=a=b", "order=none"])
    assert (chosen.order, chosen.too_large_reason) == ("none", "a=b")
    assert (
        next(item for item in fields(Assumptions) if item.name == "too_large_reason").metadata["choices"]
        == ANY_TEXT
    )


@pytest.mark.parametrize(
    "text", ["order", "", "=", "unknown=1", "order=sometimes", "connect-timeout-status=503"]
)
def test_what_is_no_switch_is_named(text: str) -> None:
    with pytest.raises(AssumptionError, match=r"^--assume [^\n]+$"):
        assumptions([text])
