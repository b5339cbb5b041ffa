"""A copy of the chat in a folder of its own, so that nobody changes it during a run; and with a few lines changed it
is a server that breaks the promise on purpose.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PARTS = ("functions", "infra")


@dataclass(frozen=True, slots=True)
class Change:
    """In a file, a text that is there exactly once, and what stands there instead."""

    file: str
    old: str
    new: str


def copy_chat(folder: Path, changes: Sequence[Change] = ()) -> Path:
    """The template of a changed copy. AssertionError where a change does not fit any more."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "template.yaml", folder / "template.yaml")
    for change in changes:
        path = folder / change.file
        text = path.read_text(encoding="utf-8")
        assert text.count(change.old) == 1, f"{change.file} has not one of {change.old!r}"
        path.write_text(text.replace(change.old, change.new), encoding="utf-8")
    return folder / "template.yaml"
