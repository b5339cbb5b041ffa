"""The types of the page's scripts, and the unit tests of those that are pure: `make page`.

Deno brings TypeScript's own checker and runs tests that are written for `node:test` (so `node --test tests/page` runs
them as well). Nothing is fetched, and nothing is written outside of a folder that is gone afterwards.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import ROOT

HERE = Path(__file__).parent
DENO = Path(sys.executable).with_name("deno")
ISOLATED = ("--no-lock", "--no-remote", "--no-npm")


def commands() -> list[list[str]]:
    """What is run. A configuration says what its scripts may use: those of `core/` have no browser around them."""
    site = ROOT / "site"
    checked = {
        "page": [
            *(site / "js" / name for name in ("main.js", "view/early.js", "lab/main.js")),
            *sorted(HERE.glob("*.test.js")),
        ],
        "core": sorted((site / "js/core").glob("*.js")),
        "worker": list(site.glob("sw.js")),
    }
    checks = [
        ["check", *ISOLATED, "--quiet", "--config", str(HERE / f"{name}.json"), *map(str, paths)]
        for name, paths in checked.items()
        if paths
    ]
    return [
        *checks,
        [
            "test",
            *ISOLATED,
            "--quiet",
            "--no-check",
            f"--allow-read={ROOT}",
            "--config",
            str(HERE / "page.json"),
            str(HERE),
        ],
    ]


def main() -> int:
    if not DENO.exists():
        print(
            f"skipped: there is no deno for this machine; its wheel would have put it at {DENO}",
            file=sys.stderr,
        )
        return int(os.environ.get("CI") == "true")
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "DENO_DIR": cache, "DENO_NO_UPDATE_CHECK": "1", "DENO_NO_PROMPT": "1"}
        runs = [
            subprocess.run([DENO, *command], check=False, cwd=ROOT, env=environment) for command in commands()
        ]
        return max(run.returncode for run in runs)


if __name__ == "__main__":
    sys.exit(main())
