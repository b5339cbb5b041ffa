import itertools
import threading
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from chat import events
from chat.entries import Entry, Number
from chat.errors import Unavailable
from chat.events import Event
from chat.identity import Identity
from chat.log import SHORTEST_RETENTION_SECONDS, Appended, Count, RoomLog

from tests.functions.conftest import ROOM_LOG, Store, Time
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")
BO = Identity("general", "bo")
AT = "2025-06-15T15:06:40.000Z"
WEEK = 7 * 86_400
LOST = ReadTimeoutError(endpoint_url="http://127.0.0.1")


def say(log: RoomLog, *contents: str, who: Identity = ADA, id: str | None = None) -> list[Event]:
    return [log.append(who, content, id=id).message for content in contents]


def stored(log: RoomLog, room_id: str = "general") -> dict[int, str | None]:
    """What each number holds; None is a void."""
    found, _ = log.read(room_id, low=1, high=10**15, newest=False)
    return {entry.seq: entry.message["content"] if entry.message else None for entry in found}


def item(store: Store, seq: int) -> dict[str, Any] | None:
    return next((item for item in store.items(ROOM_LOG) if item["seq"]["N"] == str(seq)), None)


def test_a_message_is_stored_under_the_next_seq_in_two_calls_and_its_id_takes_a_third(
    store: Store, log: RoomLog, time: Time
) -> None:
    first = log.append(ADA, "hi", id=None)
    assert store.calls == ["UpdateItem", "PutItem"]
    store.calls.clear()
    time.now_ms += 5
    second = log.append(ADA, "ho", id="x")
    assert store.calls == ["UpdateItem", "UpdateItem", "PutItem"]
    other = log.append(Identity("other", "ada"), "ha", id="x")
    assert [appended.message["seq"] for appended in (first, second, other)] == [1, 2, 1]
    assert first.message == events.message(
        room_id="general", client_id="ada", content="hi", timestamp=AT, seq=1, id=None
    )
    assert first.anew
    assert (log.count("general"), log.count("other")) == (Count(2, NOW + 5, NOW), Count(1, NOW + 5, NOW + 5))
    assert item(store, 2) == {
        "room_id": {"S": "general"},
        "seq": {"N": "2"},
        "client_id": {"S": "ada"},
        "content": {"S": "ho"},
        "timestamp": {"S": AT.replace("40.000", "40.005")},
        "id": {"S": "x"},
        "taken_before": {"N": str(NOW)},
        "expires_at": {"N": str((NOW + 5) // 1000 + WEEK)},
    }


def test_nothing_was_ever_said(log: RoomLog) -> None:
    assert log.count("general") == Count()
    assert log.read("general", low=1, high=10**15, newest=True) == ([], False)


def test_entries_are_read_from_either_end(log: RoomLog, monkeypatch: pytest.MonkeyPatch) -> None:
    say(log, *"abcdef")
    monkeypatch.setattr("chat.log.QUERY_LIMIT", 2)

    def read(low: int, high: int, *, newest: bool) -> tuple[list[int], bool]:
        found, cut = log.read("general", low=low, high=high, newest=newest)
        return [entry.seq for entry in found], cut

    assert read(2, 9, newest=False) == ([2, 3], True)
    assert read(1, 5, newest=True) == ([4, 5], True)
    assert read(6, 9, newest=False) == ([6], False)


def test_the_same_id_is_stored_once(log: RoomLog) -> None:
    [first] = say(log, "hi", id="x")
    assert log.append(ADA, "hi", id="x") == Appended(first, anew=False)
    assert log.append(ADA, "something else", id="x") == Appended(first, anew=False)
    assert stored(log) == {1: "hi", 2: None, 3: None}


def test_an_id_is_its_clients_and_its_rooms_own(log: RoomLog) -> None:
    assert log.append(ADA, "a", id="x").anew
    assert log.append(BO, "b", id="x").anew
    assert log.append(Identity("other", "ada"), "c", id="x").anew
    assert stored(log) == {1: "a", 2: "b"}


def test_names_and_ids_are_not_mixed_up(log: RoomLog) -> None:
    assert log.append(Identity("general", "a"), "1", id="bc").anew
    assert log.append(Identity("general", "ab"), "2", id="c").anew


def test_an_id_may_be_used_again_once_its_message_has_expired(log: RoomLog, time: Time) -> None:
    say(log, "old", id="x")
    time.now_ms += WEEK * 1000
    assert log.append(ADA, "new", id="x").anew
    assert stored(log) == {2: "new"}


def test_after_a_failure_the_same_id_takes_the_place_that_it_was_given(store: Store, log: RoomLog) -> None:
    store.faults["PutItem"].append(LOST)
    with pytest.raises(Unavailable):
        say(log, "hi", id="x")
    say(log, "between", who=BO)
    assert log.append(ADA, "hi", id="x").anew
    assert stored(log) == {1: "hi", 2: "between", 3: None}


def test_a_function_that_died_before_its_id_was_bound_leaves_a_hole_and_no_message(
    store: Store, log: RoomLog
) -> None:
    store.faults["UpdateItem"] += [None, LOST]
    with pytest.raises(Unavailable):
        say(log, "hi", id="x")
    assert log.append(ADA, "hi", id="x").anew
    assert stored(log) == {2: "hi"}


def test_a_writer_that_was_passed_over_takes_another_number(log: RoomLog, store: Store) -> None:
    """A reader found the hole too old, and its writer was only slow."""
    store.faults["PutItem"].append(LOST)
    with pytest.raises(Unavailable):
        say(log, "slow", id="x")
    assert log.settle("general", Number(1, NOW)) == Entry(Number(1, NOW), None)
    appended = log.append(ADA, "slow", id="x")
    assert (appended.anew, appended.message["seq"]) == (True, 3)
    assert log.append(ADA, "slow", id="x") == Appended(appended.message, anew=False)
    assert [content for content in stored(log).values() if content] == ["slow"]


def test_without_an_id_too(log: RoomLog) -> None:
    log.settle("general", Number(1, NOW))
    assert say(log, "slow")[0]["seq"] == 2


def test_a_writer_that_is_passed_over_again_and_again_gives_up(store: Store, log: RoomLog) -> None:
    for seq in (1, 2, 3):
        log.settle("general", Number(seq, NOW))
    with pytest.raises(Unavailable):
        say(log, "never")


def test_settling_finds_the_message_that_came_in_the_meantime(log: RoomLog) -> None:
    [message] = say(log, "just in time")
    assert log.settle("general", Number(1, NOW)).message == message
    assert stored(log) == {1: "just in time"}


def test_settling_does_not_bring_back_what_has_expired(log: RoomLog, store: Store, time: Time) -> None:
    say(log, "old")
    time.now_ms += WEEK * 1000
    assert item(store, 1), "the TTL is days late"
    assert log.settle("general", Number(1, NOW)).message is None


@pytest.mark.parametrize("retention", [3_600, SHORTEST_RETENTION_SECONDS, WEEK])
def test_a_room_has_forgotten_something_once_its_first_message_can_have_expired(
    store: Store, time: Time, retention: int
) -> None:
    """Messages of a room that is a day old may have been kept for a day, however long they are kept by now."""
    log = RoomLog(store.client, table=ROOM_LOG, retention_seconds=retention, now=time.now)
    say(log, "a")
    time.now_ms += min(retention, SHORTEST_RETENTION_SECONDS) * 1000 - 1
    say(log, "b")
    assert not log.has_forgotten(log.count("general"))
    time.now_ms += 1
    assert log.has_forgotten(log.count("general"))


def test_who_needs_no_number_gives_it_back_if_that_can_be(store: Store, log: RoomLog) -> None:
    say(log, "hi", id="x")
    store.faults["PutItem"].append(LOST)
    assert not log.append(ADA, "hi", id="x").anew
    assert stored(log) == {1: "hi"}


def test_two_that_handle_one_id_at_once_store_it_once(log: RoomLog, store: Store) -> None:
    """In every order in which the calls of two functions can be told apart: numbers, ids, messages."""
    for schedule in sorted(set(itertools.permutations("aaabbb"))):
        room = "".join(schedule)
        results = _interleaved(log, store, Identity(room, "ada"), schedule)
        assert {result.message["seq"] for result in results} == {results[0].message["seq"]}
        assert sum(result.anew for result in results) == 1
        assert [content for content in stored(log, room).values() if content] == ["hi"]


def _interleaved(log: RoomLog, store: Store, who: Identity, schedule: tuple[str, ...]) -> list[Appended]:
    """Runs two appends in threads that take turns by the schedule, a call a turn; the rest as it comes."""
    results: list[Appended] = []
    turns = {name: threading.Semaphore(0) for name in "ab"}
    done = threading.Semaphore(0)
    here = threading.local()

    def wait(**_: object) -> None:
        if here.turns > 0:
            done.release()
            turns[here.name].acquire()
            here.turns -= 1

    def run(name: str) -> None:
        here.name, here.turns = name, schedule.count(name)
        results.append(log.append(who, "hi", id="x"))
        done.release()

    store.client.meta.events.register_first("before-call.dynamodb", wait)
    threads = [threading.Thread(target=run, args=name) for name in "ab"]
    try:
        for thread in threads:
            thread.start()
            assert done.acquire(timeout=60)  # at its first call
        for name in schedule:
            turns[name].release()
            assert done.acquire(timeout=60)  # at its next one, or at its end
        for thread in threads:
            thread.join(10)
    finally:
        store.client.meta.events.unregister("before-call.dynamodb", wait)
    return results


def test_nothing_that_is_stored_is_overwritten(store: Store, log: RoomLog) -> None:
    say(log, "a")
    for id in (None, "x"):
        store.client.delete_item(TableName=ROOM_LOG, Key={"room_id": {"S": "general"}, "seq": {"N": "0"}})
        with pytest.raises(Unavailable):
            say(log, "b", id=id)
    assert stored(log) == {1: "a"}


def test_a_message_that_is_found_to_be_stored_already_is_stored(store: Store, log: RoomLog) -> None:
    """The SDK repeats a call whose answer was lost, and the second one meets what the first one did."""
    [message] = say(log, "a")
    store.client.delete_item(TableName=ROOM_LOG, Key={"room_id": {"S": "general"}, "seq": {"N": "0"}})
    store.client.update_item(
        TableName=ROOM_LOG,
        Key={"room_id": {"S": "general"}, "seq": {"N": "1"}},
        UpdateExpression="SET taken_before = :zero",
        ExpressionAttributeValues={":zero": {"N": "0"}},
    )
    assert log.append(ADA, "a", id=None) == Appended(message, anew=True)


@pytest.mark.parametrize("call", ["UpdateItem", "GetItem", "Query", "PutItem"])
def test_a_fault_of_the_table_is_unavailable(store: Store, log: RoomLog, call: str) -> None:
    store.faults[call].append("InternalServerError")
    with pytest.raises(Unavailable):
        if call in ("GetItem", "Query"):
            log.count("general")
            stored(log)
        say(log, "a")


def test_a_back_end_that_does_not_say_what_stood_in_the_way_is_unavailable(
    store: Store, log: RoomLog
) -> None:
    store.faults["PutItem"].append("ConditionalCheckFailedException")
    with pytest.raises(Unavailable):
        say(log, "a")


def test_settings_come_from_the_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_SECONDS", "60")
    log = RoomLog.from_environment()
    say(log, "hi")
    assert stored(log) == {1: "hi"}


def test_messages_expire_but_the_counter_never_does(store: Store, log: RoomLog, time: Time) -> None:
    say(log, "a", "b")
    counter = item(store, 0)
    assert counter
    assert "expires_at" not in counter
    time.now_ms += WEEK * 1000
    assert stored(log) == {}
    assert item(store, 1), "the TTL is days late"
    assert say(log, "c")[0]["seq"] == 3


def test_the_oldest_that_have_expired_are_passed_over(
    log: RoomLog, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.log.QUERY_LIMIT", 2)
    say(log, *"abcde")
    time.now_ms += WEEK * 1000
    say(log, "f", "g", "h")
    found, cut = log.read("general", low=1, high=10**15, newest=False)
    assert ([entry.seq for entry in found], cut) == ([6], True)
