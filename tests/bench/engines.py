"""What a post to a connection costs: the chat's engine, boto3, and what lies between.

python -m tests.bench.engines [--rounds 3]. To each stand-in for @connections (plain and over
TLS, answering after 0, 10 and 30 ms) the engines post in turn, round after round; the figures are medians.
The client has one core and the server another, where the system lets them choose. CPU is that of the client alone,
all its threads. Connections are open before the first post is counted, as they are in a warm function.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from chat import clock
from chat.curl import CurlPosts
from chat.posts import Post, Verdict
from chat.signing import Signer

from tests.bench import machine
from tests.bench.posts_server import Place, posts_server
from tests.bench.progress import say
from tests.bench.tables import table

OURS, ONE_BY_ONE, MIDDLE = "ours, over libcurl", "boto3, one by one", "SigV4Auth + urllib3, 16 threads"
POSTS = 1000
LATENCIES_MS = [0, 10, 30]
THREADS = (8, 16, 64)
WARM = {OURS: POSTS, ONE_BY_ONE: 16}
"""Posts that open an engine's connections, where 200 are not right."""
ONE_BY_ONE_UNDER_LATENCY = 50
"""Posts of the engine that waits for each: it is as far from the others after these as after a thousand."""

FRAME = json.dumps(
    {
        "type": "message",
        "room_id": "general",
        "client_id": "Sara",
        "content": "Shall we meet at seven, by the bridge?",
        "timestamp": "2026-01-01T12:00:00.000Z",
        "seq": 12345,
        "id": "0f8fad5b-d9cb",
    }
).encode()

Engine = Callable[[Sequence[Post]], None]
"""Posts all and returns once all are answered; NotDelivered where one was not."""


class NotDelivered(Exception):
    """A post was refused, or timed out on a machine that is too busy; the time of its batch says nothing."""


KEYS = ("AKIDEXAMPLE", "secret", "token" * 100)


def engines(place: Place, authority: Path) -> dict[str, Engine]:
    """Every engine, for one server."""
    found = {OURS: libcurl(place, authority), ONE_BY_ONE: boto(place, authority, 1)}
    found |= {in_threads(threads): boto(place, authority, threads) for threads in THREADS}
    return found | {MIDDLE: signed_urllib3(place, authority, 16)}


def in_threads(threads: int) -> str:
    """The name of boto3 in so many threads."""
    return f"boto3, {threads} threads"


def libcurl(place: Place, authority: Path) -> Engine:
    os.environ["AWS_CA_BUNDLE"] = str(authority)
    signer = Signer(
        Credentials(*KEYS),
        host=urlsplit(place.url).netloc,
        region="us-east-1",
        service="execute-api",
        now=clock.now,
    )
    posts = CurlPosts(place.url, signer)

    def post(batch: Sequence[Post]) -> None:
        os.environ["AWS_CA_BUNDLE"] = str(authority)  # read when a handle is made
        for result in posts.post(batch):
            if result.verdict is not Verdict.DELIVERED:
                raise NotDelivered(result.reason)

    return post


def boto(place: Place, authority: Path, threads: int) -> Engine:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=place.url,
        region_name="us-east-1",
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
        aws_session_token=KEYS[2],
        verify=str(authority),
        config=Config(max_pool_connections=threads, retries={"total_max_attempts": 1}),
    )
    return _spread(threads, lambda to, frame: client.post_to_connection(ConnectionId=to, Data=frame))


def signed_urllib3(place: Place, authority: Path, threads: int) -> Engine:
    """What is left of boto3 without its client."""
    pool = urllib3.PoolManager(maxsize=threads, ca_certs=str(authority))
    signer = SigV4Auth(Credentials(*KEYS), "execute-api", "us-east-1")

    def post(to: str, frame: bytes) -> None:
        request = AWSRequest("POST", f"{place.url}/@connections/{quote(to, safe='')}", data=frame)
        signer.add_auth(request)
        answer = pool.request("POST", str(request.url), body=frame, headers=dict(request.headers))
        if answer.status != 200:
            raise NotDelivered(str(answer.status))

    return _spread(threads, post)


def _spread(threads: int, post: Callable[[str, bytes], object]) -> Engine:
    pool = ThreadPoolExecutor(threads)

    def one_by_one(batch: Sequence[Post]) -> None:
        for each in batch:
            post(*each)

    def at_once(batch: Sequence[Post]) -> None:
        for _ in pool.map(lambda each: post(*each), batch):
            pass

    return one_by_one if threads == 1 else at_once


def measure(rounds: int) -> list[dict[str, Any]]:
    """A row for each engine and server: posts, wall and CPU in milliseconds for a thousand posts."""
    samples: dict[tuple[int, bool, str], list[tuple[float, float]]] = {}
    with posts_server(LATENCIES_MS) as (places, authority), _first_core():
        for place in places:
            say(f"engines: {'TLS' if place.tls else 'HTTP'}, answered after {place.latency_ms} ms")
            # Those of one server at a time: libcurl's select() can tell of 1,024 files, and each has hundreds.
            its = {name: each for name, each in engines(place, authority).items() if _wanted(place, name)}
            for name, engine in its.items():
                _timed(engine, WARM.get(name, 200))
            for _ in range(rounds):
                for name, engine in its.items():
                    samples.setdefault((place.latency_ms, place.tls, name), []).extend(
                        _run(place, name, engine)
                    )
    return [
        {
            "engine": name,
            "latency_ms": latency_ms,
            "tls": tls,
            "wall_ms": statistics.median(wall for wall, _ in runs),
            "cpu_ms": statistics.median(cpu for _, cpu in runs),
        }
        for (latency_ms, tls, name), runs in samples.items()
        if runs
    ]


def _wanted(place: Place, name: str) -> bool:
    """Over TLS what is compared, and no more: it says the same."""
    return not place.tls or (place.latency_ms != 30 and name in {OURS, ONE_BY_ONE, in_threads(64)})


def _run(place: Place, name: str, engine: Engine) -> list[tuple[float, float]]:
    count = ONE_BY_ONE_UNDER_LATENCY if name == ONE_BY_ONE and place.latency_ms else POSTS
    times = []
    for _ in range(5 if name == OURS else 1):
        if taken := _timed(engine, count):
            times.append(taken)
    return times


def _timed(engine: Engine, count: int) -> tuple[float, float] | None:
    """Wall and CPU in milliseconds for a thousand posts; None where one was not delivered."""
    batch = _batch(count)
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        engine(batch)
    except NotDelivered as error:
        say(f"engines: a batch does not count: {error}")
        return None
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall * 1000 * POSTS / count, cpu * 1000 * POSTS / count


def _batch(count: int) -> list[Post]:
    return [(f"L0SM9cOFvHcCIhw{number:05}=", FRAME) for number in range(count)]


@contextmanager
def _first_core() -> Iterator[None]:
    """This process has the first core, as the server has the last. Threads that it starts have the same."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def find(rows: list[dict[str, Any]], engine: str, latency_ms: int, *, tls: bool = False) -> dict[str, Any]:
    """The row of one engine at one server."""
    wanted = {"engine": engine, "latency_ms": latency_ms, "tls": tls}
    return next(row for row in rows if wanted.items() <= row.items())


def ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    """How many times as much: posts for each second of CPU against boto3 one by one without latency, and the time for
    1,000 posts at 10 ms against boto3 in 64 threads; each in plain and over TLS.
    """
    found = {}
    for tls, way in ((False, "HTTP"), (True, "TLS")):
        ours, theirs = find(rows, OURS, 0, tls=tls), find(rows, ONE_BY_ONE, 0, tls=tls)
        found[f"posts per CPU-second at 0 ms, {way}"] = theirs["cpu_ms"] / ours["cpu_ms"]
        ours, theirs = find(rows, OURS, 10, tls=tls), find(rows, in_threads(64), 10, tls=tls)
        found[f"1,000 posts at 10 ms against 64 threads, {way}"] = theirs["wall_ms"] / ours["wall_ms"]
    return found


def tables(rows: list[dict[str, Any]]) -> str:
    """The figures of `measure` in Markdown."""
    shown = [
        (
            row["engine"],
            "TLS" if row["tls"] else "HTTP",
            row["latency_ms"],
            POSTS / row["wall_ms"] * 1000,
            row["cpu_ms"] / POSTS,
            row["wall_ms"],
        )
        for row in sorted(rows, key=lambda row: (row["tls"], row["latency_ms"]))
    ]
    head = ("engine", "over", "answered after, ms", "posts a second", "CPU-ms a post", "1,000 posts, ms")
    compared = [(name, f"{ratio:.1f}") for name, ratio in ratios(rows).items()]
    return table(head, shown) + "\n\n" + table(("ours against boto3", "times"), compared)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(machine.line(), tables(measure(options.rounds)), sep="\n\n")


if __name__ == "__main__":
    main()
