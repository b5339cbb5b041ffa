"""Entering to poll: under which names, with which tickets, and not for who is put out."""

import asyncio
import json
from collections import Counter
from urllib.parse import quote

import pytest

from tests.chat.client import room_path
from tests.security.polling.asking import asked, everything, waiting
from tests.security.target import Target, new_room, said

pytestmark = pytest.mark.anyio


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
