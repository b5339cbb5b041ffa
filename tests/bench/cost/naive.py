"""The chat that tutorials show, as small as it goes: one table of connections, which is scanned for each message.

Nothing is kept of what is said, names are not checked, and the list of who is there goes to everybody, whole, each
time that somebody comes or goes.
"""

import json
from typing import Any

import boto3
from chat.posts import Posts

from tests.bench.cost.counting import NAIVE


class NaiveChat:
    """Its two events. `engine` stands for boto3, which posts one at a time."""

    def __init__(self, engine: Posts) -> None:
        self._client = boto3.client("dynamodb")
        self._engine = engine

    def connect(self, room: str, connection: str, name: str) -> None:
        self._client.put_item(TableName=NAIVE, Item=connection_item(room, connection, name))
        names = [item["name"]["S"] for item in self._members(room)]
        self._broadcast(room, {"type": "presence", "users": names})

    def message(self, room: str, name: str, content: str) -> None:
        self._broadcast(room, {"type": "message", "client_id": name, "content": content})

    def _broadcast(self, room: str, event: dict[str, Any]) -> None:
        frame = json.dumps(event).encode()
        for item in self._members(room):
            self._engine.post([(item["connection_id"]["S"], frame)])

    def _members(self, room: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in self._client.get_paginator("scan").paginate(TableName=NAIVE):
            found += [item for item in page["Items"] if item["room_id"]["S"] == room]
        return found


def connection_item(room: str, connection: str, name: str) -> dict[str, Any]:
    """What the table has of a connection."""
    return {"room_id": {"S": room}, "connection_id": {"S": connection}, "name": {"S": name}}
