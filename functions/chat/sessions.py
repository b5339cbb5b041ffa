"""A client that polls has no connection that says who asks, but a key, made at entry and shown with each request.

The key is 128 random bits and the client's name; a hash of both stands where a connection's id would. So the membership
proves the name as well as the key, and neither the table nor a log has what lets somebody speak for another.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from urllib.parse import quote, unquote

from chat.errors import Code, NotAdmitted
from chat.identity import Identity

PREFIX = "poll-"
"""How their ids begin. Those of the gateway's connections have no "-" at that place and end in "=" (contract E15)."""

_KEY = re.compile(r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9._~%-]{1,768}")


@dataclass(frozen=True, slots=True)
class Session:
    """A client that polls in a room: `key` is its secret."""

    who: Identity
    key: str

    @classmethod
    def begin(cls, who: Identity) -> "Session":
        return cls(who, f"{secrets.token_urlsafe(16)}.{quote(who.client_id, safe='')}")

    @classmethod
    def of(cls, room_id: str, key: str | None) -> "Session":
        """The session that the key is for, if there is one: its membership will tell. `NotAdmitted` for no key."""
        if key is None or not _KEY.fullmatch(key):
            raise NotAdmitted(Code.KEY_MISSING)
        return cls(Identity(room_id, unquote(key.partition(".")[2])), key)

    @property
    def connection_id(self) -> str:
        digest = hashlib.sha256(self.key.encode()).digest()[:16]
        return PREFIX + base64.urlsafe_b64encode(digest).decode().rstrip("=")
