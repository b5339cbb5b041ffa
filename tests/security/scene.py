"""One room of a deployment in which one permission may be missing: who comes in, and what the tables have of it."""

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from chat import places
from chat.entries import COUNTER
from chat.slices import Slice

from tests.chat.client import TIMEOUT, ChatClient
from tests.chat.poller import Room
from tests.running import client_of
from tests.security.target import Target

Item = dict[str, Any]


@dataclass
class Scene:
    """One room of a deployment. `denied` waits until a refusal for the lack of the permission has been logged."""

    chat: Target
    room: str
    granted: bool
    denied: Callable[[], Any]

    def path(self, client: str, **claims: Any) -> str:
        """The address by which a client comes in, with a ticket."""
        token = self.chat.ticket(sub=client, rooms=[self.room], **claims)
        return f"/ws/{self.room}/{quote(client)}?ticket={token}"

    @asynccontextmanager
    async def people(self, *names: str, announced: bool = True) -> AsyncIterator[list[ChatClient]]:
        """Clients who are in, and know it of each other, if they are announced."""
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(self.chat.enter(self.path(name))) for name in names]
            if announced:
                for client in clients:  # in a large room what is told last need not come last
                    await client.until(
                        lambda each: any(
                            event["users"] == sorted(names) for event in each.of_type("presence")
                        )
                    )
            yield clients

    async def status(self, **claims: Any) -> int:
        """That of a handshake."""
        return (await self.chat.knock(self.path("Ali", **claims)))[0]

    # Without a WebSocket.

    @property
    def door(self) -> Room:
        return self.chat.door(self.room)

    async def polls(self, client: str = "Ali", **claims: Any) -> tuple[int, Any]:
        """Status and answer of an entry by the HTTP API."""
        token = self.chat.ticket(sub=client, rooms=[self.room], **claims)
        return await self.door.enter(client, authorization=f"Bearer {token}")

    async def key(self, client: str = "Ali") -> str:
        """That of a client who has entered so."""
        token = self.chat.ticket(sub=client, rooms=[self.room])
        return await self.chat.key(self.room, client, authorization=f"Bearer {token}")

    def forgets(self, label: str) -> None:
        """A secret is kept for a while by each environment of a function: it gets new ones."""
        deployed = self.chat.running.deployed
        [name] = [name for name, each in deployed.stack.functions.items() if each.label == label]
        self.chat.running.loop.call_soon_threadsafe(deployed.functions.reload, [name])

    # What is in the tables.

    def _table(self) -> dict[str, Any]:
        return {"TableName": self.chat.running.deployed.cloud.resources["Memberships"].id}

    def put(self, place: str, **item: Any) -> str:
        """Puts an item of the room into Memberships; its place."""
        whole = {"room_id": {"S": self.room}, "place": {"S": place}, **item}
        client_of(self.chat.running, "dynamodb").put_item(**self._table(), Item=whole)
        return place

    def ghost(self, *, lease: float, client: str = "") -> str:
        """The membership of a connection that is gone. Without a client's name no announcement is made of it."""
        connection = base64.urlsafe_b64encode(os.urandom(11)).decode()
        named = {"client_id": {"S": client}} if client else {}
        joined = {"N": str(int(time.time() - 60) * 1000)}
        return self.put(places.of(connection), joined_at=joined, expires_at=after(lease), **named)

    def take_seats(self) -> None:
        """Both of Ali's seats are taken by connections that never got in."""
        seats = {"SS": ["x", "y"]}
        self.put(f"{places.PERSON}Ali", seats=seats, seated_at=after(-60), expires_at=after(600))

    def leave_hole(self) -> None:
        """A number was given out in the room a minute ago, and never used."""
        table = self.chat.running.deployed.cloud.resources["RoomLog"].id
        long_ago = {"N": str(int(time.time() - 60) * 1000)}
        counter = {
            "seq": {"N": str(COUNTER)},
            "last_seq": {"N": "1"},
            "last_at": long_ago,
            "first_at": long_ago,
        }
        item = {"room_id": {"S": self.room}, **counter}
        client_of(self.chat.running, "dynamodb").put_item(TableName=table, Item=item)

    def item(self, place: str) -> Item | None:
        key = {"room_id": {"S": self.room}, "place": {"S": place}}
        found = client_of(self.chat.running, "dynamodb").get_item(
            **self._table(), Key=key, ConsistentRead=True
        )
        item: Item | None = found.get("Item")
        return item

    def forget(self, *places: str) -> None:
        for place in places:
            key = {"room_id": {"S": self.room}, "place": {"S": place}}
            client_of(self.chat.running, "dynamodb").delete_item(**self._table(), Key=key)

    async def vanishes(self, *places: str) -> None:
        """Where it is allowed, those items are deleted; where not, they are there."""
        if self.granted:
            await until(lambda: not any(map(self.item, places)))
        else:
            await self.denied()
            assert all(map(self.item, places))
            self.forget(*places)

    def slice(self, content: str) -> Slice:
        """Puts a slice of the whole room, of which nobody has been told."""
        frame = json.dumps({"type": "message", "content": content}).encode()
        made = Slice(
            id=os.urandom(8).hex(),
            room_id=self.room,
            span=places.WHOLE,
            frames=(frame,),
            told=frozenset(),
            syncing=False,
        )
        queue = self.chat.running.deployed.cloud.resources["Slices"].id
        client_of(self.chat.running, "sqs").send_message(QueueUrl=queue, MessageBody=made.encode())
        return made


def after(seconds: float) -> dict[str, str]:
    return {"N": str(int(time.time() + seconds))}


async def until(wanted: Callable[[], Any]) -> None:
    """Wait for what only the tables show."""
    async with asyncio.timeout(TIMEOUT):
        while not wanted():  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # there is nothing that tells
