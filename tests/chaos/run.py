"""Plays trials and says what came of them: `python -m tests.chaos.run --seed 7`, or `--seeds 20` from 1 on."""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.chaos.trial import Outcome, Trial, play

SHOWN = 20
"""Violations that are printed of a seed; all of them come out of its history."""


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 1 where anything was violated."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, as by Ctrl-C
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--seeds", type=int, default=20, help="so many, from 1 on (default: %(default)s)")
    parser.add_argument("--clients", type=int, default=30, help="(default: %(default)s)")
    parser.add_argument("--rooms", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=40.0, help="of the storm (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder for the histories (default: a temporary one)")
    parser.add_argument("--keep", action="store_true", help="keep the histories of good runs too")
    given = parser.parse_args(arguments)
    out = given.out or Path(tempfile.mkdtemp(prefix="chaos-"))
    seeds = [given.seed] if given.seed is not None else range(1, given.seeds + 1)
    total: Counter[str] = Counter()
    for seed in seeds:
        trial = Trial(
            seed=seed,
            folder=out / f"seed-{seed}",
            clients=given.clients,
            rooms=given.rooms,
            seconds=given.seconds,
        )
        began = time.monotonic()
        outcome = asyncio.run(play(trial))
        total += _report(trial, outcome, took=time.monotonic() - began, keep=given.keep)
    print(
        f"in all: {total['messages']} messages, {total['faults']} faults, {total['reconnects']} reconnects, "
        f"{total['changes']} changes of the transport, "
        f"{total['violations']} violations"
    )
    return int(total["violations"] > 0)


def _report(trial: Trial, outcome: Outcome, *, took: float, keep: bool) -> Counter[str]:
    faults = sum(outcome.injected.values())
    print(
        f"seed {trial.seed}: {trial.clients} clients, {outcome.messages} messages, {outcome.acked} acknowledged, "
        f"{outcome.stored} stored, {outcome.shown} shown, {faults} faults, {outcome.reconnects} reconnects, "
        f"{outcome.changes} changes of the transport, "
        f"{len(outcome.violations)} violations, {took:.0f} s",
        flush=True,
    )
    print("  faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(outcome.injected.items())))
    print("  connections: " + ", ".join(f"{count} {by}" for by, count in outcome.connections.items()))
    print(
        "  phases: " + ", ".join(f"{name} {seconds} s" for name, seconds in outcome.times.items()), flush=True
    )
    in_vain = not outcome.acked or not faults
    if in_vain:
        print("  NOTHING WAS PUT TO THE TEST")
    for rule, count in Counter(violation.rule for violation in outcome.violations).items():
        print(f"  VIOLATED {count} times: {rule}")
    for violation in outcome.violations[:SHOWN]:
        print(f"    {violation}")
    if outcome.violations:
        print(
            f"  history: {outcome.history}  (judge it again: python -m tests.chaos.checker {outcome.history})"
        )
        print(
            f"  again: python -m tests.chaos.run --seed {trial.seed} --clients {trial.clients} "
            f"--rooms {trial.rooms} --seconds {trial.seconds:g}",
            flush=True,
        )
    elif not keep:
        shutil.rmtree(trial.folder)
    return Counter(
        messages=outcome.messages,
        faults=faults,
        reconnects=outcome.reconnects,
        changes=outcome.changes,
        violations=len(outcome.violations) + in_vain,
    )


if __name__ == "__main__":
    sys.exit(main())
