"""Stand-ins for what surrounds the rules: Lambda, time, a client's socket."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from local_dev.clock import Clock
from local_dev.gateway.connections import Connection
from local_dev.gateway.events import Handshake
from local_dev.gateway.gateway import Accepted, Gateway
from local_dev.stack.model import Api, Integration, IntegrationType, Route

Handler = Callable[[Any], Any]

HANDSHAKE = Handshake(
    headers=(("Host", "127.0.0.1"), ("User-Agent", "tester"), ("Auth", "x")),
    query="name=ada",
    source_ip="203.0.113.7",
    trace_id="Root=1-00000000-000000000000000000000000",
    path="/live",
    host="127.0.0.1:8000",
)


class MovedClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_700_000_000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def time(self) -> float:
        return self.now

    def real(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, waiting))
        await waiting

    async def move(self, seconds: float) -> None:
        """Let so many seconds pass, waking each sleeper at its time."""
        end = self.now + seconds
        await turns()
        while due := [item for item in self._sleepers if item[0] <= end]:
            first = min(due, key=lambda item: item[0])
            self._sleepers.remove(first)
            self.now = max(self.now, first[0])
            if not first[1].done():
                first[1].set_result(None)
            await turns()
        self.now = end
        await turns()


async def turns(count: int = 20) -> None:
    """Let everything that can run do so."""
    for _ in range(count):
        await asyncio.sleep(0)


class FakeFunctions:
    """Lambda: a handler for each function, which may be a coroutine function, or an error to raise."""

    def __init__(self, handlers: Mapping[str, Any] | None = None) -> None:
        self.handlers = dict(handlers or {})
        self.calls: list[tuple[str, Any]] = []
        self.later: list[tuple[str, Any]] = []

    async def invoke(self, name: str, event: Any, *, wait: float) -> Any:
        self.calls.append((name, event))
        handler = self.handlers[name]
        if isinstance(handler, Exception):
            raise handler
        result = handler(event) if callable(handler) else handler
        return await result if asyncio.iscoroutine(result) else result

    def invoke_later(self, name: str, event: Any) -> None:
        self.later.append((name, event))

    def events(self, name: str) -> list[Any]:
        """Every event that the function got."""
        return [event for called, event in self.calls if called == name]


class Client:
    """A client's socket as the gateway sees it: what it was sent, and how it was closed."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.closed: tuple[int, str] | None = None
        self.failure: Exception | None = None

    def send(self, text: str) -> None:
        if self.failure:
            raise self.failure
        self.frames.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed = (code, reason)


def proxy(function: str, **options: Any) -> Integration:
    """A Lambda proxy integration."""
    return Integration(IntegrationType.LAMBDA_PROXY, function, **options)


def make_api(*routes: Route, **options: Any) -> Api:
    """An API with these routes, at stage `live`."""
    given: dict[str, Any] = {
        "id": "abc123",
        "logical_id": "ChatApi",
        "stage": "live",
        "route_selection_expression": "$request.body.action",
        "region": "us-east-1",
        "account": "123456789012",
        **options,
    }
    return Api(routes={route.key: route for route in routes}, **given)


async def open_client(gateway: Gateway, handshake: Handshake = HANDSHAKE) -> tuple[Connection, Client]:
    """A client that was let in."""
    accepted = await gateway.connect(handshake)
    assert isinstance(accepted, Accepted), accepted
    client = Client()
    return gateway.opened(accepted, send=client.send, close=client.close), client
