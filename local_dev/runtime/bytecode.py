"""Where the compiled modules of functions are kept between starts: in the user's cache, bounded by age."""

import contextlib
import os
import time
from pathlib import Path

MAX_AGE = 60 * 86400.0
"""Seconds after which what is kept between starts is thrown away: a module is compiled again if still needed."""


def cache_folder() -> Path:
    """The folder, whether it exists or not."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parley" / "bytecode"


def prune(folder: Path, *, now: float | None = None) -> None:
    """Delete what is older than MAX_AGE."""
    oldest = (time.time() if now is None else now) - MAX_AGE
    with contextlib.suppress(OSError):  # a cache that cannot be tidied only takes space
        for entry in os.scandir(folder):
            if entry.stat().st_mtime < oldest:
                Path(entry.path).unlink(missing_ok=True)
