import json
from typing import Any

import pytest
from chat.identity import Identity
from chat.memberships import Memberships
from chat.sessions import Session

from tests.functions.conftest import Counted, Load, Store
from tests.functions.stand_ins import NOW, Context, Gateway, http_event

ADA = Identity("general", "ada")


@pytest.fixture
def session(store: Store) -> Session:
    """Ada polls, and Bo has a connection."""
    memberships = Memberships.from_environment()
    memberships.enter(Identity("general", "bo"), "B=", joined_at=NOW)
    session = Session.begin(ADA)
    memberships.enter(ADA, session.connection_id, joined_at=2**43, polls=True)
    store.calls.clear()
    return session


def ask(load: Load, route: str, key: str | None, body: str | None = None) -> tuple[int, Any]:
    event = http_event(route, {"room_id": "general"}, key=key, body=body)
    answer = load("say").handler(event, Context())
    return answer["statusCode"], json.loads(answer.get("body", "null"))


def say(load: Load, key: str | None, body: str) -> tuple[int, Any]:
    return ask(load, "POST /api/messages", key, body)


def test_a_message_is_stored_told_to_the_sockets_and_answered_with_itself(
    load: Load, session: Session, gateway: Gateway, store: Store, counted: Counted
) -> None:
    status, message = say(load, session.key, json.dumps({"content": "سلام", "id": "x"}))
    assert status == 200
    assert (message["client_id"], message["content"], message["seq"], message["id"]) == (
        "ada",
        "سلام",
        1,
        "x",
    )
    assert gateway.events("B=") == [message]
    assert {to for to, _ in gateway.posts} == {"B="}, "nothing is posted to who polls"
    assert store.calls == ["UpdateItem", "UpdateItem", "UpdateItem", "PutItem", "Query"]
    assert counted()["Messages"] == 1
    assert say(load, session.key, json.dumps({"content": "سلام", "id": "x"})) == (200, message)


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("{}", (400, "content_missing")),
        ('{"content": "x", "id": ""}', (400, "id_invalid")),
        ('{"action": "ping"}', (400, "action_unknown")),
        ('{"action": "sync", "after": 3}', (400, "action_unknown")),
        ("x" * 4001, (413, "content_too_long")),
        ("x" * 32_769, (413, "frame_too_large")),
    ],
)
def test_what_is_no_message_is_refused_as_a_frame_is(
    load: Load, session: Session, store: Store, body: str, refused: tuple[int, str]
) -> None:
    status, refusal = say(load, session.key, body)
    assert (status, refusal["code"]) == refused
    assert store.calls == []


def test_who_takes_a_request_for_a_socket_is_told_the_difference(load: Load, session: Session) -> None:
    assert "over HTTP there are none" in say(load, session.key, '{"action": "ping"}')[1]["content"]


def test_plain_text_is_a_message_and_a_blank_one_is_ignored(load: Load, session: Session) -> None:
    assert say(load, session.key, "hello")[1]["content"] == "hello"
    assert say(load, session.key, "  ") == (204, None)


def test_who_is_there_is_told(load: Load, session: Session) -> None:
    status, presence = ask(load, "GET /api/members", session.key)
    assert (status, presence["type"], presence["users"]) == (200, "presence", ["ada", "bo"])


def test_who_has_left_is_no_member(load: Load, session: Session, store: Store) -> None:
    for _ in range(2):
        assert ask(load, "DELETE /api/members", session.key) == (204, None)
    assert store.members() == ["B="]
    status, refusal = say(load, session.key, "hello")
    assert (status, refusal["code"]) == (410, "not_a_member")
    assert ask(load, "GET /api/members", session.key)[0] == 410


def test_nobody_speaks_without_a_key_or_by_anothers_name(load: Load, session: Session) -> None:
    assert say(load, None, "hello")[1]["code"] == "key_missing"
    forged = f"{session.key.partition('.')[0]}.bo"
    status, refusal = say(load, forged, "hello")
    assert (status, refusal["code"]) == (410, "not_a_member")
    connection = Session.of("general", session.key).connection_id
    assert say(load, f"{connection}.ada", "hello")[0] == 401


def test_where_the_store_fails_the_sender_is_told_to_try_again(
    load: Load, session: Session, store: Store, gateway: Gateway
) -> None:
    store.faults["PutItem"].append("InternalServerError")
    status, refusal = say(load, session.key, '{"content": "hello", "id": "x"}')
    assert (status, refusal["code"], refusal.get("id")) == (503, "unavailable", "x")
    assert gateway.posts == []
