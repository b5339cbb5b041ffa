"""The lines of docs/security.md that issue tickets, run as they stand there."""

import re
from typing import Any

import pytest

from local_dev.stack.cloud import CREDENTIALS
from tests.conftest import ROOT
from tests.security.target import Target

pytestmark = pytest.mark.anyio


async def test_the_backend_of_the_document_issues_tickets(
    ticket_chat: Target, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    cloud = ticket_chat.running.deployed.cloud
    environment = {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": cloud.endpoint_url,
        "TICKET_SECRET_ARN": cloud.resources["TicketSecret"].id,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    backend: dict[str, Any] = {}
    exec(code, backend)
    token = backend["ticket"]("Ali", [room])
    async with ticket_chat.enter(f"/ws/{room}/Ali", subprotocols=["parley", f"parley.ticket.{token}"]) as ali:
        await ali.present("Ali")
    assert await ticket_chat.refusal(f"/ws/{room}2/Ali?ticket={token}") == "ticket_room"
