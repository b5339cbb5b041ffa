import pytest
from chat.identity import Identity
from chat.memberships import Memberships

from tests.functions.conftest import MEMBERSHIPS, Load, Store
from tests.functions.stand_ins import NOW, Context, Gateway, stream_record

ADA = Identity("general", "ada")


@pytest.fixture(autouse=True)
def room(store: Store) -> None:
    Memberships(store.client, table=MEMBERSHIPS).enter(ADA, "A=", joined_at=NOW - 60_000)


def test_a_batch_is_announced(load: Load, gateway: Gateway) -> None:
    event = {"Records": [stream_record(1, "INSERT", "A=", ADA)]}
    assert load("announce").handler(event, Context()) == {"batchItemFailures": []}
    system, presence = gateway.events("A=")
    assert system["content"] == "ada joined general."
    assert presence["users"] == ["ada"]


def test_a_failure_is_reported_by_its_sequence_number(load: Load, gateway: Gateway, store: Store) -> None:
    store.faults["UpdateItem"] += [None, "InternalServerError"]
    records = [stream_record(n, "INSERT", "A=", ADA) for n in (7, 8, 9)]
    answer = load("announce").handler({"Records": records}, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "8"}]}
