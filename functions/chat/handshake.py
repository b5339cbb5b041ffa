"""A client's request to connect, as the gateway hands it to the authorizer and to $connect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SUBPROTOCOL = "parley"
TICKET_SUBPROTOCOL = "parley.ticket."
TICKET_PARAMETER = "ticket"
ORIGINS_VARIABLE = "origins"
"""The stage's variable that lists them. The function's environment would be the place, but a change there needs a new
version, and what names a version has no room for a list.
"""


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client's request to connect. `headers` have names in lower case and all values of each; `origins` is the
    stage's list of them (see `Origins.of`).
    """

    query: Mapping[str, str]
    headers: Mapping[str, Sequence[str]]
    origins: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Handshake":
        """From the event of the authorizer or of $connect. Names in the query are taken to the letter: in Powertools'
        dictionary CLIENT_ID would pass for client_id, which the edge function has taken from the path.
        """
        several = event.get("multiValueHeaders") or {
            name: [value] for name, value in (event.get("headers") or {}).items()
        }
        headers: dict[str, list[str]] = {}
        for name, values in several.items():
            headers.setdefault(name.lower(), []).extend(values)
        variables = event.get("stageVariables") or {}
        return cls(
            query=event.get("queryStringParameters") or {},
            headers=headers,
            origins=variables.get(ORIGINS_VARIABLE, ""),
        )

    @property
    def subprotocols(self) -> list[str]:
        """Those that the client offers, in its order (contract H21)."""
        return [
            each.strip()
            for value in self.headers.get("sec-websocket-protocol", ())
            for each in value.split(",")
        ]

    @property
    def ticket(self) -> str | None:
        """The ticket that came as a subprotocol or as a bearer's, which no address and so no log of one has, or in
        the query.
        """
        for each in self.subprotocols:
            if each.startswith(TICKET_SUBPROTOCOL):
                return each.removeprefix(TICKET_SUBPROTOCOL)
        return self.bearer or self.query.get(TICKET_PARAMETER)

    @property
    def bearer(self) -> str | None:
        """What stands behind `Bearer` in the Authorization header (RFC 6750)."""
        for value in self.headers.get("authorization", ()):
            scheme, _, token = value.strip().partition(" ")
            if scheme.lower() == "bearer" and token.strip():
                return token.strip()
        return None
