"""The socket that everything is served on."""

import errno
import socket

from .errors import ListenError


def listen(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """A listening socket; ListenError where it cannot be had. Port 0 takes a free one. `option` gives the port."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # With its protocol named, or asyncio leaves Nagle's algorithm on: a frame that follows another would wait.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(4096)
    except (OSError, OverflowError) as error:
        raise ListenError(f"cannot listen on {host}:{port}: {_reason(error, option)}") from None
    return sock


def listen_twice(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """A listening socket and one for datagrams on the same port, for TLS; ListenError where they cannot be had."""
    for _ in range(20 if port == 0 else 1):
        stream = listen(host, port, option="--https-port")
        datagrams = socket.socket(stream.family, socket.SOCK_DGRAM)
        try:
            datagrams.bind(stream.getsockname())
        except OSError as error:  # a free port may not be free for datagrams
            stream.close()
            datagrams.close()
            reason = _reason(error, "--https-port")
        else:
            return stream, datagrams
    raise ListenError(f"cannot listen for datagrams on {host}:{port}: {reason}")


def _reason(error: OSError | OverflowError, option: str) -> str:
    reason = str(getattr(error, "strerror", None) or error)
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        return f"{reason}; give another {option}, or 0 for a free one"
    return reason


def address_of(sock: socket.socket) -> tuple[str, int]:
    """Host and port under which this machine itself reaches the socket."""
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def url_of(sock: socket.socket) -> str:
    """The address as a URL without a path."""
    host, port = address_of(sock)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
