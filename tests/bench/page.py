"""How smoothly the page shows a busy room: the times between its frames while 50 messages a second arrive, with 5,000
messages in the log and with 100, at the end of it and on the way through it, beside a room in which nothing happens.

python -m tests.bench.page [--rounds 3] [--site FOLDER] [--out DIRECTORY]

A server of a few lines stands in for the gateway, which would take the processor away from the page that is measured.
"""

import argparse
import itertools
import json
import mimetypes
import os
import random
import statistics
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from tests.bench import machine
from tests.bench.progress import say
from tests.bench.statistic import percentile
from tests.bench.tables import table
from tests.browser import chromium
from tests.conftest import ROOT

SITE = ROOT / "site"
FEW, MANY = 100, 5_000
A_SECOND = 50
SECONDS, WARM = 10.0, 2.0
ROUNDS = 3
PAGE = 100
"""Messages of one answer."""
SCENES: Mapping[str, tuple[int, bool, bool]] = {
    # messages in the log, whether others talk, whether one scrolls through it
    "nothing happens": (FEW, False, False),
    f"{FEW} messages, at the end": (FEW, True, False),
    f"{MANY:,} messages, at the end": (MANY, True, False),
    f"{FEW} messages, scrolling": (FEW, True, True),
    f"{MANY:,} messages, scrolling": (MANY, True, True),
}

# What is recorded in the page: the moments of its frames, and its long tasks.
WATCH = """() => {
  window.seen = { frames: [], long: [] };
  const frame = (at) => { seen.frames.push(at); requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) seen.long.push([startTime, duration]);
  }).observe({ type: "longtask" });
}"""
# Up and down through the log, a screen in a third of a second.
SCROLL = """() => {
  const log = document.querySelector("#log");
  let [step, still, last] = [-1, 0, log.scrollTop];
  const frame = () => {
    log.scrollTop += step * log.clientHeight / 20;
    still = log.scrollTop === last ? still + 1 : 0;
    last = log.scrollTop;
    if (still > 5) [step, still] = [-step, 0];
    window.scrolling = requestAnimationFrame(frame);
  };
  frame();
}"""

PEOPLE = ["Ada", "Bo", "Cy", "مریم", "Di", "آرش", "Ed", "Flo", "Gus", "Hal"]
WORDS = """the harbour camera is back up and there is a heron on the jetty again سلام به همه من هم رسیدم کسی عکسش را
گرفت lunch at noon, then the long way home; bring dumplings 🐦 https://example.org/heron and no laptops"""


@dataclass
class Room:
    """What was said in it, and who listens."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    ears: list[ServerConnection] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, count: int, *, until: datetime | None = None) -> None:
        """So many messages, in one frame; up to that moment, or now."""
        now = until or datetime.now(UTC)
        with self.lock:
            fresh = [self._message(now - timedelta(seconds=10 * left)) for left in reversed(range(count))]
            for ear in self.ears:
                with suppress(ConnectionClosed):
                    ear.send(json.dumps(fresh))

    def _message(self, at: datetime) -> dict[str, Any]:
        length = self.chance.choice((3, 6, 6, 12, 12, 40))
        said = {
            "type": "message",
            "room_id": "r",
            "client_id": self.chance.choice(PEOPLE),
            "content": " ".join(self.chance.choices(WORDS.split(), k=length)),
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "seq": len(self.messages) + 1,
        }
        self.messages.append(said)
        return said

    def answer(self, ask: Mapping[str, Any]) -> dict[str, Any]:
        """The page of the log that is asked for."""
        last = len(self.messages)
        if "after" in ask:
            found = self.messages[ask["after"] : ask["after"] + PAGE]
            first, through = ask["after"] + 1, ask["after"] + len(found)
            more = through < last
        else:
            through = int(ask.get("before", last + 1)) - 1
            first = max(1, through - PAGE + 1)
            found, more = self.messages[first - 1 : through], first > 1
        return {
            "type": "page",
            "messages": found,
            "from": first,
            "through": through,
            "last_seq": last,
            "more": more,
            "timestamp": "",
            "id": ask.get("id"),
        }

    def listen(self, socket: ServerConnection) -> None:
        """Somebody in the room, until they go."""
        with self.lock:
            self.ears.append(socket)
        users = sorted({"Reader", *PEOPLE})
        socket.send(json.dumps({"type": "presence", "users": users, "timestamp": "2030-01-01T00:00:00Z"}))
        for frame in socket:
            asked = json.loads(frame)
            if asked.get("action") == "sync":
                with self.lock:
                    socket.send(json.dumps(self.answer(asked)))


@contextmanager
def served(site: Path, room: Room) -> Iterator[str]:
    """The page's files and the room at one address."""

    def respond(_: ServerConnection, request: Request) -> Response | None:
        path = urlsplit(request.path).path
        if path.startswith("/ws/"):
            return None
        file = (site / (path.lstrip("/") or "index.html")).resolve()
        if not (file.is_relative_to(site.resolve()) and file.is_file()):
            return Response(HTTPStatus.NOT_FOUND, "Not Found", Headers([("Content-Length", "0")]))
        body = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = Headers(
            [("Content-Type", kind), ("Content-Length", str(len(body))), ("Connection", "close")]
        )
        return Response(HTTPStatus.OK, "OK", headers, body)

    server: Server
    with serve(room.listen, "127.0.0.1", 0, process_request=respond, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def measure(browser: Browser, site: Path, held: int, *, talking: bool, scrolling: bool) -> dict[str, float]:
    """One scene, played once on a page of its own."""
    room = Room()
    room.say(PAGE, until=datetime.now(UTC) - timedelta(seconds=10 * held))
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    try:
        with served(site, room) as url:
            page = context.new_page()
            page.goto(url)
            page.locator("#name").fill("Reader")
            page.locator("#room").fill("r")
            page.locator("#enter").click()
            page.locator(".message").first.wait_for()
            while len(room.messages) < held:
                room.say(min(500, held - len(room.messages)), until=datetime.now(UTC) - timedelta(hours=2))
                page.wait_for_timeout(100)
            page.wait_for_timeout(1_000)
            page.evaluate(WATCH)
            if scrolling:
                page.evaluate(SCROLL)
            return _observed(page, context.new_cdp_session(page), room, talking=talking)
    finally:
        context.close()


def _observed(page: Page, devtools: CDPSession, room: Room, *, talking: bool) -> dict[str, float]:
    over = threading.Event()

    def talk() -> None:
        began = time.monotonic()
        for number in itertools.count():
            if over.wait(max(0.0, began + number / A_SECOND - time.monotonic())):
                return
            room.say(1)

    speaker = threading.Thread(target=talk, daemon=True)
    if talking:
        speaker.start()
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})  # what others take is not counted
    page.wait_for_timeout(WARM * 1000)
    before, said = _metrics(devtools), len(room.messages)
    began = page.evaluate("performance.now()")
    page.wait_for_timeout(SECONDS * 1000)
    after, heard = _metrics(devtools), len(room.messages) - said
    seen = page.evaluate("seen")
    rows = page.locator("#rows > li").count()
    over.set()
    if talking:
        speaker.join()
    ends = began + SECONDS * 1000
    frames = [at for at in seen["frames"] if began <= at < ends]
    gaps = [later - earlier for earlier, later in itertools.pairwise(frames)]
    long = [duration for at, duration in seen["long"] if began <= at < ends]
    spent = {
        name: (after[name] - before[name]) * 1000
        for name in ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")
    }
    each = heard or 1
    return {
        "median": statistics.median(gaps),
        "p95": percentile(gaps, 95),
        "p99": percentile(gaps, 99),
        "longest": max(gaps),
        **{f"over_{bound}": 100 * sum(gap > bound + 1 for gap in gaps) / len(gaps) for bound in (17, 33, 50)},
        "long_tasks": len(long),
        "heard": heard,
        "script": spent["ScriptDuration"] / each if heard else 0.0,
        "layout": (spent["LayoutDuration"] + spent["RecalcStyleDuration"]) / each if heard else 0.0,
        "busy": spent["TaskDuration"] / SECONDS / 10,
        "rows": rows,
        "heap_mb": after["JSHeapUsedSize"] / 1e6,
    }


def _metrics(devtools: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}


def figures(rounds: int = ROUNDS, site: Path = SITE) -> dict[str, Any]:
    """The median of the rounds for each scene; about three minutes."""
    found: dict[str, list[dict[str, float]]] = {scene: [] for scene in SCENES}
    loads = []
    with sync_playwright() as playwright:
        path = chromium.executable()
        assert path is not None, "no Chromium on PATH, and CHROMIUM does not name one"
        browser = playwright.chromium.launch(executable_path=path, args=chromium.ARGUMENTS)
        for number in range(rounds):
            for scene, (held, talking, scrolling) in SCENES.items():
                loads.append(os.getloadavg()[0])
                found[scene].append(measure(browser, site, held, talking=talking, scrolling=scrolling))
                say(f"{number + 1} of {rounds}: {scene}: {_brief(found[scene][-1])}")
        version = browser.version
        browser.close()
    medians = {
        scene: {key: statistics.median(each[key] for each in all_) for key in all_[0]}
        for scene, all_ in found.items()
    }
    return {"scenes": medians, "rounds": rounds, "chromium": version, "load": statistics.median(loads)}


def _brief(one: Mapping[str, float]) -> str:
    return ", ".join(f"{key} {value:.3g}" for key, value in one.items())


def tables(found: Mapping[str, Any]) -> str:
    """Markdown for docs/page.md."""
    head = [
        "50 messages a second arrive",
        "frame, median ms",
        "p95",
        "p99",
        "longest",
        "over 17 ms",
        "over 33 ms",
        "over 50 ms",
    ]
    head += ["long tasks", "script a message, ms", "style and layout, ms", "main thread busy", "rows"]
    rows: list[Sequence[object]] = []
    for scene, each in found["scenes"].items():
        shares = [f"{each[f'over_{bound}']:.1f} %" for bound in (17, 33, 50)]
        times = [f"{each[key]:.1f}" for key in ("median", "p95", "p99", "longest")]
        costs = [each["script"] or None, each["layout"] or None, f"{each['busy']:.0f} %", int(each["rows"])]
        rows.append([scene, *times, *shares, int(each["long_tasks"]), *costs])
    note = (
        f"Chromium {found['chromium']} without a graphics card, 1280 x 900, {found['rounds']} rounds of "
        f"{SECONDS:.0f} s, medians; load of the machine when each began, median: {found['load']:.1f}."
    )
    return f"{note}\n\n{table(head, rows)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--site", type=Path, default=SITE, help="another version of the page")
    options = parser.parse_args()
    print(machine.line())
    print(f"\n{tables(figures(options.rounds, options.site))}")
