"""`--debug FUNCTION[:PORT]`: a function whose worker waits for a debugger before it loads its module."""

import asyncio
import importlib.util
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import DebugError
from ..stack.model import Function

DEFAULT_PORT = 5678
"""debugpy's usual port; each further function takes the next one."""

FREE_WITHIN = 5.0
"""Seconds within which the port of a worker that was ended is to be free again."""


@dataclass(frozen=True)
class DebugPort:
    """Where a debugger attaches."""

    port: int
    host: str = "127.0.0.1"


def debug_ports(requests: Iterable[str], functions: Mapping[str, Function]) -> dict[str, DebugPort]:
    """The port of each function to debug, by physical name. `requests` name functions by logical id or
    name. DebugError says what cannot be done.
    """
    asked = list(requests)
    if asked and importlib.util.find_spec("debugpy") is None:
        raise DebugError("--debug needs debugpy, which is not installed: pip install 'parley[debug]'")
    found: dict[str, DebugPort] = {}
    following = DEFAULT_PORT
    for text in asked:
        name, port = _parse(text, following)
        following = port + 1
        function = next((one for one in functions.values() if name in (one.label, one.name)), None)
        if function is None:
            known = ", ".join(sorted(one.label for one in functions.values())) or "none"
            raise DebugError(f"--debug {text}: there is no such function; there are: {known}")
        if any(port == taken.port for taken in found.values()) or function.name in found:
            raise DebugError(f"--debug {text}: give each function once, and a port of its own")
        found[function.name] = DebugPort(port)
    return found


def attach_notice(label: str, where: DebugPort) -> str:
    """The line that tells a person what to do."""
    return (
        f"{label} waits for a debugger at {where.host}:{where.port} (VS Code: Python Debugger, Remote Attach)"
    )


async def port_free(where: DebugPort) -> None:
    """Wait until the port can be listened on; DebugError if another program keeps it."""
    try:
        async with asyncio.timeout(FREE_WITHIN):
            while not _is_free(where):  # noqa: ASYNC110 (nobody tells when a port is given up)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise DebugError(f"port {where.port}, for the debugger, is taken by another program") from None


def _is_free(where: DebugPort) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((where.host, where.port))
        except OSError:
            return False
        return True


def _parse(text: str, port: int) -> tuple[str, int]:
    name, colon, given = text.rpartition(":")
    if not colon:
        return text, port
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 65536) or not name:
        raise DebugError(f"--debug {text}: give FUNCTION or FUNCTION:PORT")
    return name, int(given)
