"""What one member whose connection never answers costs the others of its room.

python -m tests.bench.straggler [--members 10] [--messages 100]. In one run: messages to a healthy room, then to the
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

from tests.asking import ask
from tests.bench import machine
from tests.chat.client import ChatClient, chat, room_path
from tests.conftest import ServedGateway, serve, stop

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


def show(name: str, times: list[float]) -> None:
    median, worst = statistics.median(times) * 1000, max(times) * 1000
    p95 = statistics.quantiles(times, n=20)[-1] * 1000
    print(f"{name:<10} median {median:.0f} ms, 95th percentile {p95:.0f} ms, longest {worst:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--messages", type=int, default=100)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        served = serve(Path(folder) / "log.txt", "--faults", "--param", "MessageRate=0")
        try:
            healthy, hanging = asyncio.run(measure(served, options.members, options.messages))
        finally:
            stop(served)
    print(machine.line())
    print(f"{options.members} members and a slow one, {options.messages} messages each time")
    show("healthy", healthy)
    show("hanging", hanging)
    print(f"ratio of the medians {statistics.median(hanging) / statistics.median(healthy):.2f}")


if __name__ == "__main__":
    main()
