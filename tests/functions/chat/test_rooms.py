import pytest
from chat import events
from chat.identity import Identity
from chat.memberships import Member, Memberships
from chat.rooms import Rooms

from tests.functions.conftest import MEMBERSHIPS, Logged, Store, Time
from tests.functions.stand_ins import GONE, NOW, Answer, Gateway

ADA = Identity("general", "ada")
OLD = NOW - 60_000
PONG = events.pong(1, at=NOW)
PRESENCE = events.present(["ada"], at=NOW)


def forever() -> float:
    return float("inf")


@pytest.fixture
def members(memberships: Memberships, store: Store) -> list[Member]:
    for id in ("A=", "B=", "C="):
        memberships.enter(ADA, id, joined_at=OLD)
    store.calls.clear()
    return memberships.roll("general").members


def test_everyone_is_told_everything_in_order(
    rooms: Rooms, members: list[Member], gateway: Gateway, store: Store
) -> None:
    store.calls.clear()
    rooms.tell("general", members, PONG, PRESENCE, time_left=forever)
    for id in ("A=", "B=", "C="):
        assert gateway.events(id) == [PONG, PRESENCE]
    assert store.calls == []


def test_the_gone_are_evicted_and_the_others_told(
    rooms: Rooms, members: list[Member], gateway: Gateway, store: Store
) -> None:
    gateway.answers["B="].append(GONE)
    rooms.tell("general", members, PONG, time_left=forever)
    assert gateway.events("A=") == gateway.events("C=") == [PONG]
    assert store.members() == ["A=", "C="]


def test_a_newcomer_that_is_not_open_yet_is_told_and_not_evicted(
    rooms: Rooms, memberships: Memberships, gateway: Gateway, store: Store, time: Time
) -> None:
    memberships.enter(ADA, "N=", joined_at=NOW - 100)
    gateway.answers["N="] += [GONE, GONE]
    rooms.tell("general", memberships.roll("general").members, PONG, time_left=forever)
    assert gateway.events("N=") == [PONG] * 3
    assert time.slept == [0.05, 0.1]
    assert len(store.items(MEMBERSHIPS)) == 1


def test_a_connection_that_cannot_be_reached_is_logged_and_kept(
    rooms: Rooms,
    members: list[Member],
    gateway: Gateway,
    store: Store,
    logged: Logged,
) -> None:
    gateway.answers["B="].append(Answer(403, "ForbiddenException"))
    rooms.tell("general", members, PONG, time_left=forever)
    assert gateway.events("C=") == [PONG]
    assert len(store.items(MEMBERSHIPS)) == 3
    [line] = logged()
    assert (line["level"], line["delivered"], line["failed"]) == ("WARNING", 2, {"B=": "ForbiddenException"})


def test_whoever_asks_who_is_there_ends_the_leases_that_ran_out(
    rooms: Rooms, members: list[Member], store: Store, time: Time
) -> None:
    time.now_ms += 7_500_000
    rooms.memberships.touch("general", "B=")
    assert [member.connection_id for member in rooms.roll("general").members] == ["B="]
    assert store.members() == ["B="]


def test_where_eviction_fails_all_have_been_told(
    rooms: Rooms, members: list[Member], gateway: Gateway, store: Store
) -> None:
    gateway.answers["A="].append(GONE)
    gateway.answers["B="].append(GONE)
    store.faults["BatchWriteItem"].append("InternalServerError")
    rooms.tell("general", members, PONG, time_left=forever)
    assert gateway.events("C=") == [PONG]
    assert len(store.items(MEMBERSHIPS)) == 3
