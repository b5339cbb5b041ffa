"""Who a connection is, fixed at the handshake: the authorizer writes it, every later event carries it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote


@dataclass(frozen=True, slots=True)
class Identity:
    """A client in a room, by their clean names."""

    room_id: str
    client_id: str

    def encode(self) -> dict[str, str]:
        """The authorizer's context: strings (contract A05), and ASCII, as nothing else is sure to pass."""
        return {"room_id": quote(self.room_id, safe=""), "client_id": quote(self.client_id, safe="")}

    @classmethod
    def decode(cls, context: Mapping[str, str]) -> "Identity":
        """From `requestContext.authorizer`, which all three kinds of events have (contract E19)."""
        return cls(room_id=unquote(context["room_id"]), client_id=unquote(context["client_id"]))
