"""Who is let in, as a client meets it: statuses of the handshake, tickets, and being put out."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.chat.client import chat, member, room_path
from tests.conftest import ROOT, ServedGateway
from tests.functions.signing import signed
from tests.running import Running, running

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def guarded() -> Iterator[Running]:
    """The chat with tickets, where a client has one connection in a room."""
    with running(ROOT / "template.yaml", AccessMode="ticket", ConnectionsPerClient="1") as deployed:
        yield deployed


@pytest.fixture(scope="module")
def secret(guarded: Running) -> str:
    return guarded.secret("TicketSecret")


async def status(url: str, **options: Any) -> int:
    """What the handshake is answered with; 101 where it is let in."""
    try:
        async with connect(url, open_timeout=60, **options):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def test_a_foreign_page_is_refused(gateway: ServedGateway) -> None:
    url = gateway.ws_url + room_path("origins", "Ali")
    for origin, expected in [
        (gateway.url, 101),
        (gateway.url.replace("127.0.0.1", "localhost"), 101),
        ("https://evil.example", 403),
        (gateway.url + "0", 403),
        ("null", 403),
    ]:
        assert await status(url, additional_headers={"Origin": origin}) == expected


async def test_with_a_ticket_one_enters_as_whom_it_names_and_where(guarded: Running, secret: str) -> None:
    token = signed(secret, sub="Sara", rooms=["اتاق", "b/c"])
    async with chat(guarded.ws_url, room_path("اتاق", "") + f"?ticket={token}") as sara:
        joined = await sara.event(type="system")
        assert joined["content"] == "Sara joined اتاق."
        await sara.send({"content": "سلام", "client_id": "Ali"})
        assert (await sara.event(type="message"))["client_id"] == "Sara"
    assert await status(guarded.ws_url + room_path("b/c", "Sara") + f"?ticket={token}") == 101
    assert await status(guarded.ws_url + room_path("b/c", "Ali") + f"?ticket={token}") == 403
    assert await status(guarded.ws_url + room_path("b", "Sara") + f"?ticket={token}") == 403


async def test_a_ticket_travels_as_a_subprotocol_or_in_the_query(guarded: Running, secret: str) -> None:
    url = guarded.ws_url + room_path("ways", "Ali")
    offers = [Subprotocol("parley"), Subprotocol(f"parley.ticket.{signed(secret, sub='Ali', rooms='*')}")]
    async with connect(url, subprotocols=offers, open_timeout=60) as socket:
        assert socket.subprotocol == "parley"
    bearer = {"Authorization": f"Bearer {signed(secret, sub='Ali', rooms='*')}"}
    other = guarded.ws_url + room_path("other ways", "Ali")
    async with connect(other, additional_headers=bearer, open_timeout=60):
        pass
    assert await status(url) == 403
    assert await status(url, subprotocols=[Subprotocol("parley")]) == 403


async def test_the_status_is_all_that_a_stranger_learns(guarded: Running, secret: str) -> None:
    room = room_path("statuses", "Ali")
    bodies = set()
    for query in ("", "?ticket=x", f"?ticket={signed('x' * 64)}", f"?ticket={signed(secret, sub='Eve')}"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(guarded.ws_url + room + query, open_timeout=60):
                pass
        assert refused.value.response.status_code == 403
        bodies.add(bytes(refused.value.response.body).partition(b"connectionId")[0])
    assert len(bodies) == 1
    token = signed(secret, sub="Ali", rooms=["statuses"])
    async with chat(guarded.ws_url, f"{room}?ticket={token}") as ali:
        await ali.event(type="presence")
        assert await status(guarded.ws_url + f"{room}?ticket={token}") == 429
    reasons = {line for line in guarded.recorder.lines("AdmitFunction") if '"refused"' in line}
    assert {"ticket_missing", "ticket_invalid", "ticket_client", "ticket_room"} & {
        word for line in reasons for word in line.split('"')
    } >= {"ticket_missing", "ticket_invalid"}
    assert not any(token in line or "x.y" in line for line in reasons)


def put_out(url: str, *, room: str, client: str) -> "subprocess.CompletedProcess[str]":
    """The operator's command."""
    return subprocess.run(
        [sys.executable, "-m", "infra.put_out", "--room", room, "--client", client, "--url", url],
        cwd=ROOT,
        env={**os.environ, "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_an_operator_puts_a_client_out_of_a_room(gateway: ServedGateway) -> None:
    url = gateway.ws_url
    async with member(url, "put out", "Ali") as ali, member(url, "put out", "Eve") as eve:
        done = await asyncio.to_thread(put_out, gateway.url, room="put out", client="Eve")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Eve is out of put out until ")
        assert done.stdout.endswith("; connections closed: 1\n")
        with pytest.raises(ConnectionClosed):
            await eve.socket.recv()
        await ali.event(type="system", content="Eve left put out.")
        assert await status(url + room_path("put out", "Eve")) == 403
        assert await status(url + room_path("put out", "Bo")) == 101
        assert await status(url + room_path("another room", "Eve")) == 101
