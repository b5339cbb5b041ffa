"""How long a message takes to the last member of a large room, told directly or in slices.

python -m tests.bench.large_rooms [--latency 200] [--workers 40] [--runs 3]. The code is that of the functions, and so
are the posts; around them stand models with latencies like those of AWS: the management API (a process of its own
that answers after --latency ms), DynamoDB, and SQS (batches of two, each message given to one of --workers
processes). The latency of a post is long on purpose: then what is measured is waiting, as in the cloud, and not how
fast two cores send all posts by themselves.
"""

import argparse
import asyncio
import bisect
import http.client
import json
import math
import multiprocessing
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing.process import BaseProcess
from typing import Any, ClassVar

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from botocore.credentials import Credentials
from chat import clock, events, places
from chat.connections import PATIENT, PAUSES, Connections
from chat.conversation import Conversation
from chat.curl import CurlPosts
from chat.deliveries import Deliveries
from chat.identity import Identity
from chat.log import Appended
from chat.memberships import Member, Roll
from chat.places import WHOLE, Span
from chat.rooms import DEFAULT_LARGE, Rooms
from chat.signing import Signer
from chat.slices import Slice

from tests.bench import machine
from tests.bench.posts_server import Answering
from tests.bench.progress import say
from tests.bench.tables import table

SIZES = (500, 1_000, 2_000, 5_000, 10_000, 20_000)
DIRECT = 5_000  # told directly, more than these take minutes
LATENCY, WORKERS, RUNS = 200.0, 40, 3
CALL = 0.005  # of DynamoDB, and of SQS, until it is answered
PAGE = 0.020  # a query of a thousand rows
HOP = 0.015  # from the queue to a function that waits for it
BATCH = 2  # the template's BatchSize
CALLS_AT_ONCE = 8  # of SendMessageBatch, ten slices each
SENDER = "sender="
TIMEOUT = 120.0


class Api(Answering):
    """The management API: counts posts by connection, and answers each after a while."""

    got: ClassVar[Counter[bytes]] = Counter()
    last: ClassVar[float] = 0.0
    path = b""

    def on_url(self, url: bytes) -> None:
        """The parser's: a request has begun."""
        self.path = url

    def on_message_complete(self) -> None:
        """The parser's: a request is whole. One of them is no post, but asks what came since it was last asked."""
        if self.path == b"/taken":
            taken = {"posts": self.got.total(), "members": len(self.got), "last": Api.last}
            self.got.clear()
            body = json.dumps(taken).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return
        self.got[self.path] += 1
        Api.last = time.monotonic()
        super().on_message_complete()


def serve_api(latency: float, port: Any) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: Api(latency), "127.0.0.1", 0, backlog=4096
        )
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@cache
def in_order(members: int) -> list[str]:
    """The places of a room's members. Their ids have much in common, as those of one gateway may."""
    return sorted(places.of(f"AAAA{number:011}=") for number in range(members))


@dataclass(frozen=True)
class Table:
    """Memberships, and which slices are delivered. A room's name is how many members it has."""

    delivered: set[str] = field(default_factory=set)

    def touch(self, room_id: str, connection_id: str, **_: Any) -> None:
        time.sleep(CALL)

    def roll(
        self, room_id: str, *, span: Span = WHOLE, limit: int | None = None, names: bool = False
    ) -> Roll:
        found = in_order(int(room_id))
        first = bisect.bisect_left(found, span.low)
        after = bisect.bisect_right(found, span.high)
        last = min(after, first + limit) if limit else after
        time.sleep(PAGE * max(1, math.ceil((last - first) / 1000)))
        rest = places.after(found[last - 1], span) if last < after else None
        return Roll([Member(places.connection_at(place), 0) for place in found[first:last]], rest=rest)

    def end(self, room_id: str, connection_ids: Sequence[str]) -> None: ...

    def evict(self, room_id: str, connection_ids: Sequence[str]) -> None:
        assert not connection_ids

    def rest(self, room_id: str, members: Sequence[Member]) -> None:
        assert not members

    def has(self, each: Slice) -> bool:
        time.sleep(CALL)
        return each.id in self.delivered

    def note(self, each: Slice) -> None:
        time.sleep(CALL)
        self.delivered.add(each.id)


class Log:
    """Stores nothing, in as many calls as a message without an id takes."""

    def append(self, who: Identity, content: str, *, id: str | None) -> Appended:
        time.sleep(2 * CALL)
        at = clock.timestamp(clock.now())
        return Appended(
            events.message(
                room_id=who.room_id, client_id=who.client_id, content=content, timestamp=at, seq=1, id=id
            ),
            anew=True,
        )


@dataclass(frozen=True)
class Queue:
    """The queue of slices."""

    messages: Any

    def put(self, slices: Sequence[Slice]) -> None:
        for start in range(0, len(slices), 10 * CALLS_AT_ONCE):
            time.sleep(CALL)
            for each in slices[start : start + 10 * CALLS_AT_ONCE]:
                self.messages.put(each.encode())


def rooms(url: str, messages: Any, *, large: int = DEFAULT_LARGE, pauses: Sequence[float] = PAUSES) -> Rooms:
    signer = Signer(
        Credentials("AKIDEXAMPLE", "secret", "token"),
        host=url.removeprefix("http://").partition("/")[0],
        region="eu-central-1",
        service="execute-api",
        now=clock.now,
    )
    connections = Connections(CurlPosts(url, signer), pauses=pauses)
    return Rooms(Table(), connections, Queue(messages), large=large)  # type: ignore[arg-type]


def work(url: str, messages: Any) -> None:
    """What a `deliver` function does for as long as it lives."""
    mine = rooms(url, messages, pauses=PATIENT)
    deliveries = Deliveries(mine, mine.memberships)  # type: ignore[arg-type]
    while True:
        bodies = [messages.get()]
        while len(bodies) < BATCH and not messages.empty():
            try:
                bodies.append(messages.get_nowait())
            except Exception:
                break
        time.sleep(HOP)
        records = [
            SQSRecord({"messageId": str(n), "body": body, "attributes": {"SentTimestamp": "0"}})
            for n, body in enumerate(bodies)
        ]
        assert deliveries.deliver(records, time_left=lambda: 20.0) == []


@contextmanager
def processes(latency: float, workers: int) -> Iterator[tuple[str, Any]]:
    """The API's address, and the queue, with so many workers at its other end."""
    fork = multiprocessing.get_context("fork")
    mine, its = fork.Pipe()
    started: list[BaseProcess] = [fork.Process(target=serve_api, args=(latency, its), daemon=True)]
    started[0].start()
    url = f"http://127.0.0.1:{mine.recv()}/live"
    messages = fork.Queue()
    for _ in range(workers):
        started.append(fork.Process(target=work, args=(url, messages), daemon=True))
        started[-1].start()
    try:
        yield url, messages
    finally:
        for process in started:
            process.terminate()
            process.join()


def taken(url: str) -> dict[str, Any]:
    """What the API has got since it was last asked."""
    connection = http.client.HTTPConnection(url.removeprefix("http://").partition("/")[0])
    connection.request("GET", "/taken")
    report: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    return report


def measure(url: str, conversation: Conversation, members: int) -> float:
    """Seconds from the start of `default` until the last member's frame is with the gateway."""
    taken(url)
    began = time.monotonic()
    who = Identity(str(members), "ada")
    conversation.hear("hello", who, Member(SENDER, 0, heard=True), time_left=lambda: 25.0)
    posts, reached, last = 0, 0, 0.0
    while reached < members + 1:
        time.sleep(0.05)
        report = taken(url)
        posts += report["posts"]
        reached += report["members"]
        last = max(last, report["last"])
        if time.monotonic() - began > TIMEOUT:
            raise TimeoutError(f"{reached} of {members} were reached")
    assert posts == members + 1, "somebody was told twice"
    return last - began


def figures(
    *, latency: float = LATENCY, workers: int = WORKERS, runs: int = RUNS, sizes: Sequence[int] = SIZES
) -> list[dict[str, Any]]:
    """For each size: how many slices, and the medians of the seconds that it takes, directly (None where that
    takes minutes) and in slices.
    """
    for size in sizes:
        in_order(size)  # before there are processes, so that all have it
    found = []
    with processes(latency / 1000, workers) as (url, messages):
        sliced = Conversation(rooms(url, messages), Log())  # type: ignore[arg-type]
        direct = replace(sliced, rooms=replace(sliced.rooms, large=10**9))
        for _ in range(2):
            measure(url, sliced, max(sizes))  # opens connections
        for size in sizes:
            say(f"a room of {size:,}")
            alone = [measure(url, direct, size) for _ in range(runs)] if size <= DIRECT else []
            found.append(
                {
                    "members": size,
                    "slices": _slices(size),
                    "direct_s": statistics.median(alone) if alone else None,
                    "sliced_s": statistics.median(measure(url, sliced, size) for _ in range(runs)),
                }
            )
    return found


def tables(found: Sequence[dict[str, Any]]) -> str:
    return table(
        ("members", "slices", "all told by one function, s", "in slices, s"),
        [(each["members"], each["slices"], each["direct_s"], each["sliced_s"]) for each in found],
    )


def _slices(size: int) -> int:
    found = Table().roll(str(size), limit=DEFAULT_LARGE)
    if found.rest is None:
        return 0
    members = places.estimate(len(found.members), found.rest)
    return len(places.cut(found.rest, members=members, size=DEFAULT_LARGE // 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=LATENCY, help="of a post, ms")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    print(tables(figures(**vars(parser.parse_args()))))
    print(machine.line())


if __name__ == "__main__":
    main()
