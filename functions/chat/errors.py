"""What can go wrong, as one tree of errors and one table of codes, both fit to be shown to a client.

ParleyError
├── NameRefused      a room or client name, at the handshake
├── FrameRefused     a frame that a client sent
├── NotAMember       the connection is not (or no longer) in the room
├── RateLimited      it has sent too much at once
├── NotAdmitted      a client that polls may not enter, or shows no key
└── Unavailable      the store did not do what was asked
"""

from enum import StrEnum


class Code(StrEnum):
    """Every code that a client may see. `TEXTS` has the words for each."""

    ROOM_TOO_LONG = "room_too_long"
    ROOM_INVALID = "room_invalid"
    CLIENT_TOO_LONG = "client_too_long"
    CLIENT_INVALID = "client_invalid"
    CLIENT_RESERVED = "client_reserved"
    CONTENT_MISSING = "content_missing"
    CONTENT_INVALID = "content_invalid"
    CONTENT_TOO_LONG = "content_too_long"
    FRAME_TOO_LARGE = "frame_too_large"
    FRAME_TOO_DEEP = "frame_too_deep"
    ACTION_UNKNOWN = "action_unknown"
    SYNC_INVALID = "sync_invalid"
    ID_INVALID = "id_invalid"
    NOT_A_MEMBER = "not_a_member"
    RATE_LIMITED = "rate_limited"
    NOT_ADMITTED = "not_admitted"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    KEY_MISSING = "key_missing"
    UNAVAILABLE = "unavailable"


TEXTS = {
    Code.ROOM_TOO_LONG: "A room's name has at most 64 characters.",
    Code.ROOM_INVALID: "The room's name has characters that cannot be shown.",
    Code.CLIENT_TOO_LONG: "A name has at most 64 characters.",
    Code.CLIENT_INVALID: "The name has characters that cannot be shown.",
    Code.CLIENT_RESERVED: "This name is kept for the system.",
    Code.CONTENT_MISSING: 'The frame has neither "content" nor "action".',
    Code.CONTENT_INVALID: '"content" must be text, a number or a boolean.',
    Code.CONTENT_TOO_LONG: "A message has at most 4000 characters.",
    Code.FRAME_TOO_LARGE: "A frame has at most 32768 bytes.",
    Code.FRAME_TOO_DEEP: "The frame is nested too deeply.",
    Code.ACTION_UNKNOWN: 'The actions are "sync", "ping" and "presence"; over HTTP there are none.',
    Code.SYNC_INVALID: (
        '"after" is a whole number from 0 on, "before" one from 1 on; not both. '
        'Over HTTP also "noticed" from 0 on, and "wait" up to 25.'
    ),
    Code.ID_INVALID: '"id" must be text of 1 to 64 characters.',
    Code.NOT_A_MEMBER: "This connection is no longer in the room. Connect again.",
    Code.RATE_LIMITED: "Too many messages at once. Wait a moment.",
    Code.NOT_ADMITTED: "You may not enter this room.",
    Code.TOO_MANY_CONNECTIONS: "There are too many connections already.",
    Code.KEY_MISSING: "The request shows no key. Enter the room first.",
    Code.UNAVAILABLE: "That could not be done just now. Try again.",
}


class ParleyError(Exception):
    """A refusal that the client may see.

    `code` is for programs, `content` for people, and `id` is that of the frame that was refused, where it
    had one. `retry_after_ms` says when to try again, where that is known.
    """

    retry_after_ms: int | None = None

    def __init__(self, code: Code, *, id: str | None = None) -> None:
        super().__init__(code.value)
        self.code = code
        self.id = id

    @property
    def content(self) -> str:
        return TEXTS[self.code]


class NameRefused(ParleyError):
    """A room or client name that may not be used."""


class FrameRefused(ParleyError):
    """A frame that is no message and no action."""


class NotAMember(ParleyError):
    """The connection has no membership: it was evicted, or its lease ran out."""

    def __init__(self) -> None:
        super().__init__(Code.NOT_A_MEMBER)


class RateLimited(ParleyError):
    """The connection has no token left, and will have one after `retry_after_ms`."""

    def __init__(self, retry_after_ms: int) -> None:
        super().__init__(Code.RATE_LIMITED)
        self.retry_after_ms = retry_after_ms


class NotAdmitted(ParleyError):
    """A request over HTTP that is turned away at the door. What was wrong is in the log alone."""


class Unavailable(ParleyError):
    """The store failed. What was asked may have happened or not, and may be asked again: by the same id it
    happens once.
    """

    def __init__(self) -> None:
        super().__init__(Code.UNAVAILABLE)
