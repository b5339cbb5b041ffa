"""A request as it reached a stage of an HTTP API."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote


@dataclass(frozen=True)
class HttpRequest:
    """`path` is what follows the stage in the URL, still encoded, as is `query`; header names are in small letters.
    `domain_name` is the host that the API was asked by, `trace_id` an X-Amzn-Trace-Id, `sent_path` the whole path as
    the client sent it, which a signature covers.
    """

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"
    domain_name: str = ""
    trace_id: str = ""
    sent_path: str = ""
    decoded_path: str = field(init=False)
    """What routes are compared with: an encoded slash separates as any other does, and an encoded question mark ends
    the path (contract W03).
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoded_path", unquote(self.path).partition("?")[0] or "/")

    def values(self, name: str) -> Iterator[str]:
        """The values of a header, in order."""
        return (value for other, value in self.headers if other == name)

    def header(self, name: str) -> str | None:
        """The header's value, those of several joined by commas; None where there is none."""
        return ",".join(self.values(name)) if any(name == other for other, _ in self.headers) else None

    def size(self) -> int:
        """Bytes of the request's line and its headers' values, which is what is bounded."""
        line = len(self.method) + len(self.path) + len(self.query) + bool(self.query) + len(self.protocol) + 2
        return line + sum(len(value) for _, value in self.headers)
