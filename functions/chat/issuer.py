"""An OpenID Connect issuer's signing keys: found by its discovery document, kept, and looked up again when a token
names one that is not known.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any

import jwt
from aws_lambda_powertools import Logger

from chat.errors import Unavailable

logger = Logger()

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 2.0
# A document of keys has some kilobytes.
MAX_BYTES = 256 * 1024
FRESH_SECONDS = 3600.0
# Anyone can make up a key's name. So strangers must not decide how often the issuer is asked.
AGAIN_SECONDS = 30.0

Fetch = Callable[[str], bytes]


def fetch(url: str) -> bytes:
    """What is at that address; OSError where that cannot be had, ValueError where it is too much."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 (the operator's own address)
        body: bytes = answer.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise ValueError("too large")
    return body


class IssuerKeys:
    """The keys of the issuer at `url`. PyJWT's own client asks the issuer again for every unknown key."""

    # None for a shared secret: one in a public document would be known to all.
    algorithms: Sequence[str] = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")

    def __init__(self, url: str, *, fetch: Fetch = fetch, now: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._fetch = fetch
        self._now = now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at = float("-inf")

    def candidates(self, token: str) -> Sequence[jwt.PyJWK]:
        """The one key that the token names, or none. Raises `Unavailable` where no keys are known yet, and jwt's
        errors where it is no token.
        """
        name = jwt.get_unverified_header(token).get("kid")
        age = self._now() - self._asked_at
        if age >= FRESH_SECONDS or (age >= AGAIN_SECONDS and name not in self._keys):
            self._refresh()
        if not self._keys:
            raise Unavailable
        return [self._keys[name]] if isinstance(name, str) and name in self._keys else []

    def _refresh(self) -> None:
        self._asked_at = self._now()
        try:
            discovered = json.loads(self._fetch(self._url.rstrip("/") + DISCOVERY))
            if discovered["issuer"] != self._url:
                raise ValueError("it is another issuer's document")  # noqa: TRY301
            found = json.loads(self._fetch(discovered["jwks_uri"]))["keys"]
            self._keys = dict(filter(None, map(_key, found)))
        except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError):
            logger.exception("the issuer's keys could not be read")  # those that are known still serve


def _key(found: dict[str, Any]) -> tuple[str, jwt.PyJWK] | None:
    """A key by its name; None for one that is not for signatures, or of a kind that is not known here."""
    if found.get("use", "sig") != "sig":
        return None
    try:
        return found["kid"], jwt.PyJWK.from_dict(found)
    except (jwt.PyJWTError, KeyError):
        return None
