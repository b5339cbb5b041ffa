"""Forged identity: in frames, in the query, in headers; names that are taken, or look like others."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

import pytest

from tests.chat.client import room_path, stage_path
from tests.security.target import MARK, Target, new_room, said

pytestmark = pytest.mark.anyio

FORGED: Mapping[str, Any] = {
    "type": "system",
    "room_id": "elsewhere",
    "client_id": "Boss",
    "seq": 999,
    "timestamp": "1999-01-01T00:00:00.000Z",
    "authorizer": {"client_id": "Boss", "room_id": "elsewhere"},
    "requestContext": {"authorizer": {"client_id": "Boss"}, "routeKey": "$connect", "connectionId": "x"},
    "connectionId": "AAAAAAAAAAAAAAA=",
    "principalId": "Boss",
    "users": ["Boss"],
    "event": "joined",
    "clients": ["Boss"],
    "expires_at": 0,
    "action": "$disconnect",
}


async def test_nothing_in_a_frame_says_who_sent_it_or_where(open_chat: Target, room: str) -> None:
    elsewhere = new_room()
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Sara")) as sara,
        open_chat.enter(room_path(elsewhere, "Bo")) as bo,
    ):
        await sara.present("Ali", "Sara")
        await bo.present("Bo")
        content = said()
        await ali.send(json.dumps({**FORGED, "room_id": elsewhere, "content": content}))
        message = await sara.event(content=content)
        assert set(message) == {"type", "room_id", "client_id", "content", "timestamp", "seq"}
        assert (message["type"], message["room_id"], message["client_id"]) == ("message", room, "Ali")
        assert message["seq"] == 1
        assert message["timestamp"] > "2020"
        # What is stored says the same.
        await sara.send({"action": "sync"})
        assert (await sara.event(type="page"))["messages"] == [message]
        await bo.send({"action": "ping"})
        await bo.event(type="pong", last_seq=0)
        assert not bo.of_type("message")


async def test_members_named_twice_in_a_frame_change_nothing(open_chat: Target, room: str) -> None:
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Sara")) as sara,
    ):
        await sara.present("Ali", "Sara")
        await ali.send(
            f'{{"content": "{MARK} 1", "content": "{MARK} 2", "__proto__": {{"client_id": "Boss"}}}}'
        )
        assert (await sara.event(type="message"))["client_id"] == "Ali"
        await sara.send({"action": "ping"})
        await sara.event(type="pong", last_seq=1)


@pytest.mark.parametrize("action", ["$connect", "$disconnect", "$default", "announce", "expel", "deliver"])
async def test_no_frame_reaches_another_route_or_function(open_chat: Target, room: str, action: str) -> None:
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Sara")) as sara,
    ):
        await sara.present("Ali", "Sara")
        await ali.send({"action": action, "room": room, "client": "Sara", "minutes": 5})
        await ali.event(type="error", code="action_unknown")
        await sara.send({"action": "presence", "id": "who"})
        assert (await sara.event(type="presence", id="who"))["users"] == ["Ali", "Sara"]
        assert sara.users == ["Ali", "Sara"]


@pytest.mark.parametrize(
    "query",
    [
        "client_id=Boss",
        "client_id=Boss&client_id=Boss",
        "client%5Fid=Boss",
        "%63lient_id=Boss",
        "client_id=&client%5fid=Boss",
        "CLIENT_ID=Boss",
        "Client_Id=Boss",
        "client_id[]=Boss",
        "client_id%00=Boss",
        "client_id%20=Boss",
        "x=1%26client_id%3DBoss",
        "x=1;client_id=Boss",
        "client+id=Boss&client.id=Boss",
        "room_id=elsewhere&room%5Fid=elsewhere&Room_ID=elsewhere",
        "__proto__=Boss&constructor=Boss",
    ],
)
async def test_the_path_names_room_and_client_whatever_the_query_says(
    open_chat: Target, room: str, query: str
) -> None:
    async with open_chat.enter(f"/ws/{room}/Ali?{query}") as ali:
        await ali.present("Ali")
        await ali.send(said())
        await ali.event(type="message", room_id=room, client_id="Ali")


@pytest.mark.parametrize(
    ("query", "client"),
    [
        ("room_id={room}&client_id=Ali&client_id=Bo", "Bo"),
        ("room_id={room}&client_id=Ali&CLIENT_ID=Boss", "Ali"),
        ("room_id={room}&client_id=Ali%26client_id%3DBoss", "Ali&client_id=Boss"),
        ("room_id=x&room_id={room}&client_id=Ali", "Ali"),
    ],
)
async def test_at_the_raw_address_one_value_counts_for_all_that_follows(
    open_chat: Target, room: str, query: str, client: str
) -> None:
    """Of several the last, as API Gateway has it; and it is the same one that is checked and shown."""
    async with open_chat.enter(f"/live?{query.format(room=room)}") as ali:
        await ali.present(client)
        await ali.send(said())
        await ali.event(type="message", room_id=room, client_id=client)


LIKE_SYSTEM = [
    "system",
    "System",
    "ＳＹＳＴＥＭ",
    "𝐬𝐲𝐬𝐭𝐞𝐦",
    "ѕуѕтем",
    "s\u200dystem",
    "sy\u200cstem",
    "s.y.s.t.e.m",
    "s y s t e m",
    "systém",
    "ⓢⓨⓢⓣⓔⓜ",
    "systern",
    "\u200fsystem\u200e",
    "system\u00ad",
    "[system]",
    "🅂🅈🅂🅃🄴🄼",
]
MISLEADING = [
    "\u202emetsys",
    "Ali\u202e",
    "A\u2066li",
    "A\u2069li",
    "A\u200bli",
    "A\u200fli",
    "A\nli joined",
    "A\rli",
    "A\x1b[2Kli",
    "A\x00li",
    "A\u2028li",
    "A\x85li",
    "\u3164",
    "\u2800",
    "A\U000e0041li",
    "A\ue000li",
    "\u0301",
]


async def test_no_name_looks_like_systems_or_like_nothing(open_chat: Target, room: str) -> None:
    for address in (room_path, stage_path):
        for name in LIKE_SYSTEM:
            assert await open_chat.refusal(address(room, name)) == "client_reserved", name
        for name in MISLEADING:
            assert await open_chat.refusal(address(room, name)) == "client_invalid", ascii(name)
            assert await open_chat.refusal(address(name, "Ali")) == "room_invalid", ascii(name)
        assert await open_chat.refusal(address(room, "x" * 65)) == "client_too_long"
        assert await open_chat.refusal(address("x" * 65, "Ali")) == "room_too_long"


async def test_names_that_look_alike_stay_different_people(open_chat: Target, room: str) -> None:
    """Not protected against: `Ali` and `АӀі` are for people to tell apart. But they are never mixed up."""
    names = ["Ali", "ali", "Аli", "Ａli", "Ali.", "A‌li", "Ali2"]
    async with open_chat.enter(room_path(room, "watcher")) as watcher:
        for name in names:
            async with open_chat.enter(room_path(room, name)) as client:
                await client.present("watcher", name)
                content = said()
                await client.send(content)
                assert (await watcher.event(content=content))["client_id"] == name
            await watcher.present("watcher")
        # Two ways to write the same are one name.
        decomposed = unicodedata.normalize("NFD", "Zoë")
        async with open_chat.enter(room_path(room, decomposed)) as client:
            await client.present("watcher", unicodedata.normalize("NFC", "Zoë"))
