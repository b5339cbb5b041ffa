"""The server that everything is served by."""

import asyncio
from typing import Any

import pytest

from local_dev.web.server import make_server

from .serving import listening

pytestmark = pytest.mark.anyio


async def test_what_still_runs_at_the_end_is_given_up_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        begun.set()
        await asyncio.Event().wait()

    server = make_server(application)
    server.config.timeout_graceful_shutdown = 0.01  # type: ignore[assignment]  # uvicorn takes parts of seconds too
    async with listening(server) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await begun.wait()
    writer.close()
    assert [record.getMessage() for record in caplog.records if record.name == "uvicorn.error"] == []
