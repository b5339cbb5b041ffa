"""A WebSocket handshake between the wire and the gateway: what is read off it, and how it is refused."""

import contextlib
import json

from fastapi import Response, WebSocket, WebSocketDisconnect

from ..gateway.admission import message_of
from ..gateway.assumptions import Assumptions
from ..gateway.events import Handshake
from ..gateway.gateway import Refused
from ..gateway.ids import trace_id
from ..stack.distribution import Headers, with_headers


def read_handshake(
    socket: WebSocket, path: str, query: str, added: Headers = (), removed: frozenset[str] = frozenset()
) -> Handshake:
    """What the client sent; `path` and `query` as they reached the API, still encoded. `added` are headers that it got
    on the way, instead of those of the same name, `removed` names of headers that it lost.
    """
    sent = (
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in socket.scope["extensions"]["wire"].sent_headers
    )
    return Handshake(
        headers=with_headers(sent, added, removed),
        query=query,
        source_ip=socket.client.host if socket.client else "127.0.0.1",
        trace_id=trace_id(),
        path=path,
        host=socket.headers.get("host", ""),
    )


async def refuse(socket: WebSocket, refused: Refused, assumptions: Assumptions) -> None:
    """Answer a handshake that the gateway refused, with the body that is assumed (contract H06)."""
    body = {"message": refused.message}
    if assumptions.refusal_body == "ids":
        body |= {"connectionId": refused.connection_id, "requestId": refused.request_id}
    await _deny(socket, refused.status, "" if assumptions.refusal_body == "empty" else json.dumps(body))


async def turn_away(socket: WebSocket, status: int) -> None:
    """Answer a handshake that is for no API."""
    await _deny(socket, status, json.dumps({"message": message_of(status)}, separators=(",", ":")))


async def deny(socket: WebSocket, response: Response) -> None:
    """Answer a handshake with something else than 101."""
    with contextlib.suppress(WebSocketDisconnect, OSError):  # the client did not wait for the answer
        await socket.send_denial_response(response)


async def _deny(socket: WebSocket, status: int, body: str) -> None:
    await deny(socket, Response(body, status, media_type="application/json" if body else None))
