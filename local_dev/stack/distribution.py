"""A CloudFront distribution as far as it is played here: which behaviour a path has, what that does. Pure.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesCacheBehavior.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..iam.wildcards import matches
from .response_headers import ResponseHeaders

Headers = tuple[tuple[str, str], ...]
"""Pairs of name and value."""

DEFAULT_PATTERN = "*"

READING = frozenset({"GET", "HEAD"})
"""The methods of a behaviour that names none."""

_UNRESERVED = re.compile(r"%(2[de]|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9ae])", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """Where requests go: a host, what is put before their path, and headers that they get on the way."""

    host: str
    path: str = ""
    headers: Headers = ()


@dataclass(frozen=True)
class Behaviour:
    """What happens to requests whose path fits `pattern`. `function` is the source of its viewer-request function.

    `forwards_host`: the origin gets the viewer's Host, with which no API answers (contract C05). Requests by other
    than its `methods` are refused.
    """

    pattern: str
    origin: Origin
    function: str | None = None
    forwards_host: bool = False
    response_headers: ResponseHeaders | None = None
    methods: frozenset[str] = READING

    def fits(self, path: str) -> bool:
        """Whether the behaviour is for a path in its normal form. The pattern's first slash may be left out."""
        return matches(self.pattern.removeprefix("/"), path.removeprefix("/"))


@dataclass(frozen=True)
class Distribution:
    """A distribution. Its behaviours are in order of precedence, the default one last."""

    logical_id: str
    behaviours: tuple[Behaviour, ...]

    def behaviour_of(self, path: str) -> Behaviour:
        """The first behaviour that a path, as it came, fits."""
        normal = normal_form(path)
        return next(item for item in self.behaviours if item.fits(normal) or item is self.behaviours[-1])


def normal_form(path: str) -> str:
    """A path as behaviours are compared with it (RFC 3986): nothing encoded that need not be, without dot segments
    and empty ones. The origin gets it as it came.
    """
    decoded = _UNRESERVED.sub(lambda found: chr(int(found[1], 16)), path)
    kept: list[str] = []
    for segment in decoded.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    return f"/{'/'.join(kept)}{'/' if kept and decoded.endswith(('/', '/.', '/..')) else ''}"


def with_headers(
    sent: Iterable[tuple[str, str]], added: Headers, removed: frozenset[str] = frozenset()
) -> Headers:
    """The headers that were sent but for those `removed` (in small letters), and others, which replace those of the
    same name.
    """
    own = removed.union(name.lower() for name, _ in added)
    return (*((name, value) for name, value in sent if name.lower() not in own), *added)
