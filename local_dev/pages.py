"""Requests that a page in somebody's browser has sent, for those who answer programs only.

Any page that is open in a browser can send requests to this machine, and sign them as well: the credentials here are
no secret. But it has no say in what the browser adds, and cannot choose the Host, unless a foreign name leads here (DNS
rebinding).
"""

from functools import lru_cache
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Names of this machine that lead nowhere else."""

REFUSED = "A page in a browser may not ask for this, only a program"


def is_of_a_page(origin: str | None, fetch_site: str | None) -> bool:
    """Whether a page has sent a request with these headers, Origin and Sec-Fetch-Site; None is one that is not
    there. What a person types as an address is no page's.
    """
    return origin is not None or fetch_site not in (None, "none")


@lru_cache(100)
def is_loopback(host: str) -> bool:
    """Whether a Host header has one of those names, so that no foreign one led here."""
    return name_of(host) in LOOPBACK


def name_of(host: str) -> str:
    """The name in a Host header, without port and brackets; "" where it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        named = parts.hostname or ""
        _ = parts.port  # raises where it is no port
    except ValueError:
        return ""
    plain = parts.netloc == host and not parts.username
    return named.removesuffix(".") if plain else ""
