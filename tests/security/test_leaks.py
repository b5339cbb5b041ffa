"""What the functions print, at the most talkative level: enough to see what happened, and nothing of what was said."""

import json

import pytest

from tests.chat.client import room_path
from tests.security.target import MARK, Target, said

pytestmark = pytest.mark.anyio


async def test_no_log_has_a_ticket_a_secret_a_name_or_what_was_said(ticket_chat: Target, room: str) -> None:
    name = f"{MARK} Ali"
    good = ticket_chat.ticket(sub=name, rooms=[room], once=True, jti=room)
    async with ticket_chat.enter(
        room_path(room, name), subprotocols=["parley", f"parley.ticket.{good}"]
    ) as ali:
        await ali.present(name)
        await ali.send({"content": said(), "id": "1"})
        await ali.event(type="message")
        await ali.send({"action": "sync"})
        assert (await ali.event(type="page"))["messages"]
        await ali.send({"content": [said()]})
        await ali.event(type="error")
    assert await ticket_chat.refusal(f"{room_path(room, name)}?ticket={good}") == "ticket_spent"
    assert await ticket_chat.refusal(f"{room_path(room, name)}?ticket={good}x") == "ticket_invalid"
    # They do tell what happened, at the level that tells most.
    assert sum("refused" in line for line in ticket_chat.lines()["AdmitFunction"]) >= 2
    assert any("refused a frame" in line for line in ticket_chat.lines()["DefaultFunction"])
    assert ticket_chat.leaks() == []


async def test_every_line_is_an_object_and_says_of_whom_and_where(ticket_chat: Target, room: str) -> None:
    token = ticket_chat.ticket(sub="Ali", rooms=[room])
    async with ticket_chat.enter(f"/ws/{room}/Ali?ticket={token}") as ali:
        await ali.present("Ali")
        await ali.send("{}")
        await ali.event(type="error")
    lines = {name: [json.loads(line) for line in lines] for name, lines in ticket_chat.lines().items()}
    ours = [line for line in lines["DefaultFunction"] if line.get("room") == room]
    assert ours
    assert all(line["connection_id"] for line in ours)
    metrics = [line for printed in lines.values() for line in printed if "_aws" in line]
    assert metrics
    assert not any(room in json.dumps(line) for line in metrics)
