import pytest
from chat import places
from chat.identity import Identity

from tests.functions.conftest import MEMBERSHIPS, Load, Logged, Store
from tests.functions.stand_ins import NOW, Context, websocket_event

ADA = Identity("گفت‌وگو", "a/b")


def test_connecting_writes_the_membership_in_one_call(load: Load, store: Store) -> None:
    event = websocket_event("CONNECT", "A=", who=ADA, connected_at=NOW - 7)
    assert load("connect").handler(event, Context()) == {"statusCode": 200}
    assert store.calls == ["PutItem"]
    [item] = store.items(MEMBERSHIPS)
    assert item["room_id"] == {"S": ADA.room_id}
    assert item["client_id"] == {"S": "a/b"}
    assert item["place"] == {"S": places.of("A=")}
    assert item["joined_at"] == {"N": str(NOW - 7)}


def test_where_the_store_fails_the_handshake_is_refused_with_503(
    load: Load, store: Store, logged: Logged
) -> None:
    store.faults["PutItem"].append("InternalServerError")
    event = websocket_event("CONNECT", "A=", who=ADA)
    assert load("connect").handler(event, Context()) == {"statusCode": 503}
    [line] = logged()
    assert line["level"] == "ERROR"
    assert (line["connection_id"], line["room"]) == ("A=", ADA.room_id)
    assert "InternalServerError" in line["exception"]


def test_without_an_authorizer_nobody_gets_in(load: Load, store: Store) -> None:
    with pytest.raises(KeyError):
        load("connect").handler(websocket_event("CONNECT", "A="), Context())
    assert store.calls == []


@pytest.mark.parametrize(
    ("query", "batches"),
    [({"frames": "batch"}, True), ({"frames": "one"}, False), ({"room_id": "x"}, False), (None, False)],
)
def test_a_client_asks_for_several_events_in_a_frame(
    load: Load, store: Store, query: dict[str, str] | None, batches: bool
) -> None:
    event = websocket_event("CONNECT", "A=", who=ADA) | {"queryStringParameters": query}
    assert load("connect").handler(event, Context()) == {"statusCode": 200}
    [item] = store.items(MEMBERSHIPS)
    assert ("batches" in item) is batches
