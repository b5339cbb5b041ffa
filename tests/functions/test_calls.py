"""How many calls of DynamoDB each event makes, counted by a hook on the client. They are most of what can be saved."""

import json
from collections.abc import Iterator

import pytest
from chat.identity import Identity
from chat.memberships import Memberships

from tests.functions.conftest import MEMBERSHIPS, Load, Store
from tests.functions.stand_ins import NOW, Context, Gateway, authorizer_event, websocket_event

ADA = Identity("general", "ada")
TOUCH = NUMBER = CLAIM = "UpdateItem"
STORE = "PutItem"


@pytest.fixture
def asked(store: Store, load: Load, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, object]]]:
    """Ada is in the room; the parameters of each call from here on, as they are given to the client."""
    monkeypatch.setenv("MESSAGE_RATE", "1")
    found: list[dict[str, object]] = []
    Memberships(store.client, table=MEMBERSHIPS).enter(ADA, "A=", joined_at=NOW - 60_000)
    store.calls.clear()

    def note(params: dict[str, object], **_: object) -> None:
        found.append(params)

    store.client.meta.events.register("before-parameter-build.dynamodb", note)
    yield found
    store.client.meta.events.unregister("before-parameter-build.dynamodb", note)


def say(load: Load, **frame: object) -> None:
    event = websocket_event("MESSAGE", "A=", who=ADA, body=json.dumps(frame))
    assert load("default").handler(event, Context()) == {"statusCode": 200}


@pytest.mark.parametrize(
    ("frame", "calls"),
    [
        ({"content": "hello"}, [TOUCH, NUMBER, STORE, "Query"]),
        ({"content": "hello", "id": "x"}, [TOUCH, NUMBER, CLAIM, STORE, "Query"]),
        ({"action": "sync"}, [TOUCH, "GetItem", "Query"]),
        ({"action": "ping"}, [TOUCH, "GetItem"]),
        ({"action": "presence"}, [TOUCH, "Query"]),
    ],
)
def test_a_frame_makes_so_many_calls(
    load: Load, store: Store, asked: list[dict[str, object]], frame: dict[str, object], calls: list[str]
) -> None:
    if "action" in frame:
        say(load, content="so that there is something to sync")
    store.calls.clear()
    say(load, **frame)
    extra = int(frame.get("action") in ("sync", "presence"))  # its bucket is not full: it has just spoken
    assert store.calls[extra:] == calls


def test_a_message_in_a_burst_makes_one_call_more(
    load: Load, store: Store, asked: list[dict[str, object]]
) -> None:
    say(load, content="first")
    store.calls.clear()
    say(load, content="second")
    assert store.calls == [TOUCH, TOUCH, NUMBER, STORE, "Query"]


def test_who_is_told_is_read_without_names(load: Load, asked: list[dict[str, object]]) -> None:
    say(load, content="hello")
    [query] = [params for params in asked if "KeyConditionExpression" in params]
    assert query["ProjectionExpression"] == (
        "place, joined_at, expires_at, batches, syncs, time_outs, rests_until, polls"
    )


@pytest.mark.parametrize(
    ("kind", "calls"), [("CONNECT", ["GetItem", "PutItem"]), ("DISCONNECT", ["DeleteItem"])]
)
def test_coming_and_going_make_one_call(
    load: Load, store: Store, asked: list[dict[str, object]], kind: str, calls: list[str]
) -> None:
    load(kind.lower()).handler(websocket_event(kind, "B=", who=ADA), Context())
    assert store.calls == calls


def test_admitting_makes_none(
    load: Load, store: Store, asked: list[dict[str, object]], gateway: Gateway
) -> None:
    load("admit").handler(authorizer_event({"room_id": "general", "client_id": "ada"}), Context())
    assert (store.calls, gateway.posts) == ([], [])
