"""A client's connection, from its handshake to the end of its $disconnect: frames in, frames out."""

import asyncio
import contextlib
import functools

from fastapi import WebSocket, WebSocketDisconnect

from ..gateway.assumptions import Assumptions
from ..gateway.connections import BufferFull, Connection, Gone, State
from ..gateway.events import Handshake
from ..gateway.gateway import LOST, Accepted, Gateway
from .handshakes import refuse
from .limits import BUFFER_LIMIT
from .socket_protocol import GatewayWebSocketProtocol


class DataPlane:
    """One stage's side of the wire."""

    def __init__(self, gateway: Gateway, assumptions: Assumptions) -> None:
        self._gateway, self._assumptions = gateway, assumptions

    async def serve(self, socket: WebSocket, handshake: Handshake) -> None:
        """One client, to its end."""
        accepted = await self._gateway.connect(handshake)
        if not isinstance(accepted, Accepted):
            await refuse(socket, accepted, self._assumptions)
            return
        wire: GatewayWebSocketProtocol = socket.scope["extensions"]["wire"]

        def send(text: str) -> None:
            if wire.buffered() > BUFFER_LIMIT:
                raise BufferFull
            try:
                wire.send_text(text)
            except OSError:
                raise Gone(accepted.session.connection_id) from None

        async def close(code: int, reason: str) -> None:
            # It is closed already, by the other side or by another call.
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError):
                await socket.close(code, reason)

        left = False
        try:
            await socket.accept(subprotocol=_header(accepted.subprotocol))
        except (WebSocketDisconnect, OSError):
            left = True  # while $connect ran, which has let it in: $disconnect has to follow
        connection = self._gateway.opened(accepted, send=send, close=close)
        wire.on_control = functools.partial(self._gateway.control_frame, connection)
        tasks: set[asyncio.Task[None]] = set()
        code, reason = LOST, ""
        try:
            if not left:
                wire.on_text = functools.partial(self._heard, connection, tasks)
                code, reason = await self._receive(socket, connection, tasks)
        finally:
            wire.on_control = wire.on_text = None
            await self._gateway.disconnected(connection, *_told(code, reason))
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(
        self, socket: WebSocket, connection: Connection, tasks: set[asyncio.Task[None]]
    ) -> tuple[int, str]:
        """What does not come by `on_text`, in the order it came, until the socket closes; its code and reason."""
        while True:
            frame = await socket.receive()
            if frame["type"] == "websocket.disconnect":
                return int(frame.get("code", LOST)), frame.get("reason") or ""
            if frame.get("text") is not None:
                self._heard(connection, tasks, frame["text"])
            elif connection.state is State.OPEN:
                await self._gateway.refused_frame(connection)  # it is binary (L06)

    def _heard(self, connection: Connection, tasks: set[asyncio.Task[None]], text: str) -> None:
        """Start a task for a message."""
        if connection.state is State.OPEN:  # else it came before the client could know
            task = asyncio.create_task(self._gateway.message(connection, text))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


def _told(code: int, reason: str) -> tuple[int, str]:
    """What $disconnect is told of a close (contract L18)."""
    return code, reason or ("Client-side close frame status not set" if code == 1005 else "")


def _header(value: str | None) -> str | None:
    """What a Lambda chose as a header's value, if it can be one."""
    return value if value and value.isascii() and value.isprintable() else None
