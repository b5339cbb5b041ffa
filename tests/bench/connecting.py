"""How soon a client is connected: after the server's start, one by one, and many at once."""

import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from tests.bench.statistic import summary_ms
from tests.bench.subjects import DEMO, GATEWAY, LIMIT, Subject, gateway, module
from tests.bench.wire import Socket, connect, ignore

STARTS, ONE_BY_ONE, AT_ONCE, ROUNDS = 5, 40, 50, 3

STARTABLE: dict[str, Callable[[], AbstractContextManager[Subject]]] = {
    GATEWAY: gateway,
    DEMO: lambda: module(DEMO, "tests.bench.demo"),
    LIMIT: lambda: module(LIMIT, "tests.bench.broadcast"),
}


def starts() -> dict[str, float]:
    """Seconds from each command to its first connection, for what can be started; medians, interleaved."""
    times: dict[str, list[float]] = {name: [] for name in STARTABLE}
    for number in range(STARTS + 1):
        for name, start in STARTABLE.items():
            with start() as subject:
                assert subject.started
                asyncio.run(_connect_once(subject))
                if number:  # the first one fills the caches
                    times[name].append(time.perf_counter() - subject.started)
    return {name: statistics.median(taken) for name, taken in times.items()}


async def measure(subject: Subject) -> dict[str, Any]:
    """`one_ms` for a connect by itself, and how many `a_second` when 50 come at once."""
    one_by_one = []
    for number in range(ONE_BY_ONE):
        began = time.perf_counter()
        socket = await connect(subject.address(f"one-{number}", "a"), ignore)
        one_by_one.append(time.perf_counter() - began)
        await _leave([socket])
    rates = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        addresses = [subject.address(f"many-{number}-{each}", "a") for each in range(AT_ONCE)]
        sockets = await asyncio.gather(*(connect(address, ignore) for address in addresses))
        rates.append(AT_ONCE / (time.perf_counter() - began))
        await _leave(sockets)
    return {"one_ms": summary_ms(one_by_one), "a_second": statistics.median(rates)}


async def _connect_once(subject: Subject) -> None:
    await _leave([await connect(subject.address("first", "a"), ignore)])


async def _leave(sockets: list[Socket]) -> None:
    for socket in sockets:
        socket.close()
    await asyncio.wait([socket.closed for socket in sockets], timeout=5)
    for socket in sockets:
        socket.abort()
    await asyncio.sleep(0.05)
