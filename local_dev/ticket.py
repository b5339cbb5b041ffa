"""Tickets, as a backend issues them for a chat that asks who somebody is: JSON Web Tokens, signed with HS256."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import TicketError

ALL_ROOMS = "*"
AUDIENCE = "parley"


@dataclass(frozen=True)
class Ticket:
    """What a ticket says: who somebody is, and which rooms are open to them, None for all. `seconds` is how long it is
    valid; `once`: for one connection.
    """

    client: str
    rooms: Sequence[str] | None
    seconds: int
    once: bool = False
    audience: str = AUDIENCE

    def claims(self, now: float) -> dict[str, Any]:
        """The token's claims (RFC 7519); each has another `jti`."""
        issued = int(now)
        claims: dict[str, Any] = {
            "aud": self.audience,
            "sub": self.client,
            "rooms": ALL_ROOMS if self.rooms is None else list(self.rooms),
            "iat": issued,
            "exp": issued + self.seconds,
            "jti": uuid.uuid4().hex,
        }
        return claims | ({"once": True} if self.once else {})


def signer() -> Callable[[dict[str, Any], str], str]:
    """What signs claims with a secret; TicketError where PyJWT is not installed."""
    try:
        import jwt  # noqa: PLC0415 (an optional dependency)
    except ImportError:
        raise TicketError("tickets need PyJWT: pip install 'parley[ticket]', or pip install pyjwt") from None

    def sign(claims: dict[str, Any], secret: str) -> str:
        return jwt.encode(claims, secret, algorithm="HS256")

    return sign
