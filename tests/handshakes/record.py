"""Records the handshakes: what the clients of tests/versions say to the front and hear from it, decoded.

What differs from one time to the next is put in order: the port is 8443, the date is DATE. The key of the WebSocket
over HTTP/1.1 is the client's, which always takes the same.
"""

import asyncio
import json
import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from websockets.frames import Frame

from tests.conftest import ROOT
from tests.handshakes.distance import far
from tests.local_dev.tls_front.serving import Fronted, fronted
from tests.versions import VERSIONS, Connection, connect
from tests.versions.websocket import Socket

FILE = ROOT / "site" / "lab" / "handshakes.json"

DATE = "Thu, 26 Nov 2026 08:00:00 GMT"

NAMES = {"1.1": "HTTP/1.1", "2": "HTTP/2", "3": "HTTP/3"}
ALPN = {"1.1": "http/1.1", "2": "h2", "3": "h3"}
RFC = {
    ("1.1", "get"): "9112",
    ("1.1", "websocket"): "6455",
    ("2", "get"): "9113",
    ("2", "websocket"): "8441",
    ("3", "get"): "9114",
    ("3", "websocket"): "9220",
}
BELOW = {"1.1": ["TLS 1.3", "TCP"], "2": ["TLS 1.3", "TCP"], "3": ["QUIC with TLS 1.3", "UDP"]}

HELLO, ANSWER = '{"content":"hello"}', '{"type":"message","content":"hello"}'


async def application(scope: Any, receive: Any, send: Any) -> None:
    """A page of one line, and a WebSocket that says back what it hears."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": ANSWER})
    else:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})


async def recorded() -> dict[str, Any]:
    """What the file has in it."""
    async with fronted(application) as front:
        kinds = [(version, kind) for version in VERSIONS for kind in ("get", "websocket")]
        found = [await _handshake(front, version, kind) for version, kind in kinds]
    return {
        "recorded": {
            "server": f"hypercorn {version_of('hypercorn')}",
            "clients": [f"{name} {version_of(name)}" for name in ("h11", "h2", "aioquic")],
            "fixed": ["port", "date", "Sec-WebSocket-Key"],
        },
        "handshakes": found,
    }


async def _handshake(front: Fronted, version: str, kind: str) -> dict[str, Any]:
    first, again = await _round_trips(front, version, kind)
    steps: list[dict[str, Any]] = []

    def note(who: str, what: str, stream: int | None, lines: list[str]) -> None:
        steps.append(
            {"from": who, "what": what, "stream": stream, "lines": [_settled(each) for each in lines]}
        )

    async with connect(version, front.url, front.authority, note=note) as connection:
        stream = await _ask(connection, kind)
        status, _ = await stream.head()
        if kind == "get":
            body = (await stream.answer()).body.decode()
            note("server", "body", stream.number, [body])
        else:
            socket = Socket(stream, status, {})
            await socket.send(HELLO)
            note("client", "frame", stream.number, _frame(HELLO, masked=True))
            heard: Frame = await socket.frame()
            note("server", "frame", stream.number, _frame(bytes(heard.data).decode(), masked=False))
            await socket.close()
    name = f"h{version[0]}-{kind}"
    return {
        "id": name,
        "version": NAMES[version],
        "alpn": ALPN[version],
        "kind": kind,
        "rfc": RFC[version, kind],
        "layers": [*(["WebSocket"] if kind == "websocket" else []), NAMES[version], *BELOW[version], "IP"],
        "round_trips": first,
        "round_trips_again": again,
        "status": status,
        "steps": steps,
    }


async def _ask(connection: Connection, kind: str) -> Any:
    if kind == "get":
        return await connection.request("GET", "/hello")
    return await connection.websocket("/ws/lab/Sara", [("Origin", "https://localhost:8443")])


async def _round_trips(front: Fronted, version: str, kind: str) -> tuple[int, int | None]:
    """How often a new connection's client waits for the other side until it is answered, and how often it does so
    where it asks for the same again on the same connection: None where it cannot. A connection of HTTP/1.1 that has
    become a WebSocket is nothing else any more.
    """
    async with (
        far(int(front.url.rpartition(":")[2])) as distance,
        connect(version, f"https://localhost:{distance.port}", front.authority) as connection,
    ):
        await _answered(connection, kind)
        first = distance.round_trips
        if (version, kind) == ("1.1", "websocket"):
            return first, None
        await _answered(connection, kind)
        return first, distance.round_trips - first


async def _answered(connection: Connection, kind: str) -> None:
    stream = await _ask(connection, kind)
    await stream.head()
    if kind == "get":
        await stream.answer()


def _frame(text: str, *, masked: bool) -> list[str]:
    mask = "masked" if masked else "not masked"
    return [f"FIN, opcode 1 (text), {mask}, {len(text.encode())} bytes", text]


def _settled(line: str) -> str:
    line = re.sub(r"localhost:\d+", "localhost:8443", line)
    line = re.sub(r'h3=":\d+"', 'h3=":8443"', line)
    return re.sub(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", DATE, line)


def written(found: dict[str, Any]) -> str:
    """The text of the file."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def write(file: Path = FILE) -> None:
    """Record them, and put them there."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(written(asyncio.run(recorded())), encoding="utf-8")
