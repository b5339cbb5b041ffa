from collections.abc import Callable

import pytest
from chat import places
from chat.errors import NotAMember, Unavailable
from chat.identity import Identity
from chat.memberships import Member, Memberships, Roll
from chat.people import People

from tests.functions.conftest import MEMBERSHIPS, Store, Time
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")
BO = Identity("general", "bo")


def test_entering_writes_one_item_with_a_lease(store: Store, memberships: Memberships) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW - 5)
    assert store.calls == ["PutItem"]
    assert store.items(MEMBERSHIPS) == [
        {
            "room_id": {"S": "general"},
            "place": {"S": places.of("A=")},
            "client_id": {"S": "ada"},
            "joined_at": {"N": str(NOW - 5)},
            "expires_at": {"N": str(NOW // 1000 + 7500)},
        }
    ]


def test_leaving_deletes_it_and_may_be_repeated(store: Store, memberships: Memberships) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    memberships.leave("general", "A=")
    memberships.leave("general", "A=")
    assert store.calls == ["PutItem", "DeleteItem", "DeleteItem"]
    assert store.items(MEMBERSHIPS) == []


def test_a_touch_renews_the_lease(store: Store, memberships: Memberships, time: Time) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    time.now_ms += 3_000_000
    memberships.touch("general", "A=")
    assert store.calls == ["PutItem", "UpdateItem"]
    [item] = store.items(MEMBERSHIPS)
    assert item["expires_at"]["N"] == str(NOW // 1000 + 3000 + 7500)
    assert item["client_id"]["S"] == "ada"


def test_a_touch_proves_the_membership_and_makes_none(store: Store, memberships: Memberships) -> None:
    with pytest.raises(NotAMember):
        memberships.touch("general", "A=")
    assert store.items(MEMBERSHIPS) == []


def test_members_are_the_connections_of_the_room(memberships: Memberships, people: People) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW - 1)
    memberships.enter(BO, "_B=", joined_at=NOW - 2)
    memberships.enter(BO, "z-=", joined_at=NOW - 3)
    memberships.enter(Identity("other", "ada"), "C=", joined_at=NOW)
    people.arrive(ADA, "A=")
    names = {
        Member("A=", NOW - 1): "ada",
        Member("_B=", NOW - 2): "bo",
        Member("z-=", NOW - 3): "bo",
    }
    members = sorted(names, key=lambda member: places.of(member.connection_id))
    assert memberships.roll("general") == Roll(members)
    assert memberships.roll("general", names=True) == Roll(members, [names[member] for member in members])
    assert memberships.roll("nobody is here") == Roll()


def test_a_lease_that_has_run_out_is_no_membership(memberships: Memberships, time: Time) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    time.now_ms += 7_499_000
    assert memberships.roll("general") == Roll([Member("A=", NOW)])
    time.now_ms += 1000
    assert memberships.roll("general", names=True) == Roll(ended=["A="])


def test_only_a_lease_that_has_run_out_is_ended(store: Store, memberships: Memberships, time: Time) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    memberships.enter(BO, "B=", joined_at=NOW)
    time.now_ms += 7_500_000
    memberships.touch("general", "A=")
    store.calls.clear()
    memberships.end("general", ["A=", "B=", "C="])
    assert store.calls == ["DeleteItem"] * 3
    assert memberships.roll("general") == Roll([Member("A=", NOW, heard=True)])


def test_who_has_been_heard_from_and_who_has_synced_is_known(memberships: Memberships) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    memberships.touch("general", "A=")
    assert memberships.roll("general").members == [Member("A=", NOW, heard=True)]
    memberships.touch("general", "A=", syncs=True)
    memberships.touch("general", "A=")
    assert memberships.roll("general").members == [Member("A=", NOW, heard=True, syncs=True)]


def test_a_member_rests_twice_as_long_each_time_and_until_it_is_heard_from(
    memberships: Memberships, time: Time
) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW)
    for time_outs, seconds in enumerate([2, 4, 8, 16, 32, 64, 128, 256, 256], 1):
        [member] = memberships.roll("general").members
        memberships.rest("general", [member])
        assert memberships.roll("general").members == [
            Member("A=", NOW, time_outs=time_outs, rests_until=NOW + seconds * 1000)
        ]
    memberships.touch("general", "A=")
    assert memberships.roll("general").members == [Member("A=", NOW, heard=True)]


def test_one_that_has_left_does_not_come_back_to_rest(store: Store, memberships: Memberships) -> None:
    memberships.rest("general", [Member("A=", NOW)])
    assert store.items(MEMBERSHIPS) == []


def test_members_of_a_large_room_come_page_by_page(store: Store, memberships: Memberships) -> None:
    for n in range(6):
        memberships.enter(ADA, f"{n}=", joined_at=NOW)
        store.client.update_item(
            TableName=MEMBERSHIPS,
            Key={"room_id": {"S": "general"}, "place": {"S": places.of(f"{n}=")}},
            UpdateExpression="SET ballast = :much",  # DynamoDB cuts a page at 1 MB
            ExpressionAttributeValues={":much": {"S": "x" * 300_000}},
        )
    store.calls.clear()
    assert len(memberships.roll("general").members) == 6
    assert store.calls == ["Query", "Query"]


def test_a_fault_of_the_table_is_unavailable(store: Store, memberships: Memberships) -> None:
    calls: dict[str, Callable[[], object]] = {
        "PutItem": lambda: memberships.enter(ADA, "A=", joined_at=NOW),
        "DeleteItem": lambda: memberships.leave("general", "A="),
        "DeleteItem ": lambda: memberships.end("general", ["A="]),
        "Query": lambda: memberships.roll("general"),
    }
    for name, call in calls.items():
        store.faults[name.strip()].append("InternalServerError")
        with pytest.raises(Unavailable):
            call()
    store.faults["UpdateItem"].append("ProvisionedThroughputExceededException")
    with pytest.raises(Unavailable):
        memberships.touch("general", "A=")


def test_settings_come_from_the_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "60")
    Memberships.from_environment().enter(ADA, "A=", joined_at=NOW)
    assert len(Memberships.from_environment().roll("general").members) == 1


def test_whether_a_client_takes_several_events_in_a_frame_is_kept(memberships: Memberships) -> None:
    memberships.enter(ADA, "A=", joined_at=NOW, batches=True)
    memberships.touch("general", "A=")
    assert memberships.roll("general").members == [Member("A=", NOW, batches=True, heard=True)]


def test_a_part_of_a_room_is_read_in_one_call_and_the_rest_is_told(
    store: Store, memberships: Memberships
) -> None:
    ids = [f"{number}=" for number in range(10)]
    for id in ids:
        memberships.enter(ADA, id, joined_at=NOW)
    store.calls.clear()
    found, span = [], places.WHOLE
    while True:
        roll = memberships.roll("general", span=span, limit=4)
        found += [member.connection_id for member in roll.members]
        if roll.rest is None:
            break
        span = roll.rest
    assert found == sorted(ids, key=places.of)
    assert store.calls == ["Query"] * 3


def test_a_span_has_the_members_whose_places_are_in_it(memberships: Memberships) -> None:
    ids = [f"{number}=" for number in range(20)]
    for id in ids:
        memberships.enter(ADA, id, joined_at=NOW)
    for span in places.cut(places.WHOLE, members=4, size=1):
        found = [member.connection_id for member in memberships.roll("general", span=span).members]
        assert found == sorted((id for id in ids if places.of(id) in span), key=places.of)


def test_the_gone_are_evicted_25_a_call(store: Store, memberships: Memberships) -> None:
    ids = [f"{number}=" for number in range(30)]
    for id in ids:
        memberships.enter(ADA, id, joined_at=NOW)
    store.calls.clear()
    memberships.evict("general", ids[:28])
    assert store.calls == ["BatchWriteItem"] * 2
    assert store.members() == sorted(ids[28:])
    memberships.evict("general", [])
    store.faults["BatchWriteItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        memberships.evict("general", ids)
