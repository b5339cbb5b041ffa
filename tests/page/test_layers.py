"""What the page's scripts may touch: `core/` nothing at all, `view/` the document, the others what they wrap.

That `core/` names nothing of a browser is also seen by its types: tests/page/core.json knows of none.
"""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPTS = ROOT / "site/js"
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)
IMPORTED = re.compile(r"\b(?:from|import)\s*\(?\s*[\"'`]([^\"'`]+)")
UNCERTAIN = re.compile(
    r"\b(?:Date\.now|performance|Math\.random|crypto|navigator|location|history|\w*[sS]torage|caches|indexedDB|fetch"
    r"|document|window|self|globalThis|Notification|WebSocket|XMLHttpRequest|EventSource|Worker|BroadcastChannel"
    r"|set(?:Timeout|Interval)|queueMicrotask|requestAnimationFrame|addEventListener|console|import\.meta)\b"
    r"|\bnew Date\(\)|\bDate\(\)|\bimport\("
)
DOCUMENT = re.compile(
    r"\bdocument\.\w+|\b(?:HTML|SVG)\w*Element\b|\b(?:create|replace)\w*Element\w*|\binnerHTML\b"
)
WRAPPED = {
    # Whether anybody looks, and the page's setting in its markup.
    "room.js": {"document.addEventListener", "document.hidden", "document.querySelector"},
}


def code(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def scripts(folder: str) -> list[Path]:
    return sorted((SCRIPTS / folder).glob("*.js"))


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", scripts("core"), ids=name)
def test_the_core_is_pure(path: Path) -> None:
    assert UNCERTAIN.findall(code(path)) == []
    assert [
        target for target in IMPORTED.findall(code(path)) if not re.fullmatch(r"\./\w+\.js", target)
    ] == []


@pytest.mark.parametrize("path", [*scripts("."), *scripts("transports")], ids=name)
def test_only_the_view_touches_the_document(path: Path) -> None:
    assert set(DOCUMENT.findall(code(path))) <= WRAPPED.get(path.name, set())


def test_the_looks_find_what_they_look_for() -> None:
    assert UNCERTAIN.findall(code(SCRIPTS / "room.js"))
    assert DOCUMENT.findall(code(SCRIPTS / "view/dom.js"))
