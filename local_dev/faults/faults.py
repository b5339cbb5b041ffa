"""The faults of a running gateway: asked wherever something can go wrong, replaced while it runs."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FaultsError
from ..journal import Journal
from .draws import Draws, Question
from .rules import Plan, Rule, read_plan


@dataclass(frozen=True)
class Running:
    """An invocation that runs: its function's logical id, and what kills its worker."""

    function: str
    crash: Callable[[], None]


class Faults:
    """All faults. Each that is injected is counted, and told to the journal. `running` are invocations by the root
    of their trace id; `callers` are functions' logical ids by the access key that they sign with.
    """

    def __init__(self, plan: Plan, *, journal: Journal | None = None) -> None:
        self._draws = Draws(plan)
        self._journal = journal
        self.callers: Mapping[str, str] = {}
        self.running: dict[str, Running] = {}

    @property
    def seed(self) -> int:
        """What the draws began with."""
        return self._draws.seed

    def replace(self, plan: Plan) -> None:
        """Go by other rules from now on; counts begin anew."""
        self._draws = Draws(plan)

    def ask(self, question: Question) -> Rule | None:
        """The fault that is to happen now, if any."""
        number = self._draws.ask(question)
        if number is None:
            return None
        rule = self._draws.tallies[number].rule
        if self._journal:
            about = {name: value for name, value in vars(question).items() if value and name != "at"}
            details = {name: getattr(rule, name) for name in ("status", "ms", "after_ms", "code")}
            told = {name: value for name, value in details.items() if value is not None}
            self._journal.record("fault", at=rule.at, do=rule.do, rule=number, **about, **told)
        return rule

    def caller(self, access_key: str, trace: str = "") -> str:
        """The logical id of the function whose request it is, "" where it is no function's."""
        running = self.running.get(trace)
        return running.function if running else self.callers.get(access_key, "")

    def report(self) -> dict[str, Any]:
        """{seed, faults: [{…rule, matched, injected}], total}, as JSON has it."""
        tallies = self._draws.tallies
        return {
            "seed": self.seed,
            "faults": [
                {**tally.rule.data(), "matched": tally.matched, "injected": tally.injected}
                for tally in tallies
            ],
            "total": sum(tally.injected for tally in tallies),
        }


def load_plan(file: Path | None) -> Plan:
    """The plan in a file of YAML or JSON, or one without rules; FaultsError says what is wrong with it. Without a
    seed of its own it gets a random one.
    """
    seed = secrets.randbits(32)
    if file is None:
        return Plan(seed)
    import yaml  # noqa: PLC0415 (only with a file)

    try:
        value = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise FaultsError(
            f"--faults {file}: {getattr(error, 'strerror', None) or 'it is not text'}"
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise FaultsError(f"--faults {file}{place}: it is neither YAML nor JSON") from None
    try:
        return read_plan(value, seed=seed)
    except FaultsError as error:
        raise FaultsError(f"--faults {file}: {error}") from None
