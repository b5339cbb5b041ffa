"""The gateway's side of the nursery: which workers can be forked from it, and their processes."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_REQUEST = 2**17
"""Bytes of a request to the nursery, and of what it says."""

KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Forked:
    """A child of the nursery; `ended` is its exit status once it has one."""

    pid: int
    ended: "asyncio.Future[int]"


class Preloaded:
    """A running nursery. Where there can be none, every worker is started as a process of its own."""

    def __init__(self, control: socket.socket, process: asyncio.subprocess.Process) -> None:
        self._control, self._process = control, process
        self._modules: frozenset[str] = frozenset()
        self._numbers = itertools.count()
        loop = asyncio.get_running_loop()
        self._up: asyncio.Future[bool] = loop.create_future()
        self._starting: dict[int, asyncio.Future[Forked]] = {}
        self._children: dict[int, asyncio.Future[int]] = {}
        loop.add_reader(control, self._readable)

    @classmethod
    async def start(cls) -> "Preloaded | None":
        """Start it; it imports while the gateway goes on. None on a system where it is not to be trusted:
        elsewhere than on Linux, libraries do not expect to be forked.
        """
        if sys.platform != "linux":
            return None
        mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", str(Path(__file__).with_name("nursery.py")), str(its.fileno())),
                env={"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "TZ": ":UTC"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                process_group=0,
            )
        mine.setblocking(False)
        return cls(mine, process)

    async def fork(
        self, settings: Mapping[str, Any], *, folder: Path, environment: Mapping[str, str], output: int
    ) -> Forked | None:
        """A worker's process, None if it has to be started otherwise: since a module of its own has the
        name of one that is loaded already, or since something in its environment counts at exec only.
        """
        if not await asyncio.shield(self._up) or not self._suits(settings, environment):
            return None
        number = next(self._numbers)
        request = {"id": number, "settings": settings, "folder": str(folder), "environment": environment}
        message = json.dumps(request).encode()
        if len(message) > MAX_REQUEST:
            return None
        started: asyncio.Future[Forked] = asyncio.get_running_loop().create_future()
        self._starting[number] = started
        try:
            socket.send_fds(self._control, [message], [output])
            return await started
        except OSError:  # it is busy, or it is gone
            return None
        finally:
            self._starting.pop(number, None)

    async def stop(self) -> None:
        """End it, and whatever was forked from it."""
        loading = not self._up.done()
        self._lost()
        if loading and self._process.returncode is None:
            self._process.kill()  # it would not notice before everything is imported
        await self._process.wait()

    def _suits(self, settings: Mapping[str, Any], environment: Mapping[str, str]) -> bool:
        if any(name.startswith(("PYTHON", "LD_PRELOAD", "MALLOC_", "GLIBC_")) for name in environment):
            return False
        names: set[str] = set()
        for root in (settings["task_root"], *settings["layers"]):
            names |= _names(root)
        libraries = environment.get("LD_LIBRARY_PATH", "").split(os.pathsep)
        shared = any(".so" in name for folder in libraries for name in _names(folder))
        return not shared and self._modules.isdisjoint(name.partition(".")[0] for name in names)

    def _readable(self) -> None:
        try:
            message = self._control.recv(MAX_REQUEST)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            self._lost()
            return
        match json.loads(message):
            case {"modules": names}:
                self._modules = frozenset(names)
                self._up.set_result(True)
            case {"started": number, "pid": pid}:
                self._children[pid] = asyncio.get_running_loop().create_future()
                waiting = self._starting.get(number)
                if waiting and not waiting.done():
                    waiting.set_result(Forked(pid, self._children[pid]))
                else:  # whoever asked has given up
                    _kill(pid)
            case {"ended": pid, "status": status}:
                self._children.pop(pid).set_result(status)

    def _lost(self) -> None:
        if self._control.fileno() < 0:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        if not self._up.done():
            self._up.set_result(False)
        for pid, ended in self._children.items():
            _kill(pid)
            ended.set_result(KILLED)
        for waiting in self._starting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the nursery is gone"))
        self._children.clear()


def _names(folder: str) -> set[str]:
    with contextlib.suppress(OSError):
        return set(os.listdir(folder))  # noqa: PTH208 (names are all that counts)
    return set()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
