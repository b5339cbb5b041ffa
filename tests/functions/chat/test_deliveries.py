import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from chat import places
from chat.delivered import Delivered
from chat.deliveries import Deliveries
from chat.identity import Identity
from chat.memberships import Memberships
from chat.places import WHOLE
from chat.rooms import Rooms
from chat.slices import Slice

from tests.functions.conftest import MEMBERSHIPS, Logged, Store, Time
from tests.functions.stand_ins import GONE, NOW, Answer, Gateway, queue_record

ADA = Identity("general", "ada")
IDS = ["A=", "B=", "C=", "D="]
LOW, HIGH = places.cut(WHOLE, members=2, size=1)
Queued = Callable[[], list[Slice]]


@pytest.fixture
def deliveries(rooms: Rooms, store: Store, time: Time) -> Deliveries:
    return Deliveries(rooms, Delivered(store.client, table=MEMBERSHIPS, now=time.now))


@pytest.fixture(autouse=True)
def room(memberships: Memberships, store: Store) -> None:
    for id in IDS:
        memberships.enter(ADA, id, joined_at=NOW - 60_000)
    store.calls.clear()


def frame(number: int) -> bytes:
    return b'{"n":%d}' % number


def of(number: int, **more: Any) -> Slice:
    return replace(Slice(f"slice-{number}", "general", WHOLE, (frame(number),)), **more)


def deliver(deliveries: Deliveries, *found: Slice, time_left: float = 30.0) -> list[str]:
    records = [queue_record(str(n), each.encode(), sent_at=NOW + n) for n, each in enumerate(found)]
    return deliveries.deliver(map(SQSRecord, records), time_left=lambda: time_left)


def numbers(gateway: Gateway, id: str) -> list[int]:
    return [event["n"] for event in gateway.events(id)]


def test_a_slice_reaches_the_members_of_its_span_once(
    deliveries: Deliveries, gateway: Gateway, store: Store
) -> None:
    low = {id for id in IDS if places.of(id) in LOW}
    assert low
    assert low != set(IDS)
    assert deliver(deliveries, of(1, span=LOW)) == []
    assert {id for id, _ in gateway.posts} == low
    assert store.calls == ["GetItem", "Query", "PutItem"]
    assert deliver(deliveries, of(1, span=LOW)) == [], "the queue gave it again"
    assert len(gateway.posts) == len(low)


def test_the_same_slice_twice_in_a_batch_is_delivered_once(deliveries: Deliveries, gateway: Gateway) -> None:
    assert deliver(deliveries, of(1), of(1)) == []
    assert numbers(gateway, "A=") == [1]


def test_those_who_were_told_are_left_out(deliveries: Deliveries, gateway: Gateway) -> None:
    deliver(deliveries, of(1, told=frozenset(["A=", "B="])))
    assert sorted(id for id, _ in gateway.posts) == ["C=", "D="]


def test_a_repeated_message_is_for_those_who_know_it_again(
    deliveries: Deliveries, gateway: Gateway, memberships: Memberships
) -> None:
    memberships.touch("general", "B=", syncs=True)
    deliver(deliveries, of(1, syncing=True))
    assert [id for id, _ in gateway.posts] == ["B="]


def test_several_for_the_same_members_are_delivered_together_in_the_order_in_which_they_were_sent(
    deliveries: Deliveries, gateway: Gateway, store: Store, memberships: Memberships
) -> None:
    memberships.enter(ADA, "E=", joined_at=NOW - 60_000, batches=True)
    records = [queue_record(str(n), of(n).encode(), sent_at=NOW - n) for n in range(3)]
    store.calls.clear()
    assert deliveries.deliver(map(SQSRecord, records), time_left=lambda: 30.0) == []
    assert store.calls.count("Query") == 1
    assert numbers(gateway, "A=") == [2, 1, 0]
    [frame] = [body for id, body in gateway.posts if id == "E="]
    assert frame == b'[{"n":2},{"n":1},{"n":0}]'


def test_a_slice_that_was_cut_too_large_is_cut_again(
    deliveries: Deliveries, gateway: Gateway, queued: Queued
) -> None:
    small = replace(deliveries, rooms=replace(deliveries.rooms, large=2))
    todo, rounds = [of(1)], 0
    while todo:
        assert deliver(small, *todo) == []
        todo = queued()
        rounds += 1
    assert rounds in (2, 3), "two members each time; DynamoDB may only then see that there are no more"
    assert sorted(id for id, _ in gateway.posts) == IDS


def test_where_the_rest_cannot_be_put_back_nothing_is_delivered_yet(
    deliveries: Deliveries, gateway: Gateway
) -> None:
    small = replace(deliveries, rooms=replace(deliveries.rooms, large=2))
    assert deliver(small, of(1)) == ["0"], "there is no queue"
    assert gateway.posts == []


def test_what_fails_is_given_again_and_the_others_are_done(
    deliveries: Deliveries, gateway: Gateway, store: Store
) -> None:
    store.faults["Query"].append("InternalServerError")
    assert deliver(deliveries, of(1, span=LOW), of(2, span=HIGH)) == ["0"]
    assert {event for _, event in gateway.posts} == {frame(2)}
    assert deliver(deliveries, of(1, span=LOW), of(2, span=HIGH)) == []
    assert len(gateway.posts) == len(IDS)


def test_a_delivered_slice_does_not_come_back_because_that_could_not_be_noted(
    deliveries: Deliveries, gateway: Gateway, store: Store, logged: Logged
) -> None:
    store.faults["PutItem"].append("InternalServerError")
    assert deliver(deliveries, of(1), of(2)) == []
    assert numbers(gateway, "A=") == [1, 2]
    assert [(line["message"], line["slice"]) for line in logged()] == [("not noted", "slice-1")]


def test_a_message_that_is_no_slice_holds_up_nobody(deliveries: Deliveries, gateway: Gateway) -> None:
    records = [queue_record("x", "{}", sent_at=NOW), queue_record("y", of(1).encode(), sent_at=NOW)]
    assert deliveries.deliver(map(SQSRecord, records), time_left=lambda: 30.0) == ["x"]
    assert numbers(gateway, "A=") == [1]


def test_what_there_is_no_time_for_is_given_again(
    deliveries: Deliveries, gateway: Gateway, store: Store
) -> None:
    assert deliver(deliveries, of(1), time_left=7.9) == ["0"]
    assert (gateway.posts, store.calls) == ([], [])


def test_the_gone_are_evicted(deliveries: Deliveries, gateway: Gateway, store: Store) -> None:
    gateway.answers["C="].append(GONE)
    deliver(deliveries, of(1))
    assert store.members() == ["A=", "B=", "D="]


def test_one_that_cannot_be_reached_does_not_bring_the_slice_back(
    deliveries: Deliveries, gateway: Gateway, logged: Logged
) -> None:
    gateway.answers["C="].append(Answer(403, "ForbiddenException"))
    assert deliver(deliveries, of(1)) == []
    [line] = logged()
    assert line["failed"] == {"C=": "ForbiddenException"}


def test_a_slice_holds_what_its_sender_said(deliveries: Deliveries, gateway: Gateway) -> None:
    said = json.dumps({"content": 'سلام " \\ \u0001'}, ensure_ascii=False).encode()
    deliver(deliveries, of(1, frames=(said,)))
    assert ("A=", said) in gateway.posts
