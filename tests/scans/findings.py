"""What scanners find, and which of it is accepted, for a reason that is written down."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ACCEPTED = Path(__file__).with_name("accepted.toml")


@dataclass(frozen=True)
class Finding:
    """A rule of a tool that something breaks. `where` is a resource, a package or a place; `text` the tool's words."""

    tool: str
    rule: str
    where: str
    text: str = ""

    def __str__(self) -> str:
        return f"{self.tool} {self.rule} {self.where}: {self.text}"


@dataclass(frozen=True)
class Accepted:
    """A rule that may be broken at the places that one of the patterns `where` fits, for `reason`."""

    tool: str
    rule: str
    where: tuple[str, ...]
    reason: str

    def takes(self, finding: Finding, pattern: str) -> bool:
        """Whether the finding is one that `pattern` is about."""
        same = (finding.tool, finding.rule) == (self.tool, self.rule)
        return same and fnmatchcase(finding.where, pattern)


def read(path: Path = ACCEPTED) -> list[Accepted]:
    """What is accepted, from a file of `[[accepted]]` tables."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))["accepted"]
    return [Accepted(**{**table, "where": tuple(table["where"])}) for table in tables]


def unexplained(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Finding]:
    """The findings that nothing accepts."""
    known = list(accepted)
    return [
        finding
        for finding in findings
        if not any(each.takes(finding, pattern) for each in known for pattern in each.where)
    ]


def stale(findings: Iterable[Finding], accepted: Iterable[Accepted], tools: Iterable[str]) -> list[str]:
    """Patterns that no finding fits any more, of the tools that ran: they would hide the next one."""
    found, ran = list(findings), set(tools)
    return [
        f"{each.tool} {each.rule} {pattern}"
        for each in accepted
        if each.tool in ran
        for pattern in each.where
        if not any(each.takes(finding, pattern) for finding in found)
    ]
