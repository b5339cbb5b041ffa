from dataclasses import replace

import pytest

from local_dev.errors import AccessDenied, SignatureError
from local_dev.gateway.events import Handshake
from local_dev.iam.claims import SignedRequest
from local_dev.iam.credentials import CredentialStore, Principal
from local_dev.iam.guard import ConnectionsGuard, InvokeGuard, StackPermissions
from local_dev.stack.model import Api, Statement
from tests.local_dev.iam.signing import ACCOUNT, NOW, REGION, by_botocore

API = Api("abc123", "Chat", "prod", "$request.body.action", {}, REGION, ACCOUNT)
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/stack-SendRole/stack-Send"
CONNECT = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/prod/$connect"
URL = "http://localhost:8000/prod/@connections/abc%3D"


def store_with(*statements: Statement) -> tuple[CredentialStore, Principal]:
    return CredentialStore(ACCOUNT), Principal(ROLE, statements)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_m12_m15_the_functions_role_has_to_allow_it(method: str) -> None:
    resource = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc123/prod/{method}/@connections/*"
    store, principal = store_with(Statement("Allow", ("execute-api:ManageConnections",), (resource,)))
    guard = ConnectionsGuard(store.find, clock=lambda: NOW)
    guard.check(by_botocore(store.issue(principal), method, URL), API)
    with pytest.raises(AccessDenied) as caught:
        guard.check(by_botocore(store.issue(principal), method, URL), replace(API, stage="dev"))
    assert (caught.value.status, caught.value.error_type) == (403, "AccessDeniedException")
    assert caught.value.message == (
        f"User: {ROLE} is not authorized to perform: execute-api:ManageConnections on resource: "
        f"arn:aws:execute-api:{REGION}:********9012:abc123/dev/{method}/@connections/{{connectionId}}"
    )


def test_the_operator_may() -> None:
    store = CredentialStore(ACCOUNT)
    ConnectionsGuard(store.find, clock=lambda: NOW).check(by_botocore(store.operator, "POST", URL), API)


def test_the_time_is_the_clocks() -> None:
    store = CredentialStore(ACCOUNT)
    with pytest.raises(SignatureError, match="Signature expired"):
        ConnectionsGuard(store.find, clock=lambda: NOW + 400).check(
            by_botocore(store.operator, "POST", URL), API
        )


def handshake(request: SignedRequest, **changed: str) -> Handshake:
    headers = tuple((name.title(), value) for name, value in request.headers.items())
    sent = {"path": request.path, "query": request.query, "host": request.headers["host"], **changed}
    return Handshake(headers, source_ip="127.0.0.1", **sent)


@pytest.mark.parametrize("expires", [None, 3600], ids=["headers", "query"])
@pytest.mark.parametrize(
    "url", ["https://localhost:8000/prod", "https://abc123.example/prod?room=a%20b&room=c"]
)
def test_a10_h13_a_signed_handshake(url: str, expires: int | None) -> None:
    store, principal = store_with(Statement("Allow", ("execute-api:Invoke",), (CONNECT,)))
    permissions = StackPermissions(store.find, region=REGION, clock=lambda: NOW)
    request = by_botocore(store.issue(principal), "GET", url.replace("&room=c", ""), expires=expires)
    assert permissions.may_invoke(handshake(request), resource=CONNECT)
    assert not permissions.may_invoke(handshake(request, path="/dev"), resource=CONNECT)
    assert not permissions.may_invoke(handshake(request), resource=CONNECT.replace("$connect", "other"))
    unsigned = Handshake((("Host", "localhost:8000"),), "", "127.0.0.1", path="/prod", host="localhost:8000")
    assert not permissions.may_invoke(unsigned, resource=CONNECT)


def test_a_handshake_whose_host_is_known_from_elsewhere() -> None:
    store, principal = store_with(Statement("Allow", ("execute-api:Invoke",), (CONNECT,)))
    permissions = StackPermissions(store.find, region=REGION, clock=lambda: NOW)
    sent = handshake(by_botocore(store.issue(principal), "GET", "https://localhost:8000/prod"))
    without_host = replace(sent, headers=tuple(pair for pair in sent.headers if pair[0] != "Host"))
    assert permissions.may_invoke(without_host, resource=CONNECT)
    assert not permissions.may_invoke(replace(without_host, host="elsewhere"), resource=CONNECT)


def test_a_function_may_invoke_another_if_its_role_says_so() -> None:
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:greet"
    store, principal = store_with(Statement("Allow", ("lambda:InvokeFunction",), (arn,)))
    guard = InvokeGuard(store.find, region=REGION, clock=lambda: NOW)
    url = "http://localhost:8000/2015-03-31/functions/greet/invocations"
    request = by_botocore(store.issue(principal), "POST", url, service="lambda")
    guard.check(request, arn)
    with pytest.raises(
        AccessDenied, match="no identity-based policy allows the lambda:InvokeFunction action"
    ):
        guard.check(request, arn + "-other")
