"""Which address leads where, and how those are refused that lead nowhere."""

import asyncio
import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from fastapi import FastAPI, Request, Response
from websockets.asyncio.client import connect

from local_dev.gateway.assumptions import Assumptions
from local_dev.stack.model import CustomDomain
from local_dev.web.edge import EdgeFunction
from local_dev.web.limits import URL_LIMIT

from .serving import PATIENCE
from .wire import HOST, Lambdas, Served, frame, handshake, make_api, served

pytestmark = pytest.mark.anyio

OTHER = HOST.replace("a1b2c3d4e5", "zzzzzzzzzz")
DOMAINS = (CustomDomain("chat.example.com", "live"),)
APIS = {
    "prod": make_api(domains=DOMAINS),
    "OtherApi/prod": make_api(id="zzzzzzzzzz", logical_id="OtherApi"),
}


async def answer(running: Served, data: bytes) -> tuple[int, dict[str, str], bytes]:
    """What the server says to a request."""
    client = await running.open()
    client.send(data)
    response = await client.response()
    client.leave()
    return response


def get(path: str, host: str = "127.0.0.1", method: str = "GET") -> bytes:
    """A plain request."""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("host", "path", "api"),
    [
        ("127.0.0.1:1", "/prod", "a1b2c3d4e5"),
        ("127.0.0.1:1", "/prod/", "a1b2c3d4e5"),
        ("127.0.0.1:1", "/OtherApi/prod?a=b", "zzzzzzzzzz"),
        (HOST, "/prod", "a1b2c3d4e5"),
        (OTHER, "/prod", "zzzzzzzzzz"),
        (f"{OTHER}:443", "/prod", "zzzzzzzzzz"),
        ("chat.example.com", "/live", "a1b2c3d4e5"),
    ],
)
async def test_a_handshake_reaches_its_api(host: str, path: str, api: str) -> None:
    async with served(APIS) as running:
        client = await running.socket(path, Host=host)
        event = await running.lambdas.next("connect")
        assert event["requestContext"]["apiId"] == api
        connections = running.gateways["prod" if api == "a1b2c3d4e5" else "OtherApi/prod"].connections
        handshake_ = connections.get(event["requestContext"]["connectionId"]).session.handshake
        assert (handshake_.path, handshake_.host) == (path.partition("?")[0], host)
        client.leave()


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1", "/nowhere"),
        ("127.0.0.1", "/"),
        ("127.0.0.1", "/_local/x"),
        ("127.0.0.1", "/2015-03-31/functions/x/invocations"),
        (HOST, "/other"),
        (HOST, "/OtherApi/prod"),
        (OTHER, "/"),
        ("chat.example.com", "/prod"),
        ("chat.example.com", "/"),
    ],
)
async def test_a_handshake_for_no_stage_is_refused(host: str, path: str, status: int) -> None:
    """Contract H16."""
    async with served(APIS, assumptions=Assumptions(unknown_stage_status=status)) as running:
        got, _, body = await answer(running, handshake(path, Host=host))
        assert got == status
        assert json.loads(body) == {"message": {403: "Forbidden", 404: "Not Found"}[status]}


@pytest.mark.parametrize(("host", "path"), [("x", "/prod/hello"), (HOST, "/prod/a/b"), ("x", "/prod//")])
async def test_a_path_below_a_stage_is_403(host: str, path: str) -> None:
    """Contract H15."""
    async with served(APIS, assumptions=Assumptions(unknown_stage_status=404)) as running:
        assert (await answer(running, handshake(path, Host=host)))[0] == 403


@pytest.mark.parametrize(
    ("assumed", "text"), [(426, "Upgrade Required"), (403, "Forbidden"), (400, "Bad Request")]
)
@pytest.mark.parametrize(
    ("host", "path"),
    [("x", "/prod"), ("x", "/OtherApi/prod"), (HOST, "/prod"), ("chat.example.com", "/live/")],
)
async def test_a_plain_get_is_refused_as_assumed(host: str, path: str, assumed: int, text: str) -> None:
    """Contract H17."""
    async with served(APIS, assumptions=Assumptions(plain_get_status=assumed)) as running:
        status, _, body = await answer(running, get(path, host))
        assert (status, json.loads(body)) == (assumed, {"message": text})


@pytest.mark.parametrize("assumed", ["ids", "message", "empty"])
async def test_the_body_of_a_refusal_is_as_assumed(assumed: str) -> None:
    """Contract H06."""
    lambdas = Lambdas(connect=lambda _: {"statusCode": 418, "body": "secret", "headers": {"x-mine": "1"}})
    async with served(lambdas=lambdas, assumptions=Assumptions(refusal_body=assumed)) as running:
        status, headers, body = await answer(running, handshake())
        context = (await running.lambdas.next("connect"))["requestContext"]
        assert status == 418
        assert "x-mine" not in headers
        assert b"secret" not in body
        if assumed == "empty":
            assert body == b""
            return
        said = json.loads(body)
        assert said.pop("message")
        ids = {key: context[key] for key in ("connectionId",)} if assumed == "ids" else {}
        said.pop("requestId", None)
        assert said == ids


@pytest.mark.parametrize(("length", "status"), [(URL_LIMIT, 101), (URL_LIMIT + 1, 414), (7000, 414)])
async def test_a_url_may_have_4096_characters(length: int, status: int) -> None:
    """Contract H24."""
    async with served() as running:
        path = "/prod?a="
        got, _, body = await answer(running, handshake(path + "x" * (length - len(path))))
        assert got == status
        assert status == 101 or json.loads(body) == {"message": "URI Too Long"}


async def test_the_edge_may_shorten_a_url_and_never_sees_what_is_ours() -> None:
    seen = "function handler(e) { return { uri: '/prod', querystring: { from: { value: e.request.uri } } }; }"
    async with served(edges=[EdgeFunction(seen)]) as running:
        client = await running.open()
        client.send(handshake("/rooms?long=" + "x" * 5000))
        assert (await client.response())[0] == 101
        event = await running.lambdas.next("connect")
        assert event["queryStringParameters"] == {"from": "/rooms"}
        for path in ("/_local/live", "/_local", "/2015-03-31/x"):
            assert (await answer(running, handshake(path)))[0] == 403
        assert (await answer(running, handshake("/", Host=HOST)))[0] == 403
        client.leave()


async def test_the_site_has_what_is_left(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("home")
    (tmp_path / "_local").mkdir()
    (tmp_path / "_local" / "a").write_text("no")
    async with served(APIS, site=tmp_path) as running:
        assert (await answer(running, get("/")))[2] == b"home"
        for path in ("/_local/a", "/_local", "/2015-03-31/functions"):
            status, _, body = await answer(running, get(path))
            assert (status, body) == (404, b'{"message":"Not Found"}')
        for host, path in ((HOST, "/"), (HOST, "/index.html"), ("chat.example.com", "/")):
            status, headers, body = await answer(running, get(path, host))
            assert (status, headers["x-amzn-errortype"]) == (403, "ForbiddenException")
            assert body == b'{"message":"Forbidden"}'
        assert (await answer(running, get("/prod", HOST, "POST")))[0] == 403


async def test_others_add_their_routes_ahead_of_the_site(tmp_path: Path) -> None:
    def add(app: FastAPI) -> None:
        async def here(_: Request) -> Response:
            return Response("here")

        app.add_route("/_local/state", here)

    async with served(site=tmp_path, extra=[add]) as running:
        assert (await answer(running, get("/_local/state")))[2] == b"here"
        assert (await answer(running, get("/_local/other")))[0] == 404


async def test_the_management_api_is_found_by_host_and_by_path() -> None:
    """Contract M11, M13."""
    async with served(APIS) as running:
        client = await running.socket("/OtherApi/prod")
        connection_id = (await running.lambdas.next("connect"))["requestContext"]["connectionId"]
        path = f"@connections/{connection_id.replace('=', '%3D')}"
        for host, prefix, status in (
            (OTHER, "/prod", 200),
            ("127.0.0.1", "/OtherApi/prod", 200),
            (HOST, "/prod", 410),
            (OTHER, "/test", 403),
            ("chat.example.com", "/live", 410),
        ):
            got, _, _ = await answer(running, get(f"{prefix}/{path}", host, "POST"))
            assert got == status, (host, prefix)
        client.leave()


async def test_the_source_ip_is_that_of_the_socket_whatever_the_client_says() -> None:
    """Contract E13: who believes it lets anybody choose the address that an authorizer's policy asks for."""
    async with served() as running:
        client = await running.socket(X_Forwarded_For="198.51.100.1", X_Forwarded_Proto="https")
        event = await running.lambdas.next("connect")
        assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
        assert event["headers"]["X-Forwarded-For"] == "198.51.100.1, 127.0.0.1"
        client.leave()


async def test_boto3_finds_a_stage_with_a_path_of_two_segments() -> None:
    async with served(APIS) as running:
        async with connect(
            running.url.replace("http", "ws") + "/OtherApi/prod", open_timeout=PATIENCE
        ) as client:
            connection_id = (await running.lambdas.next("connect"))["requestContext"]["connectionId"]
            management: Any = boto3.client(
                "apigatewaymanagementapi",
                endpoint_url=f"{running.url}/OtherApi/prod",
                region_name="us-east-1",
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )
            await asyncio.to_thread(management.post_to_connection, ConnectionId=connection_id, Data=b"hello")
            assert await client.recv() == "hello"
            await asyncio.to_thread(management.delete_connection, ConnectionId=connection_id)
            await client.wait_closed()
        with pytest.raises(ClientError) as gone:
            await asyncio.to_thread(management.get_connection, ConnectionId=connection_id)
        assert isinstance(gone.value, management.exceptions.GoneException)


async def test_a_client_that_leaves_while_connect_runs_is_disconnected_as_well() -> None:
    gate = asyncio.Event()
    async with served(lambdas=Lambdas(before_connect=gate)) as running:
        client = await running.open()
        client.send(handshake() + frame(1, b"never run"))
        event = await running.lambdas.next("connect")
        client.leave()
        gate.set()
        left = await running.lambdas.next("disconnect")
        assert left["requestContext"]["connectionId"] == event["requestContext"]["connectionId"]


@pytest.mark.parametrize(
    "value",
    [
        "{ statusCode: 'x' }",
        "{ statusCode: 99999 }",
        "{ statusCode: 200, headers: 5 }",
        "{ statusCode: 200, headers: { a: 5 } }",
        "{ statusCode: 200, headers: { 'a b': { value: 'x' } } }",
        "{ statusCode: 200, headers: { a: { value: 'x\\r\\ny: z' } } }",
        "{ uri: '/prod', querystring: { a: 5 } }",
        "{ uri: '/prod', querystring: 5 }",
        "{ uri: '/\\ud800' }",
    ],
)
async def test_a_faulty_edge_function_is_503(value: str, caplog: pytest.LogCaptureFixture) -> None:
    async with served(edges=[EdgeFunction(f"function handler() {{ return {value}; }}")]) as running:
        status, _, _ = await answer(running, handshake("/elsewhere"))
        assert status in (503, 403)
    assert "Traceback" not in caplog.text
