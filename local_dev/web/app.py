"""The FastAPI application: the data plane over WebSocket, the management API, Lambda's Invoke API, what stands in
front of the APIs, the static site.

Paths, in this order: `/{key}` is a stage of an API, `/{key}/@connections/{id}` its management API; `/_local`
and `/2015-03-31` belong to this gateway; any other path is the distribution's. A WebSocket goes through its
functions, which may turn it into `/{stage}?…` as they do in the cloud; so does a request to a behaviour whose origin
is an HTTP API; the rest is the site. A request whose Host is an API's own never gets further than that API.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response, WebSocket
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import EdgeError
from ..faults.faults import Faults
from ..gateway.assumptions import Assumptions
from ..gateway.events import Handshake
from ..gateway.gateway import Gateway
from ..http_api.gateway import HttpGateway
from ..iam.guard import ConnectionsGuard
from ..stack.distribution import Distribution, Headers
from .addresses import OWN_PATHS, Addresses
from .data_plane import DataPlane
from .edge import EdgeFunction, EdgeResponse
from .front import Front, Viewer, distributed, functions_alone
from .handshakes import deny, read_handshake, turn_away
from .http_plane import HttpPlane, Target
from .limits import URL_LIMIT
from .management import add_management_routes
from .site import OverTls, Site

log = logging.getLogger(__name__)

READING = ["GET", "HEAD"]
"""Methods that the site and a stage's path answer to."""


def make_app(
    *,
    gateways: Mapping[str, Gateway],
    http_gateways: Mapping[str, HttpGateway] | None = None,
    edges: Sequence[EdgeFunction] = (),
    distribution: Distribution | None = None,
    site: Path | None,
    secure: str | None = None,
    assumptions: Assumptions | None = None,
    guard: ConnectionsGuard | None = None,
    faults: Faults | None = None,
    extra: Sequence[Callable[[FastAPI], None]] = (),
) -> FastAPI:
    """The application for the gateways, by key: the path of each without slashes at its ends; `http_gateways` are those
    of HTTP APIs.

    `edges` are run for each handshake that is for no stage's path, unless there is a `distribution`, which says
    itself what is run when. EdgeError where one of its functions cannot be loaded. `secure` is the address
    at which the site is served over TLS, to which requests without are then sent. `guard` checks requests to the
    management API, None lets all of them pass; `faults` happen to them; `extra`
    are called with the application to add routes of their own, ahead of the site (the Invoke API, the inspector).
    `app.state.post` answers plain posts to connections by itself (see `make_server`), None while faults happen to them.
    """
    assumed = assumptions or Assumptions()
    app = Application(title="local gateway", openapi_url=None, docs_url=None, redoc_url=None)
    addresses = Addresses({key: gateway.api for key, gateway in gateways.items()})
    management = add_management_routes(app, gateways, assumptions=assumed, guard=guard, faults=faults)
    app.state.post = management.post if management.is_plain else None
    for key in gateways:
        app.add_route(f"/{key}", _plain_get(assumed), methods=READING)
    for add in extra:
        add(app)
    for prefix in OWN_PATHS:
        app.add_route(f"/{prefix}{{rest:path}}", _not_here)
    front = functions_alone(edges) if distribution is None else distributed(distribution)
    app.state.addresses = addresses
    app.state.data_plane = _data_plane(gateways, addresses, front, assumed)
    app.state.http_plane = HttpPlane(
        http_gateways or {}, front=front, distribution=distribution, at_root=site is None
    )
    app.add_api_websocket_route("/{path:path}", app.state.data_plane)
    app.add_middleware(ByHost, addresses=addresses)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)
    if site is not None:
        files = Site(site, distribution)
        app.mount("/", files if secure is None else OverTls(files, secure))
    elif app.state.http_plane.root is not None:
        app.mount("/", app.state.http_plane.at_root)
    return app


_OF_A_STAGE = re.compile(r"/?$|/(@|%40)connections")
"""What is behind the path of a WebSocket API's stage in what is for the stage."""


class Application(FastAPI):
    """FastAPI, which has no part in the sockets of clients: what stands around an application, down to its
    routes, would be woken with each of them, and be kept for each.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one client."""
        if scope["type"] == "websocket" and not _is_own(scope["path"]):
            await self.state.data_plane(WebSocket(scope, receive, send))
            return
        if scope["type"] == "http" and (target := self._http_target(scope)) is not None:
            await self.state.http_plane(scope, receive, send, target)
            return
        await super().__call__(scope, receive, send)

    def _http_target(self, scope: Scope) -> Target | None:
        """Where among the HTTP APIs a request goes."""
        plane: HttpPlane = self.state.http_plane
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        path = scope["raw_path"].decode("latin-1")
        if plane.is_api(host):
            return plane.take(host, path)
        place = self.state.addresses.find(host, path)
        of_a_socket = place is not None and (
            self.state.addresses.is_api(host) or _OF_A_STAGE.match(place.rest) is not None
        )
        return None if of_a_socket or _is_own(path) else plane.take(host, path)


class ByHost:
    """Keeps a request to an API's own host to that API: its management API, or an answer that it is not
    there for plain HTTP.
    """

    def __init__(self, app: ASGIApp, *, addresses: Addresses) -> None:
        self._app, self._addresses = app, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse the request."""
        host = ""
        if scope["type"] == "http":
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if not self._addresses.is_api(host) or "/@connections" in scope["path"]:
            await self._app(scope, receive, send)
            return
        place = self._addresses.find(host, scope["path"])
        if place and place.key is not None and place.rest in ("", "/") and scope["method"] in READING:
            await self._app({**scope, "path": f"/{place.key}"}, receive, send)
        else:
            await _message(403, "Forbidden", "ForbiddenException")(scope, receive, send)  # contract H15


def _data_plane(
    gateways: Mapping[str, Gateway], addresses: Addresses, front: Front, assumed: Assumptions
) -> Callable[[WebSocket], Any]:
    planes = {key: DataPlane(gateway, assumed) for key, gateway in gateways.items()}

    async def serve(socket: WebSocket) -> None:
        path = socket.scope["raw_path"].decode("latin-1")
        query = socket.scope["query_string"].decode("latin-1")
        added: Headers = ()
        removed: frozenset[str] = frozenset()
        place = addresses.find(socket.headers.get("host", ""), path)
        if place is None and not _is_own(path):
            try:
                target = front(_viewer(socket, path, query))
            except EdgeError as error:
                log.error("%s", error)  # noqa: TRY400 (its trace is of no use: the fault is in the JavaScript)
                target = EdgeResponse(503, {}, "")  # what CloudFront answers for a function that fails
            if isinstance(target, EdgeResponse):
                await deny(socket, Response(target.body, target.status, target.headers))
                return
            path, query, added, removed = target.path, target.query, target.headers, target.removed
            place = addresses.find(target.host, path) if target.host in ("", *addresses.hosts) else None
        if len(path) + len(query) + bool(query) > URL_LIMIT:
            await turn_away(socket, 414)  # contract H24, which names no status: this is HTTP's own for it
        elif place is None or place.key is None:
            await turn_away(socket, assumed.unknown_stage_status)  # contract H16
        elif place.rest not in ("", "/"):
            await turn_away(socket, 403)  # contract H15
        else:
            handshake = read_handshake(socket, path, query, added, removed)
            await _serve(planes[place.key], gateways[place.key], socket, handshake)

    return serve


async def _serve(plane: DataPlane, gateway: Gateway, socket: WebSocket, handshake: Handshake) -> None:
    try:
        await plane.serve(socket, handshake)
    except asyncio.CancelledError:
        if not gateway.closing:  # at the end uvicorn cancels what still runs, which is no fault
            raise


def _viewer(socket: WebSocket, path: str, query: str) -> Viewer:
    return Viewer(path, query, dict(socket.headers), socket.client.host if socket.client else "")


def _is_own(path: str) -> bool:
    return path.split("/")[1:2] in [[own] for own in OWN_PATHS]


def _plain_get(assumed: Assumptions) -> Callable[[Request], Any]:
    """A GET of the API without an upgrade (contract H17)."""

    async def answer(_: Request) -> Response:
        phrase = HTTPStatus(assumed.plain_get_status).phrase
        return _message(assumed.plain_get_status, phrase)

    return answer


async def _not_here(_: Request) -> Response:
    return _message(404, "Not Found")


async def _nobody_listens(_: Request, __: Exception) -> Response:
    return Response(status_code=400)  # the client went away within its request, so it is sent to nobody


def _message(status: int, text: str, error_type: str | None = None) -> Response:
    headers = {"x-amzn-errortype": error_type} if error_type else None
    body = json.dumps({"message": text}, separators=(",", ":"))
    return Response(body, status, headers, media_type="application/json")
