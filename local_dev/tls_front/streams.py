"""What the versions with many streams on a connection have in common."""

from typing import Any

from hypercorn.protocol.events import Event, Response

from .seen import Seen, header_lines

Fields = list[tuple[bytes, bytes]]


class _Nobody:
    """Stands for a stream that is over: what a client still sends on it is for nobody."""

    idle = True

    async def handle(self, event: Event) -> None: ...


class Streams(dict[int, Any]):
    """The open streams by number. hypercorn ends a connection, or all of HTTP/3, at a frame for one that is over."""

    def __missing__(self, number: int) -> _Nobody:
        return _Nobody()


def note(config: Any, version: str, alpn: str, headers: Fields) -> Seen:
    websocket = (b":protocol", b"websocket") in headers
    seen: Seen = config.ring.add(version, alpn, websocket=websocket, lines=header_lines(headers, " = "))
    return seen


def tell(seen: dict[int, Seen], event: Response, added: Fields) -> None:
    if event.stream_id in seen:
        headers = [(b":status", b"%d" % event.status_code), *event.headers, *added]
        seen.pop(event.stream_id).answered(event.status_code, header_lines(headers, " = "))


def refusal(headers: Fields) -> int:
    """The status for a request that hypercorn does not know what to do with, 0 for any other: 501 is for a CONNECT to
    something else than a WebSocket (RFC 9220, section 3).
    """
    found = dict(headers)
    if not (found.get(b":method", b"") + found.get(b":path", b"")).isascii():
        return 400
    return 501 if found.get(b":method") == b"CONNECT" and found.get(b":protocol") != b"websocket" else 0
