"""Section 6 of the contract: the management API, as boto3 sees it and on the wire."""

import asyncio
import http.client
import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.exceptions import ClientError
from websockets.asyncio.client import connect

from tests.conformance.test_messages import connection_of
from tests.running import Running

pytestmark = pytest.mark.anyio
NEVER = "AAAAAAAAAAAAAAA="


def request(probe: Running, method: str, path: str, body: bytes = b"") -> http.client.HTTPResponse:
    """One raw request to the gateway."""
    connection = http.client.HTTPConnection(urlsplit(probe.url).netloc, timeout=10)
    connection.request(method, path, body)
    return connection.getresponse()


@pytest.mark.parametrize("escape", [quote, lambda text: text], ids=["escaped", "plain"])
async def test_m01_m02_e17_post(probe: Running, escape: Any) -> None:
    tag = f"m02-{escape('=')}"
    async with connect(f"{probe.ws_url}/probe?tag={quote(tag)}") as socket:
        path = f"/probe/@connections/{escape(await connection_of(probe, tag))}"
        answer = await asyncio.to_thread(request, probe, "POST", path, "س".encode())
        assert (answer.status, answer.read()) == (200, b"")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == "0"
        assert {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"} <= {
            name.lower() for name in answer.headers
        }
        assert await asyncio.wait_for(socket.recv(), 10) == "س"


async def test_m03_get_is_printed_with_blanks_around_colons(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=m03", user_agent_header='a "quoted" agent'):
        path = f"/probe/@connections/{await connection_of(probe, 'm03')}"
        answer = await asyncio.to_thread(request, probe, "GET", path)
        body = answer.read().decode()
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert answer.status == 200
    assert re.fullmatch(
        r'\{\n  "identity" : \{\n    "sourceIp" : "127\.0\.0\.1",\n    "userAgent" : "a \\"quoted\\" agent"\n  \},\n'
        rf'  "connectedAt" : "{moment}",\n  "lastActiveAt" : "{moment}"\n\}}',
        body,
    )


async def test_m03_boto3_reads_it(probe: Running, management: Any) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=m03b", user_agent_header=None):
        answer = await asyncio.to_thread(
            management.get_connection, ConnectionId=await connection_of(probe, "m03b")
        )
    assert answer["LastActiveAt"] >= answer["ConnectedAt"]
    assert answer["Identity"] == {"SourceIp": "127.0.0.1"}


async def test_m04_delete_is_204(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=m04"):
        path = f"/probe/@connections/{await connection_of(probe, 'm04')}"
        answer = await asyncio.to_thread(request, probe, "DELETE", path)
        assert (answer.status, answer.read()) == (204, b"")
        assert "content-type" not in {name.lower() for name in answer.headers}


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_m05_m08_gone_is_named_by_the_header_alone(probe: Running, method: str) -> None:
    answer = request(probe, method, f"/probe/@connections/{NEVER}")
    assert (answer.status, answer.read()) == (410, b"")
    assert answer.headers["x-amzn-errortype"] == "GoneException"
    assert answer.headers["content-length"] == "0"


def test_m05_boto3_raises_gone_exception(management: Any) -> None:
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=NEVER, Data=b"x")


async def test_p02_a_closed_connection_is_gone(probe: Running, management: Any) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=p02"):
        connection_id = await connection_of(probe, "p02")
    await asyncio.to_thread(
        probe.recorder.event, "Disconnect", lambda item: item.get("gone") == connection_id
    )
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=connection_id, Data=b"x")


def test_m07_a_malformed_id_is_400(probe: Running, management: Any) -> None:
    answer = request(probe, "POST", "/probe/@connections/WDGT8fY4joECJrQ%3Dtest")
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    assert json.loads(answer.read()) == {"message": "Invalid connectionId: WDGT8fY4joECJrQ=test"}
    with pytest.raises(ClientError) as raised:
        management.post_to_connection(ConnectionId="nonsense", Data=b"x")
    assert raised.value.response["Error"]["Code"] == "BadRequestException"


async def test_m09_more_than_128_kb_is_413(probe: Running, management: Any) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=m09", max_size=None) as socket:
        connection_id = await connection_of(probe, "m09")
        data = b"x" * 131072
        await asyncio.to_thread(management.post_to_connection, ConnectionId=connection_id, Data=data)
        assert await asyncio.wait_for(socket.recv(), 10) == data.decode()
        path = f"/probe/@connections/{connection_id}"
        answer = await asyncio.to_thread(request, probe, "POST", path, data + b"x")
    assert answer.status == 413
    assert answer.headers["x-amzn-errortype"] == "PayloadTooLargeException"


async def test_m10_a_client_that_does_not_read_is_429_and_holds_up_nobody(
    probe: Running, management: Any
) -> None:
    async with (
        connect(f"{probe.ws_url}/probe?tag=m10", max_queue=1) as slow,
        connect(f"{probe.ws_url}/probe") as other,
    ):
        assert slow.transport
        slow.transport.pause_reading()
        path = f"/probe/@connections/{await connection_of(probe, 'm10')}"
        for _ in range(400):  # 50 MB: more than the kernel's buffers and the gateway's take
            answer = await asyncio.to_thread(request, probe, "POST", path, b"x" * 131072)
            if answer.status != 200:
                break
        assert answer.status == 429
        assert answer.headers["x-amzn-errortype"] == "LimitExceededException"
        await other.send("hello")
        assert json.loads(await asyncio.wait_for(other.recv(), 10))["body"] == "hello"
        slow.transport.abort()


@pytest.mark.parametrize("path", ["/@connections/" + NEVER, "/elsewhere/@connections/" + NEVER])
def test_m11_without_the_right_stage_it_is_forbidden(probe: Running, path: str) -> None:
    answer = request(probe, "POST", path)
    assert answer.status == 403
    assert json.loads(answer.read()) == {"message": "Forbidden"}


async def test_l07_bytes_that_are_not_utf8_arrive_as_replacement_characters(
    probe: Running, management: Any
) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=l07") as socket:
        connection_id = await connection_of(probe, "l07")
        await asyncio.to_thread(management.post_to_connection, ConnectionId=connection_id, Data=b"a\xffb")
        assert await asyncio.wait_for(socket.recv(), 10) == "a\ufffdb"
