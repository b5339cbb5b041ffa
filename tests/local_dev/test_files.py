"""The limit of open files, in processes of their own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytest.importorskip("resource")


def limited(soft: int, hard: int) -> list[str]:
    """What is printed by a process with these limits that wants 400 files: the limit it gets, how many files it can
    open then, and what is noticed.
    """
    program = f"""
        import os, resource
        resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
        from local_dev.files import raise_limit
        notices = []
        raise_limit(notices.append, wanted=400)
        print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        opened = [os.open(os.devnull, os.O_RDONLY)]
        try:
            while len(opened) < 1000:
                opened.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        print(opened[-1] + 1)
        print("".join(notices))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout.splitlines()


def test_the_limit_is_raised_as_far_as_it_is_wanted() -> None:
    assert limited(64, 500) == ["400", "400", ""]


def test_where_the_system_gives_less_it_is_said_for_how_many_clients_that_is() -> None:
    got, opened, notice = limited(64, 200)
    assert (got, opened) == ("200", "200")
    assert notice.startswith("no more than about 100 clients can be connected at once")


def test_a_limit_that_is_high_already_is_left_alone() -> None:
    assert limited(450, 500) == ["450", "450", ""]
