"""The gateway's side of the moto process: start it with a stack, learn what was deployed, hear of stream
records.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DeployError

log = logging.getLogger(__name__)

TTL_SWEEP = 5.0
"""Seconds between looks for expired items. DynamoDB takes up to a few days."""

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIALOCALLOCALLOCAL0",
    "AWS_SECRET_ACCESS_KEY": "local-secret-that-opens-nothing",
    "AWS_SESSION_TOKEN": "local-session",
}
"""moto's own, and what is signed with towards it. It accepts any; a session token is there because a Lambda's
credentials have one.
"""


@dataclass(frozen=True)
class Resource:
    """One deployed resource: every intrinsic in `properties` is resolved; `id` is what Ref gives."""

    logical_id: str
    type: str
    id: str
    properties: Mapping[str, Any]


async def spawn(region: str) -> asyncio.subprocess.Process:
    """Start a moto process that waits for a stack; worth doing before there is one, since it takes half a second
    to load. It ends when its standard input is closed.
    """
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"{__package__}.moto_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            # The user's own AWS settings are not for it.
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **CREDENTIALS,
            "AWS_DEFAULT_REGION": region,
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        },
        limit=2**26,  # the answer is one line with the whole stack
        process_group=0,  # Ctrl-C is the gateway's to handle
    )


class Cloud:
    """A running moto with the stack in it, started by `Cloud.start(…)`. `notes` are pairs of a logical id and what
    of it has only a stand-in here.
    """

    def __init__(self, process: asyncio.subprocess.Process, deployed: Mapping[str, Any], region: str) -> None:
        self._process = process
        self.region = region
        self.account: str = deployed["account"]
        self.endpoint_url = f"http://127.0.0.1:{deployed['port']}"
        self.outputs: dict[str, str] = deployed["outputs"]
        self.notes = tuple((str(note["logical_id"]), str(note["text"])) for note in deployed["notes"])
        self.resources = {
            logical_id: Resource(logical_id, item["type"], item["id"], item["properties"])
            for logical_id, item in deployed["resources"].items()
        }
        self._changed: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        """Who is still to be told that a source has something, by its ARN."""
        self._listener = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls,
        template: Mapping[str, Any],
        *,
        parameters: Mapping[str, str],
        region: str,
        stack: str,
        process: asyncio.subprocess.Process | None = None,
        ttl_sweep: float = TTL_SWEEP,
        address: str = "",
    ) -> "Cloud":
        """Deploy `template` into a new moto process, or into `process`, which `spawn` has started; DeployError
        says why it cannot be. Expired items are deleted each `ttl_sweep` seconds, with 0 never. `address` is the
        domain name that a CloudFront distribution gets, instead of one of CloudFront's.
        """
        process = process or await spawn(region)
        assert process.stdin and process.stdout
        request = {
            "template": template,
            "parameters": parameters,
            "region": region,
            "stack": stack,
            "ttl_sweep": ttl_sweep,
            "address": address,
        }
        process.stdin.write(json.dumps(request).encode() + b"\n")
        line = await process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the moto process ended before it answered"}
        if "error" in answer:
            process.stdin.close()
            await process.wait()
            resource = f"{answer['logical_id']}: " if answer.get("logical_id") else ""
            raise DeployError(
                f"the template cannot be deployed: {resource}{answer['error']}",
                logical_id=answer.get("logical_id"),
            )
        return cls(process, answer, region)

    async def _listen(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            with contextlib.suppress(ValueError, KeyError):
                changed = self._changed[json.loads(line)["stream"]]
                while changed:
                    changed.pop().set()
        log.error("the moto process has ended: tables and queues are gone, restart the gateway")

    def changes(self, arn: str) -> Callable[[float], Awaitable[None]]:
        """For one reader of a stream or a queue: what returns once there is something that was not there when it
        last returned, or after so many seconds.
        """
        news, listening = asyncio.Event(), self._changed[arn]
        listening.add(news)

        async def changed(timeout: float) -> None:
            # Not wait_for, here and elsewhere: before Python 3.12 it may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await news.wait()
            news.clear()
            listening.add(news)

        return changed

    async def stop(self) -> None:
        """End the process and wait for it."""
        self._listener.cancel()
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
