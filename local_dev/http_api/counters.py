"""What an API's routes were asked, and how many bytes that took."""

from dataclasses import dataclass


@dataclass
class Counted:
    """One route's figures: `requests` that were answered, bytes `received` and `sent` with the lines and headers
    around the bodies, as HTTP/1.1 has them; `open` are those that wait for their answer now.
    """

    requests: int = 0
    received: int = 0
    sent: int = 0
    open: int = 0


class Counters:
    """The figures by route key; requests that no route took count as "none"."""

    def __init__(self) -> None:
        self._routes: dict[str, Counted] = {}

    def of(self, key: str | None) -> Counted:
        """The figures of a route, to be added to."""
        return self._routes.setdefault(key or "none", Counted())

    def figures(self) -> dict[str, dict[str, int]]:
        """All of them, ready to be written as JSON."""
        return {key: dict(vars(counted)) for key, counted in sorted(self._routes.items())}
