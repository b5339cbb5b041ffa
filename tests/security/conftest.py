"""The deployments that are attacked, each one for the whole run; and nothing of what is said leaks into a log."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.functions.signing import Issuer
from tests.security.target import Target, new_room, target

FRIEND = "https://friend.example:8443"


@pytest.fixture(scope="session")
def open_chat() -> Iterator[Target]:
    """As it is by default: anybody may enter, under any name."""
    with target() as made:
        yield made


@pytest.fixture(scope="session")
def ticket_chat() -> Iterator[Target]:
    """Where tickets are asked for, and a client may have two connections in a room."""
    with target(AccessMode="ticket", ConnectionsPerClient="2") as made:
        yield made


@pytest.fixture(scope="session")
def closed_chat() -> Iterator[Target]:
    """Where everything is closed that a parameter closes, and a room has five places."""
    with target(
        RawAddress="closed", NonBrowserClients="refuse", AllowedOrigins=FRIEND, ConnectionsPerRoom="5"
    ) as made:
        yield made


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    """An OpenID Connect issuer on this machine."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                body = made.fetch(made.url + self.path)
            except KeyError:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        made = Issuer(f"http://localhost:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def issuer_chat(issuer: Issuer) -> Iterator[Target]:
    """Where an issuer's tokens are tickets."""
    with target(AccessMode="ticket", TicketIssuer=issuer.url) as made:
        yield made


@pytest.fixture
def room() -> str:
    return new_room()


@pytest.fixture(autouse=True)
def nothing_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test does: no content, ticket or secret is in what the functions print."""
    yield
    for name in ("open_chat", "ticket_chat", "closed_chat", "issuer_chat"):
        if name in request.fixturenames:
            assert request.getfixturevalue(name).leaks() == []
