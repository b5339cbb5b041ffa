"""Decides which rule applies to what happens. Pure, and the same at each run that has the same seed."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random

from .rules import Plan, Rule


@dataclass(frozen=True, kw_only=True)
class Question:
    """Something that is about to happen: at a place, by or to a function (its logical id, "" for nobody's)."""

    at: str
    function: str = ""
    connection: str = ""
    service: str = ""
    operation: str = ""


@dataclass
class Tally:
    """A rule, how many questions it matched, and how many of them it answered with its fault."""

    rule: Rule
    random: Random = field(repr=False)
    matched: int = 0
    injected: int = 0

    def answers(self, question: Question) -> bool:
        """Whether the rule's fault is to happen now."""
        if not matches(self.rule, question):
            return False
        self.matched += 1
        rule = self.rule
        if self.matched <= rule.skip or (rule.times is not None and self.injected >= rule.times):
            return False
        if rule.chance < 1 and self.random.random() >= rule.chance:
            return False
        self.injected += 1
        return True


class Draws:
    """A plan that is asked. Each rule draws for itself, so that what one matches does not change another's luck."""

    def __init__(self, plan: Plan) -> None:
        self.seed = plan.seed
        self.tallies = [
            Tally(rule, Random(f"{plan.seed}/{number}"))  # noqa: S311 (it has to be the same again)
            for number, rule in enumerate(plan.rules)
        ]

    def ask(self, question: Question) -> int | None:
        """The number of the first rule whose fault is to happen, None for none."""
        return next((n for n, tally in enumerate(self.tallies) if tally.answers(question)), None)


def matches(rule: Rule, question: Question) -> bool:
    """Whether the rule is about what is asked."""
    return (
        rule.at == question.at
        and (rule.connection is None or rule.connection == question.connection)
        and all(
            pattern is None or fnmatchcase(text, pattern)
            for pattern, text in (
                (rule.function, question.function),
                (rule.service, question.service),
                (rule.operation, question.operation),
            )
        )
    )
