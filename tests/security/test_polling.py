"""The HTTP API under attack: keys, other pages, floods of entries and of requests that wait, ways past the edge."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from chat import places
from chat.sessions import Session

from local_dev.clock import Clock
from tests.chat.client import room_path
from tests.running import client_of
from tests.security.conftest import FRIEND
from tests.security.target import Target, new_room, said, target
from tests.security.test_origins import origins

pytestmark = pytest.mark.anyio


async def asked(
    chat: Target, method: str, path: str, body: bytes = b"", /, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of an answer. Underscores in names of headers are hyphens."""

    def once() -> tuple[int, dict[str, str], str]:
        connection = HTTPConnection(urlsplit(chat.url).netloc, timeout=20)
        try:
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body or None, given)
            answer = connection.getresponse()
            return (
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read().decode(),
            )
        finally:
            connection.close()

    return await asyncio.to_thread(once)


FOREVER = {"after": 0, "noticed": 10**14, "wait": 20}
"""Asks for what will not be there soon."""


@asynccontextmanager
async def waiting(chat: Target, room: str, key: str) -> AsyncIterator["asyncio.Task[tuple[int, Any]]"]:
    """A request that waits for something to happen in a room in which nothing does; once it waits. Then it leaves."""
    door = chat.door(room)
    task = asyncio.create_task(door.events(key, **FOREVER))
    try:
        async with asyncio.timeout(20):
            while not _waits(chat, room, key):  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # only the table tells
        assert not task.done()
        yield task
    finally:
        await door.leave(key)
        await task


def _waits(chat: Target, room: str, key: str) -> bool:
    place = places.of(Session.of(room, key).connection_id)
    found = client_of(chat.running, "dynamodb").get_item(
        TableName=chat.running.deployed.cloud.resources["Memberships"].id,
        Key={"room_id": {"S": room}, "place": {"S": place}},
    )
    return "waits" in found.get("Item", {})


# ------------------------------------------------------------------------------------------------------------ keys


async def everything(chat: Target, room: str, key: str | None) -> dict[str, tuple[int, Any]]:
    """What each of the requests answers that show a key."""
    door = chat.door(room)
    return {
        "events": await door.events(key),
        "members": await door.members(key),
        "say": await door.say(key, said()),
    }


async def test_a_key_that_was_not_given_out_opens_nothing(open_chat: Target, room: str) -> None:
    key = await open_chat.key(room, "Ali")
    secret, _, name = key.partition(".")
    id = Session.of(room, key).connection_id
    forged = [
        f"{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}.{name}",  # one letter of it
        f"{secret.swapcase()}.{name}",
        f"{id.removeprefix('poll-')}.{name}",  # what stands in the table and in logs
        f"{'0' * 22}.{name}",
        f"{secret}.{name} ",
        f"{secret}.%41li",  # the same name, spelt otherwise
    ]
    async with open_chat.enter(room_path(room, "Sara")) as sara:
        await sara.present("Ali", "Sara")
        for each in forged[:4] + forged[5:]:
            for what, (status, answer) in (await everything(open_chat, room, each)).items():
                assert (status, answer["code"]) == (410, "not_a_member"), (what, each)
        nones = ("", id, secret, f".{name}", f"{secret}.", f"{secret}.a b", "null", f"{secret}.{'x' * 800}")
        answers = [*(await everything(open_chat, room, None)).values()]
        for status, answer in answers + [await open_chat.door(room).say(none, said()) for none in nones]:
            assert (status, answer["code"]) == (401, "key_missing")
        # A blank at the end is none of the header's value, by HTTP.
        assert (await open_chat.door(room).members(forged[4]))[0] == 200
        for scheme in ("Basic", "Token", "Bearer:", ""):
            status, _, _ = await asked(
                open_chat, "GET", f"/api/rooms/{room}/members", authorization=f"{scheme} {key}"
            )
            assert status == 401, scheme
        for path in (f"?key={key}", f"?authorization=Bearer%20{key}", f"?access_token={key}"):
            assert (await asked(open_chat, "GET", f"/api/rooms/{room}/members{path}", cookie=f"key={key}"))[
                0
            ] == 401
        assert not sara.of_type("message")


async def test_nobody_speaks_under_anothers_name_by_a_key(open_chat: Target, room: str) -> None:
    """The name in it is proved with it, and nothing else in a request is one."""
    mallory, ali = await open_chat.key(room, "Mallory"), await open_chat.key(room, "Ali")
    door = open_chat.door(room)
    status, answer = await door.say(f"{mallory.partition('.')[0]}.Ali", said())
    assert (status, answer["code"]) == (410, "not_a_member")
    assert (await door.leave(f"{mallory.partition('.')[0]}.Ali"))[0] == 204
    assert (await door.members(ali))[1]["users"] == ["Ali", "Mallory"]
    content = said()
    forged = {"content": content, "client_id": "Ali", "room_id": "general", "seq": 1, "type": "system"}
    status, answer = await door.say(mallory, json.dumps(forged))
    assert (status, answer["client_id"], answer["room_id"]) == (200, "Mallory", room)
    for query in ("?client_id=Ali", "?client%5Fid=Ali&room_id=general"):
        status, _, body = await asked(
            open_chat,
            "POST",
            f"/api/rooms/{room}/messages{query}",
            json.dumps({"content": said()}).encode(),
            authorization=f"Bearer {mallory}",
            x_client_id="Ali",
        )
        assert (status, json.loads(body)["client_id"], json.loads(body)["room_id"]) == (200, "Mallory", room)


async def test_a_key_is_for_its_room(open_chat: Target, room: str) -> None:
    elsewhere = new_room()
    key = await open_chat.key(elsewhere, "Mallory")
    ali = await open_chat.key(room, "Ali")
    await open_chat.door(room).say(ali, said())
    for what, (status, answer) in (await everything(open_chat, room, key)).items():
        assert (status, answer["code"]) == (410, "not_a_member"), what
    # The path names the room, whatever else names another.
    path = f"/api/rooms/{elsewhere}/events?room_id={room}&room%5Fid={room}"
    status, _, body = await asked(open_chat, "GET", path, authorization=f"Bearer {key}")
    assert status == 200
    assert "Ali" not in body


async def test_who_has_left_is_told_nothing(open_chat: Target, room: str) -> None:
    key, ali = await open_chat.key(room, "Mallory"), await open_chat.key(room, "Ali")
    assert (await open_chat.door(room).leave(key))[0] == 204
    await open_chat.door(room).say(ali, said())
    for what, (status, answer) in (await everything(open_chat, room, key)).items():
        assert (status, answer["code"]) == (410, "not_a_member"), what


async def test_no_table_has_a_key(open_chat: Target, room: str) -> None:
    """Nor has a log: `nothing_leaks` looks for it after every test."""
    key = await open_chat.key(room, "Ali")
    await everything(open_chat, room, key)
    store, found = client_of(open_chat.running, "dynamodb"), ""
    for name in ("Memberships", "RoomLog", "Admissions"):
        table = open_chat.running.deployed.cloud.resources[name].id
        for page in store.get_paginator("scan").paginate(TableName=table):
            found += str(page["Items"])
    assert Session.of(room, key).connection_id in found
    assert key.partition(".")[0] not in found


# ---------------------------------------------------------------------------------------------- other pages, ways past


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


# -------------------------------------------------------------------------------------------- names, tickets, put out


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("system", "client_reserved"),
        ("ЅYSТEM", "client_reserved"),
        ("a\r\nx: y", "client_invalid"),
        ("a\0b", "client_invalid"),
        ("a\u202eb", "client_invalid"),
        ("x" * 65, "client_too_long"),
    ],
)
async def test_no_name_is_taken_that_a_handshake_refuses(
    open_chat: Target, room: str, name: str, code: str
) -> None:
    status, headers, body = await asked(
        open_chat, "POST", f"/api/rooms/{room}/members/{quote(name, safe='')}"
    )
    assert (status, json.loads(body)["code"]) == (400, code)
    assert not {"x", "set-cookie"} & headers.keys()


async def test_without_a_ticket_nobody_enters_to_poll(ticket_chat: Target, room: str) -> None:
    good = ticket_chat.ticket(sub="Ali", rooms=[room])
    head, claims, signature = good.split(".")
    bad = {
        "none": {},
        "a key": {"authorization": f"Bearer {'0' * 22}.Ali"},
        "unsigned": {"authorization": f"Bearer {head}.{claims}."},
        "altered": {"authorization": f"Bearer {head}.{claims}.{signature[::-1]}"},
        "another scheme": {"authorization": f"Basic {good}"},
        "another header": {"x-ticket": good},
        "a cookie": {"cookie": f"ticket={good}"},
        "another room": {"authorization": f"Bearer {ticket_chat.ticket(sub='Ali', rooms=[new_room()])}"},
        "another client": {"authorization": f"Bearer {ticket_chat.ticket(sub='Bo', rooms=[room])}"},
        "expired": {
            "authorization": f"Bearer {ticket_chat.ticket(sub='Ali', rooms=[room], iat=-120, exp=-60)}"
        },
    }
    for why, headers in bad.items():
        status, answer = await ticket_chat.door(room).enter("Ali", **headers)
        assert (status, answer["code"]) == (403, "not_admitted"), why
    key = await ticket_chat.key(room, "Ali", authorization=f"Bearer {good}")
    # A ticket is no key, and a key no ticket.
    for status, answer in (await everything(ticket_chat, room, good)).values():
        assert (status, answer["code"]) in {(401, "key_missing"), (410, "not_a_member")}
    assert (await ticket_chat.door(room).enter("Ali", authorization=f"Bearer {key}"))[0] == 403


async def test_a_ticket_for_once_is_for_once_whichever_way_it_comes(ticket_chat: Target, room: str) -> None:
    ticket = ticket_chat.ticket(sub="Ali", rooms=[room], once=True, jti=new_room())
    shown = {"authorization": f"Bearer {ticket}"}
    enters = [ticket_chat.door(room).enter("Ali", **shown) for _ in range(6)]
    knocks = [ticket_chat.knock(f"/ws/{room}/Ali?ticket={ticket}") for _ in range(6)]
    entered, knocked = await asyncio.gather(asyncio.gather(*enters), asyncio.gather(*knocks))
    ticket_chat.keys += [answer["key"] for status, answer in entered if status == 201]
    statuses = [status for status, _ in [*entered, *knocked]]
    assert Counter(statuses) == {403: 11, **Counter(status for status in statuses if status in (101, 201))}
    assert (await ticket_chat.door(room).enter("Ali", **shown))[0] == 403


async def test_who_is_put_out_polls_no_more(open_chat: Target, room: str) -> None:
    """Not even by a request that waits already."""
    eve = await open_chat.key(room, "eve")
    async with open_chat.enter(room_path(room, "Ali")) as ali:
        await ali.present("Ali", "eve")
        async with waiting(open_chat, room, eve) as held:
            assert (await open_chat.put_out(room, "eve"))["closed"] == 1
            await ali.present("Ali")
            await ali.send(said())
            status, answer = await held
            assert (status, answer["code"]) == (410, "not_a_member")
        await ali.event(type="message")
        for what, (status, _) in (await everything(open_chat, room, eve)).items():
            assert status == 410, what
        assert (await open_chat.door(room).enter("eve"))[1]["code"] == "not_admitted"
        assert (await open_chat.door(room).enter(" eve "))[0] == 403
        assert (await open_chat.knock(room_path(room, "eve")))[0] == 403
        assert {event["client_id"] for event in ali.of_type("message")} == {"Ali"}


# ----------------------------------------------------------------------------------------------------------- floods


class ThrottleClock(Clock):
    """Real time, but for throttles, which a test may let forget what came before."""

    ahead = 0.0

    def real(self) -> float:
        return super().real() + self.ahead


@pytest.fixture(scope="module")
def clock() -> ThrottleClock:
    return ThrottleClock()


@pytest.fixture(scope="module")
def throttled(clock: ThrottleClock) -> Iterator[Target]:
    """Few entries, and few messages, a second; and two requests that may wait at once."""
    with target(
        clock=clock,
        ConnectRate="1",
        ConnectBurst="10",
        MessageRate="1",
        MessageBurst="10",
        PollConcurrency="2",
    ) as made:
        yield made
        assert made.leaks() == []


async def test_a_flood_of_entries_is_turned_away_and_who_is_in_stays(throttled: Target, room: str) -> None:
    key = await throttled.key(room, "Ali")
    async with throttled.enter(room_path(room, "Sara")) as sara:
        await sara.present("Ali", "Sara")
        began = time.monotonic()
        flood = asyncio.gather(*(throttled.door(room).enter(f"flood {number}") for number in range(60)))
        content = said()
        assert (await throttled.door(room).say(key, content))[0] == 200
        await sara.event(type="message", content=content)
        answers = await flood
        assert {status for status, _ in answers} == {201, 429}
        assert sum(status == 201 for status, _ in answers) <= 10 + (time.monotonic() - began) + 1
        # Handshakes are counted apart.
        async with throttled.enter(room_path(room, "Bo")):
            await sara.send(said())


async def test_requests_that_wait_leave_the_other_functions_alone(
    throttled: Target, clock: ThrottleClock, room: str
) -> None:
    """`PollConcurrency` is what they can take up; who comes then is told to come again, and everybody else talks."""
    rooms = [new_room() for _ in range(3)]
    async with throttled.enter(room_path(room, "Ali")) as ali:
        clock.ahead += 3.5  # for three more entries
        one, two, three = [await throttled.key(each, "Mallory") for each in rooms]
        async with waiting(throttled, rooms[0], one), waiting(throttled, rooms[1], two):
            status, answer = await throttled.door(rooms[2]).events(three)
            assert (status, answer) == (503, {"message": "Service Unavailable"})
            content = said()
            assert (await throttled.door(rooms[2]).say(three, said()))[0] == 200
            await ali.send(content)
            await ali.event(type="message", content=content)
        assert (await throttled.door(rooms[2]).members(three))[0] == 200


async def test_a_member_holds_one_request_however_often_it_asks(open_chat: Target, room: str) -> None:
    key = await open_chat.key(room, "Mallory")
    async with waiting(open_chat, room, key) as first:
        tasks = [asyncio.create_task(open_chat.door(room).events(key, **FOREVER)) for _ in range(5)]
        async with asyncio.timeout(15):
            assert (await first)[0] == 200
            done, held = set[Any](), {*tasks}
            while len(held) > 1:
                done, held = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0.05)
        assert {task.result()[1]["events"] == [] for task in done if task.result()[0] == 200} <= {True}
        # The last one ends when the membership does.
        assert (await open_chat.door(room).leave(key))[0] == 204
        async with asyncio.timeout(10):
            await asyncio.gather(*held)


async def test_who_asks_too_much_is_told_to_wait_and_the_others_go_on(
    throttled: Target, clock: ThrottleClock, room: str
) -> None:
    clock.ahead += 2.5  # for two more entries
    mallory, ali = await throttled.key(room, "Mallory"), await throttled.key(room, "Ali")
    door, began = throttled.door(room), time.monotonic()

    async def floods(way: Callable[[], Awaitable[tuple[int, Any]]]) -> list[tuple[int, Any]]:
        """One after the other: more at once than may poll at once would be another refusal."""
        return [await way() for _ in range(20)]

    ways = [lambda: door.events(mallory), lambda: door.members(mallory), lambda: door.say(mallory, said())]
    flood = asyncio.gather(*map(floods, ways))
    for _ in range(3):
        assert (await door.say(ali, said()))[0] == 200
    answers = [answer for each in await flood for answer in each]
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] <= 10 + (time.monotonic() - began) + 1
    assert {answer["code"] for status, answer in answers if status == 429} == {"rate_limited"}
    assert (await door.leave(mallory))[0] == 204


async def test_a_client_has_so_many_places_whichever_way_it_comes(ticket_chat: Target, room: str) -> None:
    ticket = ticket_chat.ticket(sub="Mallory", rooms=[room])
    async with ticket_chat.enter(f"/ws/{room}/Mallory?ticket={ticket}") as mallory:
        await mallory.present("Mallory")
        shown = {"authorization": f"Bearer {ticket}"}
        answers = await asyncio.gather(*(ticket_chat.door(room).enter("Mallory", **shown) for _ in range(6)))
        ticket_chat.keys += [answer["key"] for status, answer in answers if status == 201]
        assert Counter(status for status, _ in answers) == {201: 1, 429: 5}
        assert (await ticket_chat.knock(f"/ws/{room}/Mallory?ticket={ticket}"))[0] == 429


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
