"""A gateway with one client, as the tests of connections set it up."""

import json
from dataclasses import replace
from typing import Any

from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.connections import Connection
from local_dev.gateway.gateway import Gateway
from local_dev.journal import Journal
from local_dev.stack.model import Api, Route
from tests.local_dev.gateway.stand_ins import (
    Client,
    FakeFunctions,
    MovedClock,
    make_api,
    open_client,
    proxy,
)

ONE_WAY = Route("say", proxy("say"))
TWO_WAY = replace(ONE_WAY, responds=True)
DISCONNECT = Route("$disconnect", proxy("disconnect"))
SAY = '{"action":"say"}'


class Scene:
    """A gateway with one client, its functions, journal and clock."""

    def __init__(self, api: Api, handlers: dict[str, Any] | None = None, **options: Any) -> None:
        self.functions = FakeFunctions({"disconnect": None, **(handlers or {})})
        self.clock, self.journal = MovedClock(), Journal()
        switches = options.pop("assume", {})
        self.gateway = Gateway(
            api,
            self.functions,
            clock=self.clock,
            journal=self.journal,
            assumptions=Assumptions(**switches),
            **options,
        )
        self.connection: Connection
        self.client: Client

    async def enter(self) -> "Scene":
        self.connection, self.client = await open_client(self.gateway)
        return self

    async def say(self, body: str = SAY) -> list[str]:
        """What the client hears of the message."""
        before = len(self.client.frames)
        await self.gateway.message(self.connection, body)
        return self.client.frames[before:]

    def ends(self) -> list[tuple[int, str]]:
        """Code and reason of each $disconnect event."""
        contexts = [event["requestContext"] for event in self.functions.events("disconnect")]
        return [(context["disconnectStatusCode"], context["disconnectReason"]) for context in contexts]


async def scene(*routes: Route, handlers: dict[str, Any] | None = None, **options: Any) -> Scene:
    names = ("throttle", "route_throttles", "stage_variables")
    api = make_api(*routes, **{name: options.pop(name) for name in names if name in options})
    return await Scene(api, handlers, **options).enter()


def message_of(frames: list[str]) -> str:
    """The message of the one error frame."""
    (frame,) = frames
    return str(json.loads(frame)["message"])
