"""The inspector as it is served: page, state, events, rows, acts, refusals, end."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from local_dev.inspector.guard import ACTION_HEADER
from local_dev.web.limits import MESSAGE_LIMIT
from tests.local_dev.inspector.scene import Scene, message, scene

pytestmark = pytest.mark.anyio

ACTION = {ACTION_HEADER: "inspector", "Content-Type": "text/plain;charset=utf-8"}
WAIT = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    at: Scene,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    def send() -> Answer:
        client = http.client.HTTPConnection(*at.address, timeout=WAIT)
        client.request(method, path, body, headers or {})
        response = client.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, names, response.read())
        client.close()
        return answer

    return await asyncio.to_thread(send)


def ws(at: Scene, query: str = "") -> connect:
    return connect(at.url.replace("http", "ws") + f"/prod{query}", open_timeout=60)


async def connection_of(at: Scene) -> dict[str, Any]:
    state = (await ask(at, "/_local/state")).json()
    [connection] = state["apis"][0]["connections"]
    found: dict[str, Any] = connection
    return found


@pytest.fixture
async def stage() -> AsyncIterator[Scene]:
    async with scene() as made:
        yield made


async def test_the_page_and_its_files_are_served_with_every_precaution(stage: Scene) -> None:
    page = await ask(stage, "/_local/")
    assert page.status == 200
    assert b'<script type="module" src="main.js">' in page.body
    for path, kind in {
        "": "text/html",
        "main.js": "text/javascript",
        "style.css": "text/css",
        "icon.svg": "image/svg",
    }.items():
        answer = await ask(stage, f"/_local/{path}")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers


async def test_every_module_that_the_page_imports_is_served(stage: Scene) -> None:
    seen, todo = set(), ["main.js"]
    while todo:
        name = todo.pop()
        answer = await ask(stage, f"/_local/{name}")
        assert answer.status == 200, name
        seen.add(name)
        imported = [
            line.split('"./')[1].split('"')[0]
            for line in answer.body.decode().splitlines()
            if ' from "./' in line
        ]
        todo += [each for each in imported if each not in seen]
    assert "exchanges.js" in seen
    assert len(seen) <= 13


async def test_the_path_without_its_slash_leads_to_the_page(stage: Scene) -> None:
    answer = await ask(stage, "/_local")
    assert (answer.status, answer.headers["location"]) == (307, "/_local/")


@pytest.mark.parametrize(
    "path", ["nothing", "../inspector.py", "%2e%2e/guard.py", "static/main.js", "//etc/passwd", "main.py"]
)
async def test_nothing_else_is_served(stage: Scene, path: str) -> None:
    answer = await ask(stage, f"/_local/{path}")
    assert answer.status == 404
    assert "error" in answer.json()


async def test_a_site_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("the site")
    async with scene(site=tmp_path) as made:
        assert (await ask(made, "/")).body == b"the site"
        assert b"Local gateway" in (await ask(made, "/_local/")).body


async def test_the_state_tells_what_is_here_and_no_secret(stage: Scene) -> None:
    async with ws(stage, "?room=general&token=the-secret-of-the-query"):
        answer = await ask(stage, "/_local/state")
    state = answer.json()
    [api] = state["apis"]
    assert (api["key"], api["stage"], api["logical_id"]) == ("prod", "prod", "ChatApi")
    assert [route["key"] for route in api["routes"]] == ["$connect", "$disconnect", "$default"]
    [connection] = api["connections"]
    assert api["open"] == 1
    assert connection["source_ip"] == "127.0.0.1"
    assert connection["query"] == [["room", "general"], ["token", "(hidden, 23 characters)"]]
    assert {"label": "Echo", "name": "stack-Echo"}.items() <= state["functions"][2].items()
    assert state["notes"] == [{"line": 12, "id": "Thumbnails", "text": "nodejs22.x is not run here"}]
    assert b"the-secret" not in answer.body


class Stream:
    """A listener on /_local/events, over a connection of its own."""

    def __init__(self, at: Scene) -> None:
        self._at = at

    async def open(self, query: str = "", **headers: str) -> int:
        self._reader, self._writer = await asyncio.open_connection(*self._at.address)
        lines = [f"GET /_local/events{query} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert b"text/event-stream" in head
        return int(head.split()[1])

    async def entries(self, count: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(WAIT):
            while len(found) < count:
                line = await self._reader.readline()
                assert line, "the stream ended"
                if line.startswith(b"data: ["):
                    found += json.loads(line[6:])
        return found

    async def rest(self) -> bytes:
        async with asyncio.timeout(WAIT):
            return await self._reader.read()

    def close(self) -> None:
        self._writer.close()


async def test_what_happens_is_told_as_it_happens(stage: Scene) -> None:
    stream = Stream(stage)
    assert await stream.open() == 200
    async with ws(stage) as client:
        await client.send(message(text="سلام <script>alert(1)</script>"))
        await client.recv()
        entries = await stream.entries(8)
    kinds = [entry["kind"] for entry in entries]
    assert kinds == ["invoked", "returned", "connected", "received", "invoked", "log", "sent", "returned"]
    assert [entry["number"] for entry in entries] == list(range(1, 9))
    assert entries[3]["facts"]["text"] == message(text="سلام <script>alert(1)</script>")
    stream.close()


async def test_a_stream_is_resumed_by_the_last_event_id(stage: Scene) -> None:
    for number in range(5):
        stage.journal.record("notice", text=str(number))
    run = (await ask(stage, "/_local/state")).json()["run"]
    for query, headers in (("", {"Last_Event_ID": f"{run}-3"}), ("?after=3", {}), (f"?after={run}-3", {})):
        stream = Stream(stage)
        await stream.open(query, **headers)
        assert [entry["number"] for entry in await stream.entries(2)] == [4, 5]
        stream.close()
    stream = Stream(stage)
    await stream.open("?after=4", Last_Event_ID="from-a-run-before-this-one-3")
    assert len(await stream.entries(5)) == 5
    stream.close()


async def test_an_open_stream_does_not_hold_up_the_end() -> None:
    async with scene() as made:
        stream = Stream(made)
        await stream.open()
        made.journal.record("notice", text="x")
        await stream.entries(1)
    # The last chunk says that the answer is whole: it was ended, not torn off by the server's time-out.
    assert (await stream.rest()).endswith(b"0\r\n\r\n")
    stream.close()


async def test_a_frame_reaches_the_client(stage: Scene) -> None:
    async with ws(stage) as client:
        found = await connection_of(stage)
        text = 'x\n{"a":"سلام"}'
        path = f"/_local/connections/prod/{found['id'].replace('=', '%3D')}"
        answer = await ask(stage, path, method="POST", headers=ACTION, body=text.encode())
        assert (answer.status, answer.json()) == (200, {"done": True})
        async with asyncio.timeout(WAIT):
            assert await client.recv() == text
    assert "sent" in [entry.kind for entry in stage.journal.since(0)]


async def test_a_connection_is_cut_as_the_management_api_cuts_it(stage: Scene) -> None:
    async with ws(stage) as client:
        found = await connection_of(stage)
        answer = await ask(stage, f"/_local/connections/prod/{found['id']}", method="DELETE", headers=ACTION)
        assert answer.status == 200
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(WAIT):
                await client.recv()
        assert closed.value.rcvd
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "Connection Closed Normally")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_what_is_not_there_is_said_in_a_line(stage: Scene, method: str) -> None:
    gone = await ask(
        stage, "/_local/connections/prod/AAAAAAAAAAAAAAA=", method=method, headers=ACTION, body=b"x"
    )
    assert (gone.status, gone.json()) == (410, {"error": "The connection is closed"})
    unknown = await ask(stage, "/_local/connections/no/such/api/x", method=method, headers=ACTION, body=b"x")
    assert (unknown.status, unknown.json()) == (404, {"error": "There is no such API"})


async def test_a_frame_has_to_be_text_and_not_too_long(stage: Scene) -> None:
    path = "/_local/connections/prod/AAAAAAAAAAAAAAA="
    assert (await ask(stage, path, method="POST", headers=ACTION, body=b"\xff")).status == 400
    long = await ask(stage, path, method="POST", headers=ACTION, body=b"x" * (MESSAGE_LIMIT + 1))
    assert (long.status, long.headers["x-content-type-options"]) == (413, "nosniff")


async def test_a_hundred_kilobytes_pass_in_both_directions(stage: Scene) -> None:
    text = "\u202e<script>" + "x" * 100_000 + "\x00"
    stream = Stream(stage)
    await stream.open()
    async with ws(stage) as client:
        found = await connection_of(stage)
        path = f"/_local/connections/prod/{found['id']}"
        await ask(stage, path, method="POST", headers=ACTION, body=text.encode())
        assert await client.recv() == text
    [sent] = [entry for entry in await stream.entries(4) if entry["kind"] == "sent"]
    assert sent["cut"]
    assert text.startswith(sent["facts"]["text"])
    stream.close()


@pytest.mark.parametrize("path", ["", "state", "events", "tables/x", "main.js"])
async def test_a_rebound_name_gets_nothing(stage: Scene, path: str) -> None:
    answer = await ask(stage, f"/_local/{path}", headers={"Host": "rebound.example:8000"})
    assert answer.status == 403
    assert list(answer.json()) == ["error"]


async def test_two_hosts_are_none(stage: Scene) -> None:
    reader, writer = await asyncio.open_connection(*stage.address)
    writer.write(
        b"GET /_local/state HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    answer = await reader.read()
    assert answer.split()[1] in (b"400", b"403")
    writer.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example", **ACTION},
        {"Origin": "null", **ACTION},
        {"Sec-Fetch-Site": "same-site", **ACTION},
        {"Content-Type": "text/plain"},
        {**ACTION, "Content-Type": "multipart/form-data; boundary=x"},
    ],
)
async def test_another_site_cannot_post(stage: Scene, headers: dict[str, str]) -> None:
    async with ws(stage):
        found = await connection_of(stage)
        answer = await ask(
            stage, f"/_local/connections/prod/{found['id']}", method="POST", headers=headers, body=b"x"
        )
        assert answer.status in (403, 415)
    assert "sent" not in [entry.kind for entry in stage.journal.since(0)]


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "PATCH"])
async def test_no_other_method_is_taken(stage: Scene, method: str) -> None:
    answer = await ask(stage, "/_local/connections/prod/x", method=method, headers=ACTION)
    assert answer.status == 405
    assert "access-control-allow-origin" not in answer.headers


async def test_a_websocket_does_not_get_in(stage: Scene) -> None:
    with pytest.raises(InvalidStatus):
        await connect(stage.url.replace("http", "ws") + "/_local/", open_timeout=60)


async def test_rows_are_shown_and_so_are_errors() -> None:
    class Rooms:
        def describe_table(self, **_: Any) -> Any:
            return {"Table": {"KeySchema": [{"AttributeName": "room"}]}}

        def scan(self, *, TableName: str, **_: Any) -> Any:  # noqa: N803
            if TableName == "stack-Broken":
                raise RuntimeError("it broke\nTraceback of something")
            return {"Items": [{"room": {"S": "<b>general</b>"}}]}

    async with scene(tables={"Rooms": "stack-Rooms", "Broken": "stack-Broken"}, dynamodb=Rooms) as made:
        rows = (await ask(made, "/_local/tables/Rooms?limit=99999999999")).json()
        assert rows == {
            "table": "stack-Rooms",
            "keys": ["room"],
            "rows": [{"room": "<b>general</b>"}],
            "next": None,
        }
        broken = await ask(made, "/_local/tables/Broken")
        assert (broken.status, broken.json()) == (502, {"error": "RuntimeError: it broke"})
        assert (await ask(made, "/_local/tables/stack-Rooms")).status == 404
        assert (await ask(made, "/_local/tables/Rooms?start=zzz")).status == 502
