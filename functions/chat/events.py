"""What the server sends: one JSON object a frame. The builders below are every event there is."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from chat import presence
from chat.clock import timestamp
from chat.errors import ParleyError
from chat.names import SYSTEM

Event = dict[str, Any]

# What a page of the log, or several events in one frame, may weigh: one WebSocket frame of API Gateway, which
# also keeps it one unit of billing.
MAX_PAGE_BYTES = 32_768
STORM_NAMES = 3


def encode(event: Event) -> bytes:
    """The frame: compact JSON in UTF-8."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def merged(frames: Sequence[bytes]) -> list[bytes]:
    """The same events in as few frames as may be, in their order: several are a JSON array, and one is itself."""
    groups: list[list[bytes]] = []
    size = 0
    for frame in frames:
        size += len(frame) + len(",")
        if not groups or size + len("]") > MAX_PAGE_BYTES:
            groups.append([])
            size = len("[") + len(frame)
        groups[-1].append(frame)
    return [b"[" + b",".join(group) + b"]" if len(group) > 1 else group[0] for group in groups]


def message(*, room_id: str, client_id: str, content: str, timestamp: str, seq: int, id: str | None) -> Event:
    """What someone said, as the log holds it; `id` only where the sender gave one."""
    event = {
        "type": "message",
        "room_id": room_id,
        "client_id": client_id,
        "content": content,
        "timestamp": timestamp,
        "seq": seq,
    }
    return event if id is None else event | {"id": id}


def joined(room_id: str, client_id: str, *, at: int) -> Event:
    return _system(room_id, f"{client_id} joined {room_id}.", at=at)


def left(room_id: str, client_id: str, *, at: int) -> Event:
    return _system(room_id, f"{client_id} left {room_id}.", at=at)


def storm(verb: str, room_id: str, client_ids: Sequence[str], *, at: int) -> Event:
    """Many who "joined" or "left" at once, in one line: a few of their names, and how many they are."""
    named, others = list(client_ids[:STORM_NAMES]), len(client_ids) - STORM_NAMES
    if others > 0:
        names = f"{', '.join(named)} and {others} {'others' if others > 1 else 'other'}"
    else:
        names = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
    line = _system(room_id, f"{names} {verb} {room_id}.", at=at)
    return line | {"event": verb, "clients": named, "total": len(client_ids)}


def present(client_ids: Iterable[str], *, at: int, id: str | None = None) -> Event:
    """Who is there: sorted distinct names, and `total` where not all of them fit."""
    users, total = presence.roll(client_ids)
    event: Event = {"type": "presence", "users": users, "timestamp": timestamp(at)}
    return _answering(id, event if total == len(users) else event | {"total": total})


def error(refusal: ParleyError, *, at: int) -> Event:
    event: Event = {
        "type": "error",
        "code": refusal.code.value,
        "content": refusal.content,
        "timestamp": timestamp(at),
    }
    if refusal.retry_after_ms is not None:
        event["retry_after_ms"] = refusal.retry_after_ms
    return _answering(refusal.id, event)


def pong(last_seq: int, *, at: int, id: str | None = None) -> Event:
    return _answering(id, {"type": "pong", "last_seq": last_seq, "timestamp": timestamp(at)})


def page(
    messages: list[Event],
    *,
    first: int,
    through: int,
    last_seq: int,
    more: bool,
    at: int,
    id: str | None = None,
) -> Event:
    """Messages in order of seq. What is not listed between `first` and `through` was never said; `more` says
    whether there is more in the direction that was asked for.
    """
    event = {
        "type": "page",
        "messages": messages,
        "from": first,
        "through": through,
        "last_seq": last_seq,
        "timestamp": timestamp(at),
        "more": more,
    }
    return _answering(id, event)


def fitting(messages: Iterable[Event], *, last_seq: int, at: int, id: str | None = None) -> list[Event]:
    """As many of the messages, from the first on, as a page of `MAX_PAGE_BYTES` holds.

    That is always at least one: what a frame allows in content, id and names comes to less than a page.
    """
    widest = page([], first=last_seq + 1, through=last_seq, last_seq=last_seq, more=False, at=at, id=id)
    room = MAX_PAGE_BYTES - len(encode(widest))
    taken = []
    for event in messages:
        room -= len(encode(event)) + len(",")
        if room < 0:
            break
        taken.append(event)
    return taken


def _answering(id: str | None, event: Event) -> Event:
    return event if id is None else event | {"id": id}


def _system(room_id: str, content: str, *, at: int) -> Event:
    return {
        "type": "system",
        "room_id": room_id,
        "client_id": SYSTEM,
        "content": content,
        "timestamp": timestamp(at),
    }
