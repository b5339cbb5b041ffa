"""Connection, request and message ids of API Gateway's form (contract E15, E16).

An id is URL-safe base64 of eleven bytes, hence fifteen characters and one `=`: six bytes that rise with
time and five that all ids of one connection share.
"""

import base64
import os
import re
import time
from collections.abc import Callable

_FORM = re.compile(r"[A-Za-z0-9_-]{15}=")


class IdSource:
    """Makes ids. The clock gives seconds, the randomness n bytes; both can be replaced."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._clock, self._random = clock, random
        self._last = 0

    def connection_id(self) -> str:
        """A new id with five bytes of its own at the end."""
        return self._make(self._random(5))

    def sibling(self, connection_id: str) -> str:
        """A new id that ends as `connection_id` does: that of a request or message of the connection."""
        return self._make(base64.urlsafe_b64decode(connection_id)[6:])

    def _make(self, tail: bytes) -> str:
        # 128 ids fit into each millisecond before the counter runs ahead of the clock.
        self._last = max(self._last + 1, int(self._clock() * 1000) << 7)
        head = (self._last & 0xFFFFFFFFFFFF).to_bytes(6, "big")
        return base64.urlsafe_b64encode(head + tail).decode()


def request_id(*, random: Callable[[int], bytes] = os.urandom) -> str:
    """A random UUID, as calls of the management API and invocations have (contract M02)."""
    noise = random(16).hex()
    return f"{noise[:8]}-{noise[8:12]}-4{noise[13:16]}-a{noise[17:20]}-{noise[20:]}"


def extended_request_id(*, random: Callable[[int], bytes] = os.urandom) -> str:
    """An id of the same form for a request that belongs to no connection (contract M02)."""
    return base64.urlsafe_b64encode(random(11)).decode()


def trace_id(*, clock: Callable[[], float] = time.time, random: Callable[[int], bytes] = os.urandom) -> str:
    """An X-Amzn-Trace-Id: the second, then twelve bytes of its own, in hexadecimal (contract E20, M02)."""
    return f"Root=1-{int(clock()):08x}-{random(12).hex()}"


def is_well_formed(connection_id: str) -> bool:
    """Whether the management API would look the id up at all (contract M07, M08)."""
    return _FORM.fullmatch(connection_id) is not None  # fifteen characters are eleven bytes in any case
