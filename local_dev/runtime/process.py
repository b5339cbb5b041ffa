"""The process of one worker: started with what it needs, listened to line by line, and ended as a group."""

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import FunctionExited
from .debugger import DebugPort
from .preloaded import Preloaded

LINE_LIMIT = 2**22
"""Bytes of a log line; a longer one is dropped."""

LAST_WORDS = 1.0
"""Seconds that are given to output after the process has ended: a process that it started, and that left
its group, may keep the pipe open for ever.
"""


@dataclass(frozen=True)
class Launch:
    """What a worker is started with. `layers` are folders that follow `folder`, the task root, in sys.path."""

    handler: str
    folder: Path
    environment: Mapping[str, str]
    layers: tuple[str, ...] = ()
    bytecode: Path | None = None
    debug: DebugPort | None = None


class WorkerProcess:
    """A running process in a process group of its own, with a temporary folder of its own (its TMPDIR)."""

    def __init__(
        self, launch: Launch, *, log: Callable[[str], None], preloaded: Preloaded | None = None
    ) -> None:
        self._launch, self._log, self._preloaded = launch, log, preloaded
        self._group: int | None = None
        self._exited: Awaitable[int]

    async def start(self, *, api_port: int) -> None:
        """Start it; its Runtime API is at `api_port`. FunctionExited if that cannot be."""
        self._scratch = tempfile.TemporaryDirectory(prefix="local-dev-", ignore_cleanup_errors=True)
        reader, writer = os.pipe()
        self._output, self._lines = await _read(reader)
        try:
            await self._launch_process(
                {
                    **self._launch.environment,
                    "TMPDIR": self._scratch.name,
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api_port}",
                },
                writer,
            )
        except BaseException as error:
            self._output.close()
            self._scratch.cleanup()
            if isinstance(error, OSError):
                raise FunctionExited(f"its process cannot be started: {error}") from None
            raise
        finally:
            os.close(writer)

    async def ended(self) -> int:
        """Pass on what it prints until it has ended; the exit status."""
        reading = asyncio.create_task(self._read_lines())
        status = await self._exited
        self.signal(signal.SIGKILL)  # what it has started and left behind
        self._group = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS):
                await reading
        self._output.close()
        return status

    async def clean_up(self) -> None:
        """Remove its temporary folder."""
        await asyncio.to_thread(self._scratch.cleanup)

    def signal(self, number: int) -> None:
        """Send a signal to the whole group; nothing if none of it is left."""
        if self._group is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)

    async def _launch_process(self, environment: Mapping[str, str], output: int) -> None:
        launch = self._launch
        settings = _settings(launch)
        if self._preloaded and not launch.debug:
            forked = await self._preloaded.fork(
                settings, folder=launch.folder, environment=environment, output=output
            )
            if forked:
                self._group, self._exited = forked.pid, forked.ended
                return
        process = await asyncio.create_subprocess_exec(
            *_command(launch, settings),
            cwd=launch.folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
        )
        self._group, self._exited = process.pid, process.wait()

    async def _read_lines(self) -> None:
        while True:
            try:
                line = await self._lines.readline()
            except ValueError:  # longer than the limit; the stream has dropped it
                self._log("(a log line of over 4 MB was dropped)")
                continue
            if not line:
                return
            self._log(line.decode("utf-8", "replace").rstrip("\n"))


async def _read(pipe: int) -> tuple[asyncio.ReadTransport, asyncio.StreamReader]:
    lines = asyncio.StreamReader(limit=LINE_LIMIT)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), os.fdopen(pipe, "rb", 0)
    )
    return transport, lines


def _settings(launch: Launch) -> dict[str, Any]:
    return {
        "handler": launch.handler,
        "task_root": str(launch.folder),
        "layers": launch.layers,
        "bytecode": str(launch.bytecode) if launch.bytecode else None,
        "debug": (launch.debug.host, launch.debug.port) if launch.debug else None,
        "parent": os.getpid(),
    }


def _command(launch: Launch, settings: Mapping[str, Any]) -> list[str]:
    # -P: the folder of the script, which is the gateway's, is not put on the path. Breakpoints are missed in
    # frozen modules.
    options = ["-P", "-X", "frozen_modules=off"] if launch.debug else ["-P"]
    return [sys.executable, *options, str(Path(__file__).with_name("bootstrap.py")), json.dumps(settings)]
