"""The whole of `make bench`: engines, loads, and the local gateway beside other chats, in one run.

python -m tests.bench [--out build/bench] [--peer 'NAME=ws://…{room}…{name}']… [--only PART]…

Tables go to standard output, progress to standard error, everything that was measured to results.json in the folder
given. It takes about a quarter of an hour, and a part that fails is named and left out. What the figures mean stands in
docs/performance.md, docs/transports.md and docs/page.md, into which `python -m tests.bench.report` writes them.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import (
    admission,
    connecting,
    engines,
    growing,
    holding,
    imports,
    large_rooms,
    machine,
    page,
    pouring,
    report,
    straggler,
    talking,
    transports,
)
from tests.bench.processes import memory
from tests.bench.progress import say
from tests.bench.subjects import GATEWAY, Subject, all_subjects, gateway
from tests.conftest import ROOT

ENGINE_ROUNDS, IMPORT_RUNS, ADMISSION_ROUNDS = 3, 11, 7
FILES = 8192
"""Sockets that this process, and each that it starts, has to be allowed."""
LONGEST = 180
"""Seconds that one measurement of one subject may take."""


def chats(peers: list[str]) -> dict[str, Any]:
    """Each subject's figures by its name; what a peer cannot do is missing."""
    found: dict[str, Any] = {}
    with all_subjects(peers) as subjects:
        for title, part in (("connecting", connecting), ("talking", talking), ("pouring", pouring)):
            for subject in subjects:
                say(f"{title}: {subject.name}")
                figures = _within_time(part.measure, subject)
                if figures is not None:
                    found.setdefault(subject.name, {})[title] = figures
        for subject in subjects:
            if subject.pid:
                found.setdefault(subject.name, {})["memory_mb"] = memory(subject.pid)
        for subject in subjects:
            if subject.pid and subject.started:
                say(f"holding: {subject.name}")
                found.setdefault(subject.name, {})["holding"] = _within_time(holding.measure, subject)
    return found


def growth() -> dict[str, Any]:
    """The cost of a message beside other memberships, at a gateway that has done nothing before."""
    with gateway() as subject:
        return asyncio.run(growing.measure(subject))


def _within_time(measure: Callable[[Subject], Any], subject: Subject) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(LONGEST):
            return await measure(subject)

    try:
        return asyncio.run(bounded())
    except Exception as error:  # a peer may fail in any way, and the others still have their figures
        say(f"FAILED: {subject.name}: {type(error).__name__} {error}")
        if subject.name == GATEWAY:
            traceback.print_exc()
        return None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=URL")
    parser.add_argument(
        "--only",
        action="append",
        choices=(
            "engines",
            "large rooms",
            "imports",
            "admission",
            "starts",
            "chats",
            "growth",
            "straggler",
            "transports",
            "page",
        ),
    )
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:  # what this process starts has the same
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (FILES if hard == resource.RLIM_INFINITY else min(FILES, hard), hard)
        )
    parts: dict[str, Callable[[], Any]] = {
        "engines": lambda: engines.measure(ENGINE_ROUNDS),
        "large rooms": large_rooms.figures,
        "imports": lambda: imports.measure(IMPORT_RUNS),
        "admission": lambda: admission.measure(ADMISSION_ROUNDS),
        "starts": connecting.starts,
        "chats": lambda: chats(options.peer),
        "growth": growth,
        "straggler": straggler.figures,
        "transports": transports.figures,
        "page": page.figures,
    }
    results: dict[str, Any] = {"machine": machine.describe(), "when": datetime.now(UTC).date().isoformat()}
    began = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, part in parts.items():
        if not options.only or name in options.only:
            say(name)
            try:
                results[name] = part()
            except Exception:  # the others still have their figures
                traceback.print_exc()
                failed.append(name)
            results["took_s"] = time.monotonic() - began
            (options.out / "results.json").write_text(json.dumps(results, indent=1))
    for name, text in report.sections(results).items():
        print(f"\n## {name}\n\n{text}")
    say(f"written to {options.out / 'results.json'}")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
