"""Tickets as a backend or an issuer signs them, and as one who means harm would."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

SECRET = "0123456789abcdef" * 4
ISSUER = "https://issuer.example/tenant"


def claims(**changes: Any) -> dict[str, Any]:
    """A ticket's claims, with changes; a change to None leaves one out."""
    now = int(time.time())
    usual = {"aud": "parley", "sub": "ada", "rooms": ["general"], "iat": now, "exp": now + 60}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(secret: str = SECRET, *, algorithm: str = "HS256", **changes: Any) -> str:
    """A ticket signed with a shared secret."""
    return jwt.encode(claims(**changes), secret, algorithm=algorithm)


def by_hand(header: Any, payload: Any, signature: bytes = b"") -> str:
    """A token of any parts."""
    parts = [json.dumps(part).encode() for part in (header, payload)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, signature])


class Issuer:
    """An OpenID Connect issuer with a key of each kind, its documents as `fetch` finds them, and a count of how often
    it was asked.
    """

    def __init__(self, url: str = ISSUER) -> None:
        self.url = url
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.asked: list[str] = []
        self.fault: Exception | None = None
        self.keys: list[dict[str, Any]] = [
            {**RSAAlgorithm.to_jwk(self.rsa.public_key(), as_dict=True), "kid": "rsa", "use": "sig"},
            {**ECAlgorithm.to_jwk(self.ec.public_key(), as_dict=True), "kid": "ec", "use": "sig"},
        ]
        self.named = url

    def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if self.fault:
            raise self.fault
        documents = {
            f"{self.url}/.well-known/openid-configuration": {
                "issuer": self.named,
                "jwks_uri": f"{self.url}/keys",
            },
            f"{self.url}/keys": {"keys": self.keys},
        }
        return json.dumps(documents[url]).encode()

    def signed(self, *, kid: str | None = "rsa", algorithm: str = "RS256", **changes: Any) -> str:
        """A token of this issuer."""
        key = self.ec if algorithm.startswith("ES") else self.rsa
        headers = {"kid": kid} if kid else {}
        return jwt.encode(claims(**{"iss": self.url, **changes}), key, algorithm=algorithm, headers=headers)
