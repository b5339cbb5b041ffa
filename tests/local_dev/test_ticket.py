"""Tickets for a gateway that runs: what is in them, that its secret signs them, and who is told the secret."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from local_dev.errors import TicketError
from local_dev.inspector.secret_values import is_local
from local_dev.ticket import Ticket
from local_dev.ticket_command import run, secret_of
from tests.asking import ask
from tests.conftest import ROOT
from tests.running import Running, client_of, running

TEMPLATE = """
Resources:
  Ws:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: ws, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
  TicketSecret: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 64}}}
  Blank: {Type: AWS::SecretsManager::Secret, Properties: {}}
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    path = tmp_path_factory.mktemp("ticket") / "template.yaml"
    path.write_text(TEMPLATE)
    with running(path) as made:
        yield made


def issue(
    capsys: pytest.CaptureFixture[str], deployed: Running, *arguments: str
) -> tuple[dict[str, Any], str]:
    """The verified claims of a ticket that the command prints, and the page's address."""
    assert run(["--url", f"{deployed.url}/", *arguments]) == 0
    token, page = capsys.readouterr().out.split()
    assert page.endswith(f"&ticket={token}")
    claims = jwt.decode(token, deployed.secret("TicketSecret"), algorithms=["HS256"], audience="parley")
    return claims, page.partition("&ticket=")[0]


def test_a_ticket_for_rooms(capsys: pytest.CaptureFixture[str], deployed: Running) -> None:
    claims, page = issue(capsys, deployed, "--client", "Sara", "--room", "a b", "--room", "سلام")
    assert (claims["sub"], claims["rooms"], claims["exp"] - claims["iat"]) == ("Sara", ["a b", "سلام"], 300)
    assert claims["jti"]
    assert "once" not in claims
    assert page == f"{deployed.url}/#a%20b"


def test_a_ticket_for_all_rooms_once(capsys: pytest.CaptureFixture[str], deployed: Running) -> None:
    first, page = issue(capsys, deployed, "--client", "x", "--all-rooms", "--once", "--minutes", "0.5")
    second, _ = issue(capsys, deployed, "--client", "x", "--all-rooms", "--once")
    assert (first["rooms"], first["once"], first["exp"] - first["iat"]) == ("*", True, 30)
    assert first["jti"] != second["jti"]
    assert page == f"{deployed.url}/#"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--secret", "Other"],
            "There is no secret Other in the template as it runs; it has: TicketSecret, Blank",
        ),
        (["--secret", "Blank"], "ResourceNotFoundException"),
        (
            ["--url", "http://127.0.0.1:9"],
            "http://127.0.0.1:9: no local gateway runs there; start it, or give --url",
        ),
        (["--url", "127.0.0.1:8000"], "give the gateway's address, as in http://127.0.0.1:8000"),
    ],
)
def test_what_stands_in_the_way_is_said(
    capsys: pytest.CaptureFixture[str], deployed: Running, arguments: list[str], says: str
) -> None:
    assert run(["--url", deployed.url, "--client", "x", "--room", "a", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1


def test_without_pyjwt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployed: Running
) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    assert run(["--url", deployed.url, "--client", "x", "--room", "a"]) == 1
    assert "pip install 'parley[ticket]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--client", "x"],
        ["--room", "a"],
        ["--client", "x", "--room", "a", "--minutes", "nan"],
        ["--minutes", "0"],
    ],
)
def test_a_bad_command_line(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2


def test_another_server_is_no_gateway(deployed: Running) -> None:
    endpoint = deployed.deployed.cloud.endpoint_url  # moto's, which answers everything
    with pytest.raises(TicketError, match="no local gateway runs there"):
        secret_of(endpoint, "TicketSecret")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 200),
        ("POST", {"origin": "https://evil.example"}, 403),
        ("POST", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", {"host": "rebound.example"}, 403),
        (
            "OPTIONS",
            {"origin": "https://evil.example", "access-control-request-headers": "x-amz-target"},
            403,
        ),
    ],
)
def test_whom_the_cloud_on_this_machine_tells_a_secret(
    deployed: Running, method: str, headers: dict[str, str], status: int
) -> None:
    scope = "Credential=made-up/20260101/us-east-1/secretsmanager/aws4_request"
    signed = {
        "x-amz-target": "secretsmanager.GetSecretValue",
        "content-type": "application/x-amz-json-1.1",
        "authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
    }
    body = json.dumps({"SecretId": deployed.deployed.stack.secrets["TicketSecret"]})
    connection = http.client.HTTPConnection(urlsplit(deployed.deployed.cloud.endpoint_url).netloc, timeout=60)
    connection.request(method, "/", body, signed | headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    assert answer.status == status
    assert (b'"SecretString"' in told) is (status == 200)
    assert status == 200 or not [
        name for name in answer.headers if name.lower().startswith("access-control-")
    ]


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 200),
        ("GET", {}, 404),
        ("POST", {"origin": "https://elsewhere.example"}, 403),
        ("POST", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", {"host": "rebound.example"}, 403),
        ("POST", {"content-type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_who_is_told_a_secret(deployed: Running, method: str, headers: dict[str, str], status: int) -> None:
    got, said = ask(deployed.url, method, "secrets/TicketSecret", {} if method == "POST" else None, **headers)
    assert got == status
    assert (said.get("secret") == deployed.secret("TicketSecret")) is (status == 200)


def test_the_page_is_told_no_secret(deployed: Running) -> None:
    assert deployed.secret("TicketSecret") not in json.dumps(ask(deployed.url, "GET", "state"))


def test_a_secret_that_was_rotated_has_both_its_versions(deployed: Running) -> None:
    secrets = client_of(deployed, "secretsmanager")
    secrets.create_secret(Name="rotated", SecretString="old")

    def text(stage: str) -> str:
        return str(secrets.get_secret_value(SecretId="rotated", VersionStage=stage)["SecretString"])

    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        text("AWSPREVIOUS")
    secrets.put_secret_value(SecretId="rotated", SecretString="new")
    assert (text("AWSCURRENT"), text("AWSPREVIOUS")) == ("new", "old")


@pytest.mark.parametrize(
    ("client", "server", "local"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("::1", "::1", True),
        ("192.168.1.5", "192.168.1.5", True),
        ("192.168.1.7", "192.168.1.5", False),
        ("", "192.168.1.5", False),
    ],
)
def test_a_secret_stays_on_this_machine(client: str, server: str, *, local: bool) -> None:
    assert is_local(client, server) is local


def test_the_claims() -> None:
    claims = Ticket("Sara", ("general",), 60, once=True).claims(1000.9)
    jti = claims.pop("jti")
    assert len(jti) == 32
    assert claims == {
        "aud": "parley",
        "sub": "Sara",
        "rooms": ["general"],
        "iat": 1000,
        "exp": 1060,
        "once": True,
    }


def test_the_command_has_it(deployed: Running) -> None:
    command = [
        sys.executable,
        "-m",
        "local_dev",
        "ticket",
        "--url",
        deployed.url,
        "--client",
        "x",
        "--room",
        "a",
    ]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert len(ended.stdout.split()) == 2
