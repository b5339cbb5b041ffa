"""Signers for the tests: botocore's, at a moment of choice, and one written down from AWS's documentation."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from urllib.parse import quote, urlsplit

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from local_dev.iam.claims import SignedRequest
from local_dev.iam.credentials import Credentials, CredentialStore, Principal
from local_dev.iam.guard import signed_request
from local_dev.iam.sigv4 import verify

NOW = 1_795_384_901.0
ACCOUNT = "123456789012"
REGION = "eu-central-1"
PRINCIPAL = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/role/function", ())


def by_botocore(
    credentials: Credentials,
    method: str,
    url: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    expires: int | None = None,
    at: float = NOW,
    region: str = REGION,
    service: str = "execute-api",
) -> SignedRequest:
    """The request as it goes over the wire, signed by botocore; presigned if `expires` is given."""
    signer = BotocoreCredentials(
        credentials.access_key_id, credentials.secret_access_key, credentials.session_token
    )
    request = AWSRequest(method, url, data=body or None)
    for name, value in headers:
        request.headers.add_header(name, value)
    auth: Any
    if expires is None:
        auth = SigV4Auth(signer, service, region)
    else:
        auth = SigV4QueryAuth(signer, service, region, expires=expires)
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(at, UTC)):
        auth.add_auth(request)
    parts = urlsplit(str(request.url))
    sent = [("Host", parts.netloc), *((name, str(value)) for name, value in request.headers.items())]
    return signed_request(method, parts.path, parts.query, sent, body)


def by_hand(
    credentials: Credentials,
    method: str,
    path: str,
    *,
    host: str = "localhost:8000",
    body: bytes = b"",
    at: float = NOW,
    form: str = "AWS4-HMAC-SHA256 Credential={},SignedHeaders={},Signature={}",
) -> SignedRequest:
    """A request signed as AWS's documentation says, without a library; `path` is the path on the wire."""
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = [("host", host), ("x-amz-date", moment)]
    if credentials.session_token:
        headers.append(("x-amz-security-token", credentials.session_token))
    names = ";".join(name for name, _ in headers)
    canonical = "\n".join(
        [
            method,
            "/".join(quote(segment, safe="-_.~") for segment in path.split("/")),
            "",
            *[f"{name}:{value}" for name, value in headers],
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{moment[:8]}/{REGION}/execute-api/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), "sha256").digest()
    authorization = form.format(f"{credentials.access_key_id}/{scope}", names, key.hex())
    return signed_request(method, path, "", [*headers, ("Authorization", authorization)], body)


def verified(
    request: SignedRequest, store: CredentialStore, *, now: float = NOW, **options: Any
) -> Principal:
    """Who signed the request, checked as the gateway does it."""
    return verify(
        request, credentials_of=store.find, region=options.pop("region", REGION), now=now, **options
    )
