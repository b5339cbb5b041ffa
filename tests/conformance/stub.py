"""A server that answers every request alike and keeps what it got: for what is a fact about boto3."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import boto3
from botocore.config import Config


@dataclass
class Stub:
    """What to answer, and what came: (method, path as it was sent, header names in lower case)."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str = ""
    requests: list[tuple[str, str, set[str]]] = field(default_factory=list)

    def client(self, **config: Any) -> Any:
        """boto3's client of the management API, at this server."""
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"{self.url}/prod",
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(**config),
        )


@contextmanager
def answering(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Iterator[Stub]:
    """Serve until the block ends."""
    stub = Stub(status, headers or {}, body)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            stub.requests.append((self.command, self.path, {name.lower() for name in self.headers}))
            self.send_response(stub.status)
            for name, value in stub.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(stub.body)))
            self.end_headers()
            self.wfile.write(stub.body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
