import json
from typing import Any

import pytest
from chat.identity import Identity
from chat.memberships import Memberships

from tests.functions.conftest import MEMBERSHIPS, Counted, Load, Logged, Store
from tests.functions.stand_ins import GONE, NOW, Answer, Context, Gateway, websocket_event

ADA = Identity("general", "ada")


@pytest.fixture(autouse=True)
def room(memberships: Memberships, store: Store) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW - 60_000)
    memberships.enter(Identity("general", "bo"), "B=", joined_at=NOW - 60_000)
    store.calls.clear()


def send(load: Load, body: str) -> Any:
    return load("default").handler(websocket_event("MESSAGE", "A=", who=ADA, body=body), Context())


@pytest.fixture
def memberships(store: Store) -> Memberships:
    """On the real clock, as the entry point is."""
    return Memberships(store.client, table=MEMBERSHIPS)


@pytest.mark.parametrize("content", ["hello", "سلام، خوبی؟", "👩\u200d💻", "<script>alert(1)</script>"])
def test_a_message_is_stored_and_reaches_everyone_in_four_calls_and_one_for_its_id(
    load: Load, store: Store, gateway: Gateway, content: str
) -> None:
    assert send(load, json.dumps({"content": "first"})) == {"statusCode": 200}
    assert store.calls == ["UpdateItem", "UpdateItem", "PutItem", "Query"]
    gateway.reset()
    store.calls.clear()
    assert send(load, json.dumps({"content": content, "id": "x"})) == {"statusCode": 200}
    assert store.calls[-5:] == ["UpdateItem", "UpdateItem", "UpdateItem", "PutItem", "Query"]
    assert len(store.calls) <= 6, "a second write for its token, as the first message was just now"
    [message] = gateway.events("B=")
    assert gateway.events("A=") == [message]
    assert (message["content"], message["client_id"], message["seq"], message["id"]) == (
        content,
        "ada",
        2,
        "x",
    )


def test_a_refusal_is_an_event_and_the_route_is_content(load: Load, gateway: Gateway) -> None:
    assert send(load, "{}") == {"statusCode": 200}
    [(to, _)] = gateway.posts
    assert (to, gateway.events("A=")[0]["code"]) == ("A=", "content_missing")


def test_an_empty_frame_is_ignored(load: Load, gateway: Gateway, store: Store) -> None:
    assert send(load, "") == {"statusCode": 200}
    assert (gateway.posts, store.calls) == ([], [])


def test_who_is_gone_is_evicted_and_the_sender_does_not_notice(
    load: Load, gateway: Gateway, store: Store
) -> None:
    gateway.answers["B="].append(GONE)
    assert send(load, "hi") == {"statusCode": 200}
    assert len(gateway.events("A=")) == 1
    assert store.members() == ["A="]


def test_one_that_cannot_be_reached_does_not_fail_the_sender(load: Load, gateway: Gateway) -> None:
    gateway.answers["B="].append(Answer(400, "BadRequestException"))
    assert send(load, "hi") == {"statusCode": 200}
    assert len(gateway.events("A=")) == 1


def test_no_retry_is_begun_that_the_time_left_does_not_allow(load: Load, gateway: Gateway) -> None:
    gateway.answers["B="] += [Answer(500), Answer(500)]
    event = websocket_event("MESSAGE", "A=", who=ADA, body="hi")
    assert load("default").handler(event, Context(remaining_ms=3400)) == {"statusCode": 200}
    assert len(gateway.events("B=")) == 1


def test_logs_name_the_connection_and_never_what_was_said(
    load: Load, gateway: Gateway, logged: Logged
) -> None:
    gateway.answers["B="].append(GONE)
    send(load, json.dumps({"content": "my secret", "id": "x"}))
    send(load, json.dumps({"content": ["my secret"]}))
    evicted, refused = logged()
    assert evicted["gone"] == ["B="]
    assert refused["code"] == "content_invalid"
    for line in (evicted, refused):
        assert (line["level"], line["connection_id"], line["room"]) == ("INFO", "A=", "general")
        assert "secret" not in str(line)


def test_what_nobody_foresaw_is_logged_and_left_to_the_gateway(
    load: Load, store: Store, logged: Logged
) -> None:
    store.faults["UpdateItem"].append(ZeroDivisionError("unforeseen"))
    with pytest.raises(ZeroDivisionError):
        send(load, "my secret")
    [line] = logged()
    assert (line["level"], line["exception_name"]) == ("ERROR", "ZeroDivisionError")
    assert "secret" not in str(line)


def test_a_message_is_counted_once_and_each_post_of_it(
    load: Load, counted: Counted, gateway: Gateway
) -> None:
    send(load, '{"content": "hi", "id": "x"}')
    found = counted()
    assert (found["Messages"], found["Deliveries"]) == (1, 2)
    assert "FanOutTime" in found
    send(load, '{"content": "hi", "id": "x"}')
    assert counted() == {"Deliveries": 1}, "sent again, and told to its sender only, as nobody else syncs"


@pytest.mark.parametrize(
    ("body", "code"), [("{}", "content_missing"), ('{"action": "fly"}', "action_unknown")]
)
def test_a_refusal_is_counted_by_its_code(load: Load, counted: Counted, body: str, code: str) -> None:
    send(load, body)
    assert counted() == {"Deliveries": 1, f"Refused/{code}": 1}
