"""An application that tells what it got, and does what a test asks of it by the path."""

import asyncio
import json
from typing import Any

BIG = 8 * 1024 * 1024


class Application:
    """`gone` gets the path of each client that went while it was being answered; `closed` code and reason of each
    socket that was closed, `heard` what came on them.
    """

    def __init__(self) -> None:
        self.gone: asyncio.Queue[str] = asyncio.Queue()
        self.closed: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.flooded = 0
        """Bytes that /flood was rid of."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["path"] == "/wait":
            message = await receive()
            while message["type"] != "http.disconnect":
                message = await receive()
            await self.gone.put(scope["path"])
            return
        if scope["path"] == "/break":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
            scope["extensions"]["transport"]["abort"]()
            return
        if scope["path"] == "/parts":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for part in (b"one ", b"two "):
                await send({"type": "http.response.body", "body": part, "more_body": True})
                await self.heard.get()
            await send({"type": "http.response.body", "body": b"three"})
            return
        if scope["path"] == "/big":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"x" * BIG})
            return
        await self._tell(scope, receive, send)

    async def _tell(self, scope: Any, receive: Any, send: Any) -> None:
        size, more = 0, True
        while more:
            message = await receive()
            size, more = size + len(message.get("body", b"")), message.get("more_body", False)
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
            "size": size,
            "scheme": scope["scheme"],
            "client": scope["client"][0],
        }
        answered = [(b"x-one", b"1"), (b"set-cookie", b"a=b"), (b"strict-transport-security", b"max-age=1")]
        await send({"type": "http.response.start", "status": 207, "headers": answered})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    async def _socket(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if scope["path"] == "/refused":
            headers = [(b"x-why", b"because")]
            await send({"type": "websocket.http.response.start", "status": 418, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": b"no tea here"})
            return
        subprotocol = next(iter(scope["subprotocols"]), None)
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
        if scope["path"] == "/told":
            sent = dict(scope["headers"])
            told = {
                "query": scope["query_string"].decode(),
                "origin": sent[b"origin"].decode(),
                "cookie": sent[b"cookie"].decode(),
                "scheme": scope["scheme"],
            }
            await send({"type": "websocket.send", "text": json.dumps(told)})
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            await self.heard.put(text if text is not None else message["bytes"])
            if text == "close":
                await send({"type": "websocket.close", "code": 4000, "reason": "as you like"})
            elif text == "flood":
                while True:
                    await send({"type": "websocket.send", "text": "x" * 16384})
                    self.flooded += 16384
            else:
                await send({"type": "websocket.send", "text": text, "bytes": message.get("bytes")})
        await self.closed.put((message["code"], message.get("reason") or ""))
