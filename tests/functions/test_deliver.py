from chat.identity import Identity
from chat.memberships import Memberships
from chat.places import WHOLE
from chat.slices import Slice

from tests.functions.conftest import MEMBERSHIPS, Load, Store
from tests.functions.stand_ins import NOW, Context, Gateway, queue_record


def test_slices_are_delivered_and_what_is_none_is_reported(
    load: Load, store: Store, gateway: Gateway
) -> None:
    Memberships(store.client, table=MEMBERSHIPS).enter(Identity("general", "ada"), "A=", joined_at=NOW)
    body = Slice("1", "general", WHOLE, (b'{"n":1}',)).encode()
    event = {"Records": [queue_record("a", "?", sent_at=NOW), queue_record("b", body, sent_at=NOW)]}
    assert load("deliver").handler(event, Context()) == {"batchItemFailures": [{"itemIdentifier": "a"}]}
    assert gateway.events("A=") == [{"n": 1}]
