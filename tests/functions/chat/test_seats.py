import pytest
from chat.errors import Unavailable
from chat.identity import Identity
from chat.memberships import POLL_LEASE_SECONDS, Memberships
from chat.people import People
from chat.refusals import Reason, Refused
from chat.seats import SETTLED_SECONDS, Limits, Seats

from tests.functions.conftest import MEMBERSHIPS, Store, Time

ADA = Identity("general", "ada")


class Door:
    """Connections that come in as $connect lets them."""

    def __init__(self, store: Store, memberships: Memberships, time: Time, limits: Limits) -> None:
        self.seats = Seats(store.client, memberships, table=MEMBERSHIPS, limits=limits, now=time.now)
        self._memberships, self._time = memberships, time

    def enter(self, who: Identity, connection_id: str) -> Reason | None:
        try:
            self.seats.take(who, connection_id)
        except Refused as refusal:
            return refusal.reason
        self._memberships.enter(who, connection_id, joined_at=self._time.now_ms)
        return None


def door(store: Store, memberships: Memberships, time: Time, **limits: int) -> Door:
    return Door(store, memberships, time, Limits(**limits))


def test_without_limits_nothing_is_asked(store: Store, memberships: Memberships, time: Time) -> None:
    door(store, memberships, time).seats.take(ADA, "A=")
    assert store.calls == []


def test_a_client_has_so_many_connections_in_a_room(
    store: Store, memberships: Memberships, people: People, time: Time
) -> None:
    limited = door(store, memberships, time, per_client=2)
    assert [limited.enter(ADA, each) for each in ("A=", "B=", "C=")] == [
        None,
        None,
        Reason.CLIENT_CONNECTIONS,
    ]
    assert limited.enter(Identity("general", "bea"), "D=") is None
    assert limited.enter(Identity("other", "ada"), "E=") is None
    people.depart(ADA, "A=")  # as `announce` does when a membership has ended
    assert limited.enter(ADA, "C=") is None


def test_a_seat_costs_one_call(store: Store, memberships: Memberships, time: Time) -> None:
    door(store, memberships, time, per_client=2).seats.take(ADA, "A=")
    assert store.calls == ["UpdateItem"]


def test_a_client_without_a_seat_costs_no_more_than_a_look(
    store: Store, memberships: Memberships, time: Time
) -> None:
    limited = door(store, memberships, time, per_client=1)
    assert limited.enter(ADA, "A=") is None
    time.now_ms += SETTLED_SECONDS * 1000
    store.calls.clear()
    assert limited.enter(ADA, "B=") is Reason.CLIENT_CONNECTIONS
    assert store.calls == ["UpdateItem", "BatchGetItem"]


def test_no_more_of_a_room_is_read_than_may_be_in_it(
    store: Store, memberships: Memberships, time: Time
) -> None:
    asked: list[dict[str, object]] = []

    def note(params: dict[str, object], **_: object) -> None:
        asked.append(params)

    store.client.meta.events.register("before-parameter-build.dynamodb.Query", note)
    door(store, memberships, time, per_room=7).seats.take(ADA, "A=")
    store.client.meta.events.unregister("before-parameter-build.dynamodb.Query", note)
    assert [params["Limit"] for params in asked] == [7]


def test_seats_that_nobody_sits_on_are_given_up_once_they_are_old(
    store: Store, memberships: Memberships, time: Time
) -> None:
    limited = door(store, memberships, time, per_client=2)
    limited.seats.take(ADA, "A=")  # and the handshake fails
    assert limited.enter(ADA, "B=") is None
    assert limited.enter(ADA, "C=") is Reason.CLIENT_CONNECTIONS  # the first may still be on its way
    time.now_ms += SETTLED_SECONDS * 1000
    assert limited.enter(ADA, "C=") is None
    time.now_ms += SETTLED_SECONDS * 1000
    assert limited.enter(ADA, "D=") is Reason.CLIENT_CONNECTIONS


def test_a_membership_that_ran_out_has_no_seat(store: Store, memberships: Memberships, time: Time) -> None:
    limited = door(store, memberships, time, per_client=1)
    assert limited.enter(ADA, "A=") is None
    time.now_ms += 7_500_000
    assert limited.enter(ADA, "B=") is None


def test_being_counted_as_a_person_takes_no_seat(
    store: Store, memberships: Memberships, people: People, time: Time
) -> None:
    people.arrive(ADA, "A=")
    assert door(store, memberships, time, per_client=1).enter(ADA, "B=") is None
    assert people.depart(ADA, "A=") == frozenset()


def test_a_room_has_so_many_connections(store: Store, memberships: Memberships, time: Time) -> None:
    limited = door(store, memberships, time, per_room=2)
    names = ["ada", "bea", "cem"]
    found = [limited.enter(Identity("general", name), f"{name}=") for name in names]
    assert found == [None, None, Reason.ROOM_FULL]
    assert limited.enter(Identity("other", "cem"), "cem=") is None
    memberships.leave("general", "ada=")
    assert limited.enter(Identity("general", "cem"), "cem=") is None


@pytest.mark.parametrize("number", range(8))
def test_in_a_small_room_nobody_has_a_place_whose_lease_has_run_out(
    store: Store, memberships: Memberships, time: Time, number: int
) -> None:
    """Wherever among the members they stand, which the ids decide."""
    limited = door(store, memberships, time, per_room=3)
    for name in ("x", "y", "z"):
        memberships.enter(Identity("general", name), f"{name}{number}=", joined_at=1, polls=True)
    time.now_ms += POLL_LEASE_SECONDS * 1000
    store.calls.clear()
    newcomers = [Identity("general", name) for name in ("ada", "bea", "cem", "dan")]
    found = [limited.enter(who, f"{who.client_id}{number}=") for who in newcomers]
    assert found == [None, None, None, Reason.ROOM_FULL]
    assert store.calls.count("Query") <= 2 * len(found)


def test_a_large_room_goes_by_a_sample(store: Store, memberships: Memberships, time: Time) -> None:
    for number in range(1300):
        memberships.enter(Identity("general", "x"), f"{number:011}=", joined_at=1)
    store.calls.clear()
    assert door(store, memberships, time, per_room=1600).enter(ADA, "A=") is None
    assert store.calls == ["Query", "PutItem"]
    assert door(store, memberships, time, per_room=1100).enter(ADA, "B=") is Reason.ROOM_FULL


@pytest.mark.parametrize("call", ["UpdateItem", "Query"])
def test_faults_of_the_table_are_unavailable(
    call: str, store: Store, memberships: Memberships, time: Time
) -> None:
    store.faults[call].append("InternalServerError")
    with pytest.raises(Unavailable):
        door(store, memberships, time, per_client=1, per_room=1).seats.take(ADA, "A=")


@pytest.mark.parametrize(("call", "before"), [("BatchGetItem", 0), ("UpdateItem", 1)])
def test_faults_while_seats_are_cleared_are_unavailable(
    call: str, before: int, store: Store, memberships: Memberships, time: Time
) -> None:
    limited = door(store, memberships, time, per_client=1)
    limited.seats.take(ADA, "A=")
    time.now_ms += SETTLED_SECONDS * 1000
    store.faults[call] += [*[None] * before, "InternalServerError"]
    with pytest.raises(Unavailable):
        limited.seats.take(ADA, "B=")


def test_the_limits_come_from_the_environment(
    store: Store, memberships: Memberships, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Limits.from_environment() == Limits(0, 0)
    monkeypatch.setenv("CONNECTIONS_PER_CLIENT", "1")
    monkeypatch.setenv("CONNECTIONS_PER_ROOM", "9")
    seats = Seats.from_environment(memberships)
    seats.take(ADA, "A=")
    with pytest.raises(Refused):
        seats.take(ADA, "B=")


def test_what_was_not_read_counts_as_a_membership(
    store: Store, memberships: Memberships, monkeypatch: pytest.MonkeyPatch
) -> None:
    memberships.enter(ADA, "A=", joined_at=1)
    assert memberships.holds("general", ["A=", "B="]) == {"A="}

    def unread(**request: object) -> dict[str, object]:
        return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}

    monkeypatch.setattr(store.client, "batch_get_item", unread)
    assert memberships.holds("general", ["A=", "B="]) == {"A=", "B="}
