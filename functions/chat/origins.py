"""Which pages may open a connection: the browser names the page's origin, and a page cannot change that.

Without this any page could connect as whoever visits it (cross-site WebSocket hijacking): the same-origin policy
does not hold for WebSockets.
"""

from dataclasses import dataclass
from functools import lru_cache

from chat.refusals import Reason, Refused

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Origins:
    """`allowed` are origins as browsers write them, `https://chat.example.com`."""

    allowed: frozenset[str]

    @classmethod
    @lru_cache(maxsize=8)  # a handshake brings the list, and nearly always the same
    def of(cls, listed: str) -> "Origins":
        """From the site's host and further origins, with commas between."""
        host, *more = [each.strip() for each in listed.split(",")]
        return cls(of_host(host) | set(filter(None, more)))

    def check(self, sent: list[str], *, absent: bool) -> None:
        """Raises `Refused` unless the values of the Origin header are one that is allowed, to the letter, or none and
        that may be: programs other than browsers send none.
        """
        if not (sent[0] in self.allowed if len(sent) == 1 else not sent and absent):
            raise Refused(Reason.ORIGIN)


def of_host(host: str) -> frozenset[str]:
    """The origins of the page at that host, which may have a port: https, and nothing else.

    Only on the machine itself is a page served without TLS, and by whichever name one calls it.
    """
    if not host:
        return frozenset()
    name, colon, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    if not colon:
        name, port = host, ""
    if name not in _LOOPBACK:
        return frozenset({f"https://{host}"})
    return frozenset(f"{scheme}://{each}{colon}{port}" for scheme in ("http", "https") for each in _LOOPBACK)
