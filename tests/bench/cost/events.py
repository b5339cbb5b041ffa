"""What happens in a room of so many, each as one count: of all functions that run for it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from chat import clock
from chat.identity import Identity
from chat.memberships import Memberships
from moto.dynamodb.models import dynamodb_backends

from tests.bench.cost import times
from tests.bench.cost.counting import (
    ACCOUNT,
    MEMBERSHIPS,
    NAIVE,
    REGION,
    ROOM,
    ROOM_LOG,
    Counts,
    Stack,
    access_line,
    item_size,
    stack,
)
from tests.bench.cost.naive import NaiveChat, connection_item
from tests.functions.stand_ins import (
    Context,
    authorizer_event,
    queue_record,
    stream_record,
    websocket_event,
)

OTHERS = 1_000
"""Connections in other rooms, which the naive chat scans as well."""
BATCH = 2
"""Slices that one `deliver` takes, by the template."""
TOGETHER = 10
"""How many come in the batch that shows what it saves to announce several at once."""
ITEM_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item that it stores."""
CONTENT = "Shall we meet at half past seven, at the corner by the station?"


@dataclass(frozen=True)
class Room:
    """Counts of one event each, but for `joins_together`, which are ten. `stored`: bytes kept for a message."""

    size: int
    message: Counts
    ping: Counts
    join: Counts
    join_batched: Counts
    joins_together: Counts
    leave: Counts
    naive_message: Counts
    naive_join: Counts
    stored: int


class Table:
    """As much of a client as `Memberships.enter` needs, straight into moto's table: 10,000 take a second."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=RuntimeError)

    def put_item(self, **asked: Any) -> None:
        dynamodb_backends[ACCOUNT][REGION].put_item(asked["TableName"], asked["Item"])


def count(size: int) -> Room:
    """Runs each event in a room of that many, in which everybody is open."""
    with stack() as functions:
        _fill(size, batches=False)
        message = _frame(functions, {"content": CONTENT, "id": "0190c3e0-7b1a-7"})
        log = dynamodb_backends[ACCOUNT][REGION].get_table(ROOM_LOG).all_items()
        kept = [each.to_json()["Attributes"] for each in log]
        stored = sum(item_size(each) + ITEM_OVERHEAD for each in kept if each["seq"]["N"] != "0")
        ping = _frame(functions, {"action": "ping"})
        join = _join(functions, [size])
        leave = _leave(functions, size)
        together = _join(functions, range(size, size + TOGETHER))
        for number in range(size, size + TOGETHER):
            _leave(functions, number)
        _fill(size, batches=True)
        batched = _join(functions, [size], batches=True)
        naive_message, naive_join = _naive(functions, size)
    return Room(size, message, ping, join, batched, together, leave, naive_message, naive_join, stored)


def _id(number: int) -> str:
    return f"{number:015d}="  # 16 characters, as the gateway's


def _who(number: int) -> Identity:
    return Identity(ROOM, f"member {number}")


def _fill(size: int, *, batches: bool) -> None:
    table: Any = Table()
    memberships = Memberships(table, table=MEMBERSHIPS)
    for number in range(size):
        memberships.enter(_who(number), _id(number), joined_at=clock.now() - 60_000, batches=batches)


def _run(functions: Stack, name: str, event: dict[str, Any]) -> Counts:
    return times.bill_time(name, functions.run(name, event, Context()))


def _frame(functions: Stack, frame: dict[str, str]) -> Counts:
    body = json.dumps(frame)
    counts = _run(functions, "default", websocket_event("MESSAGE", _id(0), who=_who(0), body=body))
    counts.received = 1
    counts.logged += access_line()
    counts.add(_deliver(functions))
    return counts


def _deliver(functions: Stack) -> Counts:
    """Lambda asks for a batch, runs it, and deletes it: two requests."""
    counts, waiting = Counts(), functions.slices()
    for start in range(0, len(waiting), BATCH):
        bodies = waiting[start : start + BATCH]
        records = [queue_record(str(place), body, sent_at=0) for place, body in enumerate(bodies)]
        counts.add(_run(functions, "deliver", {"Records": records}))
        counts.queue += 2
    return counts


def _join(functions: Stack, numbers: Sequence[int], *, batches: bool = False) -> Counts:
    counts = Counts()
    for number in numbers:
        query = {"room_id": ROOM, "client_id": _who(number).client_id}
        counts.add(_run(functions, "admit", authorizer_event(query)))
        event = websocket_event("CONNECT", _id(number), who=_who(number), connected_at=clock.now())
        event["queryStringParameters"] = query | ({"frames": "batch"} if batches else {})
        counts.add(_run(functions, "connect", event))
        counts.logged += access_line()
    counts.add(_announce(functions, "INSERT", numbers))
    return counts


def _leave(functions: Stack, number: int) -> Counts:
    counts = _run(functions, "disconnect", websocket_event("DISCONNECT", _id(number), who=_who(number)))
    counts.logged += access_line()
    counts.add(_announce(functions, "REMOVE", [number]))
    return counts


def _announce(functions: Stack, kind: str, numbers: Sequence[int]) -> Counts:
    records = [stream_record(number, kind, _id(number), _who(number), at=clock.now()) for number in numbers]
    counts = _run(functions, "announce", {"Records": records})
    counts.add(_deliver(functions))
    return counts


def _naive(functions: Stack, size: int) -> tuple[Counts, Counts]:
    chat, table = NaiveChat(functions.meter.engine), Table()
    for number in range(size + OTHERS):
        room = ROOM if number < size else f"room {number}"
        table.put_item(TableName=NAIVE, Item=connection_item(room, _id(number), f"member {number}"))

    def counted(event: Callable[[], None]) -> Counts:
        functions.meter.take()
        event()
        counts = functions.meter.take()
        counts.invocations = 1
        counts.logged += access_line()
        return times.bill_time("naive", counts)

    message = counted(lambda: chat.message(ROOM, "member 0", CONTENT))
    message.received = 1
    return message, counted(lambda: chat.connect(ROOM, _id(size - 1), f"member {size - 1}"))
