"""`--debug`: which functions, on which ports; and a session with a small client of the debug adapter protocol."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from local_dev.errors import DebugError, FunctionExited
from local_dev.runtime import debugger, worker
from local_dev.runtime.debugger import DEFAULT_PORT, DebugPort, attach_notice, debug_ports, port_free
from local_dev.runtime.functions import LocalFunctions
from local_dev.stack.model import Function
from tests.ports import free_port

pytestmark = pytest.mark.anyio

WITHIN = 180.0
"""Seconds after which a test gives up; a debugger takes its time to start."""

HANDLER = """\
import os
print("loaded", flush=True)
def handler(event, context):
    total = event["a"] + event["b"]
    return {"total": total, "pid": os.getpid(), "left": context.get_remaining_time_in_millis()}
"""


def function(label: str, code: Path | None = None, **options: Any) -> Function:
    settings: dict[str, Any] = {"timeout": 10.0, "memory": 128, "environment": {}, **options}
    return Function(
        name=f"stack-{label}", arn=f"arn:aws:lambda:us-east-1:1:function:{label}", label=label,
        handler="app.handler", code=code, **settings,
    )  # fmt: skip


FUNCTIONS = {one.name: one for one in (function("Connect"), function("Send"))}


def test_a_function_is_named_by_logical_id_or_name_and_ports_follow_one_another() -> None:
    assert debug_ports([], FUNCTIONS) == {}
    assert debug_ports(["Connect", "stack-Send"], FUNCTIONS) == {
        "stack-Connect": DebugPort(DEFAULT_PORT), "stack-Send": DebugPort(DEFAULT_PORT + 1),
    }  # fmt: skip
    assert debug_ports(["Send:7000", "Connect"], FUNCTIONS) == {
        "stack-Send": DebugPort(7000), "stack-Connect": DebugPort(7001),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("requests", "says"),
    [
        (["Nobody"], "there is no such function; there are: Connect, Send"),
        (["Send:http"], "give FUNCTION or FUNCTION:PORT"),
        (["Send:0"], "give FUNCTION or FUNCTION:PORT"),
        (["Send:65536"], "give FUNCTION or FUNCTION:PORT"),
        ([":5678"], "give FUNCTION or FUNCTION:PORT"),
        (["Send", "Send"], "each function once"),
        (["Send:7000", "Connect:7000"], "a port of its own"),
    ],
)
def test_what_cannot_be_debugged_is_said(requests: list[str], says: str) -> None:
    with pytest.raises(DebugError, match=says):
        debug_ports(requests, FUNCTIONS)


def test_without_debugpy_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DebugError, match=r"pip install 'parley\[debug\]'"):
        debug_ports(["Send"], FUNCTIONS)


def test_the_notice_says_where_to_attach() -> None:
    assert "Send waits for a debugger at 127.0.0.1:5678" in attach_notice("Send", DebugPort(5678))


async def test_a_port_that_another_program_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debugger, "FREE_WITHIN", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DebugError, match=f"port {port}, for the debugger, is taken by another program"):
            await port_free(DebugPort(port))


class Client:
    """As much of the debug adapter protocol as an editor needs to stop at a line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._number = reader, writer, 0

    @classmethod
    async def attached(cls, port: int, breakpoint_at: tuple[Path, int]) -> "Client":
        client = cls(*await asyncio.open_connection("127.0.0.1", port))
        await client.request("initialize", adapterID="test", pathFormat="path")
        client.send("attach", justMyCode=False)
        await client.event("initialized")
        path, line = breakpoint_at
        await client.request("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
        await client.request("configurationDone")
        return client

    def send(self, command: str, **arguments: Any) -> None:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(message).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def request(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.send(command, **arguments)
        response = await self._receive("response", "command", command)
        assert response["success"], response
        return dict(response.get("body") or {})

    async def event(self, name: str) -> dict[str, Any]:
        return dict((await self._receive("event", "event", name)).get("body") or {})

    async def _receive(self, kind: str, key: str, name: str) -> dict[str, Any]:
        while True:
            head = await self._reader.readuntil(b"\r\n\r\n")
            message = json.loads(await self._reader.readexactly(int(head.split(b":")[1])))
            if message["type"] == kind and message[key] == name:
                return dict(message)

    async def value(self, expression: str, thread: int) -> str:
        frames = (await self.request("stackTrace", threadId=thread))["stackFrames"]
        answer = await self.request("evaluate", expression=expression, frameId=frames[0]["id"])
        return str(answer["result"])

    def close(self) -> None:
        self._writer.close()


class Lines:
    """What was printed, and waiting for it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._more = asyncio.Event()

    def add(self, line: str) -> None:
        self.seen.append(line)
        self._more.set()

    async def times(self, text: str, count: int) -> None:
        while sum(text in line for line in self.seen) < count:
            self._more.clear()
            await self._more.wait()


@contextlib.asynccontextmanager
async def debugged(made_of: Function, port: int, lines: Lines) -> AsyncIterator[LocalFunctions]:
    functions = LocalFunctions(
        {made_of.name: made_of},
        service_for=lambda _: {},
        output=lambda _, line: lines.add(line),
        debug={made_of.name: DebugPort(port)},
    )
    try:
        yield functions
    finally:
        await functions.stop()


async def test_a_session_stops_at_a_line_for_as_long_as_one_likes_and_survives_a_reload(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "app.py"
    source.write_text(HANDLER, encoding="utf-8")
    monkeypatch.setattr(worker, "INIT_TIMEOUT", 0.01)  # neither this limit counts nor the function's own
    port, lines = free_port(), Lines()
    async with (
        asyncio.timeout(WITHIN),
        debugged(function("Sum", tmp_path, timeout=0.01), port, lines) as functions,
    ):
        await functions.warm(["stack-Sum"])
        for attempt in (1, 2):
            await lines.times("waiting for a debugger at 127.0.0.1", attempt)
            assert sum("loaded" in line for line in lines.seen) == attempt - 1
            client = await Client.attached(port, (source, 5))
            invocation = asyncio.create_task(functions.invoke("stack-Sum", {"a": 1, "b": 2}, wait=0.01))
            stopped = await client.event("stopped")
            assert await client.value("total", stopped["threadId"]) == "3"
            await client.request("continue", threadId=stopped["threadId"])
            result = await invocation
            assert result["total"] == 3
            assert result["left"] > 1_000_000
            # One that stays attached does not keep the next worker from listening.
            functions.reload(["stack-Sum"])
            if attempt == 1:
                client.close()
        await lines.times("waiting for a debugger at 127.0.0.1", 3)
        client.close()
    with pytest.raises(ProcessLookupError):
        os.kill(result["pid"], 0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_that_is_taken_fails_the_invocation_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debugger, "FREE_WITHIN", 0.1)
    lines = Lines()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with debugged(function("Sum", tmp_path), port, lines) as functions:
            with pytest.raises(FunctionExited, match=f"port {port}, for the debugger, is taken"):
                await functions.invoke("stack-Sum", {}, wait=60)
    assert any(f"port {port}, for the debugger, is taken" in line for line in lines.seen)
