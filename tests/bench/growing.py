"""Whether a message costs more because there are other rooms: the same room of ten, beside more and more memberships.

The others are written straight into the table, without the attribute that the stream's filter looks for: nobody is
told of them, and they are there. The CPU is that of the gateway, the workers and moto together.
"""

import asyncio
import statistics
from typing import Any

from tests.bench.processes import cpu
from tests.bench.progress import say
from tests.bench.rooms import Room, room_of
from tests.bench.store import Store
from tests.bench.subjects import Subject

OTHERS = (0, 1000, 10_000)
MEMBERS, MESSAGES, ROUNDS = 10, 100, 4
IN_A_ROOM = 20


async def measure(subject: Subject) -> dict[str, Any]:
    """By the number of others: `cpu_ms` and `wall_ms` of a message, and the ratio of CPU to that beside none.

    There are more and more and then fewer again, so that whatever else changes in time counts for neither.
    """
    assert subject.served and subject.pid
    store = Store(subject.served)
    costs: dict[int, list[tuple[float, float]]] = {others: [] for others in OTHERS}
    async with room_of(subject, MEMBERS) as room:
        await _cost(room, subject.pid)  # warm
        there = 0
        for number in range(ROUNDS):
            for others in OTHERS if number % 2 == 0 else reversed(OTHERS):
                say(f"growth: round {number + 1} of {ROUNDS}, beside {others:,} memberships")
                await asyncio.to_thread(_put, store, there, others)
                await asyncio.to_thread(_delete, store, others, there)
                there = others
                await asyncio.sleep(1)
                costs[others].append(await _cost(room, subject.pid))
    found = {
        others: {
            "cpu_ms": statistics.median(cpu_ms for cpu_ms, _ in taken),
            "wall_ms": statistics.median(wall_ms for _, wall_ms in taken),
            "ratio": statistics.median(
                cpu_ms / base for (cpu_ms, _), (base, _) in zip(taken, costs[0], strict=True)
            ),
        }
        for others, taken in costs.items()
    }
    return {str(others): figures for others, figures in found.items()}


async def _cost(room: Room, pid: int) -> tuple[float, float]:
    """Milliseconds of CPU a message, and the median until the last has it."""
    before = cpu(pid)
    times = [await room.last() for _ in range(MESSAGES)]
    await asyncio.sleep(0.2)
    return (cpu(pid) - before) / MESSAGES * 1000, statistics.median(times) * 1000


def _key(number: int) -> dict[str, Any]:
    return {
        "room_id": {"S": f"other-{number // IN_A_ROOM}"},
        "place": {"S": f"{number % 10_000:04}other-{number}"},
    }


def _put(store: Store, start: int, end: int) -> None:
    rest = {"name": {"S": "somebody"}, "joined_at": {"N": "1"}, "expires_at": {"N": "9999999999"}}
    store.write(
        "Memberships", [{"PutRequest": {"Item": _key(number) | rest}} for number in range(start, end)]
    )


def _delete(store: Store, start: int, end: int) -> None:
    store.write("Memberships", [{"DeleteRequest": {"Key": _key(number)}} for number in range(start, end)])
