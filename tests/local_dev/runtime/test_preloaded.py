"""Workers forked from the nursery: they are what a process of their own would be, and leave nothing behind."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from local_dev.errors import FunctionExited
from local_dev.runtime.function import LocalFunction
from local_dev.runtime.preloaded import Preloaded
from local_dev.stack.model import Function

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux only"),
]

TELL = """
import os, sys, time
before = "boto3" in sys.modules
def handler(event, context):
    print("heard", flush=True)
    if event == "leave": sys.exit(7)
    if event == "hang": time.sleep(3600)
    return {"forked": before, "pid": os.getpid(), "group": os.getpgrp(), "parent": os.getppid(), "cwd": os.getcwd(),
            "env": dict(os.environ), "zone": time.strftime("%Z"), "argv": sys.argv[1:], "path": sys.path[:1]}
"""


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that nobody shares."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def function(code: Path, **options: Any) -> Function:
    settings: dict[str, Any] = {"timeout": 60.0, "memory": 128, "environment": {"MINE": "1"}, **options}
    return Function(
        name="one", arn="arn:aws:lambda:us-east-1:1:function:one", label="One", handler="app.handler", code=code,
        **settings,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def nursery() -> AsyncIterator[Preloaded]:
    preloaded = await Preloaded.start()
    assert preloaded
    try:
        yield preloaded
    finally:
        await preloaded.stop()


@contextlib.asynccontextmanager
async def running(
    made_of: Function, preloaded: Preloaded | None, lines: list[str] | None = None
) -> AsyncIterator[LocalFunction]:
    printed = lines if lines is not None else []
    one = LocalFunction(made_of, service={}, output=lambda _, line: printed.append(line), preloaded=preloaded)
    try:
        yield one
    finally:
        await one.stop()


def is_there(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def gone(*pids: int) -> None:
    async with asyncio.timeout(60):
        while any(is_there(pid) for pid in pids):  # noqa: ASYNC110 (nobody tells of others' processes)
            await asyncio.sleep(0.01)


async def test_a_forked_worker_is_like_one_started(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(TELL, encoding="utf-8")
    made_of = function(tmp_path, environment={"MINE": "1", "TZ": "Asia/Tehran"})
    lines: list[str] = []
    async with (
        nursery() as preloaded,
        running(made_of, preloaded, lines) as one,
        running(made_of, None) as plain,
    ):
        forked, started = await one.invoke(b"{}"), await plain.invoke(b"{}")
        again = await one.invoke(b"{}")
    assert (forked["forked"], started["forked"]) == (True, False)
    assert forked["pid"] == forked["group"] == again["pid"]
    assert lines == ["heard", "heard"]
    for name in ("cwd", "zone", "argv", "path"):
        assert forked[name] == started[name]
    differ = {"TMPDIR", "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_LOG_STREAM_NAME", "_X_AMZN_TRACE_ID"}
    assert {k: v for k, v in forked["env"].items() if k not in differ} == {
        k: v for k, v in started["env"].items() if k not in differ
    }
    await gone(forked["pid"], forked["parent"])


async def test_how_it_ends_is_told(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(TELL, encoding="utf-8")
    async with nursery() as preloaded:
        async with running(function(tmp_path), preloaded) as one:
            with pytest.raises(FunctionExited, match="Runtime exited with status 7"):
                await one.invoke(b'"leave"')
            assert (await one.invoke(b"{}"))["forked"]
        async with running(function(tmp_path, timeout=5.0), preloaded) as one:
            with pytest.raises(Exception, match="Task timed out"):
                await one.invoke(b'"hang"')
            assert (await one.invoke(b"{}"))["forked"]


@pytest.mark.parametrize("name", ["boto3", "urllib3", "queue", "bootstrap"])
async def test_a_module_of_the_functions_own_is_not_covered_by_one_that_is_loaded(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / f"{name}.py").write_text("mine = True", encoding="utf-8")
    (tmp_path / "app.py").write_text(
        f"import {name}\ndef handler(event, context): return {name}.mine", encoding="utf-8"
    )
    async with nursery() as preloaded, running(function(tmp_path), preloaded) as one:
        assert await one.invoke(b"{}")


@pytest.mark.parametrize("variable", ["PYTHONHASHSEED", "PYTHONWARNINGS"])
async def test_what_python_reads_at_its_start_takes_a_process_of_its_own(
    tmp_path: Path, variable: str
) -> None:
    (tmp_path / "app.py").write_text(TELL, encoding="utf-8")
    async with (
        nursery() as preloaded,
        running(function(tmp_path, environment={variable: "0"}), preloaded) as one,
    ):
        assert not (await one.invoke(b"{}"))["forked"]


async def test_shared_libraries_take_a_process_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(TELL, encoding="utf-8")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libthing.so.1").touch()
    async with nursery() as preloaded, running(function(tmp_path), preloaded) as one:
        assert not (await one.invoke(b"{}"))["forked"]


async def test_without_the_nursery_it_goes_on(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(TELL, encoding="utf-8")
    async with nursery() as preloaded, running(function(tmp_path), preloaded) as one:
        forked = await one.invoke(b"{}")
        os.kill(forked["parent"], signal.SIGKILL)
        await gone(forked["pid"])
        # An invocation that meets the dying worker before the gateway has heard of it fails, as any would.
        with contextlib.suppress(FunctionExited):
            assert not (await one.invoke(b"{}"))["forked"]
        assert not (await one.invoke(b"{}"))["forked"]


GATEWAY = """
import asyncio, json, sys
from pathlib import Path
from local_dev.runtime.function import LocalFunction
from local_dev.runtime.preloaded import Preloaded
from local_dev.stack.model import Function

async def main():
    one = LocalFunction(
        Function(name="one", arn="one", label="One", handler="app.handler", timeout=10, memory=128, environment={},
                 code=Path(sys.argv[1])),
        service={}, output=print, preloaded=await Preloaded.start(),
    )
    result = await one.invoke(b"{}")
    asyncio.create_task(one.invoke(b'"hang"'))
    await asyncio.sleep(0)
    print(json.dumps([result["pid"], result["parent"]]), flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_when_the_gateway_is_killed_outright_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(TELL, encoding="utf-8")
    gateway = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", GATEWAY, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert gateway.stdout
    async with asyncio.timeout(60):
        while not (line := await gateway.stdout.readline()).startswith(b"["):
            assert line, "it ended early"
    gateway.kill()
    await gateway.wait()
    await gone(*json.loads(line))
