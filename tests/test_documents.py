"""The documents say what is so: links lead somewhere, named tests exist, and the tables are those of the code."""

import re
from pathlib import Path

import pytest
from chat.errors import TEXTS, Code
from chat.refusals import Reason

from tests.conftest import ROOT

DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")
NAMED_TEST = re.compile(r"`(test_\w+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_tests_exist(document: Path) -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))
    }
    assert set(NAMED_TEST.findall(document.read_text(encoding="utf-8"))) <= defined


def test_the_architecture_lists_every_package_of_the_local_gateway() -> None:
    section = (
        (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## On this machine")[2]
    )
    listed = re.findall(r"^\| `(\w+)/` \|", section, re.MULTILINE)
    assert sorted(listed) == sorted(path.parent.name for path in (ROOT / "local_dev").glob("*/__init__.py"))


def test_the_protocol_lists_every_error_with_its_text() -> None:
    section = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8").partition("## Errors")[2]
    listed = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))
    assert listed == {code.value: text for code, text in TEXTS.items()}


def test_the_protocol_lists_every_reason_of_a_refusal() -> None:
    section = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8").partition("| reason |")[2]
    listed = re.findall(r"^\| `(\w+)` \|", section.partition("\n\n")[0], re.MULTILINE)
    assert listed == [reason.value for reason in Reason]


def test_the_page_knows_every_code() -> None:
    types = (ROOT / "site" / "js" / "types.d.ts").read_text(encoding="utf-8")
    assert {code.value for code in Code} <= set(re.findall(r'"(\w+)"', types))


@pytest.mark.parametrize("language", ["en", "fa"])
def test_every_language_has_words_for_every_code(language: str) -> None:
    words = (ROOT / "site" / "js" / "lang" / f"{language}.js").read_text(encoding="utf-8")
    assert {code.value for code in Code} <= set(re.findall(r"(\w+)['\"]?:", words))
