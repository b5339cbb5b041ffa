"""A template with an HTTP API behind a distribution: what reaches its function, and what comes back."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local_dev.warm_up import warm_up_order
from tests.running import Running, running

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Board: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {EnableIamAuthorizer: true}}}
  Echo:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      AutoPublishAlias: live
      Timeout: 60
      Policies:
        - Statement:
            - {Effect: Allow, Action: execute-api:Invoke, Resource: !Sub "arn:aws:execute-api:*:*:*/POST/api/signed/*"}
      Events:
        Read: {Type: HttpApi, Properties: {ApiId: !Ref Board, Path: "/api/notes/{id}", Method: get}}
        Write: {Type: HttpApi, Properties: {ApiId: !Ref Board, Path: "/api/notes/{id}", Method: post}}
        Slow: {Type: HttpApi, Properties: {ApiId: !Ref Board, Path: /api/slow, Method: get, TimeoutInMillis: 500}}
        Signed:
          Type: HttpApi
          Properties: {ApiId: !Ref Board, Path: "/api/signed/{id}", Method: post, Auth: {Authorizer: AWS_IAM}}
        Secret:
          Type: HttpApi
          Properties: {ApiId: !Ref Board, Path: /api/secret, Method: post, Auth: {Authorizer: AWS_IAM}}
        Waits: {Type: HttpApi, Properties: {ApiId: !Ref Board, Path: /api/waits, Method: get}}
      InlineCode: |
        import boto3, json, os, time, urllib.request
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        def handler(event, context):
            if event["rawPath"] == "/api/slow":
                time.sleep(1)
            if event["rawPath"] == "/api/waits":
                while not os.path.exists(event["queryStringParameters"]["for"]): time.sleep(0.01)
            if event.get("body") == "ask":
                asked = AWSRequest("POST", event["headers"]["x-ask"], data=b"x")
                own = boto3.Session().get_credentials()
                SigV4Auth(own, "execute-api", os.environ["AWS_REGION"]).add_auth(asked)
                request = urllib.request.Request(asked.url, b"x", dict(asked.headers))
                with urllib.request.urlopen(request) as answer:
                    event["answer"] = answer.read().decode()
            if event.get("body") == "raise":
                raise ValueError("as asked")
            if event.get("body") == "nonsense":
                return {"statusCode": "many"}
            headers = {"X-Kind": "echo"}
            return {"statusCode": 201, "headers": headers, "cookies": ["a=b", "c=d"], "body": json.dumps(event)}
  Edge:
    Type: AWS::CloudFront::Function
    Properties:
      Name: edge
      FunctionCode: |
        function handler(event) {
          var request = event.request;
          if (request.uri === '/api/closed') return {statusCode: 451, headers: {'x-why': {value: 'closed'}}};
          if (request.uri === '/api/broken') return nothing;
          request.headers['x-seen'] = {value: request.method + ' ' + request.uri};
          request.uri = request.uri.replace('/api/rooms/', '/api/notes/');
          return request;
        }
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: headers
        SecurityHeadersConfig: {FrameOptions: {FrameOption: DENY, Override: true}}
  Front:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - {Id: files, DomainName: files.example}
          - Id: api
            DomainName: !Select [2, !Split ["/", !GetAtt Board.ApiEndpoint]]
            OriginCustomHeaders: [{HeaderName: x-origin-key, HeaderValue: k}]
        CacheBehaviors:
          - PathPattern: /api/*
            TargetOriginId: api
            AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
            OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac
            ResponseHeadersPolicyId: !Ref Headers
            FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt Edge.FunctionARN}]
          - {PathPattern: /reading/*, TargetOriginId: api, OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac}
        DefaultCacheBehavior: {TargetOriginId: files}
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("http")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("<!doctype html>")
    with running(folder / "template.yaml", site=folder / "site") as made:
        yield made


@pytest.fixture
def client(deployed: Running) -> Iterator[urllib3.HTTPConnectionPool]:
    with urllib3.connection_from_url(deployed.url, timeout=60, retries=False) as made:
        yield made


Client = urllib3.HTTPConnectionPool


def test_through_the_distribution_the_function_sees_what_the_edge_made_of_it(client: Client) -> None:
    answer = client.request(
        "POST",
        "/api/rooms/a%20b?x=1&x=2&y=%20",
        body="word",
        headers={"Cookie": "p=q; r=s", "Content-Type": "text/plain", "X-Origin-Key": "guess"},
    )
    assert answer.status == 201
    assert answer.headers["x-kind"] == "echo"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers.getlist("set-cookie") == ["a=b", "c=d"]
    event = answer.json()
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "POST /api/notes/{id}"
    assert event["rawPath"] == "/api/notes/a b"
    assert event["rawQueryString"] == "x=1&x=2&y=%20"
    assert event["queryStringParameters"] == {"x": "1,2", "y": " "}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["cookies"] == ["p=q", "r=s"]
    assert event["headers"]["x-seen"] == "POST /api/rooms/a%20b"
    assert event["headers"]["x-origin-key"] == "k"
    assert "cookie" not in event["headers"]
    assert event["body"] == "word"
    assert event["requestContext"]["requestId"] == answer.headers["apigw-requestid"]


def test_the_raw_address_has_no_distribution_before_it(client: Client) -> None:
    event = client.request("GET", "/Board/api/notes/1", headers={"x-origin-key": "guess"}).json()
    assert event["headers"]["x-origin-key"] == "guess"
    assert "x-seen" not in event["headers"]
    assert event["rawPath"] == "/api/notes/1"
    assert "body" not in event


def test_its_functions_are_loaded_before_they_are_needed(deployed: Running) -> None:
    (function,) = deployed.deployed.stack.functions.values()
    assert warm_up_order(deployed.deployed.stack) == ([], [function.name])


@pytest.mark.parametrize("name", ["@connections", "%40connections"])
def test_no_path_of_it_is_taken_for_a_connection_of_another_api(client: Client, name: str) -> None:
    answer = client.request("POST", f"/api/rooms/{name}/x", body="")
    assert (answer.status, answer.json()) == (404, {"message": "Not Found"})
    event = client.request("POST", f"/Board/api/notes/{name}", body="").json()
    assert event["pathParameters"] == {"id": "@connections"}


def test_by_its_own_host_it_has_every_path(client: Client, deployed: Running) -> None:
    host = next(iter(deployed.deployed.http_gateways.values())).api.domain_name
    event = client.request("GET", "/api/notes/1", headers={"host": host}).json()
    assert event["requestContext"]["domainName"] == event["headers"]["host"] == host
    assert client.request("GET", "/_local/", headers={"host": host}).json() == {"message": "Not Found"}


@pytest.mark.parametrize(
    ("asked", "body", "status", "text"),
    [
        ("GET /Board/nothing", "", 404, '{"message":"Not Found"}'),
        ("PUT /api/notes/1", "", 404, '{"message":"Not Found"}'),
        ("POST /api/notes/1", "raise", 500, '{"message":"Internal Server Error"}'),
        ("POST /api/notes/1", "nonsense", 500, '{"message":"Internal Server Error"}'),
        ("GET /api/slow", "", 503, '{"message":"Service Unavailable"}'),
        ("GET /api/closed", "", 451, ""),
        ("GET /api/broken", "", 503, ""),
        ("POST /reading/x", "", 403, ""),
        ("GET /api/notes/1", "a body", 403, ""),
        ("GET /", "", 200, "<!doctype html>"),
    ],
)
def test_what_is_answered_otherwise(client: Client, asked: str, body: str, status: int, text: str) -> None:
    method, path = asked.split()
    answer = client.request(method, path, body=body or None, headers={"content-type": "text/plain"})
    assert (answer.status, answer.data.decode()) == (status, text)


def test_who_waits_holds_up_nobody_and_may_go(deployed: Running, client: Client, tmp_path: Path) -> None:
    path = f"/api/waits?for={tmp_path / 'go'}"
    counters = next(iter(deployed.deployed.http_gateways.values())).counters
    host, port = client.host, client.port
    assert port
    with socket.create_connection((host, port)) as gone, ThreadPoolExecutor() as pool:
        gone.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        waiting = pool.submit(urllib3.request, "GET", f"{deployed.url}{path}", timeout=60)
        started = time.monotonic()
        while counters.of("GET /api/waits").open < 2:
            assert time.monotonic() - started < 60
            time.sleep(0.01)
        assert client.request("GET", "/api/notes/1").status == 201
        assert not waiting.done()
        gone.close()
        (tmp_path / "go").touch()
        assert waiting.result().status == 201
    while counters.of("GET /api/waits").open:
        assert time.monotonic() - started < 60
        time.sleep(0.01)


def test_what_was_asked_is_counted_and_written_down_without_its_secrets(
    deployed: Running, client: Client
) -> None:
    before = figures(client)
    request = b"GET /api/notes/1?ticket=hush HTTP/1.1\r\nhost: x\r\nauthorization: hush\r\nconnection: close\r\n\r\n"
    host, port = client.host, client.port
    assert port
    answer = b""
    with socket.create_connection((host, port)) as wire:
        wire.sendall(request)
        while more := wire.recv(65536):
            answer += more
    after = figures(client)
    assert after["requests"] - before["requests"] == 1
    assert after["received"] - before["received"] == len(request)
    assert after["sent"] - before["sent"] == len(answer.replace(b"connection: close\r\n", b""))
    assert after["body_sent"] - before["body_sent"] == len(answer.partition(b"\r\n\r\n")[2])
    assert (after["body_received"] - before["body_received"], after["open"]) == (0, 0)
    entries = read_journal(deployed)
    asked = next(entry for entry in entries[::-1] if entry["kind"] == "requested")["facts"]
    assert (asked["path"], asked["route"]) == ("/api/notes/1", "GET /api/notes/{id}")
    assert "hush" not in json.dumps([entry for entry in entries if entry["kind"] != "returned"])


def test_a_body_may_come_in_pieces(client: Client) -> None:
    before = figures(client, "POST")
    sent = {"content-type": "text/plain"}
    event = client.request("POST", "/Board/api/notes/1", body=iter([b"one ", b"two"]), headers=sent).json()
    assert (event["body"], event["headers"]["content-length"]) == ("one two", "7")
    assert "transfer-encoding" not in event["headers"]
    assert figures(client, "POST")["body_received"] - before["body_received"] == 7


def test_functions_reach_it_by_its_own_address(client: Client, deployed: Running) -> None:
    host = next(iter(deployed.deployed.http_gateways.values())).api.domain_name
    sent = {"content-type": "text/plain", "x-ask": f"https://{host}/api/notes/2"}
    event = client.request("POST", "/api/notes/1", body="ask", headers=sent).json()
    assert json.loads(event["answer"])["pathParameters"] == {"id": "2"}


def test_a_signature_lets_in_where_iam_is_asked_for(client: Client, deployed: Running) -> None:
    url = f"{deployed.url}/Board/api/signed/a%20b?x=1"
    for key, path, status in (("local", url, 201), ("stolen", url, 403), ("local", f"{url}&y=2", 403)):
        signed = AWSRequest("POST", url, data=b"word", headers={"content-type": "text/plain"})
        SigV4Auth(Credentials(key, "local"), "execute-api", "us-east-1").add_auth(signed)
        answer = urllib3.request("POST", path, body=b"word", headers=dict(signed.headers), timeout=60)
        assert answer.status == status
        if status == 201:
            caller = answer.json()["requestContext"]["authorizer"]["iam"]
            assert caller == {
                "accessKey": "local",
                "accountId": "123456789012",
                "userArn": "arn:aws:iam::123456789012:user/local",
            }
    assert client.request("POST", "/Board/api/signed/1").status == 403


def test_and_so_does_a_functions_if_its_role_allows_it(client: Client, deployed: Running) -> None:
    host = next(iter(deployed.deployed.http_gateways.values())).api.domain_name
    for path, status in (("signed/2", 201), ("secret", 500)):  # as urllib raises for a 403
        sent = {"content-type": "text/plain", "x-ask": f"https://{host}/api/{path}"}
        assert client.request("POST", "/api/notes/1", body="ask", headers=sent).status == status


def figures(client: Client, method: str = "GET") -> dict[str, int]:
    board = client.request("GET", "/_local/requests").json()["Board"]
    figures: dict[str, int] = board[f"{method} /api/notes/{{id}}"]
    return figures


def read_journal(deployed: Running) -> list[dict[str, Any]]:
    """The journal as the live page gets it."""
    found = []
    with urllib3.request("GET", f"{deployed.url}/_local/events", preload_content=False, timeout=60) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                found += json.loads(line[6:])
            elif found and line == b"\n":
                return found
    return found
