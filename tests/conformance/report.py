"""The table of rows and results that `make conformance` prints: a pytest plugin."""

from collections import Counter
from enum import Enum

import pytest

from tests.conformance.rows import DOCUMENT, Mark, Row, rows, rows_of


class Result(Enum):
    """What came of a row. SWITCH is a pass of a row that is only believed, played by a switch."""

    PASS = "pass"
    FAIL = "fail"
    SWITCH = "switch"
    NOT_TESTABLE = "not testable"
    NOT_RUN = "not run from here"


class Report:
    """Collects what each test did and prints it by row. `url` is the deployed stage, None for this machine."""

    def __init__(self, *, url: str | None = None) -> None:
        self._where = url or "the local gateway"
        self._outcomes: dict[str, Counter[str]] = {}
        self._reasons: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test, once: its call, or whatever kept it from being called."""
        if report.when != "call" and report.outcome == "passed":
            return
        for row in rows_of(report.nodeid.rpartition("::")[2]):
            self._outcomes.setdefault(row, Counter())[report.outcome] += 1
            if report.outcome == "skipped" and isinstance(report.longrepr, tuple):
                self._reasons.setdefault(row, report.longrepr[2].removeprefix("Skipped: "))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table and the totals."""
        terminalreporter.section(f"rows of docs/gateway.md against {self._where}")
        totals: Counter[Result] = Counter()
        for row in rows(DOCUMENT.read_text(encoding="utf-8")):
            result = self.result(row)
            totals[result] += 1
            terminalreporter.write_line(
                f"{row.id}  {_marks(row):7}  {result.value:17}  {self._note(row, result)}"
            )
        parts = [f"{totals[result]} {result.value}" for result in Result]
        terminalreporter.write_line(f"{sum(totals.values())} rows: " + ", ".join(parts))

    def result(self, row: Row) -> Result:
        """What came of one row."""
        outcomes = self._outcomes.get(row.id, Counter())
        if outcomes["failed"]:
            return Result.FAIL
        if outcomes["passed"]:
            return Result.SWITCH if row.switches and Mark.BEL in row.marks else Result.PASS
        return Result.NOT_TESTABLE if row.reason and not outcomes else Result.NOT_RUN

    def _note(self, row: Row, result: Result) -> str:
        outcomes = self._outcomes.get(row.id, Counter())
        if result is Result.NOT_TESTABLE:
            return row.reason
        if result is Result.NOT_RUN:
            return self._reasons.get(row.id, "")
        done = [f"{outcomes[name]} {name}" for name in ("passed", "failed", "skipped") if outcomes[name]]
        return ", ".join([*done, *(f"--assume {name}" for name in row.switches)])


def _marks(row: Row) -> str:
    return "+".join(mark.value for mark in row.marks)
