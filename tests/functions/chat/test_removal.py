import pytest
from botocore.exceptions import ConnectTimeoutError
from chat.admissions import Admissions
from chat.errors import NotAMember, Unavailable
from chat.identity import Identity
from chat.memberships import Memberships
from chat.removal import Closer, Removal

from tests.functions.conftest import Store, Time
from tests.functions.stand_ins import GONE, Answer, Gateway

EVE, ADA = Identity("general", "eve"), Identity("general", "ada")


@pytest.fixture
def removal(admissions: Admissions, memberships: Memberships, gateway: Gateway, time: Time) -> Removal:
    return Removal(admissions, memberships, Closer(), now=time.now, sleep=time.sleep)


def test_a_clients_connections_in_that_room_are_closed(
    removal: Removal,
    memberships: Memberships,
    gateway: Gateway,
    time: Time,
    store: Store,
) -> None:
    for who, connection_id in [(EVE, "E1="), (EVE, "E2="), (ADA, "A="), (Identity("other", "eve"), "E3=")]:
        memberships.enter(who, connection_id, joined_at=1)
    until, closed = removal.put_out(EVE, minutes=10)
    assert (until, closed) == (time.now_ms - sum(map(round, time.slept)) * 1000 + 600_000, 2)
    assert sorted(gateway.closed) == ["E1=", "E2="]
    assert store.members() == ["A=", "E3="]
    assert removal.admissions.is_out(EVE)
    assert not removal.admissions.is_out(ADA)


def test_who_was_on_the_way_in_is_found_a_little_later(
    removal: Removal, memberships: Memberships, gateway: Gateway, time: Time
) -> None:
    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if len(time.slept) == 1:
            memberships.enter(EVE, "E1=", joined_at=1)

    late = Removal(removal.admissions, memberships, removal.closer, now=time.now, sleep=sleep)
    assert late.put_out(EVE, minutes=1)[1] == 1
    assert gateway.closed == ["E1="]


def test_a_connection_that_is_gone_already_is_no_member_any_more(
    removal: Removal, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    memberships.enter(EVE, "E1=", joined_at=1)
    gateway.answers["E1="].append(GONE)
    assert removal.put_out(EVE, minutes=1)[1] == 1
    assert store.members() == []


def test_where_the_gateway_cannot_the_operator_hears_of_it(
    removal: Removal, memberships: Memberships, gateway: Gateway, admissions: Admissions, store: Store
) -> None:
    memberships.enter(EVE, "E1=", joined_at=1)
    gateway.answers["E1="] += [Answer(403, "ForbiddenException")]
    with pytest.raises(Unavailable):
        removal.put_out(EVE, minutes=1)
    assert admissions.is_out(EVE)
    assert store.members() == ["E1="]


def test_a_time_out_is_the_gateways_fault(gateway: Gateway, environment: None) -> None:
    closer = Closer()

    def fail(**_: object) -> None:
        raise ConnectTimeoutError(endpoint_url=gateway.url)

    closer._client.meta.events.register("before-send", fail)
    with pytest.raises(Unavailable):
        closer.close("E1=")


def test_who_polls_has_no_connection_to_close(
    removal: Removal, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    memberships.enter(EVE, "poll-E", joined_at=1, polls=True)
    assert removal.put_out(EVE, minutes=10)[1] == 1
    assert gateway.closed == []
    assert store.members() == []


def test_who_had_only_been_silent_for_too_long_does_not_come_back(
    removal: Removal, memberships: Memberships, gateway: Gateway, time: Time, store: Store
) -> None:
    memberships.enter(EVE, "E=", joined_at=1)
    memberships.enter(EVE, "poll-E", joined_at=time.now_ms, polls=True)
    time.now_ms += 7_500_000
    memberships.enter(ADA, "A=", joined_at=1)
    assert removal.put_out(EVE, minutes=10)[1] == 0
    assert store.members() == ["A="]
    with pytest.raises(NotAMember):
        memberships.touch("general", "E=")
