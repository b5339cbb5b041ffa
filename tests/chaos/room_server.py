"""A room in memory behind every way that leads into one, served without a gateway, for the tests of the client."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.chaos.model import RoomModel
from tests.chaos.timeline import Event

LOOK = 0.02


class RoomServer:
    """`address` is host:port; `heard` has what came, in order: handshakes, what ended them, and requests, by method and
    path. While `deaf` nothing that is said is heard: a frame is lost, and a request answered 500.
    """

    def __init__(self) -> None:
        self.room = RoomModel()
        self.heard: list[str] = []
        self.keys: set[str] = set()
        self.deaf = False
        self.address = ""
        self._sockets: set[WebSocket] = set()

    @property
    def paths(self) -> list[str]:
        """Those of the handshakes."""
        return [line.partition(" ")[2] for line in self.heard if line.startswith("WS ")]

    async def talk(self, socket: WebSocket) -> None:
        """A connection."""
        self.heard.append(f"WS {socket.scope['raw_path'].decode()}")
        await socket.accept()
        self._sockets.add(socket)
        try:
            while True:
                text = await socket.receive_text()
                if not self.deaf and (answer := await self._take(json.loads(text))):
                    await socket.send_json(answer)
        except WebSocketDisconnect:
            self.heard.append("closed")
        finally:
            self._sockets.discard(socket)

    async def answer(self, request: Request) -> Response:
        """A request."""
        what = f"{request.method} {request.scope['raw_path'].decode()}"
        self.heard.append(what)
        if request.method == "POST" and "/members/" in what:
            key = f"key-{len(self.heard)}"
            self.keys.add(key)
            return JSONResponse({"key": key, "noticed": 0}, 201)
        key = request.headers["authorization"].removeprefix("Bearer ")
        if key not in self.keys:
            return JSONResponse({"type": "error", "code": "not_a_member", "content": ""}, 410)
        if request.method == "DELETE":
            self.keys.discard(key)
            return Response(status_code=204)
        if self.deaf and request.method == "POST":
            return JSONResponse({"message": "Internal Server Error"}, 500)
        if what.endswith("/messages"):
            return JSONResponse(await self._take(await request.json()))
        if what.endswith("/members"):
            users = ["Ada"]
            return JSONResponse({"type": "presence", "users": users, "timestamp": "2026-11-26T00:00:00.000Z"})
        return JSONResponse({"events": await self._events(request), "noticed": 0})

    async def _events(self, request: Request) -> list[Event]:
        query = dict(parse_qsl(request.url.query))
        after = int(query["after"]) if "after" in query else None
        if "id" in query:
            return [self.room.page(after=after) | {"id": query["id"]}]
        for _ in range(int(float(query["wait"]) / LOOK)):
            if self.room.last_seq != after:
                break
            await asyncio.sleep(LOOK)
        return [] if self.room.last_seq == after else [self.room.page(after=after)]

    async def _take(self, frame: Event) -> Event | None:
        """What is answered to a frame, if anything is. A message goes to all who have a connection."""
        again: list[Event] = []
        match frame:
            case {"content": content, "id": id}:
                self.room.take("Ada", content, id, again.append)
                told = again[0] if again else self.room.commit(self.room.last_seq)
                for each in self._sockets:
                    await each.send_json(told)
                return told
            case {"action": "sync", "id": id}:
                return self.room.page(after=frame.get("after")) | {"id": id}
            case {"action": "ping"}:
                return {"type": "pong", "last_seq": self.room.last_seq, "id": frame.get("id")}
        return None


class _Server(uvicorn.Server):
    """Leaves the process's signals alone."""

    def install_signal_handlers(self) -> None:
        pass


@asynccontextmanager
async def served(port: int = 0, room: RoomServer | None = None) -> AsyncIterator[RoomServer]:
    """On a port of this machine, until the block ends."""
    room = room or RoomServer()
    listening = socket.create_server(("127.0.0.1", port))
    room.address = f"127.0.0.1:{listening.getsockname()[1]}"
    routes = [
        WebSocketRoute("/ws/{path:path}", room.talk),
        Route("/api/{path:path}", room.answer, methods=["GET", "POST", "DELETE"]),
    ]
    config: dict[str, Any] = {"log_level": "critical", "ws": "websockets-sansio", "lifespan": "off"}
    server = _Server(uvicorn.Config(Starlette(routes=routes), timeout_graceful_shutdown=1, **config))
    serving = asyncio.create_task(server.serve([listening]))
    await until(lambda: server.started)
    try:
        yield room
    finally:
        server.should_exit = True
        await serving
        listening.close()


async def until(wanted: Callable[[], bool]) -> None:
    """Wait for it, a minute at most."""
    async with asyncio.timeout(60):
        while True:
            if wanted():
                return
            await asyncio.sleep(0.01)
