import pytest
from chat.errors import Unavailable
from chat.identity import Identity
from chat.memberships import Memberships

from tests.functions.conftest import Load, Logged, Store
from tests.functions.stand_ins import NOW, Context, websocket_event

ADA = Identity("general", "ada")
EVENT = websocket_event("DISCONNECT", "A=", who=ADA)


def test_disconnecting_deletes_the_membership_in_one_call(
    load: Load, store: Store, memberships: Memberships
) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    memberships.enter(ADA, "B=", joined_at=NOW)
    store.calls.clear()
    assert load("disconnect").handler(EVENT, Context()) == {"statusCode": 200}
    assert store.calls == ["DeleteItem"]
    assert store.members() == ["B="]


def test_who_was_evicted_may_still_disconnect(load: Load, store: Store) -> None:
    assert load("disconnect").handler(EVENT, Context()) == {"statusCode": 200}


def test_where_the_store_fails_it_is_logged_and_counted_as_an_error(
    load: Load, store: Store, logged: Logged
) -> None:
    store.faults["DeleteItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        load("disconnect").handler(EVENT, Context())
    [line] = logged()
    assert (line["level"], line["connection_id"], line["room"]) == ("ERROR", "A=", "general")
