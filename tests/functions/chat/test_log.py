import pytest
from botocore.exceptions import ReadTimeoutError
from chat import events
from chat.errors import Unavailable
from chat.identity import Identity
from chat.log import RoomLog

from tests.functions.conftest import ROOM_LOG, Store, Time
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")
AT = "2025-06-15T15:06:40.000Z"


def said(log: RoomLog, *contents: str) -> list[events.Event]:
    return [log.append(ADA, content, id=None) for content in contents]


def test_a_message_is_stored_under_the_next_seq_in_two_calls(store: Store, log: RoomLog) -> None:
    first = log.append(ADA, "hi", id="x")
    assert store.calls == ["UpdateItem", "PutItem"]
    second = log.append(ADA, "ho", id=None)
    other = log.append(Identity("other", "ada"), "ha", id=None)
    assert [message["seq"] for message in (first, second, other)] == [1, 2, 1]
    assert first == events.message(
        room_id="general", client_id="ada", content="hi", timestamp=AT, seq=1, id="x"
    )
    assert (log.last_seq("general"), log.last_seq("other")) == (2, 1)
    counter = {"room_id": {"S": "general"}, "seq": {"N": "0"}, "last_seq": {"N": "2"}}
    assert counter in store.items(ROOM_LOG)
    assert {
        "room_id": {"S": "general"},
        "seq": {"N": "1"},
        "client_id": {"S": "ada"},
        "content": {"S": "hi"},
        "timestamp": {"S": AT},
        "id": {"S": "x"},
        "expires_at": {"N": str(NOW // 1000 + 7 * 86_400)},
    } in store.items(ROOM_LOG)


def test_nothing_was_ever_said(log: RoomLog) -> None:
    assert log.last_seq("general") == 0
    for after in (None, 0, 7):
        assert log.page("general", after=after) == events.page([], last_seq=0, more=False, at=NOW)


def test_a_page_goes_on_after_a_seq(store: Store, log: RoomLog) -> None:
    messages = said(log, "a", "b", "c")
    store.calls.clear()
    assert log.page("general", after=1) == events.page(messages[1:], last_seq=3, more=False, at=NOW)
    assert store.calls == ["GetItem", "Query"]
    assert log.page("general", after=0)["messages"] == messages
    assert log.page("general", after=3)["messages"] == []
    assert log.page("general", after=10**15)["messages"] == []


def test_the_newest_page_is_in_order_as_well(log: RoomLog) -> None:
    messages = said(log, *("abcdef"))
    assert log.page("general", after=None) == events.page(messages, last_seq=6, more=False, at=NOW)


def test_what_is_more_than_a_page_comes_page_by_page(log: RoomLog) -> None:
    messages = said(log, *(f"{n}{'é' * 3900}" for n in range(1, 10)))
    seen: list[events.Event] = []
    pages = 0
    more = True
    while more:
        page = log.page("general", after=seen[-1]["seq"] if seen else 0)
        assert len(events.encode(page)) <= 32_768
        assert page["last_seq"] == 9
        seen += page["messages"]
        more = page["more"]
        pages += 1
    assert seen == messages
    assert pages == 3
    newest = log.page("general", after=None)
    assert newest["messages"] == messages[-4:]
    assert newest["more"] is False


def test_a_page_of_the_shortest_messages_is_filled_by_one_query(store: Store, log: RoomLog) -> None:
    who = Identity("a", "b")
    log.append(who, "c", id=None)
    first = next(item for item in store.items(ROOM_LOG) if item["seq"]["N"] == "1")
    for start in range(2, 352, 25):
        items = [first | {"seq": {"N": str(seq)}} for seq in range(start, start + 25)]
        store.client.batch_write_item(
            RequestItems={ROOM_LOG: [{"PutRequest": {"Item": item}} for item in items]}
        )
    store.calls.clear()
    page = log.page("a", after=0)
    assert store.calls == ["GetItem", "Query"]
    assert page["more"] is True
    smallest = len(events.encode(page["messages"][0])) + 1
    assert 32_768 - len(events.encode(page)) < smallest + 5


def test_more_is_said_where_the_query_was_cut_but_the_page_was_not(
    log: RoomLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = said(log, "a", "b", "c")
    monkeypatch.setattr("chat.log.QUERY_LIMIT", 2)
    assert log.page("general", after=0) == events.page(messages[:2], last_seq=3, more=True, at=NOW)


def test_the_log_may_be_ahead_of_the_counter_that_was_read(store: Store, log: RoomLog) -> None:
    said(log, "a", "b")
    store.client.put_item(
        TableName=ROOM_LOG, Item={"room_id": {"S": "general"}, "seq": {"N": "0"}, "last_seq": {"N": "1"}}
    )
    assert log.page("general", after=0)["last_seq"] == 2
    assert log.page("general", after=None)["last_seq"] == 2


def test_nothing_that_is_stored_is_overwritten(store: Store, log: RoomLog) -> None:
    said(log, "a")
    store.client.delete_item(TableName=ROOM_LOG, Key={"room_id": {"S": "general"}, "seq": {"N": "0"}})
    with pytest.raises(Unavailable):
        log.append(ADA, "b", id=None)
    assert [message["content"] for message in log.page("general", after=0)["messages"]] == ["a"]
    assert log.append(ADA, "b", id=None)["seq"] == 2


def test_a_message_that_is_found_to_be_stored_already_is_stored(store: Store, log: RoomLog) -> None:
    """The SDK repeats a call whose answer was lost, and the second one meets what the first one did."""
    said(log, "a")
    store.client.delete_item(TableName=ROOM_LOG, Key={"room_id": {"S": "general"}, "seq": {"N": "0"}})
    assert said(log, "a")[0]["seq"] == 1


def test_a_message_that_could_not_be_stored_leaves_a_hole(store: Store, log: RoomLog) -> None:
    store.faults["PutItem"].append(ReadTimeoutError(endpoint_url="http://127.0.0.1"))
    with pytest.raises(Unavailable):
        said(log, "lost")
    said(log, "kept")
    page = log.page("general", after=0)
    assert [message["seq"] for message in page["messages"]] == [2]
    assert page["more"] is False


@pytest.mark.parametrize("call", ["UpdateItem", "GetItem", "Query"])
def test_a_fault_of_the_table_is_unavailable(store: Store, log: RoomLog, call: str) -> None:
    store.faults[call].append("InternalServerError")
    with pytest.raises(Unavailable):
        said(log, "a") if call == "UpdateItem" else log.page("general", after=0)


def test_settings_come_from_the_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_SECONDS", "60")
    log = RoomLog.from_environment()
    message = log.append(ADA, "hi", id=None)
    assert log.page("general", after=0)["messages"] == [message]


def test_messages_expire_but_the_counter_never_does(store: Store, log: RoomLog, time: Time) -> None:
    said(log, "a")
    items = {item["seq"]["N"]: item for item in store.items(ROOM_LOG)}
    assert "expires_at" not in items["0"]
    assert items["1"]["expires_at"]["N"] == str(time.now_ms // 1000 + 604_800)
