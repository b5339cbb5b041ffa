"""moto's server. One request is answered at a time, since moto is not safe under threads. Those to DynamoDB, of which a
message makes four or five, are answered as soon as they are read, without a task or a thread for each; those to other
services, a receiver that waits for messages among them, in threads.

moto believes every signature and answers pages of every origin. So what a browser's page sends does not get to it.
"""

import asyncio
import contextlib
import functools
import io
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import unquote_to_bytes

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ..pages import REFUSED, is_loopback, is_of_a_page

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

THREADS = 64
"""So many receivers may wait at once before others wait for them."""

KEEP_ALIVE = 3600
"""Seconds that a connection is kept on which nothing is asked: clients keep theirs as long as they live."""

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

_QUICK = b"DynamoDB_20120810."

_FORBIDDEN: Answer = (403, [(b"content-length", str(len(REFUSED)).encode())], REFUSED.encode())


class Server(uvicorn.Server):
    """Serves a WSGI application, touched by one thread at a time, which holds `lock`, at `port` of 127.0.0.1."""

    def __init__(self, application: Application, lock: AbstractContextManager[Any]) -> None:
        # With its protocol named, or asyncio does not turn Nagle's algorithm off, and each answer is 40 ms late.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(1000)
        self.port: int = self._socket.getsockname()[1]
        bridge = _Bridge(application, lock)
        super().__init__(
            uvicorn.Config(
                bridge,
                http=functools.partial(_Protocol, bridge=bridge),  # type: ignore[arg-type]
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
            )
        )

    def serve_forever(self) -> None:
        """Answer until the process ends."""
        self.run(sockets=[self._socket])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone: the gateway ends this process."""
        yield


class _Bridge:
    """An ASGI application that asks a WSGI application."""

    def __init__(self, application: Application, lock: AbstractContextManager[Any]) -> None:
        self._application, self._lock = application, lock
        self._threads = ThreadPoolExecutor(THREADS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        body = message["body"]
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
        loop = asyncio.get_running_loop()
        status, headers, content = await loop.run_in_executor(
            self._threads, self.answer, _environ(scope, body)
        )
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def answer(self, environ: dict[str, Any]) -> Answer:
        """The application's answer, which may be a while; what a page has sent is refused."""
        if is_of_a_page(environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")) or not is_loopback(
            environ.get("HTTP_HOST", "")
        ):
            return _FORBIDDEN
        told: list[Any] = []
        with self._lock:
            chunks = self._application(environ, lambda *each: told.append(each))
            content = b"".join(chunks)
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = told[-1][:2]
        return (
            int(status[:3]),
            [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            content,
        )


class _Protocol(HttpToolsProtocol):
    """uvicorn's, but for requests to DynamoDB that have nothing special about them."""

    def __init__(self, *args: Any, bridge: _Bridge, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bridge = bridge
        self.quick: bytearray | None = None
        """What has come of the body of a request that is answered here."""

    def on_headers_complete(self) -> None:
        if self.is_quick():
            self.quick = bytearray()
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self.quick is None:
            super().on_body(body)
        else:
            self.quick += body

    def on_message_complete(self) -> None:
        if self.quick is None:
            super().on_message_complete()
            return
        body, self.quick = bytes(self.quick), None
        scope = {**self.scope, "method": "POST", "raw_path": b"/", "query_string": b""}
        try:
            status, headers, content = self.bridge.answer(_environ(scope, body))
        except Exception:  # as uvicorn has it
            status, headers, content = 500, [(b"content-length", b"21")], b"Internal Server Error"
        answer = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            answer += (name, b": ", value, b"\r\n")
        self.transport.write(b"".join((*answer, b"\r\n", content)))
        self.on_response_complete()

    def is_quick(self) -> bool:
        """Whether the request, of which the head is there, is one of those, and no answer is due before it."""
        return (
            self.url == b"/"
            and any(name == b"x-amz-target" and value.startswith(_QUICK) for name, value in self.headers)
            and self.parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and not (self.pipeline or self.flow.write_paused or self.expect_100_continue)
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
        )


def _environ(scope: Any, body: bytes) -> dict[str, Any]:
    """The request as PEP 3333 has it. A header with an underscore in its name could pass for another one, and is
    left out.
    """
    host, port = scope["server"]
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:
            continue
        key, text = _variable(name), value.decode("latin-1")
        environ[key] = f"{environ[key]}, {text}" if key in environ else text
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    if body:  # its length is not said where it came in chunks
        environ["CONTENT_LENGTH"] = str(len(body))
    return environ


@functools.lru_cache(1000)
def _variable(name: bytes) -> str:
    key = name.decode("latin-1").upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
