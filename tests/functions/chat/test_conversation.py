import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from chat import events, places
from chat.bucket import Bucket
from chat.conversation import Conversation
from chat.errors import TEXTS, Code
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import Member, Memberships
from chat.rooms import Rooms
from chat.slices import Slice

from tests.functions.conftest import MEMBERSHIPS, Logged, Store, Time
from tests.functions.stand_ins import GONE, NOW, Answer, Gateway

ADA = Identity("general", "ada")
BO = Identity("general", "bo")
SENDER = Member("A=", NOW - 60_000)
Queued = Callable[[], list[Slice]]
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


@pytest.mark.parametrize(("id", "calls"), [(None, 4), ("x", 5)])
def test_a_message_reaches_everyone_in_four_calls_and_one_for_its_id(
    conversation: Conversation, store: Store, gateway: Gateway, id: str | None, calls: int
) -> None:
    hear(conversation, {"content": "hi"} | ({"id": id} if id else {}))
    message = events.message(room_id="general", client_id="ada", content="hi", timestamp=AT, seq=1, id=id)
    for connection in ("A=", "B=", "C="):
        assert gateway.events(connection) == [message]
    assert store.calls == ["UpdateItem"] * (calls - 2) + ["PutItem", "Query"]


def test_the_same_id_again_is_told_to_its_sender_and_to_those_who_know_messages_by_their_seq(
    conversation: Conversation, gateway: Gateway
) -> None:
    hear(conversation, {"action": "sync"}, sender=Member("B=", NOW))
    hear(conversation, {"content": "hi", "id": "x"})
    [message] = gateway.events("C=")
    gateway.reset()
    hear(conversation, {"content": "hi", "id": "x"})
    assert gateway.events("A=") == gateway.events("B=") == [message]
    assert gateway.events("C=") == []


def test_a_sender_whose_membership_just_ends_hears_that_its_message_is_stored(
    conversation: Conversation, gateway: Gateway, store: Store
) -> None:
    def leave(model: Any, **_: object) -> None:
        if model.name == "PutItem":
            conversation.rooms.memberships.leave("general", "A=")

    events_of = store.client.meta.events
    events_of.register("before-call.dynamodb", leave)
    try:
        hear(conversation, {"content": "hi", "id": "x"})
    finally:
        events_of.unregister("before-call.dynamodb", leave)
    assert [event["type"] for event in gateway.events("A=")] == ["message"]


def test_who_says_too_much_is_told_when_to_go_on(
    conversation: Conversation, gateway: Gateway, time: Time, store: Store
) -> None:
    memberships = Memberships(store.client, table=MEMBERSHIPS, bucket=Bucket(2, 200), now=time.now)
    limited = replace(conversation, rooms=replace(conversation.rooms, memberships=memberships))
    hear(limited, {"content": "1", "id": "1"})
    hear(limited, {"action": "sync", "id": "2"})
    for frame in ({"content": "3", "id": "3"}, {"action": "sync", "id": "3"}):
        gateway.reset()
        hear(limited, frame)
        refusal = error(Code.RATE_LIMITED, id="3", retry_after_ms=200)
        assert gateway.events("A=") == [refusal]
    gateway.reset()
    hear(limited, {"action": "ping"})
    assert [event["type"] for event in gateway.events("A=")] == ["pong"]
    time.now_ms += 200
    hear(limited, {"content": "3", "id": "3"})
    assert gateway.events("C=")[-1]["content"] == "3"


def test_presence_is_told_to_who_asks_for_it(
    conversation: Conversation, gateway: Gateway, store: Store
) -> None:
    hear(conversation, {"action": "presence", "id": "x"})
    assert gateway.posts == [("A=", events.encode(events.present(["ada", "bo"], at=NOW, id="x")))]
    assert store.calls == ["UpdateItem", "Query"]


def test_who_asks_who_is_there_ends_the_leases_that_ran_out(
    conversation: Conversation, gateway: Gateway, time: Time, store: Store
) -> None:
    time.now_ms += 7_500_000
    hear(conversation, {"action": "presence"})
    assert gateway.events("A=")[0]["users"] == ["ada"]
    assert store.members() == ["A="]


def test_one_that_timed_out_rests_until_it_speaks(
    conversation: Conversation, gateway: Gateway, time: Time
) -> None:
    gateway.answers["C="].append(Answer(0))
    hear(conversation, "1")
    gateway.reset()
    hear(conversation, "2")
    assert gateway.events("C=") == []
    assert len(gateway.events("A=")) == 1
    conversation.hear("3", BO, Member("C=", NOW), time_left=lambda: 25.0)
    hear(conversation, "4")
    assert [event["content"] for event in gateway.events("C=")] == ["3", "4"]


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
    hear(conversation, {"action": "sync", "after": 1, "id": "x"})
    assert store.calls == ["UpdateItem", "GetItem", "Query"]
    hear(conversation, {"action": "sync"})
    hear(conversation, {"action": "sync", "before": 2})
    ends: Any = {"through": 2, "last_seq": 2, "more": False, "at": NOW}
    assert gateway.events("A=") == [
        events.page(messages[1:], first=2, id="x", **ends),
        events.page(messages, first=1, **ends),
        events.page(messages[:1], first=1, **(ends | {"through": 1})),
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
    assert gateway.events("A=") == [error(Code.UNAVAILABLE, id="x")]


def test_one_that_is_gone_does_not_fail_the_sender(
    conversation: Conversation, gateway: Gateway, store: Store
) -> None:
    gateway.answers["C="].append(GONE)
    hear(conversation, {"content": "hi", "id": "x"})
    assert [event["id"] for event in gateway.events("A=")] == ["x"]
    assert store.members() == ["A=", "B="]


@pytest.fixture
def large(conversation: Conversation, store: Store) -> Conversation:
    """A room counts as large from 4 members on, and has 20."""
    for number in range(17):
        conversation.rooms.memberships.enter(BO, f"{number}=", joined_at=NOW - 60_000)
    store.calls.clear()
    return replace(conversation, rooms=replace(conversation.rooms, large=4))


def test_in_a_large_room_some_are_told_at_once_and_the_rest_through_the_queue(
    large: Conversation, gateway: Gateway, store: Store, queued: Queued
) -> None:
    hear(large, {"content": "hi", "id": "x"})
    assert store.calls == ["UpdateItem"] * 3 + ["PutItem", "Query"]
    directly = {id for id, _ in gateway.posts}
    assert 4 <= len(directly) <= 5
    assert "A=" in directly, "its sender has its copy without waiting for a queue"
    [message] = gateway.events("A=")
    slices = queued()
    assert len({each.id for each in slices}) == len(slices) > 1
    for each in slices:
        assert (each.room_id, each.frames, each.syncing) == ("general", (events.encode(message),), False)
    for member in store.members():
        holding = [each for each in slices if places.of(member) in each.span]
        waiting = [each for each in holding if each.is_for(Member(member, NOW))]
        assert len(waiting) == (member not in directly), member


def test_a_repeated_message_goes_to_those_of_a_large_room_who_know_it_again(
    large: Conversation, gateway: Gateway, queued: Queued
) -> None:
    hear(large, {"content": "hi", "id": "x"})
    queued()
    gateway.reset()
    hear(large, {"content": "hi", "id": "x"})
    assert [id for id, _ in gateway.posts] == ["A="]
    assert {each.syncing for each in queued()} == {True}


def test_without_the_queue_a_message_to_a_large_room_is_stored_and_its_sender_told(
    large: Conversation, gateway: Gateway, logged: Logged
) -> None:
    hear(large, {"content": "hi", "id": "x"})
    assert [event["type"] for event in gateway.events("A=")] == ["message"]
    assert [line["message"] for line in logged()] == ["not handed over"]
