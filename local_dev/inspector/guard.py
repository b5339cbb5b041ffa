"""Who may ask the inspector: pages of its own origin and programs on this machine, nobody else.

It shows what people write and can act on their connections, and any site that is open in the same browser
can send requests to this machine. So the Host must be one that no foreign name resolves to (DNS rebinding),
and a request that changes something must be one that only the page itself can make (CSRF).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..pages import LOOPBACK, name_of

ACTION_HEADER = "x-local-gateway"
"""What a request that changes something must carry: no form can, and no other site may."""

ACTION_TYPES = frozenset({"application/json", "text/plain"})

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""On every answer of the inspector, refusals included."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered; `status` is HTTP's."""

    status: int
    message: str


@dataclass(frozen=True)
class Guard:
    """Judges requests. `host` is what the server was bound to."""

    host: str

    def refusal(self, method: str, headers: Mapping[str, str], *, page: bool = False) -> Refusal | None:
        """None where the request may be answered. Header names are in small letters; `page` is the page
        itself, to which a link from anywhere may lead.
        """
        host = headers.get("host", "")
        if name_of(host) not in LOOPBACK | {self.host.lower()}:
            return Refusal(403, "This page answers only under 127.0.0.1, localhost or the host it was given")
        if not page and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return Refusal(403, "Another site may not ask for this")
        if method in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and not _same(origin, host):
            return Refusal(403, "Another site may not do this")
        if ACTION_HEADER not in headers:
            return Refusal(403, f"The header {ACTION_HEADER} is missing")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in ACTION_TYPES and method == "POST":
            return Refusal(415, "The body must be text/plain or application/json")
        return None


def _same(origin: str, host: str) -> bool:
    scheme, _, rest = origin.partition("://")
    return scheme in ("http", "https") and rest.lower() == host.lower()
