"""The other values of the switches: what the local gateway plays when a default is not believed."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.conformance.clients import answer_to, assert_error_frame, closed_by_peer, received, refusal
from tests.conformance.marks import local_only
from tests.conformance.target import Probe
from tests.conformance.test_limits import ENOUGH, KB, NEARLY, drop
from tests.conformance.test_management import last_active

pytestmark = [pytest.mark.anyio, local_only("a switch of the local gateway")]


async def test_e05_stage_variables_absent(second: Probe, tag: str) -> None:
    async with second.connect("strict", query=f"tag={tag}&pass=1", additional_headers={"X-Pass": "1"}):
        assert "stageVariables" not in await second.event("connect", tag=tag)


async def test_h04_connect_timeout_status_504(second: Probe) -> None:
    assert (await refusal(second, "slowdoor", query="do=hang")).status == 504


async def test_h05_connect_without_status_200(second: Probe) -> None:
    async with second.connect(query="do=nostatus") as socket:
        assert socket.response.status_code == 101


async def test_h06_refusal_body_message(second: Probe) -> None:
    assert set(json.loads((await refusal(second, query="do=400")).body)) == {"message"}


async def test_h06_refusal_body_empty(third: Probe) -> None:
    assert (await refusal(third, query="do=400")).body == b""


async def test_h12_authorizer_error_status_401(second: Probe) -> None:
    assert (await refusal(second, query="do=auth-raise")).status == 401


async def test_h13_iam_refusal_status_401(second: Probe) -> None:
    assert (await refusal(second, "iam")).status == 401


async def test_h14_api_key_refusal_status_401(second: Probe) -> None:
    assert (await refusal(second, "keyed")).status == 401


async def test_h16_unknown_stage_status_404(second: Probe) -> None:
    second.addresses["nowhere"] = second.addresses["probe"].replace("/probe", "/nowhere")
    assert (await refusal(second, "nowhere")).status == 404


async def test_h17_plain_get_status_403(second: Probe) -> None:
    assert (await asyncio.to_thread(second.request, "GET", second.http(), headers={})).status == 403


async def test_h17_plain_get_status_400(third: Probe) -> None:
    assert (await asyncio.to_thread(third.request, "GET", third.http(), headers={})).status == 400


async def test_h22_disconnect_after_refusal_yes(second: Probe, tag: str) -> None:
    await refusal(second, query=f"do=400&tag={tag}")
    await second.event("disconnect", connection=await second.connection_of(tag))


async def test_r05_null_selects_nothing(second: Probe) -> None:
    async with second.connect("odd") as socket:
        assert (await answer_to(socket, {"action": None}))["route"] == "$default"


async def test_r06_route_keys_case_insensitive(second: Probe) -> None:
    async with second.connect() as socket:
        assert (await answer_to(socket, {"action": "NAMED"}))["route"] == "named"


async def test_r08_array_bodies_no(second: Probe) -> None:
    async with second.connect("array") as socket:
        assert (await answer_to(socket, [1, 2, "third"]))["route"] == "$default"


async def test_r10_lifecycle_by_name_forbidden(second: Probe) -> None:
    async with second.connect() as socket:
        await socket.send('{"action":"$connect"}')
        assert_error_frame(await received(socket), "Forbidden")


async def test_r16_route_response_errors_error_frame(second: Probe) -> None:
    async with second.connect("twoway") as socket:
        await socket.send('{"action":"ask","do":"status"}')
        assert_error_frame(await received(socket), "Internal server error")


async def test_l05_too_large_reason(second: Probe) -> None:
    async with second.connect() as socket:
        sending = asyncio.create_task(socket.send("x" * (32 * KB + 1)))
        assert await closed_by_peer(socket) == (1009, "too large")
        await asyncio.gather(sending, return_exceptions=True)


async def test_l14_throttled_frame_nothing(second: Probe) -> None:
    async with second.connect("throttled") as socket:
        for _ in range(12):
            await socket.send('{"action":"limited"}')
        await answer_to(socket, '{"action":"last"}')
        assert not [frame for frame in socket.frames if b"Too Many" in bytes(frame.data)]


async def test_l17_pings_keep_alive_yes(second: Probe) -> None:
    async with second.connect() as socket:
        await answer_to(socket, "x")
        second.advance(NEARLY)
        await (await socket.ping())
        second.advance(ENOUGH)
        assert (await answer_to(socket, "still here"))["body"] == "still here"


@pytest.mark.parametrize(("which", "code"), [("second", 1005), ("third", 1001)])
async def test_l18_lost_connection_code(
    request: pytest.FixtureRequest, tag: str, which: str, code: int
) -> None:
    played: Probe = request.getfixturevalue(which)
    async with played.connect(query=f"tag={tag}") as socket:
        await played.connection_of(tag)
        drop(socket)
    assert (await played.closing_of(tag))[0] == code


async def test_l19_compression_on(second: Probe) -> None:
    async with second.connect(compression="deflate") as socket:
        assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
        assert (await answer_to(socket, "x" * 5000))["body"] == "x" * 5000


async def test_m17_cross_api_post_403(second: Probe, tag: str) -> None:
    async with second.connect(query=f"tag={tag}"):
        url = second.on_connection(quote(await second.connection_of(tag)), "bare")
        assert (await asyncio.to_thread(second.request, "POST", url, b"x")).status == 403


async def test_m21_last_active_received(second: Probe, tag: str) -> None:
    async with second.connect(query=f"tag={tag}") as socket:
        url = second.on_connection(await second.connection_of(tag))
        before = await last_active(second, url)
        await asyncio.to_thread(second.request, "POST", url, b"x")
        await received(socket)
        assert await last_active(second, url) == before
        await socket.send('{"do":"nothing"}')
        await second.event("message", connection=await second.connection_of(tag))
        assert await last_active(second, url) > before


async def test_d06_disconnect_waits_yes(second: Probe, tag: str) -> None:
    async with second.connect(query=f"tag={tag}") as socket:
        connection = await second.connection_of(tag)
        await socket.send('{"do":"slow"}')
        await second.event("message", connection=connection)
    closing = await second.entry("disconnect", connection=connection)
    assert (await second.entry("message-done", connection=connection))["at"] < closing["at"]


async def test_o05_order_kept(second: Probe) -> None:
    async with second.connect() as socket:
        await answer_to(socket, "a worker is warm")
        await socket.send('{"do":"slow"}')
        await socket.send("quick")
        bodies: list[Any] = [json.loads(await received(socket))["body"] for _ in range(2)]
    assert bodies == ['{"do":"slow"}', "quick"]


async def test_a04_nested_context_text(second: Probe, tag: str) -> None:
    async with second.connect(query=f"tag={tag}&do=auth-nested"):
        given = (await second.event("connect", tag=tag))["requestContext"]["authorizer"]
    assert json.loads(given["nested"]) == {"a": [1]}
