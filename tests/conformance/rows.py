"""The rows of the published contract, docs/gateway.md, and the tests that are named after them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENT = ROOT / "docs" / "gateway.md"
TESTS = Path(__file__).resolve().parent

_ROW = re.compile(r"^\| ([EHPRLMDOAW]\d\d) \|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)
_SWITCH = re.compile(r"^\| `([\w-]+)` \|(.*)\|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)
_SWITCH_NAME = re.compile(r"switch `([\w-]+)`")
_TEST = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)
_NAMED_ROWS = re.compile(r"test_((?:[ehprlmdoaw]\d\d_)+)")


class Mark(Enum):
    """How well a row is known; the first of the marks in the table is the row's."""

    REC = "REC"
    DOC = "DOC"
    USR = "USR"
    MEA = "MEA"
    BEL = "BEL"


@dataclass(frozen=True)
class Row:
    """A row. `switches` are the names in its last column, `reason` is why no test holds it ("" otherwise)."""

    id: str
    behaviour: str
    marks: tuple[Mark, ...]
    held: str

    @property
    def switches(self) -> tuple[str, ...]:
        """The switches that hold it."""
        return tuple(_SWITCH_NAME.findall(self.held))

    @property
    def reason(self) -> str:
        """Why it cannot be tested."""
        return _after(self.held, "not testable:")

    @property
    def no_switch(self) -> str:
        """Why a believed row has no switch."""
        return _after(self.held, "no switch:")


@dataclass(frozen=True)
class Switch:
    """A line of the table of switches, its cells as they are written."""

    name: str
    row: str
    default: str
    choices: str
    decides: str


def rows(text: str) -> list[Row]:
    """Every row of the document, in order."""
    found = []
    for number, behaviour, mark, held in _ROW.findall(text):
        marks = tuple(Mark[name] for name in re.findall(r"\b(REC|DOC|USR|MEA|BEL)\b", mark))
        found.append(Row(number, behaviour.strip(), marks, held.strip()))
    return found


def switches(text: str) -> list[Switch]:
    """The table of switches."""
    return [Switch(name, *(cell.strip() for cell in cells)) for name, *cells in _SWITCH.findall(text)]


def rows_of(test: str) -> tuple[str, ...]:
    """The rows in a test's name: `test_r11_r12_what_happens` is of R11 and R12."""
    named = _NAMED_ROWS.match(test)
    return tuple(part.upper() for part in named[1].split("_") if part) if named else ()


def named_tests(files: Iterable[Path] = ()) -> dict[str, list[str]]:
    """The names of the tests by row, from the files of this folder unless others are given."""
    found: dict[str, list[str]] = {}
    for path in files or sorted(TESTS.glob("test_*.py")):
        for name in _TEST.findall(path.read_text(encoding="utf-8")):
            for row in rows_of(name):
                found.setdefault(row, []).append(name)
    return found


def count_tests() -> int:
    """How many test functions the suite has."""
    return sum(len(_TEST.findall(path.read_text(encoding="utf-8"))) for path in TESTS.glob("test_*.py"))


def totals(text: str) -> list[str]:
    """The numbers of the contract, as docs/gateway.md states them, one line each."""
    listed, named = rows(text), named_tests()
    marked = ", ".join(f"{sum(row.marks[0] is mark for row in listed)} {mark.value}" for mark in Mark)
    tested = sum(row.id in named for row in listed)
    reasons = sum(bool(row.reason) for row in listed)
    table = switches(text)
    return [
        f"{len(listed)} rows; by their first mark {marked}",
        f"{tested} rows held by a test, {reasons} by a reason why none can",
        f"{count_tests()} tests",
        f"{len(table)} switches, for {len({switch.row for switch in table})} rows",
    ]


def _after(text: str, words: str) -> str:
    return text.partition(words)[2].strip()
