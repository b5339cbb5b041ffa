"""Requests reach the application as they were sent, the quick way and the usual one; nobody waits for a receiver."""

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local_dev.stack.moto_server import Server

QUICK = {"X-Amz-Target": "DynamoDB_20120810.GetItem"}
USUAL = {"X-Amz-Target": "AmazonSQS.ReceiveMessages"}


class Application:
    """Says what it was asked. `/wait` gives way until `go` is set, and `/break` breaks."""

    def __init__(self) -> None:
        self.lock, self.go, self.inside = threading.Lock(), threading.Event(), 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.inside += 1
        assert self.inside == 1, "two at a time"
        if environ["PATH_INFO"] == "/wait":
            self.inside -= 1
            self.lock.release()
            self.go.wait()
            self.lock.acquire()
            self.inside += 1
        self.inside -= 1
        body = environ["wsgi.input"].read()
        if b"break" in body:
            raise RuntimeError
        told = {name: value for name, value in environ.items() if isinstance(value, str)}
        content = json.dumps(told | {"body": body.decode()}).encode()
        start_response(
            "418 I'M A TEAPOT", [("X-Is", "é"), ("Content-Length", str(len(content))), ("X-Is", "b")]
        )
        return [content]


@pytest.fixture
def application() -> Application:
    return Application()


@pytest.fixture
def server(application: Application) -> Iterator[Server]:
    server = Server(application, application.lock)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    application.go.set()
    server.should_exit = True
    thread.join()


def connect(server: Server) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)


def ask(connection: http.client.HTTPConnection, path: str = "/", body: Any = None, **headers: str) -> Any:
    """The status, the headers but the date, and what the application was asked."""
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    told = [(name.lower(), value) for name, value in answer.getheaders() if name.lower() != "date"]
    return answer.status, told, json.loads(answer.read())


def test_both_ways_are_the_same(server: Server) -> None:
    connection = connect(server)
    sent = {"X-Other": "a", "Content-Type": "application/x-amz-json-1.0"}
    for body in (b"", b"{}", b"x" * 200_000):
        quick, usual = (ask(connection, "/", body, **sent, **way) for way in (QUICK, USUAL))
        assert quick[:2] == usual[:2]
        assert quick[0] == 418
        assert quick[1][0] == ("x-is", "é") and quick[1][-1] == ("x-is", "b")
        assert quick[2] == usual[2] | {"HTTP_X_AMZ_TARGET": QUICK["X-Amz-Target"]}
        assert quick[2]["body"] == body.decode()
        assert quick[2]["CONTENT_TYPE"] == sent["Content-Type"]


def test_a_request_arrives_as_it_was_sent(server: Server) -> None:
    raw = (
        b"PUT /a%20b/%C3%A9?c=%20d&e HTTP/1.1\r\nHost: localhost\r\nX-Two: 1\r\nX-Two: 2\r\nX_Two: 3\r\n"
        b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(raw)
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (told["REQUEST_METHOD"], told["body"], told["CONTENT_LENGTH"]) == ("PUT", "abcde", "5")
    assert told["PATH_INFO"].encode("latin-1").decode() == "/a b/é"
    assert told["QUERY_STRING"] == "c=%20d&e"
    assert told["HTTP_X_TWO"] == "1, 2"
    assert "HTTP_TRANSFER_ENCODING" not in told


def test_requests_that_come_in_one_piece_are_answered_in_order(server: Server) -> None:
    one = (
        "POST / HTTP/1.1\r\nHost: [::1]:1\r\nX-Amz-Target: {}\r\nX-Number: {}\r\nContent-Length: 1\r\n{}\r\nx"
    )
    ways = [*(QUICK, USUAL, USUAL, QUICK), QUICK]
    raw = "".join(
        one.format(way["X-Amz-Target"], number, "Connection: close\r\n" if number == 4 else "")
        for number, way in enumerate(ways)
    )
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(raw.encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert re.findall(rb'"HTTP_X_NUMBER": "(\d)"', answer) == [b"0", b"1", b"2", b"3", b"4"]


def test_receivers_that_wait_hold_nobody_up(server: Server, application: Application) -> None:
    waiting = [connect(server) for _ in range(20)]
    for each in waiting:
        each.request("POST", "/wait", headers=USUAL)
    other = connect(server)
    for way in (QUICK, USUAL, QUICK):
        assert ask(other, **way)[0] == 418
    application.go.set()
    assert {each.getresponse().status for each in waiting} == {418}


@pytest.mark.parametrize("way", [QUICK, USUAL])
def test_what_breaks_is_an_error_and_the_next_one_is_answered(server: Server, way: dict[str, str]) -> None:
    connection = connect(server)
    connection.request("POST", "/", b"break", way)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (500, b"Internal Server Error")
    assert ask(connection, **way)[0] == 418


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.rebound.example:80"},
        {"Host": ""},
    ],
)
@pytest.mark.parametrize("way", [QUICK, USUAL])
@pytest.mark.parametrize("method", ["POST", "GET", "OPTIONS"])
def test_what_a_page_sends_does_not_get_to_moto(
    server: Server, method: str, way: dict[str, str], headers: dict[str, str]
) -> None:
    connection = connect(server)
    # What moto is asked it answers with 418, and a body that breaks it with 500.
    connection.request(method, "/", b"break", {**way, **headers})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (
        403,
        b"A page in a browser may not ask for this, only a program",
    )
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert ask(connection, **way)[0] == 418


def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head(server: Server) -> None:
    """asyncio sets TCP_NODELAY where the socket says that it is TCP's."""
    assert server._socket.proto == socket.IPPROTO_TCP
