"""An application behind the gateway's own server on a free port of this machine, in a thread of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local_dev.web.server import make_server

START_TIMEOUT = 20.0


class Served:
    """A running application: its port, and the loop it runs in."""

    def __init__(self, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self.port, self.loop = port, loop
        self.url = f"http://127.0.0.1:{port}"

    def run(self, work: Any) -> Any:
        """The result of a coroutine, run where the application runs."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(START_TIMEOUT)


@contextmanager
def served(app: Any) -> Iterator[Served]:
    """Serve `app`, and take it down again."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        server = make_server(app)
        ready = threading.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        async def main() -> None:
            loops.append(asyncio.get_running_loop())
            ready.set()  # the socket listens already: what comes before the server is ready waits
            await server.serve(sockets=[sock])

        thread = threading.Thread(target=lambda: asyncio.run(main()), name="served")
        thread.start()
        try:
            assert ready.wait(START_TIMEOUT)
            yield Served(sock.getsockname()[1], loops[0])
        finally:
            server.should_exit = True
            thread.join(START_TIMEOUT)
            assert not thread.is_alive()
