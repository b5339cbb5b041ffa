"""Requests and their answers, passed on between hypercorn and the gateway. WebSockets are not among them: tunnel.py."""

import asyncio
import contextlib
import json
from http import HTTPStatus
from typing import Any

import h11
from starlette.types import Message, Receive, Scope, Send

from .origin import Clients, Exchange, Headers, Unreachable, Unsendable, end_to_end

NOT_PASSED_ON = frozenset((b"strict-transport-security",))
"""Headers of answers that stay behind. This one would hold for every other port of `localhost`, for years."""


class Forward:
    """The ASGI application: asks `target` for each request, in the name of `clients`."""

    def __init__(self, target: tuple[str, int], clients: Clients) -> None:
        self._target, self._clients = target, clients

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. One whose client has gone is given up at the gateway as well; an answer that breaks off
        there breaks off here.
        """
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        answered = False

        async def tell(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        fault = 0
        try:
            async with Exchange(self._target, scope["client"], self._clients) as origin:
                await _relay(origin, scope, receive, tell)
        except Unsendable:
            fault = 400
        except Unreachable:
            fault = 502
        if fault and not answered:
            status, headers, body = problem(fault)
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})


def problem(status: int) -> tuple[int, Headers, bytes]:
    """An answer of the front's own, in the gateway's form."""
    body = json.dumps({"message": HTTPStatus(status).phrase}).encode()
    return (
        status,
        [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
        body,
    )


async def _live(receive: Receive, send: Send) -> None:
    """Nothing has to be started or stopped."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": f"{message['type']}.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _relay(origin: Exchange, scope: Scope, receive: Receive, send: Send) -> None:
    first = await receive()
    if first["type"] != "http.request":
        return
    origin.send(_request(scope, has_body=bool(first["body"]) or first["more_body"]))
    asking = asyncio.create_task(_ask(origin, first, receive))
    answering = asyncio.create_task(_answer(origin, send))
    both: set[asyncio.Task[Any]] = {asking, answering}
    try:
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)
    for task in done:
        task.result()


def _request(scope: Scope, *, has_body: bool) -> h11.Request:
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    headers = [(name, value) for name, value in end_to_end(scope["headers"]) if name.lower() != b"expect"]
    if has_body and not any(name.lower() == b"content-length" for name, _ in headers):
        headers.append((b"transfer-encoding", b"chunked"))
    headers.append((b"connection", b"close"))
    try:
        return h11.Request(method=scope["method"], target=scope["raw_path"] + query, headers=headers)
    except h11.LocalProtocolError as error:
        raise Unsendable(str(error)) from None


async def _ask(origin: Exchange, first: Message, receive: Receive) -> None:
    """Send the request's body; ends when the client has gone."""
    message = first
    while message["type"] == "http.request":
        if message["body"]:
            origin.send(h11.Data(message["body"]))
        if not message["more_body"]:
            origin.send(h11.EndOfMessage())
        with contextlib.suppress(OSError):  # the gateway has heard enough, and its answer says so
            await origin.writer.drain()
        message = await receive()


async def _answer(origin: Exchange, send: Send) -> None:
    async for event in origin.events():
        if isinstance(event, h11.Response):
            headers = [(n, v) for n, v in end_to_end(event.headers) if n.lower() not in NOT_PASSED_ON]
            await send({"type": "http.response.start", "status": event.status_code, "headers": headers})
        elif isinstance(event, h11.Data):
            await send({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
        elif isinstance(event, h11.EndOfMessage):
            await send({"type": "http.response.body"})
