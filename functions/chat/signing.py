"""AWS Signature Version 4 for many requests that differ in their path alone.

botocore signs one request at a time and derives everything anew for each. Where one payload goes to every
member of a room, its hash is the same, the signing key is the same for a day, and only the path changes.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Signs POSTs to one host. `credentials` may be renewed between batches; `now` gives epoch milliseconds."""

    def __init__(
        self, credentials: "Credentials", *, host: str, region: str, service: str, now: Callable[[], int]
    ) -> None:
        self._credentials = credentials
        self._host, self._region, self._service = host, region, service
        self._now = now
        self._key_for: tuple[str, str] | None = None
        self._key = b""

    def batch(self, payload: bytes) -> "Callable[[str], list[str]]":
        """Answers what gives the headers for a path, for requests with this payload sent about now. The path is
        as on the wire: percent-encoded but for what never needs to be, and `/`.
        """
        credentials = self._credentials.get_frozen_credentials()
        moment = datetime.fromtimestamp(self._now() // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
        token = credentials.token
        names = "host;x-amz-date" + (";x-amz-security-token" if token else "")
        headers = f"host:{self._host}\nx-amz-date:{moment}\n"
        headers += f"x-amz-security-token:{token}\n" if token else ""
        after_path = f"\n\n{headers}\n{names}\n{hashlib.sha256(payload).hexdigest()}"
        scope = f"{moment[:8]}/{self._region}/{self._service}/aws4_request"
        before_hash = f"{ALGORITHM}\n{moment}\n{scope}\n"
        key = self._signing_key(credentials, moment[:8])
        start = f"Authorization: {ALGORITHM} Credential={credentials.access_key}/{scope}"
        start += f", SignedHeaders={names}, Signature="
        fixed = [f"X-Amz-Date: {moment}"] + ([f"X-Amz-Security-Token: {token}"] if token else [])

        def sign(path: str) -> list[str]:
            # The path is encoded once more than on the wire, as for every service but S3; which then has only its
            # percent signs to encode.
            request = f"POST\n{path.replace('%', '%25')}{after_path}"
            text = before_hash + hashlib.sha256(request.encode()).hexdigest()
            return [start + hmac.digest(key, text.encode(), "sha256").hex(), *fixed]

        return sign

    def _signing_key(self, credentials: "ReadOnlyCredentials", day: str) -> bytes:
        secret = credentials.secret_key or ""
        if self._key_for != (secret, day):
            key = f"AWS4{secret}".encode()
            for part in (day, self._region, self._service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._key_for, self._key = (secret, day), key
        return self._key
