import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import ClientError
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.connections import BufferFull, Connection
from local_dev.gateway.events import Handshake
from local_dev.gateway.gateway import Accepted, Gateway
from local_dev.gateway.throttles import AccountLimits
from local_dev.iam.credentials import Credentials, CredentialStore, Principal
from local_dev.iam.guard import ConnectionsGuard
from local_dev.stack.model import Api, CustomDomain, Statement
from local_dev.web.management import add_management_routes
from tests.local_dev.web.serving import Served, served

REGION, ACCOUNT = "us-east-1", "123456789012"
NEVER = "AAAAAAAAAAAAAAA="
CHAT = Api(
    "chat123456",
    "Chat",
    "prod",
    "$request.body.action",
    {},
    REGION,
    ACCOUNT,
    domains=(CustomDomain("ws.example.com", ""), CustomDomain("api.example.com", "chat")),
)
OTHER = Api("other12345", "Other", "prod", "$request.body.action", {}, REGION, ACCOUNT)
DOMAIN = CHAT.domain_name
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/stack-SendRole/stack-Send"


class NoFunctions:
    """These APIs have no routes, so that nothing is invoked."""

    async def invoke(self, name: str, event: Any, *, wait: float) -> Any:
        raise AssertionError(name)

    def invoke_later(self, name: str, event: Any) -> None:
        raise AssertionError(name)


@dataclass
class Client:
    """What the other end of a connection got."""

    id: str
    frames: list[str] = field(default_factory=list)
    closed: list[tuple[int, str]] = field(default_factory=list)
    full: bool = False

    def send(self, text: str) -> None:
        if self.full:
            raise BufferFull
        self.frames.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


class Deployed:
    """Two APIs behind the management API, which checks signatures."""

    def __init__(self, **assumed: Any) -> None:
        self.store = CredentialStore(ACCOUNT)
        self.now = {"ahead": 0.0}
        self.limits = AccountLimits()
        self.gateways = {
            "prod": Gateway(CHAT, NoFunctions(), limits=self.limits),
            "Other/prod": Gateway(OTHER, NoFunctions(), limits=self.limits),
        }
        app = FastAPI()
        guard = ConnectionsGuard(self.store.find, clock=lambda: time.time() + self.now["ahead"])
        assumptions = Assumptions(**assumed)
        self.api = add_management_routes(app, self.gateways, assumptions=assumptions, guard=guard)
        self.app = app
        self.served: Served

    def connected(self, key: str = "prod", *, user_agent: str = "probe") -> Client:
        """A new client of the API with that key."""

        async def connect() -> Client:
            gateway = self.gateways[key]
            agent = (("User-Agent", user_agent),)
            accepted = await gateway.connect(
                Handshake(agent, "", "10.0.0.1", path=f"/{key}", host="localhost")
            )
            assert isinstance(accepted, Accepted)
            client = Client(accepted.session.connection_id)
            connection: Connection = gateway.opened(accepted, send=client.send, close=client.close)
            assert connection.id == client.id
            return client

        client: Client = self.served.run(connect())
        return client

    def boto3(
        self, credentials: Credentials | None = None, *, key: str = "prod", region: str = REGION
    ) -> Any:
        """boto3's client of the API with that key."""
        used = credentials or self.store.operator
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"{self.served.url}/{key}",
            region_name=region,
            aws_access_key_id=used.access_key_id,
            aws_secret_access_key=used.secret_access_key,
            aws_session_token=used.session_token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        host: str | None = None,
        signed: bool = True,
        headers: dict[str, str] | None = None,
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """One raw request with that path and Host, signed by the operator."""
        name = host or f"127.0.0.1:{self.served.port}"
        request = AWSRequest(method, f"https://{name}{path}", data=body or None)
        if signed:
            SigV4Auth(BotocoreCredentials("local", "local"), "execute-api", REGION).add_auth(request)
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
        try:
            connection.request(method, path, body, {**dict(request.headers), "Host": name, **(headers or {})})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@pytest.fixture(scope="module", params=["at once", "by the application"])
def deployed(request: pytest.FixtureRequest) -> Iterator[Deployed]:
    """Whose posts are answered by the HTTP protocol itself, or as all other requests are."""
    made = Deployed()
    with served(made.app, post=made.api.post if request.param == "at once" else None) as running:
        made.served = running
        yield made


@pytest.mark.parametrize(
    "escape", [lambda text: quote(text, safe=""), lambda text: text], ids=["escaped", "plain"]
)
@pytest.mark.parametrize("at", ["@", "%40"])
def test_e17_m01_m02_post(deployed: Deployed, escape: Any, at: str) -> None:
    client = deployed.connected()
    answer, body = deployed.request("POST", f"/prod/{at}connections/{escape(client.id)}", "سلام".encode())
    assert (answer.status, body) == (200, b"")
    assert answer.headers["content-type"] == "application/json"
    assert {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"} <= {
        name.lower() for name in answer.headers
    }
    assert client.frames == ["سلام"]


def test_m03_m04_m05_m16_boto3(deployed: Deployed) -> None:
    client, management = deployed.connected(), deployed.boto3()
    management.post_to_connection(ConnectionId=client.id, Data=b"a\xffb")
    assert client.frames == ["a\ufffdb"]
    told = management.get_connection(ConnectionId=client.id)
    assert told["Identity"] == {"SourceIp": "10.0.0.1", "UserAgent": "probe"}
    assert told["LastActiveAt"] >= told["ConnectedAt"]
    management.delete_connection(ConnectionId=client.id)
    assert client.closed == [(1000, "Connection Closed Normally")]
    for operation, arguments in (
        ("get_connection", {}),
        ("delete_connection", {}),
        ("post_to_connection", {"Data": b""}),
    ):
        with pytest.raises(management.exceptions.GoneException):
            getattr(management, operation)(ConnectionId=NEVER, **arguments)


def test_m03_printed_with_blanks_around_colons(deployed: Deployed) -> None:
    _, body = deployed.request("GET", f"/prod/@connections/{deployed.connected().id}")
    lines = body.decode().splitlines()
    assert lines[:4] == ["{", '  "identity" : {', '    "sourceIp" : "10.0.0.1",', '    "userAgent" : "probe"']


def test_m03_text_is_utf8(deployed: Deployed) -> None:
    agent = 'pr\u00f6be "\\" \u0633'
    path = f"/prod/@connections/{deployed.connected(user_agent=agent).id}"
    answer, body = deployed.request("GET", path)
    assert answer.headers["content-length"] == str(len(body))
    assert 'pr\u00f6be \\"\\\\\\" \u0633'.encode() in body
    assert json.loads(body)["identity"]["userAgent"] == agent


def test_m04_delete_has_no_body(deployed: Deployed) -> None:
    answer, body = deployed.request("DELETE", f"/prod/@connections/{deployed.connected().id}")
    assert (answer.status, body, answer.headers["content-type"]) == (204, b"", None)


def test_m05_gone_is_named_by_the_header_alone(deployed: Deployed) -> None:
    answer, body = deployed.request("POST", f"/prod/@connections/{NEVER}", b"x")
    assert (answer.status, body) == (410, b"")
    assert answer.headers["x-amzn-errortype"] == "GoneException"
    assert answer.headers["content-length"] == "0"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "connection_id", ["WDGT8fY4joECJrQ%3Dtest", "a%2Fb", "%F0%9F%98%80", "%22%0A", "a/b"]
)
def test_m07_a_malformed_id(deployed: Deployed, connection_id: str) -> None:
    answer, body = deployed.request("POST", f"/prod/@connections/{connection_id}", b"x")
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (400, "BadRequestException")
    assert json.loads(body)["message"].startswith("Invalid connectionId: ")


def test_m09_too_large(deployed: Deployed) -> None:
    client, management = deployed.connected(), deployed.boto3()
    management.post_to_connection(ConnectionId=client.id, Data=b"x" * 131072)
    with pytest.raises(management.exceptions.PayloadTooLargeException):
        management.post_to_connection(ConnectionId=client.id, Data=b"x" * 131073)
    assert [len(frame) for frame in client.frames] == [131072]


def test_m09_what_is_too_large_is_refused_before_it_is_read(deployed: Deployed) -> None:
    with socket.create_connection(("127.0.0.1", deployed.served.port), timeout=60) as sock:
        sock.sendall(
            f"POST /prod/@connections/{NEVER} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        sock.sendall(chunk * 3)  # and the end is never sent
        answer = sock.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"x-amzn-errortype: PayloadTooLargeException" in answer


def test_a_client_that_leaves_within_its_request_is_no_fault(
    deployed: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(("127.0.0.1", deployed.served.port), timeout=60) as sock:
        sock.sendall(f"POST /prod/@connections/{NEVER} HTTP/1.1\r\nContent-Length: 9\r\n\r\nx".encode())
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    assert deployed.request("POST", f"/prod/@connections/{NEVER}")[0].status == 410
    assert not [record for record in caplog.records if record.exc_info]


def test_m10_a_full_buffer_and_the_accounts_limit_are_429(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, management = deployed.connected(), deployed.boto3()
    client.full = True
    with pytest.raises(management.exceptions.LimitExceededException):
        management.post_to_connection(ConnectionId=client.id, Data=b"x")
    client.full = False
    monkeypatch.setattr(deployed.limits.requests, "take", lambda: False)
    with pytest.raises(management.exceptions.LimitExceededException):
        management.post_to_connection(ConnectionId=client.id, Data=b"x")
    assert client.frames == []


@pytest.mark.parametrize(
    "path", [f"/@connections/{NEVER}", f"/elsewhere/@connections/{NEVER}", f"/prod/more/@connections/{NEVER}"]
)
@pytest.mark.parametrize("signed", [True, False])
def test_m11_without_the_right_stage_it_is_forbidden(deployed: Deployed, path: str, signed: bool) -> None:
    answer, body = deployed.request("POST", path, signed=signed)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "ForbiddenException")
    assert json.loads(body) == {"message": "Forbidden"}


@pytest.mark.parametrize("key", ["prod", "Other/prod"])
def test_m12_the_functions_role_has_to_allow_it(deployed: Deployed, key: str) -> None:
    resource = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{CHAT.id}/prod/POST/@connections/*"
    role = Principal(ROLE, (Statement("Allow", ("execute-api:ManageConnections",), (resource,)),))
    client, management = deployed.connected(key), deployed.boto3(deployed.store.issue(role), key=key)
    if key == "prod":
        management.post_to_connection(ConnectionId=client.id, Data=b"x")
        assert client.frames == ["x"]
        return
    with pytest.raises(ClientError) as caught:
        management.post_to_connection(ConnectionId=client.id, Data=b"x")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert caught.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {ROLE} is not authorized to perform: execute-api:ManageConnections on resource: "
        f"arn:aws:execute-api:us-east-1:********9012:{OTHER.id}/prod/POST/@connections/{{connectionId}}",
    }
    assert client.frames == []


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (DOMAIN, "/prod"),
        (f"{DOMAIN}:8443", "/prod"),
        ("ws.example.com", ""),
        ("api.example.com", "/chat"),
    ],
)
def test_m01_m13_by_the_domain(deployed: Deployed, host: str, path: str) -> None:
    client = deployed.connected()
    answer, _ = deployed.request("POST", f"{path}/@connections/{quote(client.id)}", b"x", host=host)
    assert (answer.status, client.frames) == (200, ["x"])


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (DOMAIN, "/dev"),
        (DOMAIN, ""),
        (DOMAIN, "/Other/prod"),
        ("api.example.com", ""),
        ("api.example.com", "/prod"),
    ],
)
def test_m11_a_domain_knows_its_own_stages_alone(deployed: Deployed, host: str, path: str) -> None:
    answer, body = deployed.request("POST", f"{path}/@connections/{NEVER}", host=host)
    assert (answer.status, json.loads(body)) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(("host", "base"), [("ws.example.com", ""), ("api.example.com", "/chat")])
def test_m13_a_custom_domain_with_the_stage(deployed: Deployed, host: str, base: str) -> None:
    answer, body = deployed.request("POST", f"{base}/prod/@connections/{quote(NEVER)}", host=host)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "NotFoundException")
    text = f"No method found matching route prod/@connections/{NEVER} for http method POST."
    assert json.loads(body) == {"message": text}


def test_m15_unsigned(deployed: Deployed) -> None:
    client = deployed.connected()
    answer, body = deployed.request("POST", f"/prod/@connections/{client.id}", b"x", signed=False)
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(body) == {"message": "Missing Authentication Token"}
    assert client.frames == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"secret_access_key": "other"}, "InvalidSignatureException"),
        ({"access_key_id": "AKIAFOREIGN"}, "UnrecognizedClientException"),
        ({"session_token": "other"}, "UnrecognizedClientException"),
    ],
)
def test_m15_badly_signed(deployed: Deployed, changed: dict[str, str], code: str) -> None:
    management = deployed.boto3(replace(deployed.store.operator, **changed))
    with pytest.raises(ClientError) as caught:
        management.post_to_connection(ConnectionId=NEVER, Data=b"x")
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_m15_expired(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(deployed.now, "ahead", 400)
    with pytest.raises(ClientError, match=r"Signature expired: .* is now earlier than"):
        deployed.boto3().post_to_connection(ConnectionId=NEVER, Data=b"x")


def test_m17_another_region(deployed: Deployed) -> None:
    with pytest.raises(ClientError, match="Credential should be scoped to a valid region"):
        deployed.boto3(region="eu-west-1").post_to_connection(ConnectionId=NEVER, Data=b"x")


@pytest.mark.parametrize("status", [410, 403])
def test_m17_through_another_api(status: int) -> None:
    made = Deployed(cross_api_post=status)
    with served(made.app, post=made.api.post) as made.served:
        client = made.connected("Other/prod")
        answer, _ = made.request("POST", f"/prod/@connections/{client.id}", b"x")
        assert (answer.status, client.frames) == (status, [])
        answer, _ = made.request("POST", f"/prod/@connections/{NEVER}", b"x")
        assert answer.status == 410


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_no_routes(deployed: Deployed, method: str) -> None:
    answer, body = deployed.request(method, f"/prod/@connections/{NEVER}")
    assert (answer.status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("path", ["/prod/@connections", "/prod/@connections/"])
def test_no_id_is_no_route(deployed: Deployed, path: str) -> None:
    answer, body = deployed.request("POST", path)
    assert (answer.status, json.loads(body)) == (403, {"message": "Missing Authentication Token"})


FROM_A_PAGE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", FROM_A_PAGE)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS"])
def test_a_page_may_do_nothing_however_well_it_signs(
    deployed: Deployed, method: str, headers: dict[str, str]
) -> None:
    client = deployed.connected()
    path = f"/prod/@connections/{client.id}"
    answer, _ = deployed.request(method, path, b"x", headers=headers)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert (client.frames, client.closed) == ([], [])


def test_an_address_that_a_person_types_is_no_pages(deployed: Deployed) -> None:
    path = f"/prod/@connections/{deployed.connected().id}"
    answer, _ = deployed.request("GET", path, headers={"Sec-Fetch-Site": "none"})
    assert answer.status == 200


def test_without_a_guard_nothing_is_checked_but_that_it_is_no_page() -> None:
    made = Deployed()
    app = FastAPI()
    add_management_routes(app, made.gateways)
    with served(app) as made.served:
        client = made.connected()
        path = f"/prod/@connections/{client.id}"
        answer, _ = made.request("POST", path, b"x", signed=False)
        assert (answer.status, client.frames) == (200, ["x"])
        for headers in FROM_A_PAGE:
            answer, _ = made.request("POST", path, b"x", signed=False, headers=headers)
            assert (answer.status, client.frames) == (403, ["x"])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["POST", "GET", "DELETE", "PUT"]),
    path=st.text(max_size=30).map(lambda text: quote(text.encode("utf-8", "replace"), safe="/@%=:")),
    host=st.sampled_from([DOMAIN, "ws.example.com", "api.example.com", "", "[::1]:80", ":", "a:b:c"]),
    signature=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60),
    body=st.binary(max_size=64),
)
def test_whatever_comes_is_answered_without_a_fault(  # noqa: PLR0917 (given by name)
    deployed: Deployed, method: str, path: str, host: str, signature: str, body: bytes
) -> None:
    answer, _ = deployed.request(
        method,
        f"/prod/@connections/{path}",
        body,
        signed=False,
        headers={"Host": host, "Authorization": signature},
    )
    assert answer.status in (400, 403, 404, 410)
