"""Lets in who has a JSON Web Token of an issuer: JWT authorizers of HTTP APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
"""

import asyncio
import json
import math
import time
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

from ..stack.http_model import HttpAuthorizer
from .admission import Admitted, Refusal

ALGORITHMS = ("RS256", "RS384", "RS512")

FETCH_TIMEOUT = 1.5
"""Seconds that an issuer may take for each of its documents."""

DOCUMENT_LIMIT = 150_000
"""Bytes of such a document."""

KEPT_FOR = 7200.0
"""Seconds that an issuer's keys are kept."""

RETRY_AFTER = 10.0
"""Seconds before an issuer is asked again, for a key that it did not have or because it did not answer."""


class WebTokens:
    """The issuers of one API's tokens, with their keys. `clock` gives seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._keys: dict[str, tuple[float, dict[str, Any]]] = {}
        """When issuers were asked last, and their keys by id."""
        self._fetching = asyncio.Lock()

    async def check(self, authorizer: HttpAuthorizer, given: str, scopes: Iterable[str]) -> Admitted:
        """Admit who has a token that the issuer signed for one of the audience, with one of the scopes where there
        are some; Refusal with 401, or 403 where the scope is missing.
        """
        import jwt  # noqa: PLC0415 (an extra of the package)

        token = given[len("bearer ") :] if given.lower().startswith("bearer ") else given
        try:
            key = await self._key(authorizer.issuer, str(jwt.get_unverified_header(token).get("kid")))
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=authorizer.issuer,
                options={"verify_aud": False, "require": ["exp", "iss"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise Refusal(401, f"the token is refused: {error}") from None
        named = claims.get("aud") or claims.get("client_id") or []
        if not set([named] if isinstance(named, str) else map(str, named)) & set(authorizer.audience):
            raise Refusal(401, "the token is for somebody else")
        asked = list(scopes)
        granted = [scope for scope in asked if scope in _scopes(claims)]
        if asked and not granted:
            raise Refusal(403, "the token has none of the route's scopes")
        shown = {"claims": {name: _text(value) for name, value in claims.items()}, "scopes": granted or None}
        return Admitted({"jwt": shown}, shown)

    async def _key(self, issuer: str, kid: str) -> Any:
        import jwt  # noqa: PLC0415

        async with self._fetching:
            now = self._clock()
            asked_at, keys = self._keys.get(issuer, (-math.inf, {}))
            if now - asked_at >= (KEPT_FOR if kid in keys else RETRY_AFTER):
                self._keys[issuer] = (now, {})  # also where it does not answer
                keys = await asyncio.to_thread(_fetch, issuer)
                self._keys[issuer] = (now, keys)
        if kid not in keys:
            raise Refusal(401, f"{issuer} has no key {kid}")
        try:
            return jwt.PyJWK(keys[kid]).key
        except (jwt.PyJWTError, TypeError, ValueError) as error:
            raise Refusal(401, f"the key {kid} of {issuer} cannot be used: {error}") from None


def _fetch(issuer: str) -> dict[str, Any]:
    """An issuer's keys by their ids; Refusal where they cannot be had."""
    try:
        found = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        keys = _document(str(found["jwks_uri"]))["keys"]
        return {str(key["kid"]): key for key in keys if "kid" in key}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(401, f"the keys of {issuer} cannot be had: {error!r}") from None


def _document(url: str) -> Any:
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no address")
    with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT) as answer:  # noqa: S310 (looked at above)
        return json.loads(answer.read(DOCUMENT_LIMIT))


def _scopes(claims: dict[str, Any]) -> set[str]:
    given = claims.get("scope") or claims.get("scp") or []
    return set(given.split()) if isinstance(given, str) else set(map(str, given))


def _text(value: Any) -> str:
    """A claim as events have it: a text, with a list between brackets."""
    if isinstance(value, list):
        return f"[{' '.join(map(_text, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)
