import pytest
from chat.errors import Unavailable
from chat.identity import Identity
from chat.people import People

from tests.functions.conftest import MEMBERSHIPS, Store
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")


def test_a_persons_connections_are_counted_once_each(store: Store, people: People) -> None:
    assert people.arrive(ADA, "A=") == {"A="}
    assert people.arrive(ADA, "B=") == {"A=", "B="}
    assert people.arrive(ADA, "B=") == {"A=", "B="}
    assert people.depart(ADA, "A=") == {"B="}
    assert people.depart(ADA, "A=") == {"B="}
    assert people.depart(ADA, "B=") == set()
    assert people.depart(ADA, "B=") == set()
    assert people.arrive(ADA, "C=") == {"C="}
    assert store.calls == ["UpdateItem"] * 8
    [person] = store.items(MEMBERSHIPS)
    assert person["place"] == {"S": "~ada"}
    assert person["expires_at"] == {"N": str(NOW // 1000 + 86_400)}
    assert "client_id" not in person


def test_one_who_was_never_counted_may_depart(people: People) -> None:
    assert people.depart(ADA, "A=") == set()


def test_a_crowd_under_one_name_does_not_make_the_item_grow(
    store: Store, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.people.MOST_COUNTED", 3)
    for connection_id in ("A=", "B=", "C="):
        people.arrive(ADA, connection_id)
    full = store.items(MEMBERSHIPS)
    store.calls.clear()
    assert people.arrive(ADA, "D=") == {"A=", "B=", "C="}
    for connection_id in ("A=", "B=", "C=", "D="):
        assert people.depart(ADA, connection_id) == {"A=", "B=", "C="}, "who else is there is not known"
    assert store.calls == ["UpdateItem"] * 5
    assert store.items(MEMBERSHIPS) == full
    assert people.arrive(Identity("general", "bo"), "E=") == {"E="}


def test_a_fault_of_the_table_is_unavailable(store: Store, people: People) -> None:
    store.faults["UpdateItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        people.arrive(ADA, "A=")


def test_the_table_comes_from_the_environment(store: Store) -> None:
    People.from_environment().arrive(ADA, "A=")
    [person] = store.items(MEMBERSHIPS)
    assert person["connections"] == {"SS": ["A="]}
