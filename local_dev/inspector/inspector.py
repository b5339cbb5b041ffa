"""The inspector's application: the page, what it asks for, what it may do."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, Router
from starlette.types import Receive, Scope, Send

from ..clock import Clock
from ..faults.api import fault_routes
from ..faults.faults import Faults
from ..gateway.connections import BufferFull, Gone, Throttled
from ..gateway.gateway import Gateway
from ..http_api.gateway import HttpGateway
from ..journal import Journal
from ..stack.model import Function, Note
from ..web.limits import MESSAGE_LIMIT
from ..web.management import read_body
from .describe import describe
from .feed import HEARTBEAT, Feed
from .guard import PAGE_HEADERS, Guard
from .secret_values import SecretUnreadable, SecretValues, is_local
from .tables import ROWS, Tables, TableUnreadable

PREFIX = "/_local"
STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


class Inspector:
    """The ASGI application under /_local/. `close` ends the live streams, so that the server can stop."""

    def __init__(
        self,
        *,
        gateways: Mapping[str, Gateway],
        http_gateways: Mapping[str, HttpGateway],
        journal: Journal,
        functions: Mapping[str, Function],
        tables: Tables,
        secrets: SecretValues,
        notes: Sequence[Note] = (),
        host: str = "127.0.0.1",
        faults: Faults | None = None,
        clock: Clock | None = None,
        heartbeat: float = HEARTBEAT,
        run: str | None = None,
        handshakes: Callable[[], list[Any]] | None = None,
    ) -> None:
        self._gateways, self._functions, self._notes = gateways, functions, notes
        self._http_gateways = http_gateways
        self._tables, self._secrets = tables, secrets
        self._has_faults = faults is not None
        self._guard = Guard(host)
        self._handshakes = handshakes
        self._feed = Feed(journal, run=run or token_hex(4), heartbeat=heartbeat)
        self._files = {file.name: file for file in STATIC.iterdir() if file.suffix in TYPES}
        self._router = Router(
            routes=[
                Route("/state", self._state),
                Route("/handshakes", self._seen),
                Route("/requests", self._requests),
                Route("/events", self._events),
                Route("/tables/{table}", self._rows),
                Route("/secrets/{secret}", self._secret, methods=["POST"]),
                Route("/connections/{key:path}/{connection}", self._act, methods=["POST", "DELETE"]),
                *fault_routes(faults, clock or Clock()),
                Route("/{name:path}", self._file),
            ]
        )

    def close(self) -> None:
        """End every stream; the page finds its way back by itself once there is a server again."""
        self._feed.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may be answered; no error gets out as a trace."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request = Request(scope, receive)
        page = request.method == "GET" and request.url.path == f"{PREFIX}/"
        headers = dict(request.headers)
        if len(request.headers.getlist("host")) > 1:
            headers["host"] = ""
        refusal = self._guard.refusal(request.method, headers, page=page)

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_RAW_HEADERS]
            await send(message)

        if refusal:
            await _problem(refusal.status, refusal.message)(scope, receive, guarded)
            return
        try:
            await self._router(scope, receive, guarded)
        except HTTPException as error:
            await _problem(error.status_code, error.detail)(scope, receive, guarded)

    async def _file(self, request: Request) -> Response:
        file = self._files.get(request.path_params["name"] or "index.html")
        if file is None:
            return _problem(404, "There is no such thing here")
        return Response(file.read_bytes(), media_type=TYPES[file.suffix])

    async def _state(self, _: Request) -> Response:
        described = describe(
            self._gateways, self._functions, self._tables.names, self._notes, self._http_gateways
        )
        return _json({"run": self._feed.run, "faults": self._has_faults, **described})

    async def _seen(self, _: Request) -> Response:
        if self._handshakes is None:
            return _problem(404, "There is no TLS here: start with --https")
        return _json({"handshakes": self._handshakes()})

    async def _requests(self, _: Request) -> Response:
        return _json({key: gateway.counters.figures() for key, gateway in self._http_gateways.items()})

    async def _events(self, request: Request) -> Response:
        if self._feed.full:
            return _problem(503, "Too many pages are open already")
        sought = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        stream = self._feed.follow(self._feed.position(sought))
        return StreamingResponse(stream, media_type="text/event-stream")

    async def _rows(self, request: Request) -> Response:
        limit = request.query_params.get("limit", "")
        try:
            rows = await self._tables.rows(
                request.path_params["table"],
                start=request.query_params.get("start", ""),
                limit=int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 6 else ROWS,
            )
        except KeyError:
            return _problem(404, "There is no such table")
        except TableUnreadable as error:
            return _problem(502, str(error))
        return _json(rows)

    async def _secret(self, request: Request) -> Response:
        if not is_local(request.client.host if request.client else "", (request.scope["server"] or [""])[0]):
            return _problem(403, "Secrets are told to programs on this machine only")
        name = request.path_params["secret"]
        try:
            return _json({"secret": await self._secrets.text(name)})
        except KeyError:
            there = ", ".join(self._secrets.arns) or "none"
            return _problem(404, f"There is no secret {name} in the template as it runs; it has: {there}")
        except SecretUnreadable as error:
            return _problem(502, str(error))

    async def _act(self, request: Request) -> Response:
        gateway = self._gateways.get(request.path_params["key"])
        if gateway is None:
            return _problem(404, "There is no such API")
        connection = request.path_params["connection"]
        try:
            return await self._carry_out(request, gateway, connection)
        except Gone:
            return _problem(410, "The connection is closed")
        except BufferFull:
            return _problem(429, "The client reads too slowly, its buffer is full")
        except Throttled:
            return _problem(429, "The account's limit of requests a second is used up")
        except (RuntimeError, OSError):  # its close frame was already on the way
            return _problem(410, "The connection was closed meanwhile")

    async def _carry_out(self, request: Request, gateway: Gateway, connection: str) -> Response:
        if request.method == "DELETE":
            await gateway.cut(connection)
            return _json({"done": True})
        body = await read_body(request, MESSAGE_LIMIT)
        if body is None:
            return _problem(413, f"A message can have {MESSAGE_LIMIT} bytes at most")
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return _problem(400, "A message has to be UTF-8 text")
        gateway.post(connection, text)
        return _json({"done": True})


def add_inspector(
    app: FastAPI,
    *,
    gateways: Mapping[str, Gateway],
    http_gateways: Mapping[str, HttpGateway] | None = None,
    journal: Journal,
    functions: Mapping[str, Function],
    tables: Mapping[str, str],
    dynamodb: Callable[[], Any] | None,
    secrets: Mapping[str, str] | None = None,
    secretsmanager: Callable[[], Any] | None = None,
    notes: Sequence[Note] = (),
    host: str = "127.0.0.1",
    faults: Faults | None = None,
    clock: Clock | None = None,
    heartbeat: float = HEARTBEAT,
    handshakes: Callable[[], list[Any]] | None = None,
) -> Inspector:
    """Serve the inspector under /_local/, ahead of every other route of the application.

    `gateways` and `http_gateways` by their path ("prod", "ChatApi/prod"), `functions` by name, `tables` are names by
    logical id and `secrets` ARNs; `dynamodb` and `secretsmanager` make boto3 clients for them. `host` is what the
    server was bound to, `heartbeat` in seconds. `faults` can be replaced and `clock` moved through it. `handshakes`
    are the requests that came over TLS, as JSON, None where there is no TLS. Close what is given back before the
    server is told to stop.
    """
    inspector = Inspector(
        gateways=gateways,
        http_gateways=http_gateways or {},
        journal=journal,
        functions=functions,
        tables=Tables(tables, dynamodb),
        secrets=SecretValues(secrets or {}, secretsmanager),
        notes=notes,
        host=host,
        faults=faults,
        clock=clock,
        heartbeat=heartbeat,
        handshakes=handshakes,
    )
    # Under a router the path's last slash matters, and the site may have taken every other path.
    app.router.routes[0:0] = [Route(PREFIX, _to_the_page), Mount(PREFIX, app=inspector)]
    return inspector


def _json(value: Any) -> Response:
    return Response(json.dumps(value, separators=(",", ":")), media_type="application/json")


def _problem(status: int, message: str) -> Response:
    return Response(json.dumps({"error": message}), status, media_type="application/json")


async def _to_the_page(_: Request) -> Response:
    return RedirectResponse(f"{PREFIX}/", headers=PAGE_HEADERS)


_RAW_HEADERS = [(name.encode(), value.encode()) for name, value in PAGE_HEADERS.items()]
