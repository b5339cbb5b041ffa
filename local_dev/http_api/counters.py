"""What an API's routes were asked, and how many bytes that took."""

from collections.abc import Iterable
from dataclasses import dataclass

NONE = "none"
"""What stands for the route of requests that no route took."""


@dataclass
class Counted:
    """One route's figures: `requests` that were answered, bytes `received` and `sent` with the lines and headers
    around the bodies, as HTTP/1.1 has them, and those of the bodies alone; `open` are those that wait for their answer
    now.
    """

    requests: int = 0
    received: int = 0
    sent: int = 0
    body_received: int = 0
    body_sent: int = 0
    open: int = 0


class Counters:
    """The figures of the routes, by their keys."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._routes = {key: Counted() for key in (*keys, NONE)}

    def of(self, key: str | None) -> Counted:
        """The figures of a route, or of requests that none took, to be added to."""
        return self._routes[key or NONE]

    def figures(self) -> dict[str, dict[str, int]]:
        """All of them, ready to be written as JSON."""
        return {key: dict(vars(counted)) for key, counted in self._routes.items()}
