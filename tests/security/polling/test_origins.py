"""A page elsewhere that polls as whoever visits it; and clients that come past CloudFront."""

import json

import pytest

from tests.security.conftest import FRIEND
from tests.security.polling.asking import asked
from tests.security.target import Target
from tests.security.test_origins import origins

pytestmark = pytest.mark.anyio


async def test_a_foreign_page_neither_enters_nor_reads_nor_speaks(open_chat: Target, room: str) -> None:
    ali = await open_chat.key(room, "Ali")
    path, plain = f"/api/rooms/{room}", {"content_type": "text/plain"}
    for what, origin in origins(open_chat).items():
        if what in ("a look-alike", "not a letter"):  # no header's value
            continue
        status, headers, body = await asked(open_chat, "POST", f"{path}/members/Eve", origin=origin, **plain)
        assert (status, json.loads(body).get("code")) == (403, "not_admitted"), (what, body)
        assert not [name for name in headers if name.startswith("access-control-")]
    for origin in ("https://evil.example", "null", open_chat.url):
        # A browser adds nothing to a page's request that admits it, and asks first whether a key may be shown.
        assert (await asked(open_chat, "POST", f"{path}/messages", b"psst", origin=origin, **plain))[0] == 401
        asks = {
            "access_control_request_method": "POST",
            "access_control_request_headers": "authorization",
        }
        _, headers, _ = await asked(open_chat, "OPTIONS", f"{path}/messages", origin=origin, **asks)
        assert not [name for name in headers if name.startswith("access-control-")]
    assert (await open_chat.door(room).members(ali))[1]["users"] == ["Ali"]


async def test_a_page_of_an_allowed_origin_may_read_and_no_other(closed_chat: Target, room: str) -> None:
    for origin, allowed in ((FRIEND, FRIEND), ("https://evil.example", None), (FRIEND.upper(), None)):
        status, headers, _ = await asked(closed_chat, "POST", f"/api/rooms/{room}/members/Ali", origin=origin)
        assert status == (201 if allowed else 403)
        assert headers.get("access-control-allow-origin") == allowed
        assert "access-control-allow-credentials" not in headers


async def test_past_the_edge_nobody_polls_where_the_raw_address_is_closed(
    closed_chat: Target, room: str
) -> None:
    key = await closed_chat.key(room, "Ali", origin=FRIEND)
    shown = {"authorization": f"Bearer {key}", "origin": FRIEND}
    ways = [
        ("POST", f"/api/members?room_id={room}&client_id=Mallory"),
        ("GET", f"/api/members?room_id={room}"),
        ("GET", f"/api/events?room_id={room}"),
        ("POST", f"/api/messages?room_id={room}"),
        ("DELETE", f"/api/members?room_id={room}"),
    ]
    for method, path in ways:
        for guess in ("", "0" * 64):
            status, _, body = await asked(
                closed_chat, method, f"/PollApi{path}", b"psst", x_origin_key=guess, **shown
            )
            assert (status, json.loads(body)["code"]) == (403, "not_admitted"), (method, path)
    status, _, body = await asked(closed_chat, "GET", f"/api/rooms/{room}/members", **shown)
    assert (status, json.loads(body)["users"]) == (200, ["Ali"])
    # Through the distribution the edge's own key replaces what a viewer sends.
    status, _, _ = await asked(
        closed_chat, "GET", f"/api/rooms/{room}/members", **shown, x_origin_key="0" * 64
    )
    assert status == 200
