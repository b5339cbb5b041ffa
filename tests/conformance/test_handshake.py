"""Sections 2, 3 and 10 of the contract: handshakes, authorizers, posting while connecting."""

import http.client
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.running import Running

pytestmark = pytest.mark.anyio


async def refusal(probe: Running, path: str) -> InvalidStatus:
    """The answer to a handshake that must not succeed."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(probe.ws_url + path):
            pass
    return refused.value


@pytest.mark.parametrize("status", [200, 201])
async def test_h01_a_2xx_from_connect_is_101(probe: Running, status: int) -> None:
    async with connect(f"{probe.ws_url}/probe?do={status}") as socket:
        assert socket.response and socket.response.status_code == 101


@pytest.mark.parametrize("status", [301, 400, 401, 501])
async def test_h02_any_other_status_reaches_the_client(probe: Running, status: int) -> None:
    answer = (await refusal(probe, f"/probe?do={status}")).response
    assert answer.status_code == status
    assert "x-mine" not in answer.headers
    assert b"shown to nobody" not in (answer.body or b"")


@pytest.mark.parametrize("wish", ["raise", "shape"])
async def test_h03_connect_that_raises_or_answers_nonsense_is_502(probe: Running, wish: str) -> None:
    answer = (await refusal(probe, f"/probe?do={wish}")).response
    assert answer.status_code == 502
    assert b"secret" not in (answer.body or b"")


async def test_h07_without_a_connect_route_everyone_is_accepted(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/bare") as socket:
        assert socket.response and socket.response.status_code == 101


async def test_h08_no_message_is_delivered_before_connect_has_answered(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe?tag=h08") as socket:
        await socket.send("h08")
        await socket.recv()
    shown = probe.recorder.event(
        "Connect", lambda event: event.get("queryStringParameters") == {"tag": "h08"}
    )
    message = probe.recorder.event("Message", lambda event: event["body"] == "h08")
    assert message["requestContext"]["requestTimeEpoch"] >= shown["requestContext"]["requestTimeEpoch"]


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
async def test_h10_h11_h12_authorizer(probe: Running, wish: str, status: int) -> None:
    answer = (await refusal(probe, f"/probe?do={wish}")).response
    assert answer.status_code == status
    assert b"secret" not in (answer.body or b"")


async def test_h10_a_refused_handshake_never_reaches_connect(probe: Running) -> None:
    await refusal(probe, "/probe?do=auth-deny&tag=h10")
    async with connect(f"{probe.ws_url}/probe?tag=h10-after"):
        pass
    probe.recorder.event("Connect", lambda event: event.get("queryStringParameters") == {"tag": "h10-after"})
    assert not any('"h10"' in line for line in probe.recorder.lines("Connect"))


async def test_h15_a_path_below_the_stage_is_403(probe: Running) -> None:
    assert (await refusal(probe, "/probe/hello")).response.status_code == 403


async def test_h16_an_unknown_stage_is_403(probe: Running) -> None:
    """BEL: by analogy with the management API."""
    assert (await refusal(probe, "/nowhere")).response.status_code == 403


def test_h17_a_plain_get_is_426(probe: Running) -> None:
    """BEL: unsettled; 426 as in serverless-offline's list of AWS answers."""
    http_connection = http.client.HTTPConnection(urlsplit(probe.url).netloc, timeout=10)
    http_connection.request("GET", "/probe")
    assert http_connection.getresponse().status == 426


async def test_h19_h20_only_the_chosen_subprotocol_of_connects_headers_reaches_the_client(
    probe: Running,
) -> None:
    offered = [Subprotocol("first"), Subprotocol("second")]
    async with connect(f"{probe.ws_url}/probe?do=protocol", subprotocols=offered) as socket:
        assert socket.subprotocol == "second"
        assert socket.response
        assert not {"set-cookie", "x-mine"} & {name.lower() for name in socket.response.headers}


async def test_h20_the_service_never_echoes_a_subprotocol(probe: Running) -> None:
    async with connect(f"{probe.ws_url}/probe", subprotocols=[Subprotocol("first")]) as socket:
        assert socket.subprotocol is None


async def test_h21_subprotocols_arrive_as_one_header(probe: Running) -> None:
    offered = [Subprotocol("one"), Subprotocol("two")]
    async with connect(f"{probe.ws_url}/probe?tag=h21", subprotocols=offered):
        pass
    event = probe.recorder.event("Connect", lambda item: item.get("queryStringParameters") == {"tag": "h21"})
    assert event["headers"]["Sec-WebSocket-Protocol"] == "one, two"


async def test_h22_no_disconnect_follows_a_refused_handshake(probe: Running) -> None:
    """BEL: taken from another emulator's notes."""
    await refusal(probe, "/probe?do=400&tag=h22")
    event = probe.recorder.event(
        "Connect", lambda item: (item.get("queryStringParameters") or {}).get("tag") == "h22"
    )
    async with connect(f"{probe.ws_url}/probe?tag=h22-after") as socket:
        await socket.close()
    after = probe.recorder.event(
        "Connect", lambda item: (item.get("queryStringParameters") or {}).get("tag") == "h22-after"
    )["requestContext"]["connectionId"]
    probe.recorder.event("Disconnect", lambda item: item.get("gone") == after)
    assert not any(
        event["requestContext"]["connectionId"] in line for line in probe.recorder.lines("Disconnect")
    )


async def test_p01_a_post_from_within_connect_is_410(probe: Running) -> None:
    assert (await refusal(probe, "/probe?do=post")).response.status_code == 410


async def test_l19_compression_is_not_negotiated(probe: Running) -> None:
    """BEL: no recording of an acceptance was found."""
    async with connect(f"{probe.ws_url}/probe", compression="deflate") as socket:
        assert socket.response
        assert "sec-websocket-extensions" not in {name.lower() for name in socket.response.headers}
