"""What connections cost that are only held: memory, proportionally counted, of all of a server's processes."""

import asyncio
from typing import Any

from tests.bench.processes import memory
from tests.bench.subjects import Subject
from tests.bench.wire import Socket, connect, ignore

STEPS = (0, 500, 1000, 2000)
IN_A_ROOM = 10
AT_ONCE = 20
SETTLE = 3.0
"""Seconds until what joining caused is told."""


async def measure(subject: Subject) -> dict[str, Any] | None:
    """MB `at` so many connections, and KB for each between the first and the last. None where memory is not told."""
    if subject.pid is None or memory(subject.pid) is None:
        return None
    sockets: list[Socket] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Socket:
        async with gate:
            return await connect(subject.address(f"held-{number // IN_A_ROOM}", f"member-{number}"), ignore)

    sizes: dict[str, float] = {}
    try:
        for step in STEPS:
            sockets += await asyncio.gather(*(one(number) for number in range(len(sockets), step)))
            await asyncio.sleep(SETTLE)
            sizes[str(step)] = memory(subject.pid) or 0.0
        held = sum(not socket.closed.done() for socket in sockets)
    finally:
        for socket in sockets:
            socket.close()
        await asyncio.sleep(0.5)
        for socket in sockets:
            socket.abort()
    each = (sizes[str(STEPS[-1])] - sizes[str(STEPS[0])]) / STEPS[-1] * 1024
    return {"mb_at": sizes, "kb_each": each, "held": held}
