"""What several suites share: the chat, served by the real command line from the real template."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes, or to make one, says more about what else the machine is doing.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# `make fuzz` takes this one; tests with a number of examples of their own keep it.
settings.register_profile("fuzz", max_examples=5000)

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The event loop of the asynchronous tests."""
    return "asyncio"


@dataclass(frozen=True)
class ServedGateway:
    """A gateway in a process of its own. `url` is http://127.0.0.1:<port>; `log` is the file it prints to. With
    `--https` `secure` is https://localhost:<port>, whose certificate `authority` has signed.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    secure: str = ""
    authority: Path = Path()

    @property
    def ws_url(self) -> str:
        """The same address for WebSocket clients."""
        return self.url.replace("http", "ws", 1)


def serve(log: Path, *arguments: str) -> ServedGateway:
    """Start `python -m local_dev --port 0 …` and wait until it says where it listens."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "local_dev", "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=out,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    assert process.stdout
    url, secure, authority = "", "", Path()
    for line in process.stdout:
        found = re.search(rb"(?:http|ws)://[\d.]+:\d+", line)
        if found:
            url = found[0].decode().replace("ws", "http", 1)
        found = re.match(rb"trust +(.+): the authority of (https://\S+)", line)
        if found:
            authority, secure = Path(found[1].decode()), found[2].decode()
        if b"Ctrl-C" in line:
            return ServedGateway(url, process, log, secure, authority)
    raise AssertionError(f"the gateway did not start:\n{log.read_text()}")


def stop(served: ServedGateway) -> int:
    """End it as Ctrl-C does; its exit status."""
    served.process.send_signal(signal.SIGINT)
    return served.process.wait(60)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    """The chat itself, one for the whole run; each test takes a room of its own."""
    served = serve(tmp_path_factory.mktemp("gateway") / "log.txt")
    yield served
    assert stop(served) == 0
