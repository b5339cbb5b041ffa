"""How many bytes a request and its answer take on the wire, as HTTP/1.1 has them.

A request's header values are in latin-1, as ASGI has them; an answer's are sent in UTF-8.
"""

from collections.abc import Iterable
from http import HTTPStatus

Headers = Iterable[tuple[str, str]]

_VERSION = len("HTTP/1.1")
_DATE = len("date: Thu, 26 Nov 2026 07:44:01 GMT\r\n")
"""The header that the server adds to every answer."""


def request_size(method: str, path: str, query: str, headers: Headers, body: bytes) -> int:
    """Bytes of a request with its line and its headers, but for the framing of a body in chunks."""
    target = len(path) + (len(query) + 1 if query else 0)
    line = len(method) + 1 + target + 1 + _VERSION + 2
    return line + 2 + sum(len(name) + len(value) + 4 for name, value in headers) + len(body)


def answer_size(status: int, headers: Headers, body: bytes) -> int:
    """Bytes of an answer with its line and its headers."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    line = _VERSION + 1 + 3 + 1 + len(phrase) + 2
    written = sum(len(name) + len(value.encode("utf-8", "replace")) + 4 for name, value in headers)
    return line + _DATE + written + 2 + len(body)
