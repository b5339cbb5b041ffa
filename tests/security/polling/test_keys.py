"""Keys: whoever has none, another's, or one of another room, gets nothing by it."""

import json

import pytest
from chat.sessions import Session

from tests.chat.client import room_path
from tests.running import client_of
from tests.security.polling.asking import asked, everything
from tests.security.target import Target, new_room, said

pytestmark = pytest.mark.anyio


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
