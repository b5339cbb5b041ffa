"""Which pages may open a connection: the browser names the page's origin, and a page cannot change that.

Without this any page could connect as whoever visits it (cross-site WebSocket hijacking): the same-origin policy
does not hold for WebSockets.
"""

import os
from dataclasses import dataclass

from chat.refusals import Reason, Refused

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Origins:
    """`allowed` are origins as browsers write them, `https://chat.example.com`. `absent`: who sends none may
    enter, as programs other than browsers do.
    """

    allowed: frozenset[str]
    absent: bool = True

    @classmethod
    def from_environment(cls) -> "Origins":
        more = os.environ.get("ALLOWED_ORIGINS", "").split(",")
        return cls(
            allowed=of_host(os.environ.get("SITE_HOST", ""))
            | {each.strip() for each in more if each.strip()},
            absent=os.environ.get("NON_BROWSER_CLIENTS", "allow") == "allow",
        )

    def check(self, sent: list[str]) -> None:
        """Raises `Refused` unless the values of the Origin header are one that is allowed, to the letter, or
        none.
        """
        if not (sent[0] in self.allowed if len(sent) == 1 else not sent and self.absent):
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
