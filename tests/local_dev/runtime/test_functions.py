"""Functions and their workers, as real processes: results, faults, time-outs, freezing, growth."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from local_dev.errors import (
    FunctionError,
    FunctionExited,
    FunctionRaised,
    FunctionThrottled,
    FunctionTimedOut,
)
from local_dev.journal import Journal
from local_dev.runtime.function import LocalFunction
from local_dev.runtime.functions import LocalFunctions
from local_dev.stack.model import Asynchronous, Function

from .deployed import deployed as by_name

pytestmark = pytest.mark.anyio

HANDLERS = '''
import json, os, sys, time

def echo(event, context):
    print("heard", flush=True)
    return {"event": event, "pid": os.getpid(), "id": context.aws_request_id, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "env": dict(os.environ), "cwd": os.getcwd()}

def fail(event, context): raise KeyError("a detail")
def leave(event, context): sys.stdout.flush(); os._exit(7)
def hang(event, context): time.sleep(3600)
def odd(event, context): return {1, 2}
def raw(event, context): return event.encode()
def large(event, context): return "x" * event["size"]
def note(event, context):
    with open(event["file"], "a") as file: file.write("x")
    if event.get("fail"): raise ValueError("not now")

def told(event, context):
    with open(os.environ["FILE"] + ".part", "w") as file: json.dump(event, file)
    os.rename(os.environ["FILE"] + ".part", os.environ["FILE"])

def meet(event, context):
    """Answers once as many invocations as wanted are running at the same time."""
    folder = event["folder"]
    open(os.path.join(folder, str(os.getpid())), "w").close()
    while len(os.listdir(folder)) < event["wanted"]: time.sleep(0.01)
    return os.getpid()
'''


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that nobody shares."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with the handlers."""
    (tmp_path / "app.py").write_text(HANDLERS, encoding="utf-8")
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    return tmp_path


def function(code: Path | None, handler: str, **options: Any) -> Function:
    settings = {"timeout": 60.0, "memory": 128, "environment": {"MINE": "1"}, **options}
    return Function(
        name=f"stack-{handler}", arn=f"arn:aws:lambda:us-east-1:1:function:{handler}", label=handler, handler=handler,
        code=code, **settings,
    )  # fmt: skip


@contextlib.asynccontextmanager
async def pool(
    made_of: Function, *, output: list[str] | None = None, **options: Any
) -> AsyncIterator[LocalFunction]:
    lines = output if output is not None else []
    one = LocalFunction(
        made_of,
        service={"AWS_REGION": "us-east-1", "AWS_SESSION_TOKEN": "session"},
        output=lambda _, line: lines.append(line),
        **options,
    )
    try:
        yield one
    finally:
        await one.stop()


async def invoke(one: LocalFunction, event: Any = None) -> Any:
    return await one.invoke(json.dumps(event).encode())


async def test_event_context_environment_and_working_directory(code: Path) -> None:
    async with pool(function(code, "app.echo")) as echo:
        result = await invoke(echo, {"text": "سلام 😀"})
    environment = result["env"]
    assert result["event"] == {"text": "سلام 😀"}
    assert result["arn"] == "arn:aws:lambda:us-east-1:1:function:app.echo"
    assert 0 < result["left"] <= 60_000
    assert Path(result["cwd"]) == Path(environment["LAMBDA_TASK_ROOT"]) == code
    assert environment["MINE"] == "1"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "stack-app.echo"
    assert environment["AWS_SESSION_TOKEN"]
    assert environment["TZ"] == ":UTC"


async def test_one_worker_serves_one_after_the_other(code: Path) -> None:
    lines: list[str] = []
    async with pool(function(code, "app.echo"), output=lines) as echo:
        pids = {(await invoke(echo))["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert lines.count("heard") == 5


async def test_a_worker_takes_one_invocation_at_a_time_and_more_workers_come(
    code: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "meeting"
    folder.mkdir()
    async with pool(function(code, "app.meet"), max_workers=2) as meet:
        event = {"folder": str(folder), "wanted": 2}
        pids = await asyncio.gather(*(invoke(meet, event) for _ in range(2)))
    assert len(set(pids)) == 2


async def test_never_more_workers_than_allowed(code: Path) -> None:
    async with pool(function(code, "app.echo"), max_workers=2) as echo:
        results = await asyncio.gather(*(invoke(echo) for _ in range(50)))
    assert 1 <= len({result["pid"] for result in results}) <= 2


async def test_a_handler_that_raises(code: Path) -> None:
    lines: list[str] = []
    async with pool(function(code, "app.fail"), output=lines) as fail:
        with pytest.raises(FunctionRaised, match="a detail") as raised:
            await invoke(fail)
    assert raised.value.error_type == "KeyError"
    assert any("Traceback" in line for line in lines)


async def test_a_result_that_is_not_json(code: Path) -> None:
    async with pool(function(code, "app.odd")) as odd:
        with pytest.raises(FunctionRaised):
            await invoke(odd)


@pytest.mark.parametrize("result", ["certainly not", "[" * 200_000])
async def test_bytes_that_are_no_json_are_told_of(code: Path, result: str) -> None:
    lines: list[str] = []
    journal = Journal()
    async with pool(function(code, "app.raw"), output=lines, journal=journal) as raw:
        assert await invoke(raw, '{"fine": 1}') == {"fine": 1}
        with pytest.raises(FunctionRaised, match="not JSON"):
            await invoke(raw, result)
    (said,) = lines
    assert said.startswith("[ERROR] the handler's result is not JSON: b'" + result[:13])
    assert len(said) < 150
    assert [entry.kind for entry in journal.since(0) if entry.kind in ("returned", "failed")] == [
        "returned",
        "failed",
    ]


async def test_a_result_of_several_megabytes(code: Path) -> None:
    async with pool(function(code, "app.large")) as large:
        assert len(await invoke(large, {"size": 3_000_000})) == 3_000_000


async def test_a_worker_that_dies_fails_its_invocation_alone(code: Path) -> None:
    lines: list[str] = []
    async with pool(function(code, "app.leave"), output=lines) as leave:
        for _ in range(2):
            with pytest.raises(FunctionExited, match="Runtime exited with status 7"):
                await invoke(leave)
    assert any("Runtime.ExitError" in line for line in lines)


async def test_a_time_out_is_enforced_and_a_fresh_worker_follows(code: Path) -> None:
    lines: list[str] = []
    async with pool(function(code, "app.hang", timeout=0.2), output=lines) as hang:
        for _ in range(2):
            with pytest.raises(FunctionTimedOut, match=r"Task timed out after 0\.20 seconds"):
                await invoke(hang)
    assert len([line for line in lines if "Task timed out" in line]) == 2


async def test_a_module_that_cannot_be_imported_is_one_clear_line(code: Path) -> None:
    lines: list[str] = []
    async with pool(function(code, "broken.handler"), output=lines) as broken:
        await broken.warm()
        with pytest.raises(FunctionExited, match="Unable to import module 'broken'"):
            await invoke(broken)
    assert "[ERROR] Runtime.ImportModuleError: Unable to import module 'broken'" in "\n".join(lines)


async def test_code_that_is_not_on_this_disk(code: Path) -> None:
    lines: list[str] = []
    for where, says in (
        (None, "its code is not here to be run"),
        (code / "gone", "its code is not a folder"),
    ):
        async with pool(function(where, "app.echo"), output=lines) as nowhere:
            await nowhere.warm()
            assert (lines == []) is (where is None)  # what has no code has been noted when it was deployed
            with pytest.raises(FunctionExited, match=says):
                await invoke(nowhere)


async def test_inline_code() -> None:
    inline = "def handler(event, context): return event + 1"
    async with pool(function(None, "index.handler", inline_code=inline)) as increment:
        assert await invoke(increment, 1) == 2


def state(pid: int) -> str:
    """A process's, in a letter: T is one that is stopped."""
    found = Path(f"/proc/{pid}/stat")
    if found.exists():
        return found.read_text().rpartition(")")[2].split()[0]
    asked = ["ps", "-o", "state=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout[:1]


async def test_a_worker_is_frozen_between_invocations(code: Path) -> None:
    async with pool(function(code, "app.echo")) as echo:
        pid = (await invoke(echo))["pid"]
        await until(lambda: state(pid) == "T")
        assert (await invoke(echo))["pid"] == pid
        await until(lambda: state(pid) == "T")


async def test_stopping_leaves_no_process(code: Path) -> None:
    async with pool(function(code, "app.echo")) as echo:
        pid = (await invoke(echo))["pid"]
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_caller_that_gives_up_does_not_stop_the_function(code: Path, tmp_path: Path) -> None:
    folder = tmp_path / "meeting"
    folder.mkdir()
    functions = LocalFunctions(
        {"meet": function(code, "app.meet")}, service_for=lambda _: {}, output=lambda *_: None
    )
    try:
        event = {"folder": str(folder), "wanted": 2}
        with pytest.raises(TimeoutError):
            await functions.invoke("meet", event, wait=0.01)
        # The invocation given up is still there: it is the other of the two that meet.
        assert await functions.invoke("meet", event, wait=60)
    finally:
        await functions.stop()


async def test_an_unknown_function() -> None:
    functions = LocalFunctions({}, service_for=lambda _: {}, output=lambda *_: None)
    with pytest.raises(FunctionThrottled, match="there is no function called nobody"):
        await functions.invoke("nobody", {}, wait=1)


async def test_beyond_the_limit_invocations_are_throttled(
    code: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_dev.runtime.pool.MAX_WAITING", 3)
    monkeypatch.setattr("local_dev.runtime.function.THROTTLED_NOTICE", 3600.0)
    lines: list[str] = []
    async with pool(function(code, "app.echo"), output=lines) as echo:
        results = await asyncio.gather(*(invoke(echo) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, FunctionThrottled) for result in results) == 2
    assert not any(
        isinstance(result, FunctionError) and not isinstance(result, FunctionThrottled) for result in results
    )
    told = [line for line in lines if line != "heard"]
    assert told == ["[ERROR] TooManyRequestsException: too many invocations at once"]  # once in a while


def deployed(
    *made_of: Function, **options: Any
) -> contextlib.AbstractAsyncContextManager[tuple[LocalFunctions, list[str]]]:
    """The functions, invoked by their labels."""
    return by_name({one.label: one for one in made_of}, **options)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 (another process makes it so)
            await asyncio.sleep(0.01)


async def test_beyond_its_reserved_concurrency_a_function_is_throttled_at_once(
    code: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "meeting"
    folder.mkdir()
    event = {"folder": str(folder), "wanted": 3}
    async with pool(function(code, "app.meet", reserved_concurrency=2)) as meet:
        both = [asyncio.create_task(invoke(meet, event)) for _ in range(2)]
        await until(lambda: len(list(folder.iterdir())) == 2)
        with pytest.raises(FunctionThrottled, match=r"Rate Exceeded\.") as throttled:
            await invoke(meet, event)
        (folder / "third").touch()
        assert len(set(await asyncio.gather(*both))) == 2
        assert await invoke(meet, event)
    assert throttled.value.error_type == "TooManyRequestsException"


async def test_a_function_with_no_concurrency_never_runs(code: Path) -> None:
    async with pool(function(code, "app.echo", reserved_concurrency=0)) as echo:
        with pytest.raises(FunctionThrottled):
            await invoke(echo)


async def test_an_event_of_more_than_six_megabytes_is_refused(code: Path) -> None:
    async with deployed(function(code, "app.note")) as (functions, _):
        with pytest.raises(FunctionError, match="RequestResponse invocation type") as refused:
            await functions.invoke("app.note", {"x": "y" * 6_291_456}, wait=60)
        assert refused.value.error_type == "RequestEntityTooLargeException"
        with pytest.raises(FunctionError, match="Event invocation type"):
            functions.invoke_later("app.note", {"x": "y" * 1_048_576})
        with pytest.raises(FunctionThrottled, match="there is no function called nobody"):
            functions.invoke_later("nobody", {})


async def test_an_asynchronous_invocation_runs_later_and_is_tried_three_times(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_dev.runtime.asynchronous.RETRY_AFTER", (0.01, 0.01))
    once, thrice = tmp_path / "once", tmp_path / "thrice"
    async with deployed(function(code, "app.note")) as (functions, lines):
        functions.invoke_later("app.note", {"file": str(once)})
        functions.invoke_later("app.note", {"file": str(thrice), "fail": True})
        assert not once.exists()
        await until(lambda: any("given up after 3 attempts: not now" in line for line in lines))
        await until(once.exists)
    assert once.read_text() == "x"
    assert thrice.read_text() == "xxx"


class Queue:
    """A client of SQS, and what reaches it; `clients` as the functions ask for them."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def get(self, service: str) -> Any:
        assert service == "sqs"
        return self

    def get_queue_url(self, **arguments: str) -> dict[str, str]:
        if arguments["QueueName"] == "gone":
            raise LookupError("no such queue")
        return {"QueueUrl": arguments["QueueName"]}

    def send_message(self, **arguments: Any) -> None:
        self.sent.append(arguments)


async def test_what_became_of_an_asynchronous_invocation_is_told(code: Path, tmp_path: Path) -> None:
    heard, queue = tmp_path / "heard", Queue()
    arn = "arn:aws:sqs:us-east-1:1"
    fails = Asynchronous(max_retries=0, dead_letter=f"{arn}:gone", on_failure=f"{arn}:failures")
    works = Asynchronous(on_success="arn:aws:lambda:us-east-1:1:function:app.told:live")
    async with deployed(
        function(code, "app.note", asynchronous=fails),
        function(code, "app.raw", asynchronous=works),
        function(code, "app.told", environment={"FILE": str(heard)}),
        clients=queue,
    ) as (functions, lines):
        functions.invoke_later("app.note", {"file": str(tmp_path / "once"), "fail": True})
        functions.invoke_later("app.raw", '"fine"')
        await until(lambda: bool(queue.sent))
        await until(heard.exists)
        assert any("gone could not be told of an asynchronous event: no such queue" in line for line in lines)
    assert (tmp_path / "once").read_text() == "x"
    (sent,) = queue.sent
    record = json.loads(sent["MessageBody"])
    assert (sent["QueueUrl"], record["requestContext"]["condition"]) == ("failures", "RetriesExhausted")
    assert record["requestPayload"] == {"file": str(tmp_path / "once"), "fail": True}
    assert json.loads(heard.read_text())["responsePayload"] == "fine"


async def test_events_that_wait_are_bounded(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local_dev.runtime.functions.MAX_QUEUED", 2)
    async with deployed(function(code, "app.echo")) as (functions, _):
        for _ in range(2):
            functions.invoke_later("app.echo", {})
        with pytest.raises(FunctionThrottled, match="too many events wait"):
            functions.invoke_later("app.echo", {})


async def test_the_journal_tells_each_invocation(code: Path) -> None:
    journal = Journal()
    async with deployed(function(code, "app.large"), function(code, "app.fail"), journal=journal) as (
        functions,
        _,
    ):
        for _ in range(2):
            await functions.invoke("app.large", {"size": 2}, wait=60)
        with pytest.raises(FunctionRaised):
            await functions.invoke("app.fail", {}, wait=60)
    entries = {
        kind: [one.facts for one in journal.since(0) if one.kind == kind]
        for kind in ("invoked", "returned", "failed", "log")
    }
    assert [(one["function"], one["event"], one["cold"]) for one in entries["invoked"]] == [
        ("app.large", '{"size":2}', True), ("app.large", '{"size":2}', False), ("app.fail", "{}", True),
    ]  # fmt: skip
    assert [one["result"] for one in entries["returned"]] == ['"xx"', '"xx"']
    assert [one["request"] for one in entries["returned"]] == [
        one["request"] for one in entries["invoked"][:2]
    ]
    assert [(one["error_type"], one["error"]) for one in entries["failed"]] == [("KeyError", "'a detail'")]
    assert all(one["duration_ms"] > 0 for one in entries["returned"] + entries["failed"])
    assert any("Traceback" in one["line"] for one in entries["log"])


async def test_warming_loads_each_function_once(code: Path) -> None:
    (code / "loud.py").write_text(
        "print('loaded', flush=True)\ndef handler(event, context): ...\n", encoding="utf-8"
    )
    async with deployed(*(function(code, "loud.handler"), function(code, "broken.handler"))) as (
        functions,
        lines,
    ):
        await functions.warm(["loud.handler", "broken.handler", "nobody"])
        await functions.warm(["loud.handler"])
        await functions.invoke("loud.handler", {}, wait=60)
    assert lines.count("loaded") == 1
    assert sum("Unable to import module 'broken'" in line for line in lines) == 1


async def test_no_temporary_folder_is_left(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    inline = function(None, "index.handler", inline_code="def handler(event, context): return 1")
    async with deployed(inline, function(code, "app.leave"), function(code, "broken.handler")) as (
        functions,
        _,
    ):
        assert await functions.invoke("index.handler", {}, wait=60) == 1
        for name in ("app.leave", "broken.handler"):
            with pytest.raises(FunctionExited):
                await functions.invoke(name, {}, wait=60)
        assert list(scratch.iterdir())
    assert list(scratch.iterdir()) == []
