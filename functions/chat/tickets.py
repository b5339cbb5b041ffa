"""Tickets: short-lived JSON Web Tokens (RFC 7519) that say who somebody is, and which rooms are open to them.

They are signed with a secret that the issuing backend shares (HS256), or by an OpenID Connect issuer. Which of
the two it is, and so the algorithms, is fixed by the deployment; a token has no say in it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jwt

from chat import names
from chat.admissions import Admissions
from chat.issuer import IssuerKeys
from chat.refusals import Reason, Refused
from chat.secret_values import SecretValue
from chat.settings import whole

MAX_TOKEN_LENGTH = 4096
MAX_ID_LENGTH = 128
# Clocks of those who sign and of those who check differ by a little.
LEEWAY_SECONDS = 10
ALL_ROOMS = "*"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a valid ticket says. `rooms` None: all of them. `id` is that of a ticket to be used once, or None;
    `expires_at` in epoch seconds.
    """

    client_id: str
    rooms: frozenset[str] | None
    expires_at: int
    id: str | None = None

    def opens(self, room_id: str) -> bool:
        return self.rooms is None or room_id in self.rooms


class Keys(Protocol):
    """What signatures are checked with."""

    @property
    def algorithms(self) -> Sequence[str]: ...

    def candidates(self, token: str) -> Sequence[Any]:
        """The keys that may have signed it. Raises `Unavailable`, or jwt's errors for a token that is none."""


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """HMAC with the secret that the issuing backend has as well."""

    secret: SecretValue
    algorithms: Sequence[str] = ("HS256",)

    def candidates(self, token: str) -> Sequence[str]:
        return self.secret.valid()


@dataclass(frozen=True, slots=True)
class Tickets:
    """Reads tickets. `max_seconds` is the longest time from issue to expiry that is taken; `name_claim` the
    claim that has the client's name.
    """

    keys: Keys
    admissions: Admissions
    audience: str = "parley"
    name_claim: str = "sub"
    max_seconds: int = 3600
    issuer: str | None = None

    @classmethod
    def from_environment(cls) -> "Tickets":
        issuer = os.environ.get("TICKET_ISSUER") or None
        return cls(
            IssuerKeys(issuer) if issuer else SharedSecret(SecretValue(os.environ["TICKET_SECRET"])),
            Admissions.from_environment(),
            audience=os.environ["TICKET_AUDIENCE"],
            name_claim=os.environ["TICKET_NAME_CLAIM"],
            max_seconds=whole(os.environ["TICKET_MAX_SECONDS"]),
            issuer=issuer,
        )

    def read(self, token: str) -> Ticket:
        """The ticket in a token. Raises `Refused`, `NameRefused` for the names in it, and `Unavailable` where the
        keys are out of reach.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise Refused(Reason.TICKET_INVALID)
        try:
            claims = self._verified(token)
        except jwt.ExpiredSignatureError:
            raise Refused(Reason.TICKET_EXPIRED) from None
        except (jwt.PyJWTError, ValueError):  # ValueError: what a decoder meets before jwt looks at it
            raise Refused(Reason.TICKET_INVALID) from None
        try:
            return _ticket(claims, name_claim=self.name_claim, max_seconds=self.max_seconds)
        except (KeyError, TypeError, ValueError):
            raise Refused(Reason.TICKET_INVALID) from None

    def spend(self, ticket: Ticket) -> None:
        """Uses up a ticket that is for one use. `Refused` where it was used before, `Unavailable` where that cannot be
        told.
        """
        if ticket.id and not self.admissions.spend(ticket.id, expires_at=ticket.expires_at):
            raise Refused(Reason.TICKET_SPENT)

    def _verified(self, token: str) -> dict[str, Any]:
        failure = jwt.InvalidSignatureError()  # of no key
        for key in self.keys.candidates(token):
            try:
                claims: dict[str, Any] = jwt.decode(
                    token,
                    key,
                    algorithms=self.keys.algorithms,
                    audience=self.audience,
                    issuer=self.issuer,
                    leeway=LEEWAY_SECONDS,
                    options={"require": ["exp", "iat"]},  # what is compared with has to be there anyway
                )
            except jwt.InvalidSignatureError as error:
                failure = error
            else:
                return claims
        raise failure


def _ticket(claims: Mapping[str, Any], *, name_claim: str, max_seconds: int) -> Ticket:
    expires_at, issued_at = int(claims["exp"]), int(claims["iat"])
    if not 0 < expires_at - issued_at <= max_seconds:
        raise ValueError("valid for too long")
    client_id = names.client(_text(claims[name_claim]))
    once = claims.get("once", False)
    if not isinstance(once, bool):
        raise TypeError("once is no boolean")
    return Ticket(
        client_id,
        _rooms(claims["rooms"]),
        expires_at,
        id=_text(claims["jti"]) if once else None,
    )


def _rooms(claim: Any) -> frozenset[str] | None:
    if claim == ALL_ROOMS:
        return None
    if not isinstance(claim, list) or not claim:
        raise TypeError("rooms is neither a list nor a star")
    return frozenset(names.room(_text(each)) for each in claim)


def _text(value: Any) -> str:
    """A claim's text; a blank one would come out as a default name."""
    if not isinstance(value, str) or not value.strip(names.EDGES) or len(value) > MAX_ID_LENGTH:
        raise TypeError("no text, or too much of it")
    return value
