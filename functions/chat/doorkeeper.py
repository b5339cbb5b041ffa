"""Who may enter, and as whom: decided once, at the handshake, from what the gateway passed on of it.

An open chat asks nobody for that, so what tickets and keys need is loaded only where there are some: boto3 and
cryptography are most of a cold start.
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chat import names
from chat.handshake import Handshake
from chat.identity import Identity
from chat.origins import Origins
from chat.refusals import Reason, Refused
from chat.sessions import Session

if TYPE_CHECKING:
    from chat.secret_values import SecretValue
    from chat.tickets import Ticket, Tickets

EDGE_KEY_HEADER = "x-origin-key"


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """`edge_key` is what the distribution shows where the API's own address is closed; without `tickets` the room is
    open to whoever knows its name; `programs`: clients may come that name no origin.
    """

    programs: bool = True
    edge_key: "SecretValue | None" = None
    tickets: "Tickets | None" = None

    @classmethod
    def from_environment(cls) -> "Doorkeeper":
        return cls(
            programs=os.environ.get("NON_BROWSER_CLIENTS", "allow") == "allow",
            edge_key=_edge_key(),
            tickets=_tickets() if os.environ.get("ACCESS_MODE") == "ticket" else None,
        )

    def admit(self, handshake: Handshake) -> Identity:
        """Who has come, or `Refused` or `NameRefused` with why not. `Unavailable` where that cannot be told."""
        self._check_edge(handshake)
        Origins.of(handshake.origins).check(list(handshake.headers.get("origin", ())), absent=self.programs)
        ticket = self._ticket(handshake)
        who = _identity(handshake.query, ticket)
        if ticket and self.tickets:
            self.tickets.spend(ticket)  # last, so that nothing else that is wrong uses it up
        return who

    def recognise(self, request: Handshake) -> Session:
        """Who has been let in before, and polls. `Refused` where it comes past the distribution and that is closed,
        `NameRefused`, or `NotAdmitted` for no key. Whether the key is good its membership tells.
        """
        self._check_edge(request)
        return Session.of(names.room(request.query.get("room_id")), request.bearer)

    def _check_edge(self, handshake: Handshake) -> None:
        if self.edge_key is None:
            return
        [shown, *_] = [*handshake.headers.get(EDGE_KEY_HEADER, ()), ""]
        if not any(
            hmac.compare_digest(shown.encode(errors="replace"), key.encode()) for key in self.edge_key.valid()
        ):
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


def _edge_key() -> "SecretValue | None":
    arn = os.environ.get("EDGE_KEY")
    if not arn:
        return None
    from chat.secret_values import SecretValue  # noqa: PLC0415 (see above)

    return SecretValue(arn)


def _tickets() -> "Tickets":
    from chat.tickets import Tickets  # noqa: PLC0415 (see above)

    return Tickets.from_environment()
