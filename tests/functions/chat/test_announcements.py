import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from botocore.exceptions import ReadTimeoutError
from chat import places
from chat.announcements import Announcements
from chat.clock import timestamp
from chat.failures import Failures
from chat.identity import Identity
from chat.memberships import Member, Memberships
from chat.notices import NoticeBoard, Notices
from chat.people import People
from chat.rooms import Rooms
from chat.slices import Slice

from tests.functions.conftest import FAILURES, MEMBERSHIPS, Store, Time
from tests.functions.stand_ins import GONE, NOW, Gateway, stream_record

ADA = Identity("general", "ada")
BO = Identity("general", "bo")
CY = Identity("other", "cy")
Queued = Callable[[], list[Slice]]
Told = list[str | list[str]]


@pytest.fixture
def announcements(rooms: Rooms, people: People, board: NoticeBoard, time: Time) -> Announcements:
    return Announcements(rooms, people, Failures(FAILURES), board, now=time.now)


def enter(memberships: Memberships, number: int, who: Identity, id: str) -> dict[str, Any]:
    """A connection enters, and this is how the stream tells it."""
    memberships.enter(who, id, joined_at=NOW - 60_000)
    return stream_record(number, "INSERT", id, who)


def leave(memberships: Memberships, number: int, who: Identity, id: str) -> dict[str, Any]:
    memberships.leave(who.room_id, id)
    return stream_record(number, "REMOVE", id, who)


def announce(announcements: Announcements, *records: dict[str, Any]) -> str | None:
    return announcements.announce(map(DynamoDBRecord, records), time_left=lambda: 60.0)


def told(gateway: Gateway, id: str) -> Told:
    """The contents of system events and the users of presence events."""
    return [event.get("content") or event["users"] for event in gateway.events(id)]


def test_a_newcomer_is_greeted_and_then_sees_who_is_there(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    joined = enter(memberships, 1, ADA, "A=")
    store.calls.clear()
    assert announce(announcements, joined) is None
    assert told(gateway, "A=") == ["ada joined general.", ["ada"]]
    assert store.calls == ["Query", "UpdateItem"]


def test_presence_bears_the_time_at_which_it_was_so(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, time: Time, store: Store
) -> None:
    def wait(model: Any, **_: object) -> None:
        time.now_ms += 1000

    joined = enter(memberships, 1, ADA, "A=")
    store.client.meta.events.register("before-call.dynamodb", wait)
    try:
        announce(announcements, joined)
    finally:
        store.client.meta.events.unregister("before-call.dynamodb", wait)
    assert {event["timestamp"] for event in gateway.events("A=")} == {timestamp(NOW)}


def test_two_tabs_are_one_person(
    announcements: Announcements, memberships: Memberships, gateway: Gateway
) -> None:
    enter(memberships, 0, BO, "Z=")
    announce(announcements, enter(memberships, 1, ADA, "A="))
    announce(announcements, enter(memberships, 2, ADA, "B="))
    announce(announcements, leave(memberships, 3, ADA, "A="))
    announce(announcements, leave(memberships, 4, ADA, "B="))
    assert told(gateway, "Z=") == [
        *("ada joined general.", ["ada", "bo"]),
        ["ada", "bo"],
        ["ada", "bo"],
        *("ada left general.", ["bo"]),
    ]


def test_a_storm_of_changes_is_told_in_order_and_ends_in_one_presence(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    records = [
        enter(memberships, 1, BO, "Z="),
        enter(memberships, 2, ADA, "A="),
        enter(memberships, 3, ADA, "B="),
        leave(memberships, 4, ADA, "A="),
        leave(memberships, 5, ADA, "B="),
        enter(memberships, 6, ADA, "C="),
    ]
    store.calls.clear()
    assert announce(announcements, *records) is None
    assert told(gateway, "Z=") == told(gateway, "C=")
    assert told(gateway, "Z=") == [
        "bo joined general.",
        "ada joined general.",
        "ada left general.",
        "ada joined general.",
        ["ada", "bo"],
    ]
    assert store.calls == ["Query"] + ["UpdateItem"] * 6


def enter_many(memberships: Memberships, count: int, *, room: str = "general") -> list[dict[str, Any]]:
    return [
        enter(memberships, number, Identity(room, f"p{number:03}"), f"{number:03}=")
        for number in range(count)
    ]


def test_more_than_five_lines_become_one_and_a_newcomer_still_gets_its_own(
    announcements: Announcements, memberships: Memberships, gateway: Gateway
) -> None:
    announce(announcements, enter(memberships, 0, BO, "Z="), enter(memberships, 0, ADA, "A="))
    gateway.reset()
    records = enter_many(memberships, 6)
    records.append(leave(memberships, 90, ADA, "A="))
    everyone = ["bo", *(f"p{number:03}" for number in range(6))]
    announce(announcements, *records)
    left, joined, presence = gateway.events("Z=")
    assert (left["content"], left["total"]) == ("ada left general.", 1)
    assert joined["content"] == "p000, p001, p002 and 3 others joined general."
    assert (joined["event"], joined["clients"], joined["total"]) == ("joined", ["p000", "p001", "p002"], 6)
    assert presence["users"] == everyone
    for number in range(6):
        assert told(gateway, f"{number:03}=") == [f"p{number:03} joined general.", everyone]


def test_who_came_and_went_in_a_storm_is_not_told_of(
    announcements: Announcements, memberships: Memberships, gateway: Gateway
) -> None:
    announce(announcements, enter(memberships, 0, BO, "Z="), enter(memberships, 0, ADA, "A="))
    gateway.reset()
    records = [leave(memberships, 1, ADA, "A="), enter(memberships, 2, ADA, "B=")]
    records += enter_many(memberships, 4)
    records.append(leave(memberships, 99, Identity("general", "p003"), "003="))
    announce(announcements, *records)
    assert told(gateway, "Z=")[0] == "p000, p001 and p002 joined general."
    assert len(gateway.events("Z=")) == 2


def test_a_storm_of_500_costs_three_posts_a_member_and_not_the_square(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    records = enter_many(memberships, 500)
    store.calls.clear()
    announce(announcements, *records)
    assert len(gateway.posts) == 1_000, "to each its own line, and who is there"
    assert store.calls == ["Query"] + ["UpdateItem"] * 500
    gateway.reset()
    goers = [leave(memberships, n, Identity("general", f"p{n:03}"), f"{n:03}=") for n in range(100)]
    announce(announcements, *goers)
    assert len(gateway.posts) == 800, "to each of the 400 others one line, and who is there"


def test_each_room_hears_its_own_news_only(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    records = [
        enter(memberships, 1, ADA, "A="),
        enter(memberships, 2, CY, "C="),
        enter(memberships, 3, BO, "B="),
    ]
    store.calls.clear()
    assert announce(announcements, *records) is None
    assert told(gateway, "A=") == ["ada joined general.", "bo joined general.", ["ada", "bo"]]
    assert told(gateway, "C=") == ["cy joined other.", ["cy"]]
    assert store.calls.count("Query") == 2


def test_the_last_one_out_tells_nobody(
    announcements: Announcements, memberships: Memberships, gateway: Gateway
) -> None:
    announce(announcements, enter(memberships, 1, ADA, "A="))
    gateway.reset()
    assert announce(announcements, leave(memberships, 2, ADA, "A=")) is None
    assert gateway.posts == []


def test_a_batch_that_is_told_again_says_the_same(
    announcements: Announcements, memberships: Memberships, gateway: Gateway
) -> None:
    """The function died before it could say that it was done."""
    enter(memberships, 0, BO, "Z=")
    records = [enter(memberships, 1, ADA, "A="), enter(memberships, 2, ADA, "B=")]
    announce(announcements, *records)
    first = told(gateway, "Z=")
    gateway.reset()
    announce(announcements, *records)
    assert told(gateway, "Z=") == first == ["ada joined general.", ["ada", "bo"]]


@pytest.fixture(params=["the room cannot be read", "the person cannot be counted"])
def cy_fails_once(request: pytest.FixtureRequest, store: Store) -> Iterator[None]:
    """What is asked first of the store for Cy, or for his room, is not answered."""
    wanted = {
        "the room cannot be read": ("Query", "other"),
        "the person cannot be counted": ("UpdateItem", "~cy"),
    }
    name, about = wanted[request.param]
    failed: list[str] = []

    def fail(model: Any, params: dict[str, Any], **_: object) -> None:
        if model.name == name and json.dumps(about) in params["body"].decode() and not failed:
            failed.append(name)
            raise ReadTimeoutError(endpoint_url="")

    store.client.meta.events.register("before-call.dynamodb", fail)
    yield
    store.client.meta.events.unregister("before-call.dynamodb", fail)
    assert failed


def test_after_a_failure_the_stream_starts_again_there_and_nothing_is_lost_or_told_twice(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, cy_fails_once: None
) -> None:
    records = [
        enter(memberships, 1, ADA, "A="),
        enter(memberships, 2, CY, "C="),
        enter(memberships, 3, BO, "B="),
    ]
    assert announce(announcements, *records) == "2"
    assert told(gateway, "A=") == ["ada joined general.", ["ada", "bo"]]
    assert announce(announcements, *records[1:]) is None
    assert told(gateway, "C=")[-2:] == ["cy joined other.", ["cy"]]
    assert [line for line in told(gateway, "C=") if line == "cy joined other."] == ["cy joined other."]
    assert told(gateway, "A=") == [
        *("ada joined general.", ["ada", "bo"]),
        *("bo joined general.", ["ada", "bo"]),
    ]


def test_where_the_store_is_down_nothing_is_told_and_all_is_tried_again(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    record = enter(memberships, 1, ADA, "A=")
    store.faults["Query"].append("InternalServerError")
    assert announce(announcements, record) == "1"
    assert gateway.posts == []


def poison(record: dict[str, Any]) -> dict[str, Any]:
    record["dynamodb"]["NewImage"]["client_id"] = {"N": "7"}
    return record


def test_a_poisoned_record_is_put_aside_and_holds_up_nobody(
    announcements: Announcements,
    memberships: Memberships,
    gateway: Gateway,
    put_aside: Callable[[], list[dict[str, Any]]],
) -> None:
    records = [
        enter(memberships, 1, ADA, "A="),
        poison(enter(memberships, 2, BO, "B=")),
        enter(memberships, 3, BO, "C="),
    ]
    assert announce(announcements, *records) is None
    assert told(gateway, "A=")[:2] == ["ada joined general.", "bo joined general."]
    [record] = put_aside()
    assert (record["sequenceNumber"], record["condition"]) == ("2", "Malformed")
    assert "client_id" in record["reason"]


def test_where_it_cannot_be_put_aside_the_stream_tries_it_again(
    announcements: Announcements, memberships: Memberships, gateway: Gateway
) -> None:
    records = [enter(memberships, 1, ADA, "A="), poison(enter(memberships, 2, BO, "B="))]
    assert announce(announcements, *records) == "2", "there is no queue"
    assert told(gateway, "A=")[0] == "ada joined general."


def test_an_item_that_is_no_membership_is_passed_over(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    for item in ({}, {"joined_at": {"N": "1"}}, {"expires_at": {"N": "1"}}):
        key = {"room_id": {"S": "general"}, "place": {"S": places.of(f"{len(item)}=")}}
        store.client.put_item(TableName=MEMBERSHIPS, Item=key | item)
    announce(announcements, enter(memberships, 1, ADA, "A="))
    assert told(gateway, "A=") == ["ada joined general.", ["ada"]]


def test_a_record_without_a_place_in_the_stream_fails_the_batch(announcements: Announcements) -> None:
    with pytest.raises(KeyError):
        announce(announcements, {"eventName": "INSERT", "dynamodb": {}})


def test_other_changes_of_the_table_are_passed_over(announcements: Announcements, store: Store) -> None:
    assert announce(announcements, stream_record(1, "MODIFY", "A=", ADA)) is None
    assert store.calls == []


def test_the_gone_are_evicted_which_the_stream_will_tell(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    enter(memberships, 0, BO, "Z=")
    gateway.answers["Z="].append(GONE)
    announce(announcements, enter(memberships, 1, ADA, "A="))
    assert store.members() == ["A="]
    gateway.reset()
    announce(announcements, stream_record(2, "REMOVE", "Z=", BO))
    assert told(gateway, "A=") == ["bo left general.", ["ada"]]


def test_a_crowd_under_one_name_holds_up_nobody_and_is_told_as_one_that_stays(
    announcements: Announcements,
    memberships: Memberships,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chat.people.MOST_COUNTED", 3)
    announce(announcements, enter(memberships, 0, BO, "Z="))
    gateway.reset()
    crowd = [f"{number}=" for number in range(6)]
    records = [enter(memberships, number, ADA, id) for number, id in enumerate(crowd, 1)]
    assert announce(announcements, *records) is None
    first = told(gateway, "Z=")
    assert first == ["ada joined general.", ["ada", "bo"]]
    gateway.reset()
    announce(announcements, *records)
    assert told(gateway, "Z=") == first, "a batch that is told again says the same"
    gateway.reset()
    for number, id in enumerate(crowd, 7):
        assert announce(announcements, leave(memberships, number, ADA, id)) is None
    assert (
        announce(announcements, enter(memberships, 13, ADA, "A="), enter(memberships, 14, CY, "C=")) is None
    )
    assert told(gateway, "Z=") == [["ada", "bo"]] * 5 + [["bo"], ["ada", "bo"]]
    assert told(gateway, "C=") == ["cy joined other.", ["cy"]]


def test_in_a_large_room_newcomers_are_told_at_once_and_the_others_through_the_queue(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, queued: Queued
) -> None:
    for number in range(6):
        enter(memberships, 0, BO, f"{number}=")
    large = replace(announcements, rooms=replace(announcements.rooms, large=4))
    announce(large, enter(memberships, 1, ADA, "A="))
    assert {id for id, _ in gateway.posts} == {"A="}
    assert told(gateway, "A=") == ["ada joined general.", ["ada", "bo"]]
    slices = queued()
    for number in range(6):
        [own] = [each for each in slices if places.of(f"{number}=") in each.span]
        assert own.is_for(Member(f"{number}=", NOW))
        line, presence = map(json.loads, own.frames)
        assert (line["content"], line["total"]) == ("ada joined general.", 1)
        assert presence["users"] == ["ada", "bo"]
    [hers] = [each for each in slices if places.of("A=") in each.span]
    assert not hers.is_for(Member("A=", NOW))


@pytest.mark.parametrize("seed", range(12))
def test_many_persons_are_counted_at_once_and_failures_lose_and_repeat_nothing(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store, seed: int
) -> None:
    random = Random(seed)
    enter(memberships, 0, CY, "Z=")
    enter(memberships, 0, Identity("general", "watcher"), "W=")
    persons = [Identity("general", name) for name in ("ada", "bo", "dan")]
    there: dict[Identity, set[str]] = {person: set() for person in persons}
    records, expected = [], []
    for number in range(5):  # more would be told in one line
        person = random.choice(persons)
        if there[person] and random.random() < 0.5:
            gone = random.choice(sorted(there[person]))
            there[person].remove(gone)
            records.append(leave(memberships, number + 1, person, gone))
            expected += [f"{person.client_id} left general."] * (not there[person])
        else:
            expected += [f"{person.client_id} joined general."] * (not there[person])
            there[person].add(f"{person.client_id}{number}=")
            records.append(enter(memberships, number + 1, person, f"{person.client_id}{number}="))
    lines: list[Any] = []
    left = records
    while True:
        store.faults["UpdateItem"] += random.choices([None, "InternalServerError"], [3, 1], k=3)
        failed = announce(announcements, *left)
        lines += [line for line in told(gateway, "W=") if isinstance(line, str)]
        gateway.reset()
        if failed is None:
            break
        left = [record for record in left if int(record["dynamodb"]["SequenceNumber"]) >= int(failed)]
    assert lines == expected


def test_where_somebody_polls_the_lines_are_kept_for_it_and_posted_to_the_others(
    announcements: Announcements,
    memberships: Memberships,
    gateway: Gateway,
    store: Store,
    time: Time,
) -> None:
    def notices() -> Notices:
        [item] = [item for item in store.items(MEMBERSHIPS) if "lines" in item]
        return Notices.of(item)

    announce(announcements, enter(memberships, 1, BO, "B="))
    assert not [item for item in store.items(MEMBERSHIPS) if "lines" in item], "nobody polls"
    memberships.enter(ADA, "poll-A", joined_at=NOW, polls=True)
    announce(announcements, stream_record(2, "INSERT", "poll-A", ADA))
    assert {to for to, _ in gateway.posts} == {"B="}
    assert told(gateway, "B=")[-2:] == ["ada joined general.", ["ada", "bo"]]
    assert [line["content"] for line in notices().since(NOW - 1)] == ["ada joined general."]
    time.now_ms += 10
    announce(announcements, leave(memberships, 3, BO, "B="))
    assert [line["content"] for line in notices().since(NOW)] == ["bo left general."]


def test_of_a_storm_who_polls_gets_the_one_line(
    announcements: Announcements, memberships: Memberships, store: Store
) -> None:
    memberships.enter(ADA, "poll-A", joined_at=NOW, polls=True)
    announce(
        announcements,
        *(
            enter(memberships, number, Identity("general", f"p{number}"), f"P{number}=")
            for number in range(9)
        ),
    )
    [item] = [item for item in store.items(MEMBERSHIPS) if "lines" in item]
    [line] = Notices.of(item).since(0)
    assert (line["event"], line["total"]) == ("joined", 9)


def test_what_cannot_be_kept_for_who_polls_is_posted_all_the_same(
    announcements: Announcements, memberships: Memberships, gateway: Gateway, store: Store
) -> None:
    memberships.enter(ADA, "poll-A", joined_at=NOW, polls=True)
    store.faults["GetItem"].append("InternalServerError")
    assert announce(announcements, enter(memberships, 1, BO, "B=")) is None
    assert told(gateway, "B=") == ["bo joined general.", ["ada", "bo"]]
