"""How long each function takes to load, against what none of them could do without.

python -m tests.bench.imports [--runs 15] [--python .venv/bin/python] [--size]. In each run, one after the other and
each in a fresh interpreter with its bytecode there: `import boto3` with one DynamoDB client, which is the baseline,
and each entry point as Lambda loads it. No call goes to the network. `--size` has pip unpack the package that is
deployed, and says how large it is.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import machine
from tests.bench.tables import table
from tests.conftest import ROOT

FUNCTIONS = ROOT / "functions"
ENTRY_POINTS = (
    "admit",
    "connect",
    "disconnect",
    "default",
    "enter",
    "poll",
    "say",
    "announce",
    "deliver",
    "expel",
)
BUDGET = 1.3
"""An entry point may take so many times the baseline."""

BASELINE = "boto3 + dynamodb"
BASELINE_CODE = "import boto3; boto3.client('dynamodb')"

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_LAMBDA_FUNCTION_NAME": "function",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": "https://api.execute-api.eu-central-1.amazonaws.com/live",
    "POWERTOOLS_SERVICE_NAME": "parley",
    "MEMBERSHIPS_TABLE": "Memberships",
    "ADMISSIONS_TABLE": "Admissions",
    "TICKET_SECRET": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:TicketSecret",
    "TICKET_AUDIENCE": "parley",
    "TICKET_NAME_CLAIM": "sub",
    "TICKET_MAX_SECONDS": "3600",
    "ROOM_LOG_TABLE": "RoomLog",
    "SLICES_QUEUE": QUEUE + "Slices",
    "ANNOUNCE_FAILURES_QUEUE": QUEUE + "AnnounceFailures",
}

TIMED = """
import time
wall, cpu = time.perf_counter(), time.process_time()
{code}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def measure(runs: int, python: str = sys.executable) -> dict[str, Any]:
    """Seconds to load each, as {"python": version, "loads": {name: {"wall": …, "cpu": …, "ratio": …}}}.

    The ratio is the median of the ratios of CPU time to the baseline's in the same run.
    """
    codes = {BASELINE: BASELINE_CODE} | {
        name: f"import {name}" for name in ENTRY_POINTS if (FUNCTIONS / f"{name}.py").exists()
    }
    codes["admit, by ticket"] = "import os; os.environ['ACCESS_MODE'] = 'ticket'; import admit"
    for code in codes.values():
        load(code, python)  # writes the bytecode, and reads all files once
    samples = [{name: load(code, python) for name, code in codes.items()} for _ in range(runs)]
    loads = {}
    for name in codes:
        loads[name] = {
            "wall": statistics.median(sample[name][0] for sample in samples),
            "cpu": statistics.median(sample[name][1] for sample in samples),
            "ratio": statistics.median(sample[name][1] / sample[BASELINE][1] for sample in samples),
        }
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    return {"python": version.split()[1], "runs": runs, "loads": loads}


def load(code: str, python: str) -> tuple[float, float]:
    """Seconds, and seconds of CPU, that a fresh interpreter takes for it."""
    environment = ENVIRONMENT | {"PYTHONPATH": str(FUNCTIONS), "PATH": os.environ["PATH"]}
    command = [python, "-c", TIMED.format(code=code)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    wall, cpu = ran.stdout.split()[-2:]
    return float(wall), float(cpu)


def package_size() -> dict[str, float] | None:
    """MB unpacked of what is deployed, for Lambda's Python on arm64; None where pip has no index to ask."""
    with TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--target",
            folder,
        ]
        command += ["--python-version", "3.13", "--only-binary=:all:", "--no-compile"]
        command += [f"--platform=manylinux_{libc}_aarch64" for libc in ("2_34", "2_28", "2_17")]
        command += ["-r", str(FUNCTIONS / "requirements.txt")]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=120)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
        ours = list(FUNCTIONS.rglob("*.py"))
        theirs = [file for file in Path(folder).rglob("*") if file.is_file()]
        return {"functions": _megabytes(ours), "dependencies": _megabytes(theirs)}


def _megabytes(files: list[Path]) -> float:
    return sum(file.stat().st_size for file in files) / 1e6


def tables(results: dict[str, Any]) -> str:
    """The figures of `measure` in Markdown."""
    rows = [
        (name, taken["wall"] * 1000, taken["cpu"] * 1000, f"{taken['ratio']:.2f}")
        for name, taken in results["loads"].items()
    ]
    head = [f"Python {results['python']}, median of {results['runs']}", "ms", "CPU-ms", "x the baseline"]
    return table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--python", default=sys.executable, help="another interpreter, with boto3 and pycurl")
    parser.add_argument(
        "--size", action="store_true", help="the size of the package as well (asks pip's index)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    results = measure(options.runs, options.python)
    if options.size:
        results["size"] = package_size()
    if options.json:
        print(json.dumps(results))
        return
    print(machine.line(), tables(results), sep="\n\n")
    if size := results.get("size"):
        print(
            f"\npackage, MB unpacked: functions {size['functions']:.2f}, dependencies {size['dependencies']:.1f}"
        )
    over = [name for name, taken in results["loads"].items() if taken["ratio"] > BUDGET]
    print(f"\nover the budget of {BUDGET}: {', '.join(over) or 'none'}")


if __name__ == "__main__":
    main()
