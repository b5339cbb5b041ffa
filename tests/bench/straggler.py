"""What one member whose connection never answers costs the others of its room.

python -m tests.bench.straggler [--members 10] [--messages 50]. In one run: messages to a healthy room, then to the
same room while every post to one of its members hangs until it times out. Both figures are the time from sending a
message until the last of the other members has it.
"""

import argparse
import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.asking import ask
from tests.bench import machine
from tests.bench.statistic import percentile
from tests.bench.tables import table
from tests.chat.client import ChatClient, chat, room_path
from tests.conftest import ServedGateway, serve, stop

MEMBERS, MESSAGES = 10, 50
PAUSE = 0.2
"""Seconds between messages: a lively room, and no benchmark of the gateway's queue."""


async def deliveries(sender: ChatClient, others: list[ChatClient], count: int, label: str) -> list[float]:
    """Seconds until the last of the others has each message."""
    times = []
    for number in range(count):
        began = time.perf_counter()
        await sender.send({"content": f"{label} {number}"})
        await asyncio.gather(
            *(other.event(type="message", content=f"{label} {number}") for other in [sender, *others])
        )
        times.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE)
    return times


async def measure(served: ServedGateway, members: int, messages: int) -> tuple[list[float], list[float]]:
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(chat(served.ws_url, room_path("room", f"client-{number}")))
            for number in range(members)
        ]
        known = connections(served)
        slow = await stack.enter_async_context(chat(served.ws_url, room_path("room", "slow")))
        everyone = [*clients, slow]
        await asyncio.gather(
            *(client.until(lambda each: len(each.users) == members + 1) for client in everyone)
        )
        [connection] = connections(served) - known
        sender, *others = clients
        await deliveries(sender, others, 10, "warm")
        healthy = await deliveries(sender, others, messages, "healthy")
        hang = {"at": "post", "do": "hang", "ms": 30_000, "connection": connection}
        ask(served.url, "PUT", "faults", {"faults": [hang]})
        return healthy, await deliveries(sender, others, messages, "hanging")


def connections(served: ServedGateway) -> set[str]:
    """The ids of the connections that are open."""
    _, state = ask(served.url, "GET", "state")
    return {connection["id"] for api in state["apis"] for connection in api["connections"]}


def figures(members: int = MEMBERS, messages: int = MESSAGES) -> dict[str, Any]:
    """Milliseconds, p50, p95 and the longest: `healthy`, `hanging`; and the `ratio` of the medians."""
    with TemporaryDirectory() as folder:
        served = serve(Path(folder) / "log.txt", "--faults", "--param", "MessageRate=0")
        try:
            healthy, hanging = asyncio.run(measure(served, members, messages))
        finally:
            stop(served)
    return {
        "healthy": _summary(healthy),
        "hanging": _summary(hanging),
        "ratio": statistics.median(hanging) / statistics.median(healthy),
    }


def _summary(times: list[float]) -> dict[str, float]:
    in_ms = [each * 1000 for each in times]
    return {"p50": statistics.median(in_ms), "p95": percentile(in_ms, 95), "longest": max(in_ms)}


def tables(results: dict[str, Any]) -> str:
    """The figures in Markdown."""
    rows = [(name, *results[name].values()) for name in ("healthy", "hanging")]
    shown = table(("until the last of the others has it, ms", "p50", "p95", "longest"), rows)
    return f"{shown}\n\nRatio of the medians: {results['ratio']:.2f}."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=MEMBERS)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    options = parser.parse_args()
    print(machine.line(), tables(figures(options.members, options.messages)), sep="\n\n")


if __name__ == "__main__":
    main()
