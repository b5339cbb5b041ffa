"""A gateway and all processes below it: what each is, its memory and its CPU, as Linux tells it."""

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Footprint:
    """A process at a moment. Sizes in MB: what it has resident, and its share of what it shares with others.
    `cpu` is the seconds of CPU it has used.
    """

    pid: int
    role: str
    rss: float
    pss: float
    cpu: float


def below(root: int) -> list[int]:
    """A process and all its descendants; empty where there is no /proc."""
    parents: dict[int, int] = {}
    for file in PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(file.parent.name)] = int(_fields(file)[1])
    found, waiting = [root] if PROC.exists() else [], [root]
    while waiting:
        parent = waiting.pop()
        children = sorted(process for process, its in parents.items() if its == parent)
        found += children
        waiting += children
    return found


def footprints(root: int) -> list[Footprint]:
    """Those of a process and all below it. What ends meanwhile is left out."""
    found = []
    for pid in below(root):
        with contextlib.suppress(OSError):
            rollup = (PROC / str(pid) / "smaps_rollup").read_text()
            found.append(
                Footprint(pid, role(pid), _size("Rss", rollup), _size("Pss", rollup), cpu_seconds(pid))
            )
    return found


def memory(root: int) -> float | None:
    """Proportional set size, in MB, of a process and all below it; None where /proc does not tell."""
    return sum(each.pss for each in footprints(root)) or None


def cpu(root: int) -> float:
    """Seconds of CPU that a process and all below it have used."""
    total = 0.0
    for pid in below(root):
        with contextlib.suppress(OSError):
            total += cpu_seconds(pid)
    return total


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU, user and system, of one process. OSError where it is gone."""
    fields = _fields(PROC / str(pid) / "stat")
    return (int(fields[11]) + int(fields[12])) / TICKS


def role(pid: int) -> str:
    """What a process of the gateway is for: `gateway`, `moto`, `nursery`, or a worker by its handler."""
    command = (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    if "moto_process" in command:
        return "moto"
    if "nursery.py" in command or "bootstrap.py" in command:
        name = (PROC / str(pid) / "comm").read_text().strip()
        return "nursery" if name.startswith("python") else name.partition(".")[0]
    return "gateway" if "local_dev" in command else command.split(" ")[0].rpartition("/")[2]


def _fields(stat: Path) -> list[str]:
    """The fields of a stat file from the state on; the name before it may have spaces."""
    return stat.read_text().rpartition(")")[2].split()


def _size(name: str, rollup: str) -> float:
    return sum(int(size) / 1024 for size in re.findall(rf"^{name}:\s+(\d+)", rollup, re.MULTILINE))
