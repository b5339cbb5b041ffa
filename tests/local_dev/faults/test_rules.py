"""Rules are read strictly: what is accepted can be written and read again, what is not is one line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import FaultsError
from local_dev.faults.rules import Plan, Rule, read_plan

MS = st.integers(0, 10_000) | st.floats(0, 10_000)
NAMES = st.text(st.characters(codec="ascii", categories=["L", "Nd"]), min_size=1, max_size=20)
COMMON: dict[str, Any] = {
    "chance": st.floats(0, 1) | st.sampled_from([0, 1]),
    "skip": st.integers(0, 100),
    "times": st.integers(0, 100),
    "function": NAMES,
}
AWS = {**COMMON, "service": NAMES, "operation": NAMES}
POST = {**COMMON, "connection": NAMES}
STATUS = st.integers(400, 599)


def rules(at: str, do: str, needed: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"at": st.just(at), "do": st.just(do), **needed}, optional=optional)


RULES = st.one_of(
    rules("post", "answer", {"status": STATUS}, POST),
    *(rules("post", do, {"ms": MS}, POST) for do in ("delay", "hang")),
    *(rules("post", do, {}, POST) for do in ("repeat", "lose", "late")),
    rules("invoke", "delay", {"ms": MS}, COMMON),
    rules("invoke", "crash", {}, {**COMMON, "after_ms": MS}),
    *(rules("invoke", do, {}, COMMON) for do in ("repeat", "lose", "throttle")),
    rules("aws", "error", {"code": NAMES}, {**AWS, "status": STATUS}),
    rules("aws", "delay", {"ms": MS}, AWS),
    *(rules("aws", do, {}, AWS) for do in ("lose-answer", "crash")),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(RULES, max_size=5), st.integers(0, 2**53))
def test_what_is_read_can_be_written_and_read_again(given_rules: list[Any], seed: int) -> None:
    plan = read_plan({"seed": seed, "faults": given_rules}, seed=1)
    assert plan.seed == seed
    written = [rule.data() for rule in plan.rules]
    for before, after in zip(given_rules, written, strict=True):
        assert after == {"chance": 1.0, "skip": 0, **before}
    assert read_plan({"seed": seed, "faults": written}, seed=1) == plan


def test_nothing_is_no_rule() -> None:
    assert read_plan({}, seed=5) == Plan(5)
    assert read_plan({"faults": [{"at": "post", "do": "lose"}]}, seed=5).rules == (
        Rule(at="post", do="lose"),
    )


@given(JSON | st.fixed_dictionaries({"seed": JSON, "faults": JSON | st.lists(JSON, max_size=3)}))
def test_anything_else_is_one_line(value: Any) -> None:
    try:
        read_plan(value, seed=1)
    except FaultsError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 300


@given(RULES, st.sampled_from([*COMMON, "status", "ms", "after_ms", "code", "service", "at", "do"]), JSON)
def test_a_field_with_something_else_in_it_is_one_line_that_names_it(
    rule: Any, name: str, value: Any
) -> None:
    try:
        [read] = read_plan({"faults": [{**rule, name: value}]}, seed=1).rules
    except FaultsError as error:
        assert str(error).isprintable()
        assert str(error).startswith("faults[0].")
    else:
        assert getattr(read, name) == value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "give a mapping with seed and faults, not None"),
        ({"seed": 1, "rules": []}, "'rules': there is only seed and faults"),
        ({"seed": True}, "seed: give a whole number, not True"),
        ({"faults": {}}, "faults: give a list of rules, not {}"),
        ({"faults": ["post"]}, "faults[0]: give a mapping, not 'post'"),
        ({"faults": [{"do": "lose"}]}, "faults[0].at: it is missing; it is one of post, invoke, aws"),
        (
            {"faults": [{"at": "aws", "do": "lose"}]},
            "faults[0].do: it cannot be 'lose'; it is one of error, delay, lose-answer, crash",
        ),
        (
            {"faults": [{"at": "post", "do": "lose"}, {"at": "post", "do": "answer"}]},
            "faults[1].status: answer at post needs an HTTP status from 400 to 599",
        ),
        (
            {"faults": [{"at": "post", "do": "lose", "chnace": 1}]},
            "faults[0].chnace: lose at post knows at, chance, connection, do, function, skip, times",
        ),
        (
            {"faults": [{"at": "invoke", "do": "lose", "chance": 1.5}]},
            "faults[0].chance: give a number from 0 to 1, not 1.5",
        ),
        (
            {"faults": [{"at": "invoke", "do": "lose", "connection": "x"}]},
            "faults[0].connection: lose at invoke knows at, chance, do, function, skip, times",
        ),
    ],
)
def test_errors_say_where_and_what(value: Any, says: str) -> None:
    with pytest.raises(FaultsError) as raised:
        read_plan(value, seed=1)
    assert str(raised.value) == says
