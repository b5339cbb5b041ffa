"""The arithmetic of a bill, and that counting counts what the functions do."""

import pytest

from tests.bench.cost import transports
from tests.bench.cost.__main__ import PAGE, TRANSPORTS_PAGE, filled
from tests.bench.cost.bill import sections, total
from tests.bench.cost.counting import METERED, Counts, item_size, metered
from tests.bench.cost.events import Room, count
from tests.bench.cost.prices import dollars


@pytest.fixture(scope="module")
def ten() -> Room:
    return count(10)


@pytest.fixture(scope="module")
def asked() -> dict[str, Counts]:
    return transports.requests()


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (32_768, 1), (32_769, 2), (131_072, 4)])
def test_a_frame_is_metered_by_32_kb_begun(size: int, units: int) -> None:
    assert metered(size, METERED) == units


def test_an_item_is_as_large_as_dynamodb_says() -> None:
    item = {
        "room_id": {"S": "گپ"},
        "seq": {"N": "-123"},
        "batches": {"BOOL": True},
        "ids": {"SS": ["a", "bc"]},
    }
    assert item_size(item) == (7 + 4) + (3 + 3) + (7 + 1) + (3 + 3 + 3)


def test_a_message_to_ten_is_counted(ten: Room) -> None:
    message = ten.message
    assert dict(message.calls) == {"UpdateItem": 3, "PutItem": 1, "Query": 1}
    assert (message.writes, message.reads, message.rows) == (4, 1, 10)
    assert (message.posts, message.received, message.invocations, message.queue) == (10, 1, 1, 0)


def test_the_line_of_metrics_is_among_what_is_logged(ten: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    without = count(10)
    assert 250 < ten.message.logged - without.message.logged < 450
    assert ten.ping.logged > without.ping.logged
    assert ten.join.calls == {"GetItem": 1, "PutItem": 1, "UpdateItem": 1, "Query": 1}, (
        "who is put out is asked"
    )


def test_a_message_to_ten_is_billed_by_hand(ten: Room) -> None:
    bill = dollars(ten.message)
    assert bill["API Gateway"] == pytest.approx(11e-6)
    assert bill["DynamoDB"] == pytest.approx(4 * 0.625e-6 + 0.125e-6)
    assert bill["SQS"] == 0


def test_a_batch_takes_half_the_posts_of_a_join(ten: Room) -> None:
    assert (ten.join.posts, ten.join_batched.posts) == (22, 11)
    assert total(ten.join_batched) < total(ten.join)


def test_the_naive_chat_scans_everybody_and_posts_to_its_room(ten: Room) -> None:
    assert (dict(ten.naive_message.calls), ten.naive_message.rows) == ({"Scan": 1}, 1010)
    assert ten.naive_message.posts == 10


def test_slices_are_counted_with_what_lambda_asks_of_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LARGE_ROOM", "10")
    message = count(15).message
    assert message.posts == 15
    delivering = message.invocations - 1
    assert message.calls["GetItem"] >= delivering >= 1
    assert message.queue == message.calls["SendMessageBatch"] + 2 * delivering


def test_every_table_has_its_place_in_the_page(ten: Room) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert filled(page, sections([ten])) != page
    with pytest.raises(LookupError):
        filled("", {"counts": ""})


def test_counts_add_up() -> None:
    one, other = Counts(writes=1, posts=2), Counts(writes=0.5, logged=3)
    one.calls["Query"] = other.calls["Query"] = 1
    one.add(other)
    assert (one.writes, one.posts, one.logged, one.calls["Query"]) == (1.5, 2, 3, 2)


def test_a_poll_with_nothing_new_is_billed_by_hand(asked: dict[str, Counts]) -> None:
    poll = asked["poll, nothing new"]
    assert dict(poll.calls) == {"UpdateItem": 1, "BatchGetItem": 1}
    assert (poll.requests, poll.posts, poll.writes) == (1, 0, 1)
    assert poll.reads == 3 * 0.5, "three small items, eventually consistent"
    bill = dollars(poll)
    assert bill["API Gateway"] == pytest.approx(1e-6)
    assert bill["DynamoDB"] == pytest.approx(0.625e-6 + 1.5 * 0.125e-6)
    assert bill["Lambda"] == pytest.approx(0.2e-6 + 0.018 * 0.25 * 0.0000133334)


def test_a_request_that_waits_is_billed_for_the_time_it_waits(asked: dict[str, Counts]) -> None:
    waiting = asked["wait of 25 s, nothing new"]
    assert 25_000 <= waiting.milliseconds < 25_500
    assert waiting.gigabyte_seconds == pytest.approx(waiting.milliseconds / 4000)
    looks = waiting.calls["BatchGetItem"]
    assert looks == pytest.approx(25 / 0.304, abs=3), "one each 0.3 s, and 4 ms for the call"
    assert waiting.reads == looks * 1.5
    ended = asked["wait of 9.1 s, one message"]
    assert 9_100 <= ended.milliseconds < 9_600
    assert ended.calls["Query"] == 1
    assert ended.calls["PutItem"] == 0, "what another one says meanwhile is not counted"


def test_an_hour_is_as_many_requests_as_go_into_it(asked: dict[str, Counts]) -> None:
    hours = transports.hours(asked, 60.0)
    sent = 60 / transports.MEMBERS
    assert hours["polling, 1 s"].requests == pytest.approx(3600 + sent)
    assert hours["polling, 5 s"].requests == pytest.approx(720 + sent)
    assert hours["long polling"].requests == pytest.approx(60 * 3 + sent), "25 s, 25 s, and the rest"
    assert 0.97 * 3_600_000 < hours["long polling"].milliseconds < 1.02 * 3_600_000
    assert hours["WebSocket"].posts == pytest.approx(60 + 15)
    assert hours["WebSocket"].minutes == 60
    assert transports.hours(asked, 1.0)["polling, 5 s"].requests == pytest.approx(720 + 360)


def test_the_tables_of_the_transports_have_their_places() -> None:
    page = TRANSPORTS_PAGE.read_text(encoding="utf-8")
    assert filled(page, {"requests": "x", "user-hour": "y"}) != page
