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


def test_a_fault_of_the_table_is_unavailable(store: Store, people: People) -> None:
    store.faults["UpdateItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        people.arrive(ADA, "A=")


def test_the_table_comes_from_the_environment(store: Store) -> None:
    People.from_environment().arrive(ADA, "A=")
    [person] = store.items(MEMBERSHIPS)
    assert person["connections"] == {"SS": ["A="]}
