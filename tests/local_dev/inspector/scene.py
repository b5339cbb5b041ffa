"""A gateway with an inspector on loopback: the real rules, wire and journal, with handlers that are coroutines.

The handlers stand in for worker processes and write the journal as those do.
"""

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from local_dev.errors import FunctionRaised
from local_dev.faults.faults import Faults
from local_dev.faults.rules import Plan
from local_dev.gateway.gateway import Gateway
from local_dev.inspector.inspector import Inspector, add_inspector
from local_dev.journal import Journal
from local_dev.stack.model import Api, Function, Integration, IntegrationType, Note, Route
from local_dev.web.app import make_app
from local_dev.web.server import make_server
from tests.local_dev.web.serving import listening

Handler = Callable[["Handlers", Mapping[str, Any]], Awaitable[Any]]
KEY = "prod"


class Handlers:
    """Functions by name; each invocation is written to the journal. `post` sends to a connection."""

    def __init__(self, journal: Journal, handlers: Mapping[str, Handler]) -> None:
        self._journal, self._handlers = journal, handlers
        self._numbers = itertools.count(1)
        self._warm: set[str] = set()
        self.gateway: Gateway | None = None

    async def invoke(self, name: str, event: Mapping[str, Any], *, wait: float) -> Any:
        request = f"request-{next(self._numbers)}"
        facts = {"function": name.removeprefix("stack-"), "request": request}
        text = json.dumps(event, ensure_ascii=False)
        self._journal.record("invoked", event=text, cold=name not in self._warm, **facts)
        self._warm.add(name)
        try:
            result = await self._handlers[name](self, event)
        except Exception as error:
            error_type = type(error).__name__
            self._journal.record("failed", error_type=error_type, error=str(error), duration_ms=3.2, **facts)
            raise FunctionRaised(str(error), error_type=error_type) from error
        self._journal.record("returned", result=json.dumps(result), duration_ms=12.5, **facts)
        return result

    def invoke_later(self, name: str, event: Mapping[str, Any]) -> None:
        raise NotImplementedError("no route of the scene is asynchronous")

    def log(self, name: str, line: str) -> None:
        self._journal.record("log", function=name.removeprefix("stack-"), line=line)

    async def post(self, connection: str, text: str) -> None:
        assert self.gateway
        self.gateway.post(connection, text)


async def connect(handlers: Handlers, event: Mapping[str, Any]) -> Any:
    return {"statusCode": 403 if "refuse" in event.get("queryStringParameters", {}) else 200}


async def disconnect(handlers: Handlers, event: Mapping[str, Any]) -> Any:
    return {"statusCode": 200}


async def echo(handlers: Handlers, event: Mapping[str, Any]) -> Any:
    """Send what came back to whom it came from; fail where it says so."""
    handlers.log("stack-Echo", f"INFO got {len(event['body'])} characters")
    if "fail" in event["body"]:
        raise ValueError("asked to fail")
    await handlers.post(event["requestContext"]["connectionId"], event["body"])
    return {"statusCode": 200, "body": "echoed"}


HANDLERS: Mapping[str, Handler] = {
    "stack-Connect": connect,
    "stack-Disconnect": disconnect,
    "stack-Echo": echo,
}


class Scene:
    """What the tests talk to. `url` is http://127.0.0.1:<port>."""

    def __init__(
        self, url: str, handlers: Handlers, journal: Journal, inspector: Inspector, faults: Faults | None
    ) -> None:
        self.url, self.handlers, self.journal, self.inspector = url, handlers, journal, inspector
        self.faults = faults
        assert handlers.gateway
        self.gateway = handlers.gateway

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)


@asynccontextmanager
async def scene(
    *,
    handlers: Mapping[str, Handler] = HANDLERS,
    tables: Mapping[str, str] | None = None,
    dynamodb: Callable[[], Any] | None = None,
    notes: Sequence[Note] = (Note(12, "Thumbnails", "nodejs22.x is not run here"),),
    site: Path | None = None,
    heartbeat: float = 15.0,
    plan: Plan | None = None,
) -> AsyncIterator[Scene]:
    """Serve it, with the routes $connect, $disconnect and $default; with faults where there is a plan."""
    journal = Journal()
    faults = Faults(plan, journal=journal) if plan else None
    running = Handlers(journal, handlers)
    gateway = running.gateway = Gateway(_api(), running, journal=journal)
    app = make_app(gateways={KEY: gateway}, edges=[], site=site)
    inspector = add_inspector(
        app,
        gateways={KEY: gateway},
        journal=journal,
        functions={name: _function(name) for name in handlers},
        tables=tables or {},
        dynamodb=dynamodb,
        notes=notes,
        heartbeat=heartbeat,
        faults=faults,
    )
    async with listening(make_server(app)) as port:
        try:
            yield Scene(f"http://127.0.0.1:{port}", running, journal, inspector, faults)
        finally:
            await gateway.shut_down()
            inspector.close()


def message(**fields: Any) -> str:
    """A frame as an application would send it."""
    return json.dumps(fields, ensure_ascii=False)


def _api() -> Api:
    def route(key: str, function: str) -> Route:
        return Route(key, Integration(IntegrationType.LAMBDA_PROXY, function))

    routes = [
        route("$connect", "stack-Connect"),
        route("$disconnect", "stack-Disconnect"),
        route("$default", "stack-Echo"),
    ]
    return Api(
        id="a1b2c3d4e5",
        logical_id="ChatApi",
        stage="prod",
        route_selection_expression="$request.body.action",
        routes={route.key: route for route in routes},
        region="us-east-1",
        account="123456789012",
    )


def _function(name: str) -> Function:
    return Function(
        name=name,
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        label=name.removeprefix("stack-"),
        handler=f"app.{name.removeprefix('stack-').lower()}",
        timeout=3,
        memory=128,
        environment={"API_TOKEN": "the-secret-of-the-environment"},
        code=None,
    )
