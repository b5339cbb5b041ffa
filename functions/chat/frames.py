"""What a client sends: one text frame in, a message or an action out. Nothing in a frame says who sent it."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from chat.errors import Code, FrameRefused

MAX_BYTES = 32_768
MAX_CONTENT = 4_000
MAX_ID = 64
# Python's own limit differs between versions; below this one, all versions agree.
MAX_DEPTH = 64
# No room gets this far, and every reader of JSON holds it exactly.
MAX_SEQ = 10**15

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Publish:
    """A message for the room: text that is not blank, and the id that its sender may have given it."""

    content: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """Asks for a page of the log: after a seq, before one, or the newest. Its answer carries the id."""

    after: int | None = None
    before: int | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a sign of life and the room's last seq."""

    id: str | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """Asks who is there."""

    id: str | None = None


Frame = Publish | Sync | Ping | Presence


class _Number(str):
    """A JSON number as it was written: `1e400` stays itself, and 5,000 digits are never computed."""


def parse(text: str) -> Frame | None:
    """What the frame asks for, or None where it is blank and so ignored. Raises `FrameRefused`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FrameRefused(Code.FRAME_TOO_LARGE)
    members = _object(text)
    if members is None:
        return _publish(text, id=None)
    if "content" in members:
        return _publish(_content(members), id=_id(members))
    match members.get("action"):
        case "ping":
            return Ping(_id(members))
        case "presence":
            return Presence(_id(members))
        case "sync":
            return _sync(members)
    code = Code.ACTION_UNKNOWN if "action" in members else Code.CONTENT_MISSING
    raise FrameRefused(code, id=_usable_id(members))


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that the text is, or None where it is anything else."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        members: dict[str, Any] = json.loads(
            text, parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
        )
    except ValueError:
        return None
    except RecursionError:
        raise FrameRefused(Code.FRAME_TOO_DEEP) from None
    if text.count("{") + text.count("[") > MAX_DEPTH and _is_deep(members):
        raise FrameRefused(Code.FRAME_TOO_DEEP, id=_usable_id(members))
    return members


def _refuse_constant(name: str) -> NoReturn:
    """Python reads NaN and Infinity; JSON has neither."""
    raise ValueError(name)


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
    return any(isinstance(child, dict | list) for child in level)


def _children(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()


def _content(members: dict[str, Any]) -> str:
    match members["content"]:
        case str() as content:  # a number too, as it was written
            return content
        case bool() as content:
            return "true" if content else "false"
    raise FrameRefused(Code.CONTENT_INVALID, id=_usable_id(members))


def _publish(content: str, *, id: str | None) -> Publish | None:
    # DynamoDB and UTF-8 have no lone surrogates.
    content = _LONE_SURROGATES.sub("\ufffd", content).strip()
    if len(content) > MAX_CONTENT:
        raise FrameRefused(Code.CONTENT_TOO_LONG, id=id)
    return Publish(content, id) if content else None


def _id(members: dict[str, Any]) -> str | None:
    id = _usable_id(members)
    if id is None and "id" in members:
        raise FrameRefused(Code.ID_INVALID)
    return id


def _usable_id(members: dict[str, Any]) -> str | None:
    id = members.get("id")
    if not isinstance(id, str) or isinstance(id, _Number):
        return None
    return id if 0 < len(id) <= MAX_ID and not _LONE_SURROGATES.search(id) else None


def _sync(members: dict[str, Any]) -> Sync:
    id = _id(members)
    after, before = (_seq(members, name, id=id) for name in ("after", "before"))
    if before == 0 or (after is not None and before is not None):
        raise FrameRefused(Code.SYNC_INVALID, id=id)
    return Sync(after, before, id)


def _seq(members: dict[str, Any], name: str, *, id: str | None) -> int | None:
    if name not in members:
        return None
    seq = members[name]
    if isinstance(seq, _Number) and seq.isdigit():
        return int(seq) if len(seq) < len(str(MAX_SEQ)) else MAX_SEQ
    raise FrameRefused(Code.SYNC_INVALID, id=id)
