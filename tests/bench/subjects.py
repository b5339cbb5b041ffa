"""What is measured side by side: each is a chat at an address, and where it was started here, a process.

A subject has to do one thing: what a client sends as `{"content": "…"}` comes back to everyone who connected to the
same room, the sender too, in a text frame that has the content in it.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from tests.conftest import ROOT, ServedGateway, serve, stop

GATEWAY, DEMO, LIMIT = "Parley's local gateway", "FastAPI chat, in memory", "bare websockets"
PARAMETERS = ("MessageRate=0", "ThrottleRate=10000", "ThrottleBurst=5000")
"""A benchmark is faster than people talk: without these it would measure the limits."""


@dataclass(frozen=True)
class Subject:
    """A chat. `template` is its address with {room} and {name}; `pid` the process, if it is ours."""

    name: str
    template: str
    pid: int | None = None
    started: float | None = None
    served: ServedGateway | None = None

    def address(self, room: str, name: str) -> str:
        """Where a client of a room connects."""
        return self.template.format(room=quote(room, safe=""), name=quote(name, safe=""))


@contextmanager
def gateway() -> Iterator[Subject]:
    """The local gateway by its command line."""
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        arguments = [part for parameter in PARAMETERS for part in ("--param", parameter)]
        served = serve(Path(folder) / "log.txt", *arguments)
        try:
            yield Subject(
                GATEWAY, served.ws_url + "/ws/{room}/{name}", served.process.pid, began, served=served
            )
        finally:
            stop(served)


@contextmanager
def module(name: str, path: str) -> Iterator[Subject]:
    """A server of this folder, which prints its address."""
    began = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", path], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            found = re.search(rb"ws://\S+", process.stdout.readline())
            assert found, f"{path} did not start"
            yield Subject(name, found[0].decode() + "/ws/{room}/{name}", process.pid, began)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def peer(text: str) -> Subject:
    """One that runs already: `NAME=ws://host/path?room={room}&name={name}`, with `@PID` before the `=` if its memory is
    to be measured. Without a name the address is the name. ValueError where a placeholder is missing.
    """
    found = re.fullmatch(r"(?:(?P<name>[^=/]+?)(?:@(?P<pid>\d+))?=)?(?P<url>wss?://.+)", text)
    if not found or "{room}" not in found["url"]:
        raise ValueError(f"{text!r}: an address with {{room}}, and {{name}} if it is wanted, is needed")
    name = found["name"] or found["url"].partition("?")[0]
    return Subject(name, found["url"], int(found["pid"]) if found["pid"] else None)


@contextmanager
def all_subjects(peers: list[str]) -> Iterator[list[Subject]]:
    """All of them, running."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(gateway()),
            stack.enter_context(module(DEMO, "tests.bench.demo")),
            stack.enter_context(module(LIMIT, "tests.bench.broadcast")),
            *(peer(text) for text in peers),
        ]
