"""Each fault, whole: real workers, real moto, real sockets, rules that are set while it runs."""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from local_dev.clock import Clock
from local_dev.faults.rules import Plan
from tests.asking import ask
from tests.running import Running

from .scene import injected, put, troubled

SOON = 60.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The application, with faults on and none set."""
    with troubled(tmp_path_factory.mktemp("faults"), faults=Plan(7)) as running:
        yield running


def entering(app: Running) -> ClientConnection:
    """Somebody's connection."""
    return connect(f"{app.ws_url}/dev", open_timeout=SOON)


@pytest.fixture
def client(app: Running) -> Iterator[ClientConnection]:
    """Somebody who is connected."""
    put(app)
    with entering(app) as socket:
        yield socket
    put(app)


def say(client: ClientConnection) -> str:
    """Send a text that was never sent before."""
    text = uuid.uuid4().hex
    client.send(text)
    return text


def outcome(app: Running, text: str) -> dict[str, Any]:
    """How the function fared with that text."""
    return app.recorder.event("Say", lambda event: event.get("text") == text)


def begun(app: Running, text: str) -> int:
    """How often the function began with that text."""
    wanted = "EVENT " + json.dumps({"begun": text})
    return app.recorder.lines("Say").count(wanted)


def until(wanted: Any) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + SOON
    while not wanted():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def heard(app: Running, text: str) -> int:
    """How often the stream's function heard of that text."""
    return app.recorder.lines("Hear").count("EVENT " + json.dumps({"heard": text}))


def quiet(client: ClientConnection, app: Running) -> None:
    """Nothing else has come: what is said now is what comes next."""
    put(app)
    text = say(client)
    assert client.recv(SOON) == text


# At post


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (410, "GoneException 410"),
        (429, "LimitExceededException 429"),
        (403, "ForbiddenException 403"),
        (500, "InternalServerErrorException 500"),
        (418, "BadRequestException 418"),
    ],
)
def test_a_post_is_answered_instead_of_delivered(
    app: Running, client: ClientConnection, status: int, told: str
) -> None:
    put(app, {"at": "post", "do": "answer", "status": status, "function": "Say"})
    text = say(client)
    assert outcome(app, text) == {"text": text, "wrote": "done", "sent": told}
    assert injected(app) == [1]
    quiet(client, app)


def test_a_post_is_lost_or_repeated_or_answered_too_late(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "post", "do": "lose"})
    assert outcome(app, say(client))["sent"] == "done"
    quiet(client, app)
    put(app, {"at": "post", "do": "repeat"})
    text = say(client)
    assert [client.recv(SOON), client.recv(SOON)] == [text, text]
    assert outcome(app, text)["sent"] == "done"
    put(app, {"at": "post", "do": "late"})
    text = say(client)
    assert client.recv(SOON) == text
    assert outcome(app, text)["sent"] == "InternalServerErrorException 500"


def test_a_post_that_hangs_is_dropped_and_stalls_nobody(app: Running, client: ClientConnection) -> None:
    before = connected(app)
    with entering(app) as other:
        [identity] = connected(app) - before
        put(app, {"at": "post", "do": "hang", "ms": 15_000, "connection": identity})
        began = time.monotonic()
        slow, quick = say(other), say(client)
        assert client.recv(SOON) == quick
        assert not [line for line in app.recorder.lines("Say") if slow in line and "sent" in line]
        assert outcome(app, slow)["sent"] in (
            "ConnectionClosedError",
            "ProxyConnectionError",
        )  # urllib3's choice
        assert time.monotonic() - began > 14.9
        quiet(other, app)


def test_a_post_is_delayed(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "post", "do": "delay", "ms": 300})
    began = time.monotonic()
    text = say(client)
    assert client.recv(SOON) == text
    assert time.monotonic() - began > 0.3


def test_posts_of_others_are_left_alone(app: Running, client: ClientConnection) -> None:
    put(
        app,
        {"at": "post", "do": "lose", "function": "Hear"},
        {"at": "post", "do": "lose", "connection": "no"},
    )
    text = say(client)
    assert client.recv(SOON) == text
    assert injected(app) == [0, 0]


# At invoke


def test_a_lost_disconnect(app: Running) -> None:
    put(app, {"at": "invoke", "do": "lose", "function": "Leave", "times": 1})
    for _ in range(2):
        before = connected(app)
        with entering(app):
            [identity] = connected(app) - before
    app.recorder.event("Leave", lambda event: event["left"] == identity)  # the second of them
    assert injected(app) == [1]
    assert len(app.recorder.lines("Leave")) == len(set(app.recorder.lines("Leave")))


def test_a_handshake_is_throttled(app: Running) -> None:
    put(app, {"at": "invoke", "do": "throttle", "function": "Enter", "times": 1})
    with pytest.raises(InvalidStatus) as refused:
        entering(app)
    assert refused.value.response.status_code >= 429
    with entering(app):
        assert injected(app) == [1]


def test_a_worker_crashes_before_it_has_done_anything(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "invoke", "do": "crash", "function": "Say"})
    text = say(client)
    assert json.loads(client.recv(SOON))["message"] == "Internal server error"
    put(app)
    quiet(client, app)
    assert begun(app, text) == 0


def test_a_worker_crashes_within_an_invocation(app: Running, client: ClientConnection) -> None:
    put(
        app,
        {"at": "aws", "do": "delay", "ms": 10_000, "times": 1},
        {"at": "invoke", "do": "crash", "after_ms": 3000, "function": "Say"},
    )
    text = say(client)
    assert json.loads(client.recv(SOON))["message"] == "Internal server error"
    until(lambda: begun(app, text) == 1)
    quiet(client, app)


def test_an_invocation_is_repeated(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "invoke", "do": "repeat", "function": "Say"})
    text = say(client)
    assert [client.recv(SOON), client.recv(SOON)] == [text, text]
    until(lambda: begun(app, text) == 2)
    assert injected(app) == [1]


def test_a_delay_lets_a_later_message_overtake(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "invoke", "do": "delay", "ms": 5000, "function": "Say", "times": 1})
    first, second = say(client), say(client)
    assert [client.recv(SOON), client.recv(SOON)] == [second, first]


def test_a_stream_batch_is_repeated_or_retried(app: Running, client: ClientConnection) -> None:
    # Each batch: what a test before this one has delayed is written even now, and would be the first.
    put(app, {"at": "invoke", "do": "repeat", "function": "Hear"})
    first = say(client)
    until(lambda: heard(app, first) == 2)
    put(app, {"at": "invoke", "do": "crash", "function": "Hear", "times": 2})
    second = say(client)
    until(lambda: heard(app, second) == 1)
    assert injected(app) == [2]


# At aws


def test_a_call_fails(app: Running, client: ClientConnection) -> None:
    put(
        app,
        {
            "at": "aws",
            "do": "error",
            "code": "ProvisionedThroughputExceededException",
            "service": "dynamodb",
            "operation": "Put*",
            "function": "Say",
        },
    )
    assert outcome(app, say(client))["wrote"] == "ProvisionedThroughputExceededException 400"
    assert injected(app) == [1]
    put(app, {"at": "aws", "do": "error", "code": "InternalServerError"})
    assert outcome(app, say(client))["wrote"] == "InternalServerError 500"


def test_an_answer_is_lost_though_the_call_was_carried_out(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "aws", "do": "lose-answer", "operation": "PutItem"})
    text = say(client)
    assert outcome(app, text)["wrote"] == "ConnectionClosedError"
    until(lambda: heard(app, text) == 1)  # through the table's stream


def test_a_worker_crashes_between_write_and_post(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "aws", "do": "crash", "operation": "PutItem"})
    text = say(client)
    assert json.loads(client.recv(SOON))["message"] == "Internal server error"
    until(lambda: heard(app, text) == 1)
    assert begun(app, text) == 1
    assert not [line for line in app.recorder.lines("Say") if text in line and "wrote" in line]
    assert any("signal: killed" in line or "Runtime exited" in line for line in app.recorder.lines("Say"))
    quiet(client, app)


def test_a_call_is_delayed(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "aws", "do": "delay", "ms": 300})
    began = time.monotonic()
    assert outcome(app, say(client))["wrote"] == "done"
    assert time.monotonic() - began > 0.3


# What is seen of it, and the clock


def test_faults_are_in_the_journal_and_the_seed_is_said(app: Running, client: ClientConnection) -> None:
    put(app, {"at": "post", "do": "answer", "status": 429, "times": 1}, seed=11)
    assert outcome(app, say(client))["sent"] == "LimitExceededException 429"
    status, report = ask(app.url, "GET", "faults")
    assert status == 200
    assert report == {
        "seed": 11,
        "faults": [
            {"at": "post", "do": "answer", "status": 429, "chance": 1.0, "skip": 0, "times": 1}
            | {"matched": 1, "injected": 1}
        ],
        "total": 1,
    }
    until(lambda: len(connected(app)) == 1)  # those before it are gone
    [mine] = connected(app)
    with urlopen(f"{app.url}/_local/events?after=0", timeout=SOON) as events:
        lists = (json.loads(line[6:]) for line in events if line.startswith(b"data: ["))
        facts = next(
            entry["facts"]
            for entries in lists
            for entry in entries
            if entry["kind"] == "fault" and entry["facts"].get("connection") == mine
        )
    told = {"at": "post", "do": "answer", "rule": 0, "function": "Say", "connection": mine, "status": 429}
    assert facts == told
    assert "faults are injected, seed 7" in app.recorder.lines("gateway")


@pytest.mark.parametrize(
    ("method", "path", "value", "status"),
    [
        ("PUT", "faults", {"faults": [{"at": "post"}]}, 400),
        ("PUT", "faults", [], 400),
        ("POST", "clock", {"advance": 0}, 400),
        ("POST", "clock", {"advance": True}, 400),
        ("POST", "clock", {"advance": -5}, 400),
        ("POST", "clock", {"advance": "600"}, 400),
        ("POST", "clock", {}, 400),
        ("GET", "clock", None, 404),
    ],
)
def test_what_cannot_be_read_changes_nothing(
    app: Running, method: str, path: str, value: Any, status: int
) -> None:
    put(app, {"at": "post", "do": "lose"}, seed=3)
    before = ask(app.url, "GET", "faults")
    answered, problem = ask(app.url, method, path, value)
    assert answered == status
    assert isinstance(problem["error"], str)
    assert ask(app.url, "GET", "faults") == before
    put(app)


def test_other_sites_may_not(app: Running) -> None:
    for method, path in (("PUT", "faults"), ("POST", "clock")):
        status, _ = ask(app.url, method, path, {"faults": []}, origin="http://evil.example")
        assert status == 403


@pytest.mark.parametrize("seconds", [600, 7200])
def test_the_clock_cuts_who_is_idle_at_once(app: Running, client: ClientConnection, seconds: int) -> None:
    say(client)
    client.recv(SOON)
    status, moved = ask(app.url, "POST", "clock", {"advance": seconds})
    assert status == 200
    assert moved["advanced"] >= seconds
    with pytest.raises(ConnectionClosed) as closed:
        client.recv(SOON)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    with entering(app) as other:
        quiet(other, app)


def test_without_the_option_there_is_nothing_of_it(tmp_path: Path) -> None:
    with troubled(tmp_path, faults=None, clock=Clock()) as plain:
        for method, path in (("GET", "faults"), ("PUT", "faults"), ("POST", "clock")):
            assert ask(plain.url, method, path, {} if method != "GET" else None)[0] == 404
        with entering(plain) as socket:
            quiet_text = uuid.uuid4().hex
            socket.send(quiet_text)
            assert socket.recv(SOON) == quiet_text


def connected(app: Running) -> set[str]:
    """The ids of who is connected."""
    _, state = ask(app.url, "GET", "state")
    return {each["id"] for each in state["apis"][0]["connections"]}
