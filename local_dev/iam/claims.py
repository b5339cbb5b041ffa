"""What a request says of its own signature, in its headers or (presigned) in its query string. Pure."""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from ..errors import SignatureError
from . import canonical
from .moments import timestamp

WINDOW = 300
"""Seconds that a signature is valid unless it says something else."""

LONGEST = 7 * 24 * 3600
"""Seconds that a presigned URL may be valid."""

_USUAL = re.compile(
    r"([^ ,=]+) Credential=([^ ,=]+), ?SignedHeaders=([^ ,=]+), ?Signature=([^ ,=]+)", re.ASCII
)
"""An Authorization header as all SDKs write it."""

_HASHED = "ashed with SHA-256 and encoded with Base64)"


class SignedRequest(NamedTuple):
    """A request as it came: `path` and `query` still encoded, `headers` folded by `canonical.headers`."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


class Claim(NamedTuple):
    """A signature. `query` is the query string that it covers; `lifetime` in seconds, None unless presigned."""

    algorithm: str
    credential: str
    signed_headers: str
    signature: str
    date: str
    token: str | None
    query: str
    lifetime: int | None = None


def read_claim(request: SignedRequest) -> Claim:
    """The signature of a request, in its headers or its query string; SignatureError where there is none or
    a part is missing.
    """
    authorization = request.headers.get("authorization")
    presigned = "X-Amz-Algorithm" in request.query
    if authorization is None:
        if presigned:
            return _in_query(request)
        raise SignatureError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    if presigned and "X-Amz-Algorithm" in canonical.parameters(request.query):
        raise invalid(
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."
        )
    return _in_headers(request, authorization)


def _in_headers(request: SignedRequest, authorization: str) -> Claim:
    if (usual := _USUAL.fullmatch(authorization)) and (date := request.headers.get("x-amz-date")):
        token = request.headers.get("x-amz-security-token")
        algorithm, credential, signed_headers, signature = usual.groups()
        return Claim(algorithm, credential, signed_headers, signature, date, token, request.query)
    algorithm, _, rest = authorization.partition(" ")
    fields = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals:
            raise incomplete(
                f"Invalid key=value pair (missing equal-sign) in Authorization header (h{_HASHED}: "
                f"'{_hashed(authorization)}'."
            )
        fields[name] = value
    missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not fields.get(name)]
    problems = [f"Authorization header requires '{name}' parameter. " for name in missing]
    date = request.headers.get("x-amz-date") or timestamp(request.headers.get("date", ""))
    if not date:
        problems.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        )
    if problems:
        raise incomplete(f"{''.join(problems)}(H{_HASHED} Authorization={_hashed(authorization)}")
    token = request.headers.get("x-amz-security-token")
    return Claim(
        algorithm,
        fields["Credential"],
        fields["SignedHeaders"],
        fields["Signature"],
        date,
        token,
        request.query,
    )


def _in_query(request: SignedRequest) -> Claim:
    given = canonical.parameters(request.query)
    wanted = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    missing = [name for name in wanted if not given.get(name)]
    if missing:
        problems = [f"AWS query-string parameters must include '{name}'. " for name in missing]
        raise incomplete(f"{''.join(problems)}Re-examine the query-string parameters.")
    algorithm, credential, signature, signed_headers, date = (given[name] for name in wanted)
    expires = given.get("X-Amz-Expires") or str(WINDOW)
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 10):
        raise incomplete("X-Amz-Expires should be a number")
    if int(expires) > LONGEST:
        raise incomplete(f"X-Amz-Expires must be less than a week (in seconds); that is, {LONGEST} seconds")
    unsigned = canonical.without(request.query, "X-Amz-Signature")
    token = given.get("X-Amz-Security-Token")
    return Claim(
        algorithm, credential, signed_headers, signature, date, token, unsigned, lifetime=int(expires)
    )


def incomplete(message: str) -> SignatureError:
    """Part of the signature is missing or malformed."""
    return SignatureError(403, "IncompleteSignatureException", message)


def invalid(message: str) -> SignatureError:
    """The signature is wrong, out of date or made for something else."""
    return SignatureError(403, "InvalidSignatureException", message)


def _hashed(text: str) -> str:
    return b64encode(sha256(text.encode("latin-1", "replace")).digest()).decode()
