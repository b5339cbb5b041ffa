"""What a handler finds in its worker: search path, layers, environment, context, temporary folder."""

import asyncio
import contextlib
import json
import os
import re
import socket
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from local_dev.errors import FunctionExited, FunctionNotLoaded, FunctionRaised
from local_dev.runtime.bytecode import MAX_AGE, prune
from local_dev.runtime.environment import SITE_PACKAGES, layer_path, variables
from local_dev.runtime.function import LocalFunction
from local_dev.stack.model import Function

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that nobody shares."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


def write(folder: Path, **files: str) -> Path:
    """Modules by dotted name (`__` for the dot) with their sources."""
    for name, source in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")
    return folder


def function(code: Path, handler: str = "app.handler", **options: Any) -> Function:
    settings: dict[str, Any] = {"timeout": 60.0, "memory": 512, "environment": {}, **options}
    return Function(
        name="stack-one", arn="arn:aws:lambda:eu-west-1:1:function:stack-one", label="One", handler=handler,
        code=code, **settings,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def running(made_of: Function, lines: list[str] | None = None) -> AsyncIterator[LocalFunction]:
    service = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key"}
    printed = lines if lines is not None else []
    one = LocalFunction(made_of, service=service, output=lambda _, line: printed.append(line))
    try:
        yield one
    finally:
        await one.stop()


async def answer(made_of: Function) -> Any:
    async with running(made_of) as one:
        return await one.invoke(b"{}")


RETURN_NAME = "def handler(event, context): return __name__"


@pytest.mark.parametrize(
    ("handler", "module"),
    [
        ("app.handler", "app"),
        ("src/app.handler", "src__app"),
        ("src/deep/app.handler", "src__deep__app"),
        ("pkg.mod.handler", "pkg__mod"),
        ("src.handlers.app.handler", "src__handlers__app"),
    ],
)
async def test_a_handler_may_lie_in_a_folder(tmp_path: Path, handler: str, module: str) -> None:
    write(tmp_path, **{module: RETURN_NAME})
    assert await answer(function(tmp_path, handler)) == module.replace("__", ".")


@pytest.mark.parametrize(
    "name",
    [
        "stack",
        "gateway",
        "runtime",
        "worker",
        "functions",
        "local_dev",
        "web",
        "moto",
        "bootstrap",
        "conftest",
    ],
)
async def test_no_name_is_taken_by_the_gateway(tmp_path: Path, name: str) -> None:
    write(tmp_path, **{name: "def handler(event, context): return __file__"})
    assert await answer(function(tmp_path, f"{name}.handler")) == str(tmp_path / f"{name}.py")


@pytest.mark.parametrize("name", ["local_dev", "functions", "runtime", "worker", "process", "tests"])
async def test_the_gateways_sources_cannot_be_imported(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(ROOT)
    write(tmp_path, app=f"import {name}\ndef handler(event, context): ...")
    async with running(function(tmp_path)) as one:
        with pytest.raises(FunctionNotLoaded, match=f"No module named '{name}'"):
            await one.invoke(b"{}")


@pytest.mark.parametrize("name", ["logging", "json", "os"])
async def test_a_module_called_like_one_the_runtime_uses_is_not_found_as_on_lambda(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, **{name: RETURN_NAME})
    async with running(function(tmp_path, f"{name}.handler")) as one:
        with pytest.raises(FunctionNotLoaded, match=f"Handler 'handler' missing on module '{name}'"):
            await one.invoke(b"{}")


async def test_a_function_uses_the_library_in_its_own_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        boto3="version = 'mine'",
        requests="version = 'mine too'",
        app="import boto3, requests\ndef handler(event, context): return [boto3.version, requests.version]",
    )
    assert await answer(function(tmp_path)) == ["mine", "mine too"]


async def test_layers_follow_the_task_root_and_the_last_one_wins(tmp_path: Path) -> None:
    code = write(
        tmp_path / "code",
        own="where = 'task root'",
        app="import own, both, packed, first\n"
        "def handler(event, context): return [own.where, both.where, packed.where, first.where]",
    )
    first = write(
        tmp_path / "first" / "python", own="where = 'first'", both="where = 'first'", first="where = 'first'"
    )
    write(tmp_path / "first" / SITE_PACKAGES, packed="where = 'first, installed'")
    write(tmp_path / "last" / "python", both="where = 'last'", packed="where = 'last'")
    layers = (first.parent, tmp_path / "last")
    assert await answer(function(code, layers=layers)) == ["task root", "last", "first, installed", "first"]


async def test_a_pythonpath_written_for_lambda_leads_to_the_folders_here(tmp_path: Path) -> None:
    code = write(
        tmp_path / "code",
        vendored__a="x = 'a'",
        app="import a, b\ndef handler(event, context): return a.x + b.x",
    )
    write(tmp_path / "layer" / "lib", b="x = 'b'")
    environment = {"PYTHONPATH": "/var/task/vendored:/opt/lib"}
    made_of = function(code, environment=environment, layers=(tmp_path / "layer",))
    assert await answer(made_of) == "ab"
    assert layer_path(made_of) == ()


async def test_what_is_compiled_is_kept_and_not_among_the_sources(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, app="import pkg.mod\ndef handler(event, context): return pkg.mod.x", pkg__mod="x = 1")
    assert await answer(function(tmp_path)) == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["app.py", "mod.py", "pkg"]
    kept = list((cache / "parley" / "bytecode").iterdir())
    assert sorted(path.name.split("-", 1)[1] for path in kept) == [
        f"{name}.{sys.implementation.cache_tag}.pyc" for name in ("app", "mod")
    ]
    assert await answer(function(tmp_path)) == 1
    os.utime(kept[0], (0, time.time() - MAX_AGE - 1))
    prune(kept[0].parent)
    assert [path.exists() for path in kept] == [False, True]


async def test_the_variables_of_lambda(tmp_path: Path) -> None:
    write(tmp_path, app="import os\ndef handler(event, context): return dict(os.environ)")
    mine = {"MINE": "1", "TZ": "Europe/Oslo", "AWS_LAMBDA_FUNCTION_NAME": "not to be changed"}
    found = await answer(function(tmp_path, environment=mine))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found["MINE"] == "1"
    assert found["TZ"] == "Europe/Oslo"
    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "stack-one"
    assert found["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python{version}"
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["LAMBDA_TASK_ROOT"] == str(tmp_path)
    assert found["_HANDLER"] == "app.handler"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert found["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert found["AWS_LAMBDA_LOG_FORMAT"] == "Text"
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0", found["_X_AMZN_TRACE_ID"])
    assert re.fullmatch(r"127\.0\.0\.1:\d+", found["AWS_LAMBDA_RUNTIME_API"])
    assert not [name for name in found if name.startswith("PYTHON")]


def test_json_logs_come_with_their_level(tmp_path: Path) -> None:
    for options, level in (({}, "INFO"), ({"log_level": "DEBUG"}, "DEBUG")):
        made = function(tmp_path, json_logs=True, **options)
        found = variables(made, folder=tmp_path, log_stream="s", service={})
        assert (found["AWS_LAMBDA_LOG_FORMAT"], found["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", level)


async def test_the_context(tmp_path: Path) -> None:
    write(
        tmp_path,
        app="""
        def handler(event, context):
            names = ("function_name function_version memory_limit_in_mb invoked_function_arn aws_request_id "
                     "log_group_name log_stream_name client_context")
            return [getattr(context, name) for name in names.split()] + [context.get_remaining_time_in_millis()]
        """,
    )
    name, version, memory, arn, request, group, stream, client, left = await answer(function(tmp_path))
    assert (name, version, memory) == ("stack-one", "$LATEST", "512")
    assert arn == "arn:aws:lambda:eu-west-1:1:function:stack-one"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request)
    assert group == "/aws/lambda/stack-one"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    assert client is None
    assert 0 < left <= 60_000


TEMPORARY = """
import os, pathlib, tempfile
def handler(event, context):
    folder = pathlib.Path(tempfile.gettempdir())
    found = sorted(path.name for path in folder.iterdir())
    (folder / f"{len(found)}.txt").touch()
    if event == "leave": os._exit(1)
    return [str(folder), found]
"""


async def test_a_temporary_folder_lives_as_long_as_its_worker(tmp_path: Path) -> None:
    write(tmp_path, app=TEMPORARY)
    async with running(function(tmp_path)) as one:
        folder, found = await one.invoke(b"{}")
        assert found == []
        assert await one.invoke(b"{}") == [folder, ["0.txt"]]
        with pytest.raises(FunctionExited):
            await one.invoke(b'"leave"')
        fresh, found = await one.invoke(b"{}")
        assert fresh != folder
        assert found == []
    assert not Path(folder).exists()
    assert not Path(fresh).exists()


async def test_a_response_of_six_megabytes_is_the_largest(tmp_path: Path) -> None:
    write(tmp_path, app="def handler(event, context): return 'x' * event['size']")
    lines: list[str] = []
    async with running(function(tmp_path), lines) as one:
        assert len(await one.invoke(b'{"size": 6291554}')) == 6_291_554
        for size in (6_291_555, 40_000_000):
            with pytest.raises(FunctionRaised, match="exceeded maximum allowed payload size") as refused:
                await one.invoke(json.dumps({"size": size}).encode())
            assert refused.value.error_type == "Function.ResponseSizeTooLarge"
            assert str(refused.value).endswith("(6291556 bytes).")
        assert len(await one.invoke(b'{"size": 1}')) == 1
    assert [line.partition(":")[0] for line in lines] == ["[ERROR] Function.ResponseSizeTooLarge"] * 2


async def test_a_child_that_left_the_group_holds_nothing_up(tmp_path: Path) -> None:
    write(
        tmp_path,
        app="""
        import subprocess
        def handler(event, context):
            return subprocess.Popen(["sleep", "100"], start_new_session=True).pid
        """,
    )
    async with running(function(tmp_path)) as one:
        pid = await one.invoke(b"{}")
    os.kill(pid, 9)


@pytest.mark.parametrize(
    "headers",
    [
        "Host: 127.0.0.1\r\nOrigin: null",
        "Host: localhost\r\nSec-Fetch-Site: cross-site",
        "Host: rebound.example",
    ],
)
async def test_a_page_takes_no_invocation_away(tmp_path: Path, headers: str) -> None:
    write(tmp_path, app="import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_RUNTIME_API']")
    async with running(function(tmp_path)) as one, asyncio.timeout(60):
        address = await one.invoke(b"{}")
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(f"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert await one.invoke(b"{}") == address


async def test_nonsense_from_another_program_disturbs_no_worker(tmp_path: Path) -> None:
    write(tmp_path, app="import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_RUNTIME_API']")
    async with running(function(tmp_path)) as one:
        host, port = (await one.invoke(b"{}")).split(":")
        for request in (
            b"\x00\xff\r\n\r\n",
            b"POST /2018-06-01/runtime/invocation/none/response HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 2\r\n\r\n{}",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        ):
            with socket.create_connection((host, int(port))) as sock:
                sock.sendall(request)
                sock.setblocking(False)
        assert await one.invoke(b"{}") == f"{host}:{port}"
