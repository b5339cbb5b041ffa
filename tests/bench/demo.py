"""What a chat costs that has nothing behind it: one process, rooms in memory, gone when it ends.

python -m tests.bench.demo prints where it listens. The chat as anyone would write it with FastAPI, with the four
basic events of docs/protocol.md, to put beside the local gateway.
"""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

SYSTEM = "system"


class ConnectionManager:
    """Who is in which room."""

    def __init__(self) -> None:
        self._rooms: dict[str, dict[WebSocket, str]] = defaultdict(dict)

    async def enter(self, room: str, client: str, socket: WebSocket) -> None:
        await socket.accept()
        self._rooms[room][socket] = client
        await self.tell(room, _said(room, SYSTEM, f"{client} joined {room}.", kind="system"))
        await self.tell(room, self._presence(room))

    async def leave(self, room: str, client: str, socket: WebSocket) -> None:
        self._rooms[room].pop(socket, None)
        if not self._rooms[room]:
            del self._rooms[room]
            return
        await self.tell(room, _said(room, SYSTEM, f"{client} left {room}.", kind="system"))
        await self.tell(room, self._presence(room))

    async def tell(self, room: str, event: dict[str, Any]) -> None:
        """Everybody in the room, one after the other; who is gone is passed over."""
        text = json.dumps(event)
        for socket in list(self._rooms[room]):
            try:
                await socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                self._rooms[room].pop(socket, None)

    def _presence(self, room: str) -> dict[str, Any]:
        return {"type": "presence", "users": sorted(set(self._rooms[room].values())), "timestamp": _now()}


def _said(room: str, client: str, content: str, *, kind: str = "message") -> dict[str, Any]:
    return {"type": kind, "room_id": room, "client_id": client, "content": content, "timestamp": _now()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


app = FastAPI()
manager = ConnectionManager()


@app.websocket("/ws/{room}/{client}")
async def chat(socket: WebSocket, room: str, client: str) -> None:
    await manager.enter(room, client, socket)
    try:
        while True:
            content = json.loads(await socket.receive_text()).get("content", "").strip()
            if content:
                await manager.tell(room, _said(room, client, content))
    except WebSocketDisconnect:
        await manager.leave(room, client, socket)


class _Server(uvicorn.Server):
    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"ws://127.0.0.1:{port}", flush=True)


def main() -> None:
    with suppress(KeyboardInterrupt):
        asyncio.run(_Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")).serve())


if __name__ == "__main__":
    main()
