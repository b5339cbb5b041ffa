import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from chat import events
from chat.conversation import Conversation
from chat.errors import TEXTS, Code
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import Member
from chat.rooms import Rooms

from tests.functions.conftest import Store, Time
from tests.functions.stand_ins import NOW, Gateway

ADA = Identity("general", "ada")
BO = Identity("general", "bo")
SENDER = Member("A=", NOW - 60_000)
AT = "2025-06-15T15:06:40.000Z"


@pytest.fixture
def conversation(rooms: Rooms, log: RoomLog, time: Time, store: Store) -> Conversation:
    """Ada is in the room with two tabs, and Bo with one."""
    for who, id in ((ADA, "A="), (ADA, "B="), (BO, "C=")):
        rooms.memberships.enter(who, id, joined_at=NOW - 60_000)
    store.calls.clear()
    return Conversation(rooms, log, now=time.now)


def hear(conversation: Conversation, frame: object, *, sender: Member = SENDER) -> None:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    conversation.hear(text, ADA, sender, time_left=lambda: 25.0)


def error(code: Code, **more: Any) -> events.Event:
    return {"type": "error", "code": code.value, "content": TEXTS[code], "timestamp": AT, **more}


def test_a_message_reaches_everyone_in_four_calls(
    conversation: Conversation, store: Store, gateway: Gateway
) -> None:
    hear(conversation, {"content": "hi", "id": "x"})
    message = events.message(room_id="general", client_id="ada", content="hi", timestamp=AT, seq=1, id="x")
    for id in ("A=", "B=", "C="):
        assert gateway.events(id) == [message]
    assert store.calls == ["UpdateItem", "UpdateItem", "PutItem", "Query"]


def test_plain_text_is_a_message(conversation: Conversation, gateway: Gateway) -> None:
    hear(conversation, "[1,2]")
    assert gateway.events("C=")[0]["content"] == "[1,2]"
    assert "id" not in gateway.events("C=")[0]


def test_a_blank_message_costs_nothing(conversation: Conversation, store: Store, gateway: Gateway) -> None:
    hear(conversation, {"content": " "})
    assert store.calls == []
    assert gateway.posts == []


def test_nobody_can_speak_as_someone_else(conversation: Conversation, gateway: Gateway) -> None:
    hear(conversation, {"content": "hi", "client_id": "bo", "room_id": "other", "seq": 9})
    [message] = gateway.events("C=")
    assert (message["client_id"], message["room_id"], message["seq"]) == ("ada", "general", 1)


def test_a_ping_is_answered_to_its_sender(conversation: Conversation, store: Store, gateway: Gateway) -> None:
    hear(conversation, "hi")
    gateway.reset()
    store.calls.clear()
    hear(conversation, {"action": "ping"})
    assert gateway.posts == [("A=", events.encode(events.pong(1, at=NOW)))]
    assert store.calls == ["UpdateItem", "GetItem"]


def test_a_sync_is_answered_with_a_page(conversation: Conversation, store: Store, gateway: Gateway) -> None:
    hear(conversation, "one")
    hear(conversation, "two")
    messages = gateway.events("A=")
    gateway.reset()
    store.calls.clear()
    hear(conversation, {"action": "sync", "after": 1})
    assert store.calls == ["UpdateItem", "GetItem", "Query"]
    hear(conversation, {"action": "sync"})
    assert gateway.events("A=") == [
        events.page(messages[1:], last_seq=2, more=False, at=NOW),
        events.page(messages, last_seq=2, more=False, at=NOW),
    ]
    assert {id for id, _ in gateway.posts} == {"A="}


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ({"content": None, "id": "x"}, error(Code.CONTENT_INVALID, id="x")),
        ({"action": "fly"}, error(Code.ACTION_UNKNOWN)),
        ({"action": "sync", "after": -1}, error(Code.SYNC_INVALID)),
        ("x" * 4001, error(Code.CONTENT_TOO_LONG)),
        (" " * 40_000, error(Code.FRAME_TOO_LARGE)),
    ],
)
def test_a_refusal_is_told_to_the_sender(
    conversation: Conversation, store: Store, gateway: Gateway, frame: object, refusal: events.Event
) -> None:
    hear(conversation, frame)
    assert gateway.posts == [("A=", events.encode(refusal))]
    assert store.calls == []


def test_who_is_not_a_member_is_told_so_and_says_nothing(
    conversation: Conversation, gateway: Gateway, store: Store
) -> None:
    hear(conversation, {"content": "hi", "id": "x"}, sender=Member("Z=", NOW))
    assert gateway.posts == [("Z=", events.encode(error(Code.NOT_A_MEMBER, id="x")))]
    assert store.calls == ["UpdateItem"]


@pytest.mark.parametrize(
    "faults",
    [
        {"UpdateItem": ["InternalServerError"]},
        {"UpdateItem": [None, "ProvisionedThroughputExceededException"]},
        {"PutItem": [ReadTimeoutError(endpoint_url="http://127.0.0.1")]},
    ],
)
def test_a_message_that_could_not_be_stored_is_told_to_nobody_but_its_sender(
    conversation: Conversation,
    gateway: Gateway,
    store: Store,
    faults: dict[str, list[str | Exception | None]],
) -> None:
    for call, list_of_faults in faults.items():
        store.faults[call] += list_of_faults
    hear(conversation, {"content": "hi", "id": "x"})
    assert gateway.posts == [("A=", events.encode(error(Code.UNAVAILABLE, id="x")))]
    hear(conversation, {"action": "sync"})
    assert gateway.events("A=")[1]["messages"] == []


def test_a_message_that_is_stored_is_acknowledged_even_if_the_room_cannot_be_read(
    conversation: Conversation, gateway: Gateway, store: Store
) -> None:
    store.faults["Query"].append("InternalServerError")
    hear(conversation, {"content": "hi", "id": "x"})
    assert [id for id, _ in gateway.posts] == ["A="]
    assert gateway.events("A=")[0]["type"] == "message"


def test_a_ping_that_cannot_be_answered_is_refused(
    conversation: Conversation, gateway: Gateway, store: Store
) -> None:
    store.faults["GetItem"].append("InternalServerError")
    hear(conversation, {"action": "ping", "id": "x"})
    assert gateway.events("A=") == [error(Code.UNAVAILABLE)]
