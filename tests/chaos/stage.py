"""Where it is played: a store that stays up, and a real gateway over it that may be killed and started again."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_dev.stack.clients import make_client
from local_dev.stack.cloud import CREDENTIALS, Cloud
from tests.asking import ask
from tests.chaos.ending import Stored
from tests.conftest import ROOT
from tests.ports import free_port

REGION = "us-east-1"
START_SECONDS = 180.0
SWEEP_SECONDS = 0.5


class Store:
    """DynamoDB, as moto has it in a process of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.url = cloud.endpoint_url
        self._client = make_client("dynamodb", self.url, region=REGION, credentials=CREDENTIALS)

    async def log(self) -> dict[str, list[Stored]]:
        """Every room's messages."""
        rooms: dict[str, list[Stored]] = {}
        for item in await asyncio.to_thread(self._scan, "RoomLog"):
            if "content" in item and int(item["seq"]["N"]) > 0:
                id = item["id"]["S"] if "id" in item else None
                message = Stored(int(item["seq"]["N"]), item["client_id"]["S"], id, item["content"]["S"])
                rooms.setdefault(item["room_id"]["S"], []).append(message)
        return rooms

    async def memberships(self) -> list[tuple[str, str]]:
        """Room and connection of everyone who counts as there. What counts a person's connections is none."""
        return [
            (item["room_id"]["S"], item["place"]["S"][4:])
            for item in await asyncio.to_thread(self._scan, "Memberships")
            if "client_id" in item
        ]

    def _scan(self, table: str) -> list[dict[str, Any]]:
        (name,) = (name for name in self._client.list_tables()["TableNames"] if table in name)
        pages = self._client.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        return [item for page in pages for item in page["Items"]]


@asynccontextmanager
async def store() -> AsyncIterator[Store]:
    """An empty one, ended with the block."""
    cloud = await Cloud.start(
        {"Resources": {}}, parameters={}, region=REGION, stack="store", ttl_sweep=SWEEP_SECONDS
    )
    try:
        yield Store(cloud)
    finally:
        await cloud.stop()


@dataclass
class Gateway:
    """`python -m local_dev` on one port, over and over. Its output is in `folder`/gateway.txt."""

    folder: Path
    store_url: str
    template: Path = ROOT / "template.yaml"
    parameters: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it listens; AssertionError with what it said if it does not."""
        log = self.folder / "gateway.txt"
        before = _count_ready(log)
        command = [
            sys.executable,
            "-m",
            "local_dev",
            "--template",
            str(self.template),
            "--port",
            str(self.port),
        ]
        command += ["--no-reload", "--faults", "--aws-endpoint", f"dynamodb={self.store_url}"]
        for name, value in self.parameters.items():
            command += ["--param", f"{name}={value}"]
        with log.open("ab") as out:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                stdout=out,
                stderr=out,
                env={
                    **os.environ,
                    "PYTHONUNBUFFERED": "1",
                    "XDG_CACHE_HOME": str(self.folder.parent / "cache"),
                },
                process_group=0,
            )
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        while _count_ready(log) == before:
            late = asyncio.get_running_loop().time() > deadline
            assert self._process.returncode is None and not late, f"no gateway: {log.read_text()[-2000:]}"
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """End it as nothing else does: nobody says goodbye, and what it had in memory is gone."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it as Ctrl-C does."""
        await self._end(signal.SIGINT)

    async def _end(self, number: int) -> None:
        if self._process and self._process.returncode is None:
            self._process.send_signal(number)
            try:
                async with asyncio.timeout(20):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        self._process = None

    async def set_faults(self, faults: list[dict[str, Any]], *, seed: int) -> None:
        """From now on these rules."""
        await self._ask("PUT", "faults", {"seed": seed, "faults": faults})

    async def faults(self) -> list[dict[str, Any]]:
        """The rules in force, with how often each has done harm."""
        report = await self._ask("GET", "faults")
        rules: list[dict[str, Any]] = report["faults"]
        return rules

    async def advance(self, seconds: float) -> None:
        """Let connections grow older by so much."""
        await self._ask("POST", "clock", {"advance": seconds})

    async def _ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await asyncio.to_thread(ask, self.url, method, path, body)
        assert status == 200, answer
        return answer


@asynccontextmanager
async def gateway(
    folder: Path, store_url: str, *, template: Path, parameters: Mapping[str, str]
) -> AsyncIterator[Gateway]:
    """A running one, ended with the block."""
    served = Gateway(folder, store_url, template, parameters)
    try:
        await served.start()
        yield served
    finally:
        await served.stop()


def _count_ready(log: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        return log.read_bytes().count(b"Ctrl-C")
    return 0
