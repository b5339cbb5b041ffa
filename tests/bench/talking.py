"""How soon what one says is heard: by itself in a room of one, and by the last of a room."""

import asyncio
from typing import Any

from tests.bench.rooms import Room, room_of
from tests.bench.statistic import summary_ms
from tests.bench.subjects import Subject

SIZES = {2: 60, 10: 60, 50: 40, 200: 25}
"""Messages by the size of the room."""
ALONE, WARM = 150, 10
PAUSE = 0.01
"""Seconds between messages: a talk, and no queue."""


async def measure(subject: Subject) -> dict[str, Any]:
    """Milliseconds, p50 and p99: `alone`, `alone_with_id`, and `last` by the size of the room."""
    async with room_of(subject, 1) as room:
        await _times(room, WARM)
        found: dict[str, Any] = {
            "alone": summary_ms(await _times(room, ALONE)),
            "alone_with_id": summary_ms(await _times(room, ALONE, give_id=True)),
            "last": {},
        }
    for size, count in SIZES.items():
        async with room_of(subject, size) as room:
            await _times(room, WARM // 2)
            found["last"][str(size)] = summary_ms(await _times(room, count))
    return found


async def _times(room: Room, count: int, *, give_id: bool = False) -> list[float]:
    times = []
    for _ in range(count):
        times.append(await room.last(give_id=give_id))
        await asyncio.sleep(PAUSE)
    return times
