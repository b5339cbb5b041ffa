import pytest
from chat import clock, places
from chat.admissions import Admissions
from chat.identity import Identity

from tests.functions.conftest import MEMBERSHIPS, Load, Logged, Store
from tests.functions.stand_ins import NOW, Context, websocket_event

ADA = Identity("گفت‌وگو", "a/b")


def test_connecting_looks_who_was_put_out_and_writes_the_membership(load: Load, store: Store) -> None:
    event = websocket_event("CONNECT", "A=", who=ADA, connected_at=NOW - 7)
    assert load("connect").handler(event, Context()) == {"statusCode": 200}
    assert store.calls == ["GetItem", "PutItem"]
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


def test_who_was_put_out_is_refused_with_403(load: Load, store: Store, logged: Logged) -> None:
    Admissions.from_environment().put_out(ADA, until=clock.now() + 60_000)
    event = websocket_event("CONNECT", "A=", who=ADA)
    assert load("connect").handler(event, Context()) == {"statusCode": 403}
    assert store.members() == []
    [line] = logged()
    assert (line["level"], line["code"], line["connection_id"]) == ("INFO", "put_out", "A=")


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        ("parley, parley.ticket.x.y.z", {"Sec-WebSocket-Protocol": "parley"}),
        ("other", None),
        (None, None),
    ],
)
def test_our_subprotocol_is_taken_up(
    load: Load, store: Store, offers: str | None, answer: dict[str, str] | None
) -> None:
    event = websocket_event("CONNECT", "A=", who=ADA)
    if offers:
        event["headers"] = {"Sec-WebSocket-Protocol": offers}
    assert load("connect").handler(event, Context()).get("headers") == answer


def test_beyond_the_limit_the_handshake_is_refused_with_429(
    load: Load, store: Store, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTIONS_PER_CLIENT", "1")
    for connection_id, status in [("A=", 200), ("B=", 429)]:
        event = websocket_event("CONNECT", connection_id, who=ADA)
        assert load("connect").handler(event, Context()) == {"statusCode": status}
    assert store.members() == ["A="]
    [line] = logged()
    assert (line["level"], line["code"], line["connection_id"]) == ("INFO", "client_connections", "B=")
