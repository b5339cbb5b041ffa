"""Why somebody is not let in. Only the log and the metrics learn it: the gateway answers 403 without a body of ours,
and a stranger need not know what was wrong.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Every reason of a handshake's refusal beside the names' own codes (`errors.Code`)."""

    NOT_BY_EDGE = "not_by_edge"
    ORIGIN = "origin_refused"
    TICKET_MISSING = "ticket_missing"
    TICKET_INVALID = "ticket_invalid"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_SPENT = "ticket_spent"
    TICKET_ROOM = "ticket_room"
    TICKET_CLIENT = "ticket_client"
    PUT_OUT = "put_out"
    ROOM_FULL = "room_full"
    CLIENT_CONNECTIONS = "client_connections"


class Refused(Exception):
    """A handshake that is turned away. Its text is the reason alone: nothing of what the client sent."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason
