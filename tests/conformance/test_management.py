"""Section 6 of the contract: the management API, as boto3 sees it and on the wire."""

import asyncio
import ipaddress
import json
import re
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.conformance.clients import IDENTIFIER, answer_to, closed_by_peer, received
from tests.conformance.marks import local_only
from tests.conformance.stub import answering
from tests.conformance.target import Probe

pytestmark = pytest.mark.anyio
NEVER = "AAAAAAAAAAAAAAA="
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.mark.parametrize("escape", [quote, lambda text: text], ids=["escaped", "plain"])
async def test_m01_m02_e17_post(probe: Probe, tag: str, escape: Any) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(escape(await probe.connection_of(tag)))
        answer = await asyncio.to_thread(probe.request, "POST", url, "س".encode())
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["content-length"] == "0"
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer.headers["x-amzn-requestid"])
        assert re.fullmatch(IDENTIFIER, answer.headers["x-amz-apigw-id"])
        assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["x-amzn-trace-id"])
        assert await received(socket) == "س"


async def test_e17_the_at_sign_may_be_escaped(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(await probe.connection_of(tag)).replace("@", "%40")
        assert (await asyncio.to_thread(probe.request, "POST", url, b"x")).status == 200
        assert await received(socket) == "x"


async def test_m03_get_is_printed_with_blanks_around_colons(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}", user_agent_header='a "quoted" agent'):
        url = probe.on_connection(await probe.connection_of(tag))
        answer = await asyncio.to_thread(probe.request, "GET", url)
    assert answer.status == 200
    assert re.fullmatch(
        r'\{\n  "identity" : \{\n    "sourceIp" : "[0-9a-f.:]+",\n'
        r'    "userAgent" : "a \\"quoted\\" agent"\n  \},\n'
        rf'  "connectedAt" : "{MOMENT}",\n  "lastActiveAt" : "{MOMENT}"\n\}}',
        answer.body.decode(),
    )


async def test_m03_boto3_reads_it(probe: Probe, tag: str, management: Any) -> None:
    async with probe.connect(query=f"tag={tag}", user_agent_header=None):
        answer = await asyncio.to_thread(
            management.get_connection, ConnectionId=await probe.connection_of(tag)
        )
    assert answer["LastActiveAt"] >= answer["ConnectedAt"]
    assert set(answer["Identity"]) == {"SourceIp"}
    ipaddress.ip_address(answer["Identity"]["SourceIp"])


async def test_m04_delete_is_204(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(await probe.connection_of(tag))
        answer = await asyncio.to_thread(probe.request, "DELETE", url)
        assert (answer.status, answer.body) == (204, b"")
        assert "content-type" not in answer.headers
        assert (await closed_by_peer(socket))[0] == 1000


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_m05_m08_gone_is_named_by_the_header_alone(probe: Probe, method: str) -> None:
    answer = probe.request(method, probe.on_connection(NEVER))
    assert (answer.status, answer.body) == (410, b"")
    assert answer.headers["x-amzn-errortype"] == "GoneException"
    assert answer.headers["content-length"] == "0"


def test_m05_boto3_raises_gone_exception(management: Any) -> None:
    for call in (management.get_connection, management.delete_connection):
        with pytest.raises(management.exceptions.GoneException):
            call(ConnectionId=NEVER)
    with pytest.raises(management.exceptions.GoneException):
        management.post_to_connection(ConnectionId=NEVER, Data=b"x")


@pytest.mark.parametrize("body", [b"", b'{"message":"Gone"}'])
def test_m06_boto3_knows_gone_by_the_header_alone(body: bytes) -> None:
    with answering(410, {"x-amzn-errortype": "GoneException"}, body) as stub:
        client = stub.client()
        with pytest.raises(client.exceptions.GoneException):
            client.post_to_connection(ConnectionId=NEVER, Data=b"x")
    with answering(410, body=body) as stub:
        client = stub.client()
        with pytest.raises(ClientError) as raised:
            client.post_to_connection(ConnectionId=NEVER, Data=b"x")
    assert raised.value.response["Error"]["Code"] == "410"
    assert not isinstance(raised.value, client.exceptions.GoneException)


def test_m07_a_malformed_id_is_400(probe: Probe, management: Any) -> None:
    answer = probe.request("POST", probe.on_connection("WDGT8fY4joECJrQ%3Dtest"), b"x")
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"] == "BadRequestException"
    assert json.loads(answer.body) == {"message": "Invalid connectionId: WDGT8fY4joECJrQ=test"}
    with pytest.raises(ClientError) as raised:
        management.post_to_connection(ConnectionId="nonsense", Data=b"x")
    assert raised.value.response["Error"]["Code"] == "BadRequestException"


async def test_m09_more_than_128_kb_is_413(probe: Probe, tag: str, management: Any) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        connection = await probe.connection_of(tag)
        data = b"x" * 131072
        await asyncio.to_thread(management.post_to_connection, ConnectionId=connection, Data=data)
        assert await received(socket) == data.decode()
        url = probe.on_connection(connection)
        answer = await asyncio.to_thread(probe.request, "POST", url, data + b"x")
    assert answer.status == 413
    assert answer.headers["x-amzn-errortype"] == "PayloadTooLargeException"
    assert json.loads(answer.body)["message"]


@local_only("fifty megabytes to a client that does not read")
async def test_m10_a_client_that_does_not_read_is_429_and_holds_up_nobody(probe: Probe, tag: str) -> None:
    async with (
        probe.connect(query=f"tag={tag}", max_queue=1, ping_interval=None) as slow,
        probe.connect() as other,
    ):
        slow.transport.pause_reading()
        url = probe.on_connection(await probe.connection_of(tag))
        for _ in range(400):  # 50 MB: more than the kernel's buffers and the gateway's take
            answer = await asyncio.to_thread(probe.request, "POST", url, b"x" * 131072)
            if answer.status != 200:
                break
        assert answer.status == 429
        assert answer.headers["x-amzn-errortype"] == "LimitExceededException"
        assert (await answer_to(other, "hello"))["body"] == "hello"
        slow.transport.abort()


def test_m10_boto3_tries_429_again() -> None:
    with answering(429, {"x-amzn-errortype": "LimitExceededException"}, b"{}") as stub:
        client = stub.client(retries={"mode": "standard", "total_max_attempts": 2})
        with pytest.raises(client.exceptions.LimitExceededException):
            client.post_to_connection(ConnectionId=NEVER, Data=b"x")
    assert len(stub.requests) == 2


@pytest.mark.parametrize("stage", ["", "/elsewhere"])
def test_m11_without_the_right_stage_it_is_forbidden(probe: Probe, stage: str) -> None:
    base = probe.http().removesuffix("/probe")
    answer = probe.request("POST", f"{base}{stage}/@connections/{NEVER}", b"x")
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "ForbiddenException"
    assert json.loads(answer.body) == {"message": "Forbidden"}


async def test_m12_a_role_that_may_not_post_is_refused(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}") as socket:
        await socket.send('{"action":"powerless"}')
        connection = await probe.connection_of(tag)
        facts = await probe.event("powerless", connection=connection)
    assert (facts["status"], facts["code"]) == (403, "AccessDeniedException")
    assert re.fullmatch(
        r"User: arn:aws[\w-]*:sts::\d{12}:assumed-role/\S+ is not authorized to perform: "
        r"execute-api:ManageConnections on resource: "
        rf"arn:aws[\w-]*:execute-api:{probe.region}:\*{{8}}\d{{4}}:[a-z0-9]+/probe/POST/@connections/"
        r"\{connectionId\}.*",
        facts["message"],
    )


def mapped(probe: Probe) -> tuple[str, dict[str, str]]:
    """The probe's URL under its custom domain, and the headers to get there."""
    if probe.running:
        return f"http://{urlsplit(probe.local.url).netloc}/mapped", {"Host": "probe.example.com"}
    if "mapped" not in probe.addresses:
        pytest.skip("the probe was deployed without the parameter DomainName")
    return probe.http("mapped"), {}


async def test_m13_under_a_custom_domain_the_path_has_no_stage(probe: Probe, tag: str) -> None:
    base, host = mapped(probe)
    name = host.get("Host", urlsplit(base).netloc)
    scheme = urlsplit(base).scheme
    async with probe.connect(query=f"tag={tag}") as socket:
        path = f"/@connections/{quote(await probe.connection_of(tag))}"
        signed = probe.signed("POST", f"{scheme}://{name}/mapped{path}", b"x")
        answer = await asyncio.to_thread(probe.request, "POST", base + path, b"x", headers={**signed, **host})
        assert answer.status == 200
        assert await received(socket) == "x"
        signed = probe.signed("POST", f"{scheme}://{name}/mapped/probe{path}", b"x")
        answer = await asyncio.to_thread(
            probe.request, "POST", f"{base}/probe{path}", b"x", headers={**signed, **host}
        )
    message = json.loads(answer.body)["message"]
    assert answer.status >= 400
    assert re.fullmatch(
        r"No method found matching route probe/@connections/\S+ for http method POST\.?", message
    )


def test_m14_boto3_has_no_useful_endpoint_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.client("apigatewaymanagementapi", region_name="us-east-1")
    assert client.meta.endpoint_url == "https://execute-api.us-east-1.amazonaws.com"


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_m15_a_call_has_to_be_signed_for_execute_api(probe: Probe, tag: str, method: str) -> None:
    wrong = Credentials(probe.credentials.access_key, "not the secret", probe.credentials.token)
    foreign = Credentials("AKIAIOSFODNN7EXAMPLE", "of nobody here")
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(quote(await probe.connection_of(tag)))
        for headers in (
            {},
            probe.signed(method, url, credentials=wrong),
            probe.signed(method, url, credentials=foreign),
            probe.signed(method, url, service="apigateway"),
        ):
            answer = await asyncio.to_thread(probe.request, method, url, headers=headers)
            assert answer.status == 403
            assert answer.headers["x-amzn-errortype"]
            assert json.loads(answer.body)["message"]
        assert (await asyncio.to_thread(probe.request, method, url)).status in (200, 204)
        if method == "DELETE":
            await closed_by_peer(socket)


def test_m16_what_boto3_sends() -> None:
    with answering(200) as stub:
        stub.client().post_to_connection(ConnectionId="get=", Data=b"x")
    [(method, path, names)] = stub.requests
    assert (method, path) == ("POST", "/prod/@connections/get%3D")
    assert "content-type" not in names


async def test_m17_a_post_through_another_api_is_410(probe: Probe, tag: str) -> None:
    """BEL: 403 is possible as well."""
    async with probe.connect(query=f"tag={tag}"):
        url = probe.on_connection(quote(await probe.connection_of(tag)), "bare")
        assert (await asyncio.to_thread(probe.request, "POST", url, b"x")).status == 410


async def test_m19_200_means_accepted_not_received(probe: Probe, tag: str) -> None:
    """BEL."""
    async with probe.connect(query=f"tag={tag}") as socket:
        socket.transport.pause_reading()
        url = probe.on_connection(await probe.connection_of(tag))
        assert (await asyncio.to_thread(probe.request, "POST", url, b"x")).status == 200
        assert not socket.frames
        socket.transport.resume_reading()
        assert await received(socket) == "x"


async def test_m20_a_post_that_the_handler_does_not_wait_for_is_not_sent(probe: Probe) -> None:
    async with probe.connect() as socket:
        await socket.send('{"do":"later"}')
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await socket.recv()


async def test_m21_every_message_moves_last_active_at(probe: Probe, tag: str) -> None:
    """BEL: what moves it is not documented."""
    async with probe.connect(query=f"tag={tag}") as socket:
        url = probe.on_connection(await probe.connection_of(tag))
        before = await last_active(probe, url)
        await asyncio.to_thread(probe.request, "POST", url, b"x")
        await received(socket)
        between = await last_active(probe, url)
        await answer_to(socket, "x")
        assert before < between < await last_active(probe, url)


async def last_active(probe: Probe, url: str) -> str:
    """The connection's `lastActiveAt`, a millisecond or more after whatever came before."""
    await asyncio.sleep(0.002)
    return str(json.loads((await asyncio.to_thread(probe.request, "GET", url)).body)["lastActiveAt"])


async def test_m22_delete_answers_nothing(probe: Probe, tag: str, management: Any) -> None:
    """Once it answered with counters, which broke SDKs; M04 is what holds today."""
    async with probe.connect(query=f"tag={tag}") as socket:
        connection = await probe.connection_of(tag)
        answer = await asyncio.to_thread(management.delete_connection, ConnectionId=connection)
        assert set(answer) == {"ResponseMetadata"}
        await closed_by_peer(socket)
