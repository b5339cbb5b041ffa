"""What the nemesis will do, made of a seed: pure, and the same again from the same seed."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

Fault = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """The gateway goes by these faults, until the next rules."""

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Some connections break: each client's with this chance."""

    chance: float


@dataclass(frozen=True, slots=True)
class Advance:
    """All connections are so many seconds older, and idle for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Kill:
    """The gateway dies, and is started again after a while."""

    down: float


Action = Rules | Cut | Advance | Kill


def describe(action: Action) -> dict[str, Any]:
    """For the history."""
    return {"action": type(action).__name__.lower(), **asdict(action)}


def _post(do: str, chance: float, **more: Any) -> Callable[[Random], Fault]:
    return lambda random: {"at": "post", "do": do, "chance": _about(random, chance), **more}


def _invoke(do: str, function: str, chance: float, **more: Any) -> Callable[[Random], Fault]:
    return lambda random: {
        "at": "invoke", "do": do, "function": function, "chance": _about(random, chance), **more
    }  # fmt: skip


def _store(do: str, chance: float, operation: str = "*", **more: Any) -> Callable[[Random], Fault]:
    return lambda random: {
        "at": "aws", "do": do, "service": "dynamodb", "operation": operation,
        "chance": _about(random, chance), **more,
    }  # fmt: skip


def _about(random: Random, chance: float) -> float:
    return round(min(1.0, chance * random.uniform(0.5, 1.5)), 3)


MENU: tuple[Callable[[Random], Fault], ...] = (
    _post("answer", 0.03, status=410),
    _post("answer", 0.2, status=429),
    _post("answer", 0.2, status=500),
    _post("delay", 0.3, ms=120),
    _post("delay", 0.05, ms=700),
    _post("repeat", 0.2),
    _post("lose", 0.15),
    _post("hang", 0.02, ms=1500),
    _post("late", 0.15),
    _invoke("delay", "Default*", 0.2, ms=400),
    _invoke("repeat", "Default*", 0.3),
    _invoke("lose", "Default*", 0.08),
    _invoke("throttle", "Default*", 0.1),
    _invoke("crash", "Default*", 0.06, after_ms=15),
    _invoke("crash", "Connect*", 0.2),
    _invoke("repeat", "Connect*", 0.3),
    _invoke("crash", "Enter*", 0.2, after_ms=30),
    _invoke("throttle", "Enter*", 0.2),
    _invoke("crash", "Poll*", 0.15, after_ms=300),
    _invoke("throttle", "Poll*", 0.2),
    _invoke("delay", "Poll*", 0.2, ms=1500),
    _invoke("repeat", "Poll*", 0.2),
    _invoke("crash", "Say*", 0.15, after_ms=15),
    _invoke("crash", "Say*", 0.1, after_ms=60),
    _invoke("repeat", "Say*", 0.3),
    _invoke("lose", "Say*", 0.1),
    _invoke("throttle", "Say*", 0.2),
    _invoke("delay", "Say*", 0.2, ms=400),
    _invoke("lose", "Disconnect*", 0.7),
    _invoke("repeat", "Disconnect*", 0.5),
    _invoke("crash", "Announce*", 0.15, after_ms=30),
    _invoke("repeat", "Announce*", 0.3),
    _invoke("throttle", "Announce*", 0.3),
    _invoke("crash", "Deliver*", 0.2, after_ms=15),
    _invoke("repeat", "Deliver*", 0.4),
    _store("error", 0.1, code="ProvisionedThroughputExceededException"),
    _store("error", 0.05, code="InternalServerError"),
    _store("lose-answer", 0.08, "UpdateItem"),
    _store("lose-answer", 0.1, "PutItem"),
    _store("delay", 0.1, ms=250),
    _store("crash", 0.03, "UpdateItem"),
    _store("crash", 0.05, "PutItem"),
    _store("error", 0.3, "Query", code="ThrottlingException"),
)

WINDOW = (2.0, 4.0)
CALM = (0.5, 1.0)


def schedule(seed: int, *, seconds: float) -> list[tuple[float, Action]]:
    """Windows of faults with a little calm between them, cuts in every one, and in a run of more than 10 seconds
    something that cuts everybody: a death of the gateway, or a leap of the clock.
    """
    random = Random(seed)
    actions: list[tuple[float, Action]] = []
    at = random.uniform(0.5, 1.0)
    while at < seconds - WINDOW[0]:
        chosen = random.sample(MENU, random.randint(3, 5))
        actions.append((at, Rules(tuple(make(random) for make in chosen))))
        length = random.uniform(*WINDOW)
        actions.append((at + random.uniform(0.2, length), Cut(round(random.uniform(0.02, 0.2), 2))))
        at += length
        actions.append((at, Rules(())))
        at += random.uniform(*CALM)
    if seconds > 10:
        kill, leap = Kill(round(random.uniform(0.0, 1.5), 2)), Advance(random.choice((601.0, 7201.0)))
        actions.append((random.uniform(0.4, 0.7) * seconds, random.choice((kill, leap))))
    return sorted(actions, key=lambda planned: planned[0])
