"""How long the gateway takes from its command to the first accepted connection, and what memory it then takes.

python -m tests.bench.start [--runs 9] [--template template.yaml]. The baseline, in the same run, is a Python that
imports FastAPI and boto3, which no start can do without.
"""

import argparse
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from websockets.sync.client import connect

from tests.bench import machine
from tests.bench.processes import memory
from tests.conftest import ROOT

SETTLE = 3.0
"""Seconds until the functions are loaded, and between runs until the last one's processes are gone."""


def start(template: Path, query: str) -> tuple[float, float | None]:
    """Seconds to the first connection, and MB of memory once idle."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "local_dev", "--port", "0", "--template", str(template)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    try:
        url = ""
        for line in process.stdout:
            found = re.search(rb"ws://\S+", line)
            url = url or (found[0].decode() if found else "")
            if b"Ctrl-C" in line:
                break
        with connect(url + query, open_timeout=30):
            took = time.perf_counter() - began
        time.sleep(SETTLE)
        return took, memory(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        time.sleep(SETTLE)


def baseline() -> float:
    """Seconds for the imports alone."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, boto3"], check=True)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--template", type=Path, default=ROOT / "template.yaml")
    parser.add_argument("--query", default="?room_id=a&client_id=b", help="of the address, for $connect")
    options = parser.parse_args()
    start(options.template, options.query)  # fills the caches
    runs = [(start(options.template, options.query), baseline()) for _ in range(options.runs)]
    times = [took for (took, _), _ in runs]
    ratios = [took / base for (took, _), base in runs]
    sizes = [size for (_, size), _ in runs if size is not None]
    print(machine.line())
    print(
        f"to the first connection: median {statistics.median(times):.2f} s "
        f"({min(times):.2f} to {max(times):.2f}, {len(times)} starts), "
        f"{statistics.median(ratios):.1f} times the baseline"
    )
    if sizes:
        print(f"idle memory: median {statistics.median(sizes):.0f} MB")


if __name__ == "__main__":
    main()
