"""What a figure was measured on: without it no figure can be compared with another."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

PACKAGES = ("boto3", "moto", "pycurl", "fastapi", "uvicorn", "websockets", "hypercorn", "h2", "aioquic")


def describe() -> dict[str, str]:
    """Processor, cores, system, and the versions of what the figures depend on."""
    described = {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        "commit": _commit(),
    }
    for package in PACKAGES:
        try:
            described[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            described[package] = "-"
    return described


def line() -> str:
    """The same in a line."""
    return ", ".join(f"{name} {value}" for name, value in describe().items())


def _processor() -> str:
    try:
        information = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [
        line.partition(":")[2].strip() for line in information.splitlines() if line.startswith("model name")
    ]
    return names[0] if names else platform.machine()


def _commit() -> str:
    """The commit of the checkout, and whether anything is changed in it."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        )
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "-"
    return commit.stdout.strip() + (" and changes" if changed.stdout.strip() else "")
