import string
from collections.abc import Sequence
from dataclasses import replace
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_dev.errors import SignatureError
from local_dev.iam.claims import SignedRequest
from local_dev.iam.credentials import CredentialStore
from local_dev.iam.guard import signed_request
from tests.local_dev.iam.signing import ACCOUNT, NOW, PRINCIPAL, REGION, by_botocore, by_hand, verified

POST = "http://localhost:8000/prod/@connections/abc%3D"
LETTERS = string.ascii_letters + string.digits
TEXT = st.text(max_size=12)
ENCODED = TEXT.map(lambda text: quote(text.encode("utf-8", "replace"), safe="-_.~"))
SEGMENT = st.text(st.sampled_from(LETTERS + "-._~!$&'()*+,;=:@%"), max_size=8).map(
    lambda text: quote(text, safe="@=-_.~!$&'()*+,;:")
) | st.sampled_from(["..", ".", "", "@connections", "abc%3D", "abc="])
QUERY = st.lists(st.tuples(ENCODED.filter(bool), ENCODED), max_size=4)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["X-T-One", "x-t-two", "Content-Type", "X-T-TWO", "accept"]),
        st.text(st.sampled_from(string.ascii_letters + " \t,;=/\"'"), max_size=20),
    ),
    max_size=4,
)
TOKENS = st.booleans()


def url_of(segments: Sequence[str], query: Sequence[tuple[str, str]], host: str = "localhost:8000") -> str:
    pairs = "&".join(f"{name}={value}" for name, value in query)
    return f"https://{host}/{'/'.join(segments)}{'?' if pairs else ''}{pairs}"


def store_and_credentials(temporary: bool) -> tuple[CredentialStore, Any]:
    store = CredentialStore(ACCOUNT)
    issued = store.issue(PRINCIPAL)
    return store, issued if temporary else store.operator


def changes(request: SignedRequest) -> dict[str, SignedRequest]:
    """The request with each of its parts changed, one at a time."""
    signed = request.headers.get("authorization", request.query)
    fields = {name: name for name in request.headers if name in signed.lower() and name != "authorization"}
    changed = {
        f"header {name}": request._replace(headers={**request.headers, name: f"{request.headers[name]}x"})
        for name in fields
    }
    return {
        **changed,
        "method": request._replace(method="PATCH"),
        "path": request._replace(path=f"{request.path}x"),
        "query": request._replace(query=f"{request.query}{'&' if request.query else ''}zz=1"),
        "body": request._replace(body=request.body + b"x"),
    }


@settings(max_examples=1000)
@given(
    method=st.sampled_from(["POST", "GET", "DELETE"]),
    segments=st.lists(SEGMENT, max_size=5),
    query=QUERY,
    headers=HEADERS,
    body=st.binary(max_size=64),
    temporary=TOKENS,
)
def test_what_botocore_signs_verifies_and_no_change_of_it_does(  # noqa: PLR0917 (given by name)
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    body: bytes,
    temporary: bool,
) -> None:
    store, credentials = store_and_credentials(temporary)
    request = by_botocore(credentials, method, url_of(segments, query), headers=headers, body=body)
    assert verified(request, store).arn.startswith("arn:aws:")
    for what, changed in changes(request).items():
        with pytest.raises(SignatureError):
            pytest.fail(f"a changed {what} verified: {verified(changed, store)}")


@settings(max_examples=1000)
@given(
    method=st.sampled_from(["GET", "POST"]),
    segments=st.lists(SEGMENT, max_size=5),
    query=QUERY.map(lambda pairs: list(dict(pairs).items())),
    headers=HEADERS,
    temporary=TOKENS,
    expires=st.integers(1, 604800),
    age=st.floats(0, 1),
)
def test_what_botocore_presigns_verifies_and_no_change_of_it_does(  # noqa: PLR0917 (given by name)
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: list[tuple[str, str]],
    temporary: bool,
    expires: int,
    age: float,
) -> None:
    store, credentials = store_and_credentials(temporary)
    request = by_botocore(credentials, method, url_of(segments, query), headers=headers, expires=expires)
    now = NOW + age * expires
    assert verified(request, store, now=now)
    for what, changed in changes(request).items():
        with pytest.raises(SignatureError):
            pytest.fail(f"a changed {what} verified: {verified(changed, store, now=now)}")
    late = error_of(request, store, now=NOW + expires + 1)
    assert str(late).startswith("Signature expired: ")


def error_of(request: SignedRequest, store: CredentialStore, **options: Any) -> SignatureError:
    with pytest.raises(SignatureError) as caught:
        verified(request, store, **options)
    return caught.value


@pytest.mark.parametrize(
    "form", ["Credential={},SignedHeaders={},Signature={}", "Credential={}, SignedHeaders={}, Signature={}"]
)
@pytest.mark.parametrize(
    "path", ["/prod/@connections/abc%3D", "/prod/@connections/abc=", "/prod/%40connections/abc%3D"]
)
def test_e17_the_id_may_be_escaped_or_not_as_long_as_what_was_sent_was_signed(path: str, form: str) -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_hand(credentials, "POST", path, body=b"x", form=f"AWS4-HMAC-SHA256 {form}")
    assert verified(request, store) is PRINCIPAL
    by_library = by_botocore(credentials, "POST", f"http://localhost:8000{path}", body=b"x")
    assert by_library.path == path
    assert verified(by_library, store) is PRINCIPAL


def test_another_date_key_region_or_service_does_not_verify() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "POST", POST)
    dated = request._replace(headers={**request.headers, "x-amz-date": "20261122T220142Z"})
    assert error_of(dated, store).error_type == "InvalidSignatureException"
    other = replace(credentials, secret_access_key="another")
    assert error_of(by_botocore(other, "POST", POST), store).error_type == "InvalidSignatureException"
    region = error_of(by_botocore(credentials, "POST", POST, region="us-west-2"), store)
    assert str(region) == "Credential should be scoped to a valid region. "
    service = error_of(by_botocore(credentials, "POST", POST, service="lambda"), store)
    assert str(service) == "Credential should be scoped to correct service: 'execute-api'. "
    assert (
        verified(by_botocore(credentials, "POST", POST, service="lambda"), store, service="lambda")
        is PRINCIPAL
    )


def test_a_bad_signature_tells_nothing_of_the_right_one() -> None:
    store, credentials = store_and_credentials(temporary=True)
    error = error_of(by_botocore(credentials, "POST", POST)._replace(body=b"other"), store)
    assert (error.status, error.error_type) == (403, "InvalidSignatureException")
    assert error.message == (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
        "Access Key and signing method. Consult the service documentation for details."
    )


def test_unsigned() -> None:
    error = error_of(signed_request("POST", "/", "", [("Host", "a")]), CredentialStore(ACCOUNT))
    assert (error.status, error.error_type) == (403, "MissingAuthenticationTokenException")
    assert str(error) == "Missing Authentication Token"


@pytest.mark.parametrize(
    ("late", "text"),
    [
        (
            301,
            "Signature expired: 20261122T220141Z is now earlier than 20261122T220142Z (20261122T220642Z - 5 min.)",
        ),
        (
            -301,
            "Signature not yet current: 20261122T220141Z is still later than 20261122T220140Z "
            "(20261122T215640Z + 5 min.)",
        ),
    ],
)
def test_five_minutes_of_skew(late: float, text: str) -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "POST", POST)
    assert verified(request, store, now=NOW + late / 301 * 300) is PRINCIPAL
    error = error_of(request, store, now=NOW + late)
    assert (error.status, error.error_type, str(error)) == (403, "InvalidSignatureException", text)


def test_a_presigned_url_is_not_valid_before_its_time_nor_for_more_than_a_week() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "GET", POST, expires=60)
    assert str(error_of(request, store, now=NOW - 301)).startswith("Signature not yet current: ")
    assert "must be less than a week" in str(
        error_of(by_botocore(credentials, "GET", POST, expires=604801), store)
    )


@pytest.mark.parametrize("value", ["", "x", "-1", "1.5", "٣", "9" * 5000])
def test_expires_has_to_be_a_number(value: str) -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "GET", POST, expires=60)
    changed = request._replace(
        query=request.query.replace("X-Amz-Expires=60", f"X-Amz-Expires={quote(value)}")
    )
    assert error_of(changed, store).status == 403


def test_a_presigned_request_may_leave_its_payload_unsigned() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(
        credentials, "POST", POST, expires=60, headers=[("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")]
    )
    assert verified(request._replace(body=b"whatever"), store) is PRINCIPAL


def test_a_request_signed_in_its_headers_may_not() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "POST", POST, headers=[("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")])
    assert error_of(request, store).error_type == "InvalidSignatureException"


def test_a_content_hash_has_to_be_the_bodys() -> None:
    store, credentials = store_and_credentials(temporary=True)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    request = by_botocore(credentials, "POST", POST, headers=[("X-Amz-Content-SHA256", empty)])
    assert verified(request, store) is PRINCIPAL
    assert error_of(request._replace(body=b"x"), store).error_type == "InvalidSignatureException"


def test_an_unknown_key() -> None:
    _, credentials = store_and_credentials(temporary=True)
    error = error_of(by_botocore(credentials, "POST", POST), CredentialStore(ACCOUNT))
    assert (error.status, error.error_type) == (403, "UnrecognizedClientException")
    assert str(error) == "The security token included in the request is invalid."


@pytest.mark.parametrize("token", [None, "another"])
@pytest.mark.parametrize("expires", [None, 60])
def test_the_session_token_has_to_be_the_keys(token: str | None, expires: int | None) -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(replace(credentials, session_token=token), "GET", POST, expires=expires)
    assert error_of(request, store).error_type == "UnrecognizedClientException"
    with_token = replace(store.operator, session_token="any")
    assert error_of(by_botocore(with_token, "GET", POST), store).error_type == "UnrecognizedClientException"


def test_the_host_has_to_be_signed() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "POST", POST)
    authorization = request.headers["authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    error = error_of(request._replace(headers={**request.headers, "authorization": authorization}), store)
    assert (error.status, error.error_type) == (403, "InvalidSignatureException")
    assert "must be a 'SignedHeader'" in str(error)


def test_a_date_header_will_do() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "POST", POST, headers=[("Date", formatdate(NOW, usegmt=True))])
    assert "x-amz-date" not in request.headers
    assert verified(request, store) is PRINCIPAL


HASHED = "(hashed with SHA-256 and encoded with Base64)"


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        (
            "Bearer eyJhbGciOi",
            f"Invalid key=value pair (missing equal-sign) in Authorization header {HASHED}: '",
        ),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e", "Authorization header requires 'Signature' parameter. "),
        (
            "AWS4-HMAC-SHA256 Signature=x,SignedHeaders=host",
            "Authorization header requires 'Credential' parameter. ",
        ),
        ("AWS4-HMAC-SHA256 Credential=a,Signature=b,SignedHeaders=host", "Credential must have exactly 5 "),
        ("AWS4-X Credential=a,Signature=b,SignedHeaders=host", "Unsupported AWS 'algorithm'"),
    ],
)
def test_a_header_that_is_not_whole(authorization: str, text: str) -> None:
    headers = [("Host", "a"), ("X-Amz-Date", "20261122T220141Z"), ("Authorization", authorization)]
    error = error_of(signed_request("POST", "/", "", headers), CredentialStore(ACCOUNT))
    assert (error.status, error.error_type) == (403, "IncompleteSignatureException")
    assert str(error).startswith(text)
    assert "eyJ" not in str(error)


def test_a_header_without_a_date() -> None:
    headers = [("Host", "a"), ("Authorization", "AWS4-HMAC-SHA256 Credential=a")]
    error = error_of(signed_request("POST", "/", "", headers), CredentialStore(ACCOUNT))
    assert "requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed with SHA-256 and" in str(
        error
    )


@pytest.mark.parametrize("date", ["201", "20261322T220141Z", "2026-11-22T22:01:41Z"])
def test_a_date_that_is_none(date: str) -> None:
    authorization = "AWS4-HMAC-SHA256 Credential=a,Signature=b,SignedHeaders=host"
    headers = [("Host", "a"), ("X-Amz-Date", date), ("Authorization", authorization)]
    error = error_of(signed_request("POST", "/", "", headers), CredentialStore(ACCOUNT))
    assert error.error_type == "IncompleteSignatureException"
    assert str(error).startswith(f"Date must be in ISO-8601 'basic format'. Got '{date}'.")


def test_a_query_string_that_is_not_whole() -> None:
    request = signed_request("GET", "/", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x", [("Host", "a")])
    assert str(error_of(request, CredentialStore(ACCOUNT))) == (
        "AWS query-string parameters must include 'X-Amz-Credential'. "
        "AWS query-string parameters must include 'X-Amz-Signature'. "
        "AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters."
    )


def test_signed_twice() -> None:
    store, credentials = store_and_credentials(temporary=True)
    request = by_botocore(credentials, "POST", f"{POST}?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert str(error_of(request, store)).startswith(
        "Found both 'X-Amz-Algorithm' as a query-string param and "
    )


def test_every_fault_of_a_scope_is_named() -> None:
    credential = "key/20200101/mars/s3/aws5_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential},Signature=b,SignedHeaders=host"
    headers = [("Host", "a"), ("X-Amz-Date", "20261122T220141Z"), ("Authorization", authorization)]
    assert str(error_of(signed_request("POST", "/", "", headers), CredentialStore(ACCOUNT))) == (
        "Credential should be scoped to a valid region. "
        "Credential should be scoped to correct service: 'execute-api'. "
        "Credential should be scoped with a valid terminator: 'aws4_request'. "
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'20200101' != '20261122', from '20261122T220141Z'. "
    )


ANY = st.text(st.characters(codec="latin-1"))
FIELDS = st.tuples(
    st.sampled_from(["AWS4-HMAC-SHA256", "Bearer", ""]),
    st.lists(
        st.tuples(st.sampled_from(["Credential", "SignedHeaders", "Signature", "X"]), ANY | st.just("host")),
        max_size=5,
    ),
).map(lambda made: f"{made[0]} {','.join(f'{name}={value}' for name, value in made[1])}")


@settings(max_examples=1000)
@given(
    path=ANY,
    query=ANY | ANY.map(lambda text: f"X-Amz-Algorithm=AWS4-HMAC-SHA256&{text}"),
    authorization=st.none() | ANY | FIELDS,
    date=ANY | st.just("20261122T220141Z"),
    http_date=ANY,
)
def test_whatever_comes_is_refused_and_nothing_else(
    path: str, query: str, authorization: str | None, date: str, http_date: str
) -> None:
    headers = [("Host", "a"), ("X-Amz-Date", date), ("Date", http_date)]
    if authorization is not None:
        headers.append(("Authorization", authorization))
    error = error_of(signed_request("POST", path, query, headers), CredentialStore(ACCOUNT), region=REGION)
    assert error.status == 403
