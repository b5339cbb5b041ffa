"""Requests that are deep, long or odd, or ask for what there is not."""

import pytest

from tests.security.polling.asking import asked
from tests.security.target import Target, said

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("[" * 16_000 + "]" * 16_000, 413, "content_too_long"),
        ('{"content":' + "[" * 16_000 + "]" * 16_000 + "}", 400, "frame_too_deep"),
        ('{"content":' + "9" * 30_000 + "}", 413, "content_too_long"),
        ("x" * 32_769, 413, "frame_too_large"),
        ("x" * 1_000_000, 413, "frame_too_large"),
        ('{"action":"sync","after":0}', 400, "action_unknown"),
        ('{"action":"ping"}', 400, "action_unknown"),
        ('{"action":"$connect"}', 400, "action_unknown"),
        ('{"content":"psst","id":""}', 400, "id_invalid"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else str(value),
)
async def test_a_body_that_is_deep_long_or_odd_is_answered_at_once(
    open_chat: Target, room: str, body: str, status: int, code: str
) -> None:
    key = await open_chat.key(room, "Ali")
    found, answer = await open_chat.door(room).say(key, body)
    assert (found, answer["code"]) == (status, code)
    assert (await open_chat.door(room).say(key, said()))[0] == 200


async def test_a_body_of_bytes_is_text_or_nothing(open_chat: Target, room: str) -> None:
    key = await open_chat.key(room, "Ali")
    door = open_chat.door(room)
    status, answer = await door.say(key, b"psst \xff\xfe\x00\xed\xa0\x80")
    assert status == 200
    assert answer["content"].startswith("psst \ufffd")
    for blank in (b"", b" \n", b'{"content": "  "}'):
        assert await door.say(key, blank) == (204, None)
    # More than Lambda takes, so it never hears of it.
    assert (await door.say(key, b"x" * 5_000_000))[0] == 413


async def test_other_addresses_and_methods_lead_nowhere(open_chat: Target, room: str) -> None:
    key = await open_chat.key(room, "Ali")
    for method, path in (
        ("PUT", f"/api/rooms/{room}/messages"),
        ("PATCH", f"/api/rooms/{room}/members"),
        ("GET", f"/api/rooms/{room}/messages"),
        ("POST", f"/api/rooms/{room}/events"),
        ("GET", f"/api/rooms/{room}"),
        ("GET", f"/api/rooms/{room}/members/Ali/x"),
        ("GET", f"/api/rooms/{room}/../../@connections/x"),
        ("POST", f"/api/rooms/{room}/%2e%2e%2f@connections"),
        ("GET", "/api/"),
        ("GET", "/api/@connections/x"),
    ):
        status, _, body = await asked(
            open_chat, method, path, authorization=f"Bearer {key}", x_http_method_override="POST"
        )
        assert status in (403, 404, 405), (method, path, status)
        assert "Traceback" not in body
