"""A port for a process that has to be started first."""

import contextlib
import secrets
import socket

LOWEST, BEYOND = 10_000, 32_768


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has. It is none of those that systems give to whoever asks for any, so that it is
    still free when that process listens.
    """
    while True:
        port = LOWEST + secrets.randbelow(BEYOND - LOWEST)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
