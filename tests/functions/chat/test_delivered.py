import pytest
from chat.delivered import Delivered
from chat.errors import Unavailable
from chat.memberships import Memberships, Roll
from chat.places import WHOLE
from chat.slices import Slice

from tests.functions.conftest import MEMBERSHIPS, Store, Time
from tests.functions.stand_ins import NOW

ONE = Slice("1", "general", WHOLE, (b"{}",))


@pytest.fixture
def delivered(store: Store, time: Time) -> Delivered:
    return Delivered(store.client, table=MEMBERSHIPS, now=time.now)


def test_what_is_noted_is_known_and_expires(delivered: Delivered, store: Store) -> None:
    assert not delivered.has(ONE)
    delivered.note(ONE)
    assert delivered.has(ONE)
    assert not delivered.has(Slice("1", "other", WHOLE, (b"{}",)))
    assert store.calls == ["GetItem", "PutItem", "GetItem", "GetItem"]
    [item] = store.items(MEMBERSHIPS)
    assert item["expires_at"] == {"N": str(NOW // 1000 + 3600)}


def test_it_is_no_member(delivered: Delivered, memberships: Memberships) -> None:
    delivered.note(ONE)
    assert memberships.roll("general", names=True) == Roll()


def test_a_fault_of_the_table_is_unavailable(delivered: Delivered, store: Store) -> None:
    store.faults["GetItem"].append("InternalServerError")
    store.faults["PutItem"].append("InternalServerError")
    for call in (delivered.has, delivered.note):
        with pytest.raises(Unavailable):
            call(ONE)
