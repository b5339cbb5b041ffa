import gc
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    "entry", ["admit", "connect", "disconnect", "default", "enter", "poll", "say", "announce", "deliver"]
)
def test_garbage_is_looked_for_once_all_is_loaded(entry: str, environment: None) -> None:
    code = f"import gc, {entry}; print(gc.isenabled(), gc.get_freeze_count() > 10_000, gc.get_count()[0] < 2_000)"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "functions", capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["True"] * 3


def test_what_is_garbage_after_the_start_is_found(load: object) -> None:
    from chat import start

    start.over()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.isenabled()
    assert gc.collect() >= 1


@pytest.mark.parametrize(
    ("set_by_lambda", "left"), [("DEBUG", "WARNING"), ("INFO", "WARNING"), ("ERROR", "ERROR")]
)
def test_the_sdk_never_says_what_it_sends(set_by_lambda: str, left: str) -> None:
    code = (
        f"import logging; root = logging.getLogger(); root.setLevel({set_by_lambda!r}); import chat.start; "
        "print(logging.getLevelName(root.level))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "functions", capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == left
