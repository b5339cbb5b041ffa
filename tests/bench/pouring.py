"""How much goes through, and whether all of it arrives: ten senders at a fixed rate to a room of fifty.

First the senders send as fast as they hear themselves, which tells what the server can take; then each message is
sent when it is due, at four fifths of that, whether those before have arrived or not.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from tests.bench.rooms import Room, room_of
from tests.bench.subjects import Subject

SENDERS, MEMBERS = 10, 50
WARM_SECONDS, RAMP_SECONDS, SECONDS, SHARE = 4.0, 4.0, 10.0, 0.8
LONGEST_WAIT = 20.0
MOST = 4000.0
"""Messages a second that the client itself sends at most."""


async def measure(subject: Subject) -> dict[str, Any]:
    """Messages a second sent, deliveries a second, and how many were `lost`, `doubled`, and `swapped`: received after
    a later one of the same sender.
    """
    async with room_of(subject, MEMBERS) as room:
        able = await _capacity(room)
        rate = min(able * SHARE, MOST)
        return {"able_to": able, "rate": rate, **await pour(room, rate, max(SENDERS, int(rate * SECONDS)))}


async def _capacity(room: Room) -> float:
    """Messages a second that everybody has, while each sender sends again once it has heard itself."""
    arrived: Counter[tuple[int, int]] = Counter()
    complete = 0
    counted_from = time.perf_counter() + WARM_SECONDS
    end = counted_from + RAMP_SECONDS

    def heard(receiver: int, sender: int, number: int) -> None:
        nonlocal complete
        arrived[sender, number] += 1
        if arrived[sender, number] == MEMBERS:
            complete += counted_from < time.perf_counter() < end
            del arrived[sender, number]
        if receiver == sender and time.perf_counter() < end:
            room.say(sender, number + 1)

    room.heard = heard
    for sender in range(SENDERS):
        room.say(sender, 1_000_000)
    await asyncio.sleep(WARM_SECONDS + RAMP_SECONDS)
    await room.settle()
    return max(1.0, complete / RAMP_SECONDS)


async def pour(room: Room, rate: float, count: int) -> dict[str, Any]:
    """Send `count` messages, `rate` each second, and see what becomes of them."""
    receipts: list[list[tuple[int, int]]] = [[] for _ in room.members]
    received, wanted = 0, count * len(room.members)
    last_at = 0.0
    everything = asyncio.Event()

    def heard(receiver: int, sender: int, number: int) -> None:
        nonlocal received, last_at
        receipts[receiver].append((sender, number))
        received += 1
        last_at = time.perf_counter()
        if received >= wanted:
            everything.set()

    room.heard = heard
    began = time.perf_counter()
    for number in range(count):
        due = began + number / rate
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        elif number % 16 == 0:
            await asyncio.sleep(0)
        room.say(number % SENDERS, number)
    with suppress(TimeoutError):
        await asyncio.wait_for(everything.wait(), LONGEST_WAIT)
    await room.settle()  # what comes twice may come late
    return {
        "sent": count,
        "deliveries_a_second": received / max(last_at - began, 1e-9),
        **verdict(receipts, count),
    }


def verdict(receipts: list[list[tuple[int, int]]], count: int) -> dict[str, int]:
    """What each receiver missed, had twice, and had after a later one of its sender, of `count` messages."""
    lost = doubled = swapped = 0
    for receipt in receipts:
        unique = set(receipt)
        lost += count - len(unique)
        doubled += len(receipt) - len(unique)
        newest: dict[int, int] = {}
        for sender, number in receipt:
            swapped += number < newest.get(sender, -1)
            newest[sender] = max(number, newest.get(sender, -1))
    return {"lost": lost, "doubled": doubled, "swapped": swapped}
