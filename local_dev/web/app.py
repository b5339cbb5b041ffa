"""The FastAPI application: the data plane over WebSocket, the management API, the edge function's paths,
the static site.

Paths, in this order: `/{stage}` is an API; `/{stage}/@connections/{id}` its management API; any other
WebSocket path goes through the template's CloudFront function, which may turn it into `/{stage}?…` as
it does in the cloud; the rest is the site.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles

from ..errors import EdgeError
from ..gateway.connections import BufferFull, Connection
from ..gateway.events import Handshake
from ..gateway.gateway import Accepted, Gateway
from .edge import EdgeFunction, EdgeResponse
from .management import add_management_routes
from .server import BUFFER_LIMIT

log = logging.getLogger(__name__)


def make_app(*, gateways: dict[str, Gateway], edges: Sequence[EdgeFunction], site: Path | None) -> FastAPI:
    """The application for the gateways, by stage."""
    app = FastAPI(title="local gateway", openapi_url=None, docs_url=None, redoc_url=None)

    @app.websocket("/{path:path}")
    async def data_plane(socket: WebSocket) -> None:
        path, query = (
            socket.scope["raw_path"].decode("latin-1"),
            socket.scope["query_string"].decode("latin-1"),
        )
        try:
            target = _through_edge(edges, gateways, socket, path, query)
        except EdgeError as error:
            log.error("%s", error)  # noqa: TRY400 (its trace is of no use: the fault is in the JavaScript)
            target = EdgeResponse(503, {}, "")  # what CloudFront answers for a function that fails
        if isinstance(target, EdgeResponse):
            await socket.send_denial_response(Response(target.body, target.status, target.headers))
            return
        path, query = target
        gateway = gateways.get(path.removeprefix("/").removesuffix("/"))
        if gateway is None:
            await _deny(socket, 403, {"message": "Forbidden"})  # contract H15, H16
            return
        try:
            await serve_connection(socket, gateway, query)
        except asyncio.CancelledError:
            if not gateway.closing:  # at the end uvicorn cancels what still runs, which is no fault
                raise

    add_management_routes(app, gateways)
    for stage in gateways:
        # A plain GET of the API (contract H17, unsettled: serverless-offline's list of AWS answers says 426).
        app.add_api_route(f"/{stage}", _upgrade_required, methods=["GET", "HEAD"])
    if site is not None:
        app.mount("/", _FreshFiles(directory=site, html=True))
    return app


async def serve_connection(socket: WebSocket, gateway: Gateway, query: str) -> None:
    """One client, from its handshake to the end of its $disconnect."""
    accepted = await gateway.connect(_handshake(socket, query))
    if not isinstance(accepted, Accepted):
        body = {"connectionId": accepted.connection_id, "requestId": accepted.request_id}
        await _deny(socket, accepted.status, {"message": _REASONS.get(accepted.status, "Error"), **body})
        return
    buffered = socket.scope["extensions"]["buffered"]

    async def send(text: str) -> None:
        if buffered() > BUFFER_LIMIT:
            raise BufferFull
        await socket.send_text(text)

    async def close(code: int, reason: str) -> None:
        await socket.close(code, reason)

    try:
        await socket.accept(subprotocol=accepted.subprotocol)
    except (WebSocketDisconnect, OSError):
        # The client left while $connect ran, which has let it in: $disconnect has to follow.
        await gateway.disconnected(gateway.opened(accepted, send=send, close=close), 1006, "")
        return
    connection = gateway.opened(accepted, send=send, close=close)
    tasks: set[asyncio.Task[None]] = set()
    code, reason = 1006, ""
    try:
        code, reason = await _receive(socket, gateway, connection, tasks)
    finally:
        await gateway.disconnected(connection, *(connection.closed_by_gateway or (code, reason)))
        await asyncio.gather(*tasks, return_exceptions=True)


async def _receive(
    socket: WebSocket, gateway: Gateway, connection: Connection, tasks: set[asyncio.Task[None]]
) -> tuple[int, str]:
    """Start a task for each message, in no promised order (contract O05), until the socket closes; its
    code and reason.
    """
    while True:
        frame = await socket.receive()
        if frame["type"] == "websocket.disconnect":
            code, reason = int(frame.get("code", 1006)), frame.get("reason") or ""
            return code, reason or ("Client-side close frame status not set" if code == 1005 else "")
        if frame.get("text") is None:
            connection.closed_by_gateway = (1003, "")  # binary frames are refused (L06)
            await connection.close(1003, "")
            continue
        task = asyncio.create_task(_message(gateway, connection, frame["text"]))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _message(gateway: Gateway, connection: Connection, text: str) -> None:
    try:
        await gateway.message(connection, text)
    except (BufferFull, RuntimeError) as error:
        # The client was gone, or read nothing, by the time the gateway had something to say to it.
        log.debug("%s: nothing could be sent: %r", connection.id, error)


def _through_edge(
    edges: Sequence[EdgeFunction], gateways: dict[str, Gateway], socket: WebSocket, path: str, query: str
) -> tuple[str, str] | EdgeResponse:
    if path.removeprefix("/").split("/")[0] in gateways:
        return path, query
    for edge in edges:
        client = socket.client.host if socket.client else ""
        result = edge(path=path, query=query, headers=dict(socket.headers), viewer_ip=client)
        if isinstance(result, EdgeResponse):
            return result
        path, query = result.path, result.query
    return path, query


def _handshake(socket: WebSocket, query: str) -> Handshake:
    trace = uuid.uuid4().hex
    return Handshake(
        headers=tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in socket.scope["extensions"]["sent_headers"]
        ),
        query=query,
        source_ip=socket.client.host if socket.client else "127.0.0.1",
        trace_id=f"Root=1-{trace[:8]}-{trace[8:]}",
    )


_REASONS = {401: "Unauthorized", 403: "Forbidden", 502: "Internal server error", 500: "Internal server error"}


async def _deny(socket: WebSocket, status: int, body: dict[str, Any]) -> None:
    await socket.send_denial_response(Response(json.dumps(body), status, media_type="application/json"))


async def _upgrade_required() -> Response:
    return Response('{"message":"Upgrade Required"}', 426, media_type="application/json")


class _FreshFiles(StaticFiles):
    """Static files that the browser asks for again each time, so that an edited page shows at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response
