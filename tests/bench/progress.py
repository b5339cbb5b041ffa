"""Progress of a long run, to standard error, so that the tables alone are on standard output."""

import sys
import time

_began = time.monotonic()


def say(text: str) -> None:
    """A line with the time since the run began."""
    print(f"{time.monotonic() - _began:5.0f} s  {text}", file=sys.stderr, flush=True)
