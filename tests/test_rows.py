"""docs/gateway.md and what holds it: every row a test or a reason, every switch as in the code, every number."""

import re
from dataclasses import fields

import pytest

from local_dev.gateway.assumptions import Assumptions
from tests.conformance.rows import (
    DOCUMENT,
    TESTS,
    Mark,
    Row,
    count_tests,
    named_tests,
    rows,
    rows_of,
    switches,
    totals,
)

TEXT = DOCUMENT.read_text(encoding="utf-8")
ROWS = rows(TEXT)
COUNTS = {"E": 23, "H": 24, "P": 6, "R": 22, "L": 19, "M": 22, "D": 7, "O": 6, "A": 11, "W": 21}
"""Rows by section: none may get lost."""

by_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def test_every_section_is_whole_and_in_order() -> None:
    expected = [f"{letter}{number:02}" for letter, count in COUNTS.items() for number in range(1, count + 1)]
    assert [row.id for row in ROWS] == expected


@by_row
def test_a_row_has_a_mark_and_tests_or_a_reason(row: Row) -> None:
    assert row.marks
    assert bool(named_tests().get(row.id)) != bool(row.reason), "either a test or a reason, not both"


@by_row
def test_the_files_that_a_row_names_hold_its_tests(row: Row) -> None:
    named = set(re.findall(r"\(\.\./tests/conformance/(\w+\.py)\)", row.held))
    holding = {path.name for path in TESTS.glob("test_*.py") if row.id in named_tests([path])}
    assert named == holding


@by_row
def test_a_believed_row_has_a_switch_or_a_reason_why_none(row: Row) -> None:
    if Mark.BEL in row.marks:
        assert bool(row.switches) != bool(row.no_switch)


def test_no_test_names_a_row_that_there_is_not() -> None:
    assert set(named_tests()) <= {row.id for row in ROWS}


def test_the_switches_are_those_of_the_code() -> None:
    def shown(value: object) -> str:
        return f"`{value}`" if value != "" else "empty"

    in_code = [
        (
            switch.name.replace("_", "-"),
            switch.metadata["row"],
            shown(switch.default),
            ", ".join(map(shown, switch.metadata["choices"])) or "any text",
            switch.metadata["decides"],
        )
        for switch in fields(Assumptions)
    ]
    listed = [(item.name, item.row, item.default, item.choices, item.decides) for item in switches(TEXT)]
    assert listed == in_code


def test_rows_and_switches_name_each_other() -> None:
    assert {(row.id, name) for row in ROWS for name in row.switches} == {
        (item.row, item.name) for item in switches(TEXT)
    }


def test_every_switch_has_a_test_of_its_other_choices() -> None:
    tested = named_tests([TESTS / "test_switches.py"])
    for item in switches(TEXT):
        choices = max(2, len(item.choices.split(",")))  # a switch that takes any text has one other here
        name = item.name.replace("-", "_")
        own = [test for test in tested.get(item.row, ()) if name in test]
        assert own, item.name
        assert len(own) == choices - 1 or len(own) == 1, item.name


def test_the_numbers_are_right() -> None:
    result = TEXT.partition("## Result")[2].partition("\n## ")[0]
    assert re.findall(r"^- (.*)$", result, re.MULTILINE) == totals(TEXT)


def test_a_tests_name_tells_its_rows() -> None:
    assert rows_of("test_r11_l02_what_happens") == ("R11", "L02")
    assert rows_of("test_powertools_models_accept_every_event") == ()
    assert count_tests() >= len(ROWS)
