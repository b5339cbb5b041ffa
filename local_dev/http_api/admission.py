"""What comes of a request to a guarded route: it is admitted, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Admitted:
    """The request may go on. `newer` and `older` are what events of format 2.0 and 1.0 have of the caller."""

    newer: Mapping[str, Any]
    older: Mapping[str, Any]

    def shown(self, payload: str) -> Mapping[str, Any]:
        """What an event of that payload format has of it."""
        return self.older if payload == "1.0" else self.newer


class Refusal(Exception):
    """The request ends with this status; the text is for the developer."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(reason)
        self.status = status
