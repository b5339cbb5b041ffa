"""Which rule applies: by its selectors, its counts and its luck, which a seed fixes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from local_dev.faults.draws import Draws, Question, matches
from local_dev.faults.rules import Plan, Rule

POST = Question(at="post", function="DefaultFunction", connection="abc=")
QUESTIONS = st.builds(
    Question,
    at=st.sampled_from(["post", "invoke"]),
    function=st.sampled_from(["", "DefaultFunction", "AnnounceFunction"]),
)
RULES = st.builds(
    Rule,
    at=st.sampled_from(["post", "invoke"]),
    do=st.just("lose"),
    chance=st.floats(0, 1),
    skip=st.integers(0, 3),
    times=st.none() | st.integers(0, 3),
    function=st.sampled_from([None, "Default*", "*", "Nobody"]),
)


def lose(**fields: Any) -> Rule:
    return Rule(at="post", do="lose", **fields)


def drawn(plan: Plan, questions: list[Question]) -> list[int | None]:
    draws = Draws(plan)
    return [draws.ask(question) for question in questions]


@given(st.integers(0, 2**53), st.lists(RULES, max_size=4), st.lists(QUESTIONS, max_size=40))
def test_the_same_questions_get_the_same_answers(
    seed: int, rules: list[Rule], questions: list[Question]
) -> None:
    plan = Plan(seed, tuple(rules))
    assert drawn(plan, questions) == drawn(plan, questions)


@given(st.integers(0, 2**53), st.lists(RULES, max_size=4), st.lists(QUESTIONS, max_size=40))
def test_counts_hold_for_every_rule(seed: int, rules: list[Rule], questions: list[Question]) -> None:
    draws = Draws(Plan(seed, tuple(rules)))
    answers = [draws.ask(question) for question in questions]
    for number, tally in enumerate(draws.tallies):
        mine = [question for question, answer in zip(questions, answers, strict=True) if answer == number]
        assert tally.injected == len(mine)
        assert all(matches(tally.rule, question) for question in mine)
        assert tally.matched <= sum(matches(tally.rule, question) for question in questions)
        assert tally.injected <= max(0, tally.matched - tally.rule.skip)
        assert tally.rule.times is None or tally.injected <= tally.rule.times


def test_another_seed_draws_otherwise() -> None:
    rules = (lose(chance=0.5),)
    assert drawn(Plan(1, rules), [POST] * 64) != drawn(Plan(2, rules), [POST] * 64)
    answers = drawn(Plan(1, rules), [POST] * 2000)
    assert 850 < answers.count(0) < 1150


def test_one_rule_does_not_change_the_luck_of_another() -> None:
    """What the second rule answers depends on its own questions alone."""
    invoked = Question(at="invoke")
    rules = (Rule(at="invoke", do="lose", chance=0.5), lose(chance=0.5))
    alone = drawn(Plan(3, rules), [POST] * 40)
    mixed = drawn(Plan(3, rules), [question for _ in range(40) for question in (invoked, POST)])
    assert mixed[1::2] == alone


def test_skip_and_times() -> None:
    rules = (lose(skip=2, times=3),)
    assert drawn(Plan(1, rules), [POST] * 8) == [None, None, 0, 0, 0, None, None, None]


def test_the_first_rule_that_fires_is_the_fault() -> None:
    rules = (lose(times=1), lose(times=1), lose(chance=0.0), lose())
    assert drawn(Plan(1, rules), [POST] * 4) == [0, 1, 3, 3]


def test_selectors() -> None:
    call = Question(at="aws", function="DefaultFunction", service="dynamodb", operation="UpdateItem")
    assert matches(Rule(at="aws", do="crash", operation="Update*"), call)
    assert matches(Rule(at="aws", do="crash", service="dynamodb", function="*"), call)
    assert not matches(Rule(at="aws", do="crash", operation="update*"), call)
    assert not matches(Rule(at="aws", do="crash", service="sqs"), call)
    assert not matches(Rule(at="invoke", do="crash"), call)
    assert matches(lose(connection="abc="), POST)
    assert not matches(lose(connection="abc"), POST)
    assert not matches(lose(function="?"), Question(at="post"))
