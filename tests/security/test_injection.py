"""Bytes that end a line, a header, a segment or a value too early; and what must not become of them further on."""

import asyncio
import json
from urllib.parse import quote, urlsplit

import pytest

from tests.chat.client import room_path, stage_path
from tests.security.target import MARK, Target, said

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "broken", ["%0d%0a", "%0D%0ASet-Cookie:%20a=b%0d%0a", "%0a", "%00", "%1b[31m", "%e2%80%a8"]
)
async def test_no_line_is_broken_by_a_name(open_chat: Target, room: str, broken: str) -> None:
    for address, reason in (
        (f"/ws/{room}{broken}x/Ali", "room_invalid"),
        (f"/ws/{room}/Ali{broken}x", "client_invalid"),
        (f"/live?room_id={room}{broken}x", "room_invalid"),
        (f"/live?room_id={room}&client_id=Ali{broken}x", "client_invalid"),
    ):
        assert await open_chat.refusal(address) == reason
    # What is no name is nobody's affair, and comes back nowhere.
    async with open_chat.enter(f"/ws/{room}/Ali?x={broken}y&{broken}=1") as ali:
        await ali.present("Ali")
        assert ali.socket.response is not None
        sent = {name.lower() for name in ali.socket.response.headers}
        assert sent <= {"upgrade", "connection", "sec-websocket-accept", "date"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ws/{room}/../Ali", 404),
        ("/ws/../live", 403),
        ("/ws/{room}/Ali/extra", 404),
        ("/ws/{room}/%2e%2e", 101),
        ("/ws/..%2f..%2flive/Ali", 101),
        ("/ws/%", 400),
        ("/ws/%zz/Ali", 400),
        ("/ws/{room}/%ff%fe", 400),
        ("/ws/{room}/%c0%af", 400),
        ("/ws/{room}/%ed%a0%80", 400),
        ("/ws/{room}/%f4%90%80%80", 400),
        ("/WS/{room}/Ali", 403),
        ("//ws/{room}/Ali", 403),
        ("/live/", 101),
        ("/live/x", 403),
        ("/live%2fx", 403),
        ("/live/@connections/x", 403),
        ("/other?room_id={room}", 403),
        ("/", 403),
        ("/_local/state", 403),
        ("/2015-03-31/functions/x/invocations", 403),
    ],
)
async def test_no_path_leads_elsewhere(open_chat: Target, room: str, path: str, status: int) -> None:
    assert (await open_chat.knock(path.format(room=room)))[0] == status


async def test_dots_and_slashes_in_a_name_are_the_name(open_chat: Target, room: str) -> None:
    for name in (
        "../../etc/passwd",
        "..",
        ".",
        "//",
        "a/b",
        "?x=1",
        "#x",
        "%2e%2e",
        "a%00b",
        "\\",
        "'; --",
        "${x}",
        "{{7*7}}",
    ):
        async with open_chat.enter(room_path(room, name)) as client:
            await client.present(name)
            await client.send(said())
            await client.event(type="message", client_id=name, room_id=room)


async def test_names_are_no_part_of_an_expression(open_chat: Target, room: str) -> None:
    """Rooms and clients are keys of a table, in which `~` and a line break have a meaning of ours."""
    for other in (f"~{room}", f"{room}~", f"{room}\u200a~Ali", "0", "-1", "seq", ":room", "#room"):
        async with (
            open_chat.enter(room_path(room, "~Ali")) as ali,
            open_chat.enter(room_path(other, "~Ali")) as bo,
        ):
            await ali.present("~Ali")
            await bo.present("~Ali")
            content = said()
            await bo.send(content)
            await bo.event(content=content)
            await ali.send({"action": "ping"})
            await ali.event(type="pong", last_seq=0)


@pytest.mark.parametrize(
    "query",
    [
        "ROOM_ID={other}", "Room_Id={other}", "room_id%00={other}", "room_id[]={other}", "room_id%20={other}",
        "x=%26room_id%3D{other}", "room%255Fid={other}",
    ],
)  # fmt: skip
async def test_at_the_raw_address_only_the_very_names_count(open_chat: Target, room: str, query: str) -> None:
    other = f"{room}-other"
    async with open_chat.enter(f"{stage_path(room, 'Ali')}&{query.format(other=other)}") as ali:
        await ali.present("Ali")
        await ali.send(said())
        await ali.event(type="message", room_id=room)


SMUGGLED = (
    ("Content-Length", "44"),
    ("Transfer-Encoding", "chunked"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-Original-URL", "/live/@connections/x"),
    ("X-Amzn-Trace-Id", "Root=1-00000000-000000000000000000000000"),
    ("X-Amz-Security-Token", "x"),
    ("Authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/execute-api/aws4_request"),
    ("X-Forwarded-For", "10.0.0.1, 10.0.0.2"),
    ("X-Forwarded-Port", "22"),
    ("requestContext", '{"authorizer":{"client_id":"Boss"}}'),
    ("principalId", "Boss"),
)


@pytest.mark.parametrize(("name", "value"), SMUGGLED, ids=[name for name, _ in SMUGGLED])
async def test_no_header_changes_who_comes_or_where_to(
    open_chat: Target, room: str, name: str, value: str
) -> None:
    """A handshake with a body's headers may be refused; nothing of it is ever a second request."""
    status, _ = await open_chat.knock(room_path(room, "Ali"), (name, value))
    if name in ("Content-Length", "Transfer-Encoding"):
        assert status in (101, 400)
        return
    assert status == 101
    async with open_chat.enter(room_path(room, "Bo"), (name, value)) as bo:
        await bo.until(lambda client: client.users == ["Bo"])
        await bo.send(said())
        await bo.event(type="message", client_id="Bo", room_id=room)


@pytest.mark.parametrize(
    "raw",
    [
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\nUpgrade: websocket\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 60\r\nTransfer-Encoding: chunked\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n",
        "GET {path} HTTP/1.1\r\nHost : {host}\r\n",
        "GET {path} HTTP/1.1\r\nHost: {host}\r\n folded: x\r\n",
        "GET {path} HTTP/1.1\nHost: {host}\n",
    ],
)
async def test_a_request_that_two_could_read_differently_is_no_second_request(
    open_chat: Target, room: str, raw: str
) -> None:
    """What stands behind it is never answered as a request of its own that got past the first one's checks."""
    place = urlsplit(open_chat.url)
    head = raw.format(path=f"/ws/{room}/Ali", host=place.netloc)
    smuggled = f"GET /ws/{room}/Boss HTTP/1.1\r\nHost: {place.netloc}\r\nUpgrade: websocket\r\n\r\n"
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    writer.write(f"{head}\r\n0\r\n\r\n{smuggled}".encode())
    writer.write_eof()
    async with asyncio.timeout(60):
        answer = await reader.read()
    writer.close()
    assert b"101 Switching" not in answer
    async with open_chat.enter(room_path(room, "Sara")) as sara:
        await sara.present("Sara")


async def test_what_is_said_is_one_value_in_one_frame(open_chat: Target, room: str) -> None:
    """Whatever would end a JSON text, a log line or a terminal's line reaches the others as content."""
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Sara")) as sara,
    ):
        await sara.present("Ali", "Sara")
        for odd in (
            '"}],"type":"system","client_id":"system","content":"Bo joined',
            "line\r\nline\nline",
            "\x1b[2J\x1b[1;31mred\x07",
            "</script><script>alert(1)</script>",
            "\u2028\u2029\ufeff",
            "a\x00b",
            '{"type":"presence","users":["Boss"]}',
        ):
            content = f"{MARK} {odd}."
            await ali.send(json.dumps({"content": content}))
            event = await sara.event(type="message", content=content)
            assert (event["client_id"], event["room_id"]) == ("Ali", room)
        assert sara.users == ["Ali", "Sara"]
        assert len(sara.of_type("system")) <= 2
        printed = [line for lines in open_chat.lines().values() for line in lines]
        assert not any("\x1b" in line or quote("\x1b") in line for line in printed)
