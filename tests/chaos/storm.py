"""A storm over the room in memory, made of a seed: what hypothesis explores, and what histories are generated from."""

from collections.abc import Sequence
from random import Random

from tests.chaos.model import Line, World
from tests.chaos.timeline import Event

REFUSALS: tuple[Event, ...] = (
    {"message": "Internal server error", "connectionId": "c", "requestId": "r"},
    {"type": "error", "code": "unavailable", "content": ""},
    {"type": "error", "code": "rate_limited", "content": "", "retry_after_ms": 700},
    {"type": "error", "code": "not_a_member", "content": ""},
)

FAULTS = ("elsewhere", "cut", "refuse", "lose", "repeat", "expire", "void")
"""What a storm may have besides frames that arrive late and in any order."""


def storm(seed: int, *, steps: int, faults: Sequence[str] = FAULTS, clients: int = 3) -> World:
    """A world in which so much has happened, and which has healed since."""
    random = Random(seed)
    world = World(clients, seed=seed)
    steps_of = {
        "say": 3, "open": 2, "up": 8, "down": 12, "commit": 4, "time": 4,
        **dict.fromkeys(faults, 1),
    }  # fmt: skip
    for _ in range(steps):
        _step(world, random, random.choices([*steps_of], [*steps_of.values()])[0])
        world.check()
    world.heal()
    world.check()
    return world


def _step(world: World, random: Random, step: str) -> None:
    match step:
        case "elsewhere":
            world.write_elsewhere(commit=random.random() < 0.7)
        case "commit" if world.room.taken:
            world.commit(random.choice([*world.room.taken]))
        case "void" if world.room.taken:
            world.room.void(random.choice([*world.room.taken]))
        case "expire" if random.random() < 0.2:
            world.room.expire(random.randint(0, world.room.last_seq))
        case "time":
            world.pass_time(random.choice((0.1, 1.0, 5.0)))
        case _:
            _step_of(random.choice(world.lines), world, random, step)


def _step_of(line: Line, world: World, random: Random, step: str) -> None:
    match step:
        case "say":
            world.say(line)
        case "open":
            world.open(line)
        case "cut":
            world.cut(line)
        case "up" if line.up:
            world.arrive_up(line, _late(random, len(line.up)))
        case "refuse" if line.up:
            world.fail_up(line, _late(random, len(line.up)), random.choice(REFUSALS))
        case "down" | "repeat" if line.down:
            world.arrive_down(line, _late(random, len(line.down)), again=step == "repeat")
        case "lose" if line.down:
            world.lose_down(line, random.randrange(len(line.down)))


def _late(random: Random, count: int) -> int:
    """Mostly the first, sometimes one that overtakes."""
    return 0 if random.random() < 0.6 else random.randrange(count)
