"""Section 2 of the contract: handshakes, and what refuses them."""

import asyncio
import json
import re
import ssl
from urllib.parse import urlencode

import pytest
from botocore.credentials import Credentials
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake
from websockets.typing import Subprotocol

from local_dev.clock import Clock
from local_dev.gateway.events import Handshake
from local_dev.gateway.gateway import Gateway, Refused
from local_dev.gateway.throttles import AccountLimits
from local_dev.stack.model import Api
from tests.conformance.clients import IDENTIFIER, answer_to, refusal
from tests.conformance.marks import local_only, remote_only
from tests.conformance.target import Probe

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [200, 201])
async def test_h01_a_2xx_from_connect_is_101(probe: Probe, status: int) -> None:
    async with probe.connect(query=f"do={status}") as socket:
        assert socket.response.status_code == 101


@pytest.mark.parametrize("status", [301, 400, 401, 501])
async def test_h02_any_other_status_reaches_the_client(probe: Probe, status: int) -> None:
    answer = await refusal(probe, query=f"do={status}")
    assert answer.status == status
    assert "x-mine" not in answer.headers
    assert b"shown to nobody" not in answer.body


@pytest.mark.parametrize("wish", ["raise", "shape"])
async def test_h03_connect_that_raises_or_answers_nonsense_is_502(probe: Probe, wish: str) -> None:
    answer = await refusal(probe, query=f"do={wish}")
    assert answer.status == 502
    assert b"secret" not in answer.body


async def test_h04_a_connect_over_its_integration_timeout(probe: Probe) -> None:
    """BEL: no recording says 502 or 504."""
    assert (await refusal(probe, "slowdoor", query="do=hang")).status == 502


async def test_h05_a_connect_without_a_status_code(probe: Probe) -> None:
    """BEL: taken as a failure."""
    assert (await refusal(probe, query="do=nostatus")).status == 502


async def test_h06_the_body_of_a_refusal_has_a_message_and_the_ids(probe: Probe) -> None:
    """BEL: as another emulator sends it."""
    answer = json.loads((await refusal(probe, query="do=400")).body)
    assert set(answer) == {"message", "connectionId", "requestId"}
    assert re.fullmatch(IDENTIFIER, answer["connectionId"])
    assert re.fullmatch(IDENTIFIER, answer["requestId"])


async def test_h07_without_a_connect_route_everyone_is_accepted(probe: Probe) -> None:
    async with probe.connect("bare") as socket:
        assert socket.response.status_code == 101


async def test_h08_no_message_is_delivered_before_connect_has_answered(probe: Probe, tag: str) -> None:
    async with probe.connect(query=f"tag={tag}&do=wait") as socket:
        await answer_to(socket, "at once")
        connection = await probe.connection_of(tag)
    done = await probe.entry("connect-done", connection=connection)
    message = await probe.entry("message", connection=connection)
    assert message["at"] > done["at"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [("pass=1", {}), ("", {"X-Pass": "1"}), ("pass=", {"X-Pass": "1"}), ("pass=1", {"X-Pass": ""})],
    ids=["no_header", "no_query", "empty_query", "empty_header"],
)
async def test_h09_a_missing_identity_source_is_401_and_nothing_is_invoked(
    probe: Probe, tag: str, query: str, headers: dict[str, str]
) -> None:
    assert (
        await refusal(probe, "strict", query=f"tag={tag}&{query}", additional_headers=headers)
    ).status == 401
    async with probe.connect("strict", query=f"tag={tag}b&pass=1", additional_headers={"X-Pass": "1"}):
        await probe.event("authorize", tag=tag + "b")
    assert await probe.kept(tag=tag) == []


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ("auth-unauthorized", 401),
        ("auth-deny", 403),
        ("auth-elsewhere", 403),
        ("auth-shape", 500),
        ("auth-raise", 500),
    ],
    ids=["h10", "h11_deny", "h11_other_resource", "h12_shape", "h12_raise"],
)
async def test_h10_h11_h12_authorizer(probe: Probe, wish: str, status: int) -> None:
    answer = await refusal(probe, query=f"do={wish}")
    assert answer.status == status
    assert b"secret" not in answer.body


@pytest.mark.parametrize("effects", [("Allow", "Deny"), ("Deny", "Allow")])
async def test_h11_a_deny_wins_whatever_the_order(probe: Probe, effects: tuple[str, ...]) -> None:
    statements = [
        {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "arn:aws:execute-api:*:*:*"}
        for effect in effects
    ]
    document = {"Version": "2012-10-17", "Statement": statements}
    policy = json.dumps({"principalId": "probe", "policyDocument": document})
    assert (await refusal(probe, query=urlencode({"do": "auth-policy", "policy": policy}))).status == 403


async def test_h10_a_refused_handshake_never_reaches_connect(probe: Probe, tag: str) -> None:
    await refusal(probe, query=f"do=auth-deny&tag={tag}")
    async with probe.connect(query=f"tag={tag}b"):
        await probe.connection_of(tag + "b")
    assert [entry["kind"] for entry in await probe.kept(tag=tag)] == ["authorize"]


async def test_h13_iam_without_a_good_signature_is_403(probe: Probe) -> None:
    assert (await refusal(probe, "iam")).status == 403
    wrong = Credentials(probe.credentials.access_key, "not the secret", probe.credentials.token)
    url = probe.http("iam")
    headers = probe.signed("GET", url, credentials=wrong)
    assert (await refusal(probe, "iam", additional_headers=headers)).status == 403


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "parley-probe-key-unknown"}, {"x-api-key": ""}])
async def test_h14_without_a_valid_api_key_it_is_403(probe: Probe, headers: dict[str, str]) -> None:
    """BEL: by analogy with REST APIs."""
    assert (await refusal(probe, "keyed", additional_headers=headers)).status == 403


async def test_h15_a_path_below_the_stage_is_403(probe: Probe) -> None:
    assert (await refusal(probe, extra="/hello")).status == 403


async def test_h16_an_unknown_stage_is_403(probe: Probe) -> None:
    """BEL: by analogy with the management API."""
    probe.addresses["nowhere"] = probe.addresses["probe"].replace("/probe", "/nowhere")
    answer = await refusal(probe, "nowhere")
    assert (answer.status, json.loads(answer.body)) == (403, {"message": "Forbidden"})


async def test_h17_a_plain_get_is_426(probe: Probe) -> None:
    """BEL: unsettled; 426 as in serverless-offline's list of AWS answers."""
    answer = await asyncio.to_thread(probe.request, "GET", probe.http(), headers={})
    assert answer.status == 426


async def test_h18_over_the_stages_throttle_it_is_429(probe: Probe) -> None:
    """Of handshakes at once, a burst of three passes and not all others."""

    async def attempt() -> int:
        try:
            async with probe.connect("throttled") as socket:
                return int(socket.response.status_code)
        except Exception as error:
            return int(getattr(error, "response").status_code)  # noqa: B009

    statuses = await asyncio.gather(*(attempt() for _ in range(16)))
    assert set(statuses) == {101, 429}


class NoFunctions:
    """For an API without integrations."""

    async def invoke(self, *_: object, **__: object) -> None:
        """Never called."""
        raise AssertionError

    def invoke_later(self, *_: object, **__: object) -> None:
        """Never called."""
        raise AssertionError


@local_only("five hundred handshakes within a second, of an account that others use as well")
async def test_h18_over_500_new_connections_a_second_it_is_429() -> None:
    now = 0.0
    api = Api("a", "Api", "s", "$request.body.action", {}, "us-east-1", "123456789012")
    gateway = Gateway(api, NoFunctions(), limits=AccountLimits(clock=lambda: now), clock=Clock())

    async def refused() -> int | None:
        answer = await gateway.connect(Handshake((), "", "127.0.0.1"))
        return answer.status if isinstance(answer, Refused) else None

    assert {await refused() for _ in range(500)} == {None}
    assert await refused() == 429
    now = 0.002
    assert [await refused(), await refused()] == [None, 429]
    now = 3600.0
    assert {await refused() for _ in range(500)} == {None}
    assert await refused() == 429


async def test_h19_h20_r20_only_the_chosen_subprotocol_of_connects_headers_reaches_the_client(
    probe: Probe,
) -> None:
    offered = [Subprotocol("first"), Subprotocol("second")]
    async with probe.connect(query="do=protocol", subprotocols=offered) as socket:
        assert socket.subprotocol == "second"
        assert not {"set-cookie", "x-mine"} & {name.lower() for name in socket.response.headers}


async def test_h20_the_service_never_echoes_a_subprotocol(probe: Probe) -> None:
    async with probe.connect(subprotocols=[Subprotocol("first")]) as socket:
        assert socket.subprotocol is None


async def test_h21_subprotocols_arrive_as_one_header(probe: Probe, tag: str) -> None:
    offered = [Subprotocol("one"), Subprotocol("two")]
    async with probe.connect(query=f"tag={tag}", subprotocols=offered):
        event = await probe.event("connect", tag=tag)
    assert event["headers"]["Sec-WebSocket-Protocol"] == "one, two"


async def test_h22_no_disconnect_follows_a_refused_handshake(probe: Probe, tag: str) -> None:
    """BEL: taken from another emulator's notes."""
    await refusal(probe, query=f"do=400&tag={tag}")
    connection = await probe.connection_of(tag)
    async with probe.connect(query=f"tag={tag}b"):
        pass
    await probe.event("post-after-close", connection=await probe.connection_of(tag + "b"))
    assert [entry["kind"] for entry in await probe.kept(connection=connection)] == ["authorize", "connect"]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@remote_only("on this machine the gateway speaks plain ws:// on the loopback, on purpose")
async def test_h23_wss_only_from_tls_1_2_on(probe: Probe) -> None:
    # Never answered, refused, or answered by something that is no WebSocket.
    with pytest.raises((OSError, InvalidHandshake)):
        async with asyncio.timeout(10), connect(probe.url().replace("wss", "ws", 1)):
            pass
    old = ssl.create_default_context()
    old.set_ciphers("DEFAULT@SECLEVEL=0")  # or this side would not even try
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        await asyncio.to_thread(probe.request, "GET", probe.http(), headers={}, tls=old)


async def test_h24_a_url_may_have_4096_characters(probe: Probe, tag: str) -> None:
    def padded(length: int) -> str:
        query = f"tag={tag}&pad="
        return query + "x" * (length - len(f"{probe.url()}?{query}"))

    async with probe.connect(query=padded(4096)):
        event = await probe.event("connect", tag=tag)
        assert len(event["queryStringParameters"]["pad"]) > 3000
    await refusal(probe, query=padded(4096 + 200))
