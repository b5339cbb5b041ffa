"""What clients say, and when: made of a seed, so that the load of a run is the same again."""

import asyncio
from random import Random

from tests.chaos.client import ChaosClient
from tests.chaos.ways import Transport

WORDS = (
    "hello",
    "yes",
    "سلام",
    "می‌خواهم",
    "5",
    "[1,2]",
    "true",
    '{"content":"x"}',
    "naïve",
    "🦜",
    "who is there?",
)
PATIENCE = 2
"""How many messages one has waiting before it falls silent."""


def say_something(random: Random) -> str:
    """Mostly a few words; now and then so much that a page of the log soon is full."""
    if random.random() < 0.07:
        return "long " * random.randint(100, 700) + "end"
    return " ".join(random.choices(WORDS, k=random.randint(1, 6)))


async def talk(client: ChaosClient, *, random: Random, pause: float, seconds: float) -> None:
    """Say something about every `pause` seconds, sometimes much at once; look back or change the transport at times."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        wait = random.expovariate(1 / pause)
        if loop.time() + wait > end:
            return
        await asyncio.sleep(wait)
        if client.has_left:
            return
        if random.random() < 0.25:
            client.change()
        count = 8 if random.random() < 0.02 else 1
        for _ in range(count):
            if len(client.session.outbox.waiting) < PATIENCE or count > 1:
                await client.say(say_something(random))
        cursor = client.session.timeline.cursor
        if cursor and random.random() < 0.05:
            await client.look_back(random.randint(1, cursor + 1))


def transports_of(number: int) -> tuple[Transport, ...]:
    """What the client of that number takes: a third polls or waits, a sixth changes between all that there are."""
    match number % 6:
        case 1:
            return (Transport.WAITING,)
        case 3:
            return (Transport.POLLING,)
        case 5:
            return (Transport.SOCKET, Transport.WAITING, Transport.POLLING)
        case _:
            return (Transport.SOCKET,)


def rooms_of(clients: int, rooms: int) -> list[tuple[str, str]]:
    """Room and name of each client. The first room is the largest, the last the smallest."""
    sizes = [1] * rooms
    for _ in range(clients - rooms):
        sizes[max(range(rooms), key=lambda room: (rooms - room) / sizes[room])] += 1
    return [
        (f"room {room}", f"r{room}c{number}") for room, size in enumerate(sizes) for number in range(size)
    ]
