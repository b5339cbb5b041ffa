"""Requests of an attacker: any at all, those that show a key, and one that waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from chat import places
from chat.polling import LONGEST_WAIT
from chat.sessions import Session

from tests.running import client_of
from tests.security.target import Target, said


async def asked(
    chat: Target, method: str, path: str, body: bytes = b"", /, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of an answer. Underscores in names of headers are hyphens."""

    def once() -> tuple[int, dict[str, str], str]:
        connection = HTTPConnection(urlsplit(chat.url).netloc, timeout=60)
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


FOREVER = {"after": 0, "noticed": 10**14, "wait": LONGEST_WAIT}
"""Asks for what will not be there soon."""


@asynccontextmanager
async def waiting(chat: Target, room: str, key: str) -> AsyncIterator["asyncio.Task[tuple[int, Any]]"]:
    """A request that waits for something to happen in a room in which nothing does; once it waits. Then it leaves."""
    door = chat.door(room)
    task = asyncio.create_task(door.events(key, **FOREVER))
    try:
        async with asyncio.timeout(60):
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


async def everything(chat: Target, room: str, key: str | None) -> dict[str, tuple[int, Any]]:
    """What each of the requests answers that show a key."""
    door = chat.door(room)
    return {
        "events": await door.events(key),
        "members": await door.members(key),
        "say": await door.say(key, said()),
    }
