from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from chat.signing import Signer
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = 1_750_000_000_000
HOST = "abc.execute-api.eu-central-1.amazonaws.com"
SECRETS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1)


def by_botocore(credentials: Credentials, path: str, payload: bytes, headers: dict[str, str]) -> str:
    """The Authorization header that botocore makes for the same request."""
    request = AWSRequest("POST", f"https://{HOST}{path}", data=payload)
    request.context["timestamp"] = headers["X-Amz-Date"]
    for name, value in headers.items():
        request.headers[name] = value
    auth: Any = SigV4Auth(credentials, "execute-api", "eu-central-1")
    canonical = auth.canonical_request(request)
    signature = auth.signature(auth.string_to_sign(request, canonical), request)
    signed = auth.signed_headers(auth.headers_to_sign(request))
    return f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={signed}, Signature={signature}"


def sign(credentials: Credentials, path: str, payload: bytes, *, now: int = NOW) -> dict[str, str]:
    """The headers that our signer makes, by name."""
    signer = Signer(credentials, host=HOST, region="eu-central-1", service="execute-api", now=lambda: now)
    return dict(line.split(": ", 1) for line in signer.batch(payload)(path))


@settings(max_examples=2000)
@given(
    access_key=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
    secret=SECRETS,
    token=st.none() | SECRETS.filter(lambda token: token == token.strip() and "  " not in token),
    stage=st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1),
    # botocore resolves these two away, as segments of a path; no connection is called that.
    connection_id=st.text(min_size=1).filter(lambda id: id not in (".", "..")),
    payload=st.binary(),
    now=st.integers(0, 4_000_000_000_000),
)
def test_the_signature_is_botocores(  # noqa: PLR0917 (given by name)
    access_key: str, secret: str, token: str | None, stage: str, connection_id: str, payload: bytes, now: int
) -> None:
    credentials = Credentials(access_key, secret, token)
    path = f"/{stage}/%40connections/{quote(connection_id.encode('utf-8', 'replace'), safe='')}"
    headers = sign(credentials, path, payload, now=now)
    authorization = headers.pop("Authorization")
    assert authorization == by_botocore(credentials, path, payload, headers)
    assert headers.get("X-Amz-Security-Token") == token


def test_renewed_credentials_and_a_new_day_make_a_new_key() -> None:
    credentials, moment = Credentials("AKID", "one"), [NOW]
    signer = Signer(
        credentials, host=HOST, region="eu-central-1", service="execute-api", now=lambda: moment[0]
    )
    seen = set()
    for secret, days in (("one", 0), ("two", 0), ("two", 1)):
        credentials.secret_key, moment[0] = secret, NOW + days * 86_400_000
        headers = dict(line.split(": ", 1) for line in signer.batch(b"x")("/live/%40connections/a"))
        authorization = headers.pop("Authorization")
        assert authorization == by_botocore(credentials, "/live/%40connections/a", b"x", headers)
        seen.add(authorization)
    assert len(seen) == 3


@pytest.mark.parametrize("token", [None, "session"])
def test_a_session_token_is_signed(token: str | None) -> None:
    headers = sign(Credentials("AKID", "secret", token), "/live/%40connections/a", b"{}")
    assert ("x-amz-security-token" in headers["Authorization"]) is (token is not None)
