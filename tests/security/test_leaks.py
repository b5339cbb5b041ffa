"""What the functions print, at the most talkative level: enough to see what happened, and nothing of what was said."""

import pytest

from tests.security.target import Target, said

pytestmark = pytest.mark.anyio


async def test_no_log_has_a_ticket_a_secret_or_what_was_said(ticket_chat: Target, room: str) -> None:
    good = ticket_chat.ticket(sub="Ali", rooms=[room], once=True, jti=room)
    async with ticket_chat.enter(f"/ws/{room}/Ali", subprotocols=["parley", f"parley.ticket.{good}"]) as ali:
        await ali.present("Ali")
        await ali.send({"content": said(), "id": "1"})
        await ali.event(type="message")
        await ali.send({"action": "sync"})
        assert (await ali.event(type="page"))["messages"]
        await ali.send({"content": [said()]})
        await ali.event(type="error")
    assert await ticket_chat.refusal(f"/ws/{room}/Ali?ticket={good}") == "ticket_spent"
    assert await ticket_chat.refusal(f"/ws/{room}/Ali?ticket={good}x") == "ticket_invalid"
    # They do tell what happened, at the level that tells most.
    assert sum("refused" in line for line in ticket_chat.lines()["AdmitFunction"]) >= 2
    assert any("refused a frame" in line for line in ticket_chat.lines()["DefaultFunction"])
    assert ticket_chat.leaks() == []
