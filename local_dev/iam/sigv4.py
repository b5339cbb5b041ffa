"""Checks AWS Signature Version 4 of a request, made in its headers or (presigned) in its query string.

Pure, and code of its own, since each post to each client passes here; botocore is the oracle of its tests.
The order of the checks and their texts are AWS's, as dynalite's author (https://github.com/mhart/dynalite,
index.js) and users of API Gateway wrote them down; what AWS adds for debugging, the canonical request, is
left out. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from ..errors import SignatureError
from . import canonical
from .claims import WINDOW, Claim, SignedRequest, incomplete, invalid, read_claim
from .credentials import Credentials, Principal
from .moments import epoch, iso_basic

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW = WINDOW
"""Seconds that the signer's clock may be ahead of ours."""

CredentialsOf = Callable[[str], tuple[Credentials, Principal] | None]

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


def verify(
    request: SignedRequest,
    *,
    credentials_of: CredentialsOf,
    region: str,
    now: float,
    service: str = "execute-api",
) -> Principal:
    """Who signed the request; SignatureError unless it is signed for this service and region, about `now`
    (epoch seconds), with credentials that are known.
    """
    claim = read_claim(request)
    _check_age(claim, now)
    names = canonical.header_names(claim.signed_headers)
    if "host" not in names:
        raise invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if claim.algorithm != ALGORITHM:
        raise incomplete(f"Unsupported AWS 'algorithm' (only {ALGORITHM} for now).")
    key_id = _key_id(claim.credential, claim.date, service, region)
    found = credentials_of(key_id)
    if found is None:
        raise _unrecognized()
    credentials, principal = found
    key = _signing_key(credentials.secret_access_key, claim.date[:8], region, service)
    before = f"{ALGORITHM}\n{claim.date}\n{claim.date[:8]}/{region}/{service}/aws4_request\n"
    given = claim.signature.encode("utf-8", "replace")
    head = canonical.head(request.method, request.path, claim.query, names, request.headers)
    for payload in _payloads(request, presigned=claim.lifetime is not None):
        hashed = sha256(f"{head}{payload}".encode("latin-1", "replace")).hexdigest()
        expected = hmac.digest(key, (before + hashed).encode(), "sha256").hex()
        if hmac.compare_digest(expected.encode(), given):
            break
    else:
        raise invalid(_MISMATCH)
    if not hmac.compare_digest((claim.token or "").encode(), (credentials.session_token or "").encode()):
        raise _unrecognized()
    return principal


def _check_age(claim: Claim, now: float) -> None:
    signed_at = epoch(claim.date)
    if signed_at is None:
        raise incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{claim.date[:32]}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        )
    if signed_at > now + SKEW:
        raise invalid(
            f"Signature not yet current: {claim.date} is still later than {iso_basic(now + SKEW)} "
            f"({iso_basic(now)} + {SKEW // 60} min.)"
        )
    lifetime = WINDOW if claim.lifetime is None else claim.lifetime
    if signed_at + lifetime < int(now):
        bound = f"{lifetime // 60} min." if lifetime % 60 == 0 else f"{lifetime} sec."
        raise invalid(
            f"Signature expired: {claim.date} is now earlier than {iso_basic(now - lifetime)} "
            f"({iso_basic(now)} - {bound})"
        )


@lru_cache(maxsize=256)
def _key_id(credential: str, moment: str, service: str, region: str) -> str:
    """The access key id of a credential that is scoped to this service, region and the day of the moment."""
    parts = credential.split("/")
    if len(parts) != 5:
        raise incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{credential[:128]}'"
        )
    key_id, date, its_region, its_service, term = parts
    problems = []
    if its_region != region:
        problems.append("Credential should be scoped to a valid region. ")
    if its_service != service:
        problems.append(f"Credential should be scoped to correct service: '{service}'. ")
    if term != "aws4_request":
        problems.append("Credential should be scoped with a valid terminator: 'aws4_request'. ")
    if date != moment[:8]:
        problems.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{date[:16]}' != '{moment[:8]}', from '{moment}'. "
        )
    if problems:
        raise invalid("".join(problems))
    return key_id


def _payloads(request: SignedRequest, *, presigned: bool) -> tuple[str, ...]:
    """What the request may have been signed for: its body; presigned, whatever the body is."""
    own = sha256(request.body).hexdigest()
    if presigned:
        return (own, "UNSIGNED-PAYLOAD")
    return (own,) if request.headers.get("x-amz-content-sha256", own) == own else ()


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _unrecognized() -> SignatureError:
    message = "The security token included in the request is invalid."
    return SignatureError(403, "UnrecognizedClientException", message)
