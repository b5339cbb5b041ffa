"""What the server sends: one JSON object a frame. The builders below are every event there is."""

import json
from collections.abc import Iterable
from typing import Any

from chat import presence
from chat.clock import timestamp
from chat.errors import ParleyError
from chat.names import SYSTEM

Event = dict[str, Any]

# What a page of the log may weigh: one WebSocket frame of API Gateway, which also keeps it one unit of
# billing.
MAX_PAGE_BYTES = 32_768


def encode(event: Event) -> bytes:
    """The frame: compact JSON in UTF-8."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


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


def present(client_ids: Iterable[str], *, at: int) -> Event:
    """Who is there: sorted distinct names, and `total` where not all of them fit."""
    users, total = presence.roll(client_ids)
    event: Event = {"type": "presence", "users": users, "timestamp": timestamp(at)}
    return event if total == len(users) else event | {"total": total}


def error(refusal: ParleyError, *, at: int) -> Event:
    event = {
        "type": "error",
        "code": refusal.code.value,
        "content": refusal.content,
        "timestamp": timestamp(at),
    }
    return event if refusal.id is None else event | {"id": refusal.id}


def pong(last_seq: int, *, at: int) -> Event:
    return {"type": "pong", "last_seq": last_seq, "timestamp": timestamp(at)}


def page(messages: list[Event], *, last_seq: int, more: bool, at: int) -> Event:
    """Messages in order of seq; `more` says whether the log had more after them."""
    return {
        "type": "page",
        "messages": messages,
        "last_seq": last_seq,
        "timestamp": timestamp(at),
        "more": more,
    }


def fitting(messages: Iterable[Event], *, last_seq: int, at: int) -> list[Event]:
    """As many of the messages, from the first on, as a page of `MAX_PAGE_BYTES` holds.

    That is always at least one: what a frame allows in content, id and names comes to less than a page.
    """
    room = MAX_PAGE_BYTES - len(encode(page([], last_seq=last_seq, more=False, at=at)))
    taken = []
    for event in messages:
        room -= len(encode(event)) + len(",")
        if room < 0:
            break
        taken.append(event)
    return taken


def _system(room_id: str, content: str, *, at: int) -> Event:
    return {
        "type": "system",
        "room_id": room_id,
        "client_id": SYSTEM,
        "content": content,
        "timestamp": timestamp(at),
    }
