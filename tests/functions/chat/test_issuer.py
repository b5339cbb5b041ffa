import threading
from collections.abc import Iterator
from http.client import BadStatusLine, IncompleteRead
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from chat.errors import Unavailable
from chat.issuer import AGAIN_SECONDS, FRESH_SECONDS, MAX_BYTES, IssuerKeys, fetch
from chat.refusals import Reason, Refused
from chat.tickets import Tickets

from tests.functions.chat.test_tickets import Spent
from tests.functions.conftest import Time
from tests.functions.signing import ISSUER, Issuer, by_hand, claims, signed


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def tickets(issuer: Issuer, time: Time) -> Tickets:
    keys = IssuerKeys(ISSUER, fetch=issuer.fetch, now=lambda: time.now_ms / 1000)
    return Tickets(keys, Spent(), issuer=ISSUER)  # type: ignore[arg-type]


def refusal(tickets: Tickets, token: str) -> Reason | None:
    try:
        tickets.read(token)
    except Refused as refused:
        return refused.reason
    return None


@pytest.mark.parametrize(
    ("kid", "algorithm"), [("rsa", "RS256"), ("rsa", "RS512"), ("rsa", "PS256"), ("ec", "ES256")]
)
def test_the_issuers_tokens_are_tickets(issuer: Issuer, tickets: Tickets, kid: str, algorithm: str) -> None:
    expected = None if algorithm in ("RS256", "ES256") else Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(kid=kid, algorithm=algorithm)) is expected


def test_its_documents_are_read_once_in_a_while(issuer: Issuer, tickets: Tickets, time: Time) -> None:
    for _ in range(3):
        tickets.read(issuer.signed())
    assert len(issuer.asked) == 2
    time.now_ms += round(FRESH_SECONDS * 1000)
    tickets.read(issuer.signed())
    assert len(issuer.asked) == 4


def test_strangers_do_not_decide_how_often_it_is_asked(issuer: Issuer, tickets: Tickets, time: Time) -> None:
    for number in range(20):
        assert refusal(tickets, issuer.signed(kid=f"made up {number}")) is Reason.TICKET_INVALID
    assert len(issuer.asked) == 2
    time.now_ms += round(AGAIN_SECONDS * 1000)
    refusal(tickets, issuer.signed(kid="made up"))
    assert len(issuer.asked) == 4


def test_a_new_key_is_found(issuer: Issuer, tickets: Tickets, time: Time) -> None:
    tickets.read(issuer.signed())
    new = Issuer()
    issuer.keys = [{**new.keys[0], "kid": "new"}]
    issuer.rsa = new.rsa
    time.now_ms += round(AGAIN_SECONDS * 1000)
    tickets.read(issuer.signed(kid="new"))
    assert refusal(tickets, issuer.signed(kid="rsa")) is Reason.TICKET_INVALID  # withdrawn


def test_only_the_issuers_own_tokens_are_tickets(issuer: Issuer, tickets: Tickets) -> None:
    assert refusal(tickets, Issuer().signed()) is Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(iss="https://evil.example")) is Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(iss=None)) is Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(aud="another client")) is Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(kid=None)) is Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(kid="ec")) is Reason.TICKET_INVALID
    assert (
        refusal(tickets, by_hand({"alg": "none", "kid": "rsa"}, claims(iss=ISSUER))) is Reason.TICKET_INVALID
    )
    assert (
        refusal(tickets, by_hand({"alg": "RS256", "kid": ["rsa"]}, claims(iss=ISSUER)))
        is Reason.TICKET_INVALID
    )


def test_a_public_key_is_no_shared_secret(issuer: Issuer, tickets: Tickets) -> None:
    """The oldest trick: signed by HMAC with what everybody can read."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = issuer.rsa.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    algorithm = jwt.get_algorithm_by_name("HS256")
    header, payload, _ = signed(iss=ISSUER).split(".")
    import base64
    import json

    header = (
        base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "rsa"}).encode()).rstrip(b"=").decode()
    )
    signature = algorithm.sign(f"{header}.{payload}".encode(), pem)
    token = f"{header}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    assert refusal(tickets, token) is Reason.TICKET_INVALID
    assert refusal(tickets, signed(iss=ISSUER)) is Reason.TICKET_INVALID


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        {"kty": "RSA", "kid": "broken"},
        {"kty": "XYZ", "kid": "unknown"},
        {"kty": "RSA"},
    ],
)
def test_keys_that_are_of_no_use_are_passed_over(
    issuer: Issuer, tickets: Tickets, key: dict[str, Any]
) -> None:
    issuer.keys = [key, {**issuer.keys[0], "kid": "other", "use": "enc"}, *issuer.keys]
    assert refusal(tickets, issuer.signed()) is None
    shared = jwt.encode(claims(iss=ISSUER), b"secret" * 6, algorithm="HS256", headers={"kid": "shared"})
    assert refusal(tickets, shared) is Reason.TICKET_INVALID
    assert refusal(tickets, issuer.signed(kid="other")) is Reason.TICKET_INVALID


@pytest.mark.parametrize(
    "fault",
    [
        OSError("no route"),
        TimeoutError(),
        ValueError("too large"),
        KeyError("issuer"),
        IncompleteRead(b"{"),
        BadStatusLine("nonsense"),
    ],
)
def test_where_it_was_never_reached_nobody_is_let_in(
    issuer: Issuer, tickets: Tickets, time: Time, fault: Exception
) -> None:
    issuer.fault = fault
    for _ in range(2):
        with pytest.raises(Unavailable):
            tickets.read(issuer.signed())
    assert len(issuer.asked) == 1
    issuer.fault = None
    time.now_ms += round(AGAIN_SECONDS * 1000)
    tickets.read(issuer.signed())


def test_keys_that_are_known_serve_while_it_is_away(issuer: Issuer, tickets: Tickets, time: Time) -> None:
    tickets.read(issuer.signed())
    issuer.fault = OSError("no route")
    time.now_ms += round(FRESH_SECONDS * 1000)
    tickets.read(issuer.signed())
    tickets.read(issuer.signed())
    assert len(issuer.asked) == 3


@pytest.mark.parametrize("keys", [["x"], [None], {"a": 1}, "x", None, [[]]])
def test_a_document_of_another_shape_takes_no_known_key_away(
    issuer: Issuer, tickets: Tickets, time: Time, keys: Any
) -> None:
    tickets.read(issuer.signed())
    issuer.keys = keys
    time.now_ms += round(FRESH_SECONDS * 1000)
    tickets.read(issuer.signed())


def test_a_document_of_another_issuer_is_not_believed(issuer: Issuer, tickets: Tickets) -> None:
    issuer.named = "https://evil.example"
    with pytest.raises(Unavailable):
        tickets.read(issuer.signed())


@pytest.fixture
def site() -> Iterator[str]:
    """Serves 7 bytes at /small, too many at /large, and 404 elsewhere."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = {"/small": 7, "/large": MAX_BYTES + 1}.get(self.path)
            self.send_response(200 if size else 404)
            self.end_headers()
            self.wfile.write(b"x" * (size or 0))

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_is_fetched_is_bounded(site: str) -> None:
    assert fetch(f"{site}/small") == b"x" * 7
    with pytest.raises(ValueError, match="too large"):
        fetch(f"{site}/large")
    with pytest.raises(OSError, match="404"):
        fetch(f"{site}/missing")
