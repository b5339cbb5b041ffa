"""Who may enter, and as whom: decided once, at the handshake, from what the gateway passed on of it."""

import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat import names
from chat.admissions import Admissions
from chat.identity import Identity
from chat.origins import Origins
from chat.refusals import Reason, Refused
from chat.secret_values import SecretValue

if TYPE_CHECKING:
    from chat.tickets import Ticket, Tickets

EDGE_KEY_HEADER = "x-origin-key"
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
        """The ticket that came as a subprotocol, which no address and so no log of one has, or in the query."""
        for each in self.subprotocols:
            if each.startswith(TICKET_SUBPROTOCOL):
                return each.removeprefix(TICKET_SUBPROTOCOL)
        return self.query.get(TICKET_PARAMETER)


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """`edge_key` is what the distribution shows where the API's own address is closed; without `tickets` the room is
    open to whoever knows its name; `programs`: clients may come that name no origin.
    """

    admissions: Admissions
    programs: bool = True
    edge_key: SecretValue | None = None
    tickets: "Tickets | None" = None

    @classmethod
    def from_environment(cls) -> "Doorkeeper":
        edge_key = os.environ.get("EDGE_KEY")
        return cls(
            Admissions.from_environment(),
            programs=os.environ.get("NON_BROWSER_CLIENTS", "allow") == "allow",
            edge_key=SecretValue(edge_key) if edge_key else None,
            tickets=_tickets() if os.environ.get("ACCESS_MODE") == "ticket" else None,
        )

    def admit(self, handshake: Handshake) -> Identity:
        """Who has come, or `Refused` or `NameRefused` with why not. `Unavailable` where that cannot be told."""
        self._check_edge(handshake)
        Origins.of(handshake.origins).check(list(handshake.headers.get("origin", ())), absent=self.programs)
        ticket = self._ticket(handshake)
        who = _identity(handshake.query, ticket)
        if self.admissions.is_out(who):
            raise Refused(Reason.PUT_OUT)
        # Last, so that nothing else that is wrong uses it up.
        if ticket and ticket.id and not self.admissions.spend(ticket.id, expires_at=ticket.expires_at):
            raise Refused(Reason.TICKET_SPENT)
        return who

    def _check_edge(self, handshake: Handshake) -> None:
        if self.edge_key is None:
            return
        [shown, *_] = [*handshake.headers.get(EDGE_KEY_HEADER, ()), ""]
        if not any(hmac.compare_digest(shown.encode(), key.encode()) for key in self.edge_key.valid()):
            raise Refused(Reason.NOT_BY_EDGE)

    def _ticket(self, handshake: Handshake) -> "Ticket | None":
        if self.tickets is None:
            return None
        token = handshake.ticket
        if not token:
            raise Refused(Reason.TICKET_MISSING)
        return self.tickets.read(token)


def _identity(query: Mapping[str, str], ticket: "Ticket | None") -> Identity:
    room, client = names.room(query.get("room_id")), names.client(query.get("client_id"))
    if ticket is None:
        return Identity(room, client)
    if not ticket.opens(room):
        raise Refused(Reason.TICKET_ROOM)
    # Who gives no name has that of the ticket; who gives another is not who they say.
    if client not in (ticket.client_id, names.DEFAULT_CLIENT):
        raise Refused(Reason.TICKET_CLIENT)
    return Identity(room, ticket.client_id)


def _tickets() -> "Tickets":
    from chat.tickets import Tickets  # noqa: PLC0415 (with its cryptography a part of the cold start; seldom asked)

    return Tickets.from_environment()
