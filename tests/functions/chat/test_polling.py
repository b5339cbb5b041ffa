from collections.abc import Callable
from typing import Any

import pytest
from chat.bucket import Bucket
from chat.errors import Code, FrameRefused, NotAMember, RateLimited, Unavailable
from chat.frames import Sync
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import POLL_LEASE_SECONDS, POLL_LONGEST_MS, Memberships
from chat.notices import NoticeBoard, Notices
from chat.polling import LAST_SECONDS, LONGEST_WAIT, PAUSE, Ask, Polling
from chat.pulse import Beat, Pulse
from chat.sessions import Session
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.conftest import MEMBERSHIPS, ROOM_LOG, Store, Time
from tests.functions.stand_ins import NOW

ADA = Identity("general", "ada")
BO = Identity("general", "bo")


@pytest.fixture
def polling(memberships: Memberships, log: RoomLog, store: Store, time: Time) -> Polling:
    pulse = Pulse(store.client, memberships=MEMBERSHIPS, room_log=ROOM_LOG)
    return Polling(memberships, log, pulse, now=time.now, sleep=time.sleep)


@pytest.fixture
def session(memberships: Memberships) -> Session:
    session = Session.begin(ADA)
    memberships.enter(ADA, session.connection_id, joined_at=NOW, polls=True)
    return session


def events(polling: Polling, session: Session, **query: object) -> tuple[list[dict[str, Any]], int]:
    ask = Ask.of({name: str(value) for name, value in query.items()})
    return polling.events(ask, session, time_left=lambda: 29.0)


def test_who_comes_sees_who_is_there_and_the_newest_page(
    polling: Polling, session: Session, log: RoomLog
) -> None:
    log.append(BO, "hello", id=None)
    [presence, page], noticed = events(polling, session, id="newest")
    assert presence["users"] == ["ada"]
    assert [message["content"] for message in page["messages"]] == ["hello"]
    assert (page["id"], noticed) == ("newest", 0)


def test_polling_answers_at_once_and_costs_two_calls_when_nothing_is_new(
    polling: Polling, session: Session, store: Store, time: Time
) -> None:
    store.calls.clear()
    assert events(polling, session, after=0, noticed=0) == ([], 0)
    assert store.calls == ["UpdateItem", "BatchGetItem"]
    assert time.slept == []


def test_a_long_poll_waits_with_one_call_a_look_and_gives_up_in_time(
    polling: Polling, session: Session, store: Store, time: Time
) -> None:
    store.calls.clear()
    assert events(polling, session, after=0, noticed=0, wait=25) == ([], 0)
    assert store.calls[0] == "UpdateItem"
    assert set(store.calls[1:]) == {"BatchGetItem"}
    assert 25 <= sum(time.slept) < 25 + PAUSE
    assert len(store.calls) == 2 + len(time.slept) <= 2 + 25 / PAUSE + 1


def test_a_long_poll_ends_with_what_somebody_says(
    polling: Polling, session: Session, log: RoomLog, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        if len(time.slept) == 3:
            log.append(BO, "سلام", id=None)

    object.__setattr__(polling, "sleep", sleep)
    [page], noticed = events(polling, session, after=0, noticed=0, wait=25)
    assert [message["content"] for message in page["messages"]] == ["سلام"]
    assert (len(time.slept), noticed) == (3, 0)


def test_a_long_poll_ends_with_what_is_announced(
    polling: Polling, session: Session, board: NoticeBoard, memberships: Memberships, time: Time
) -> None:
    board.add("general", [{"type": "system", "content": "old"}])

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        memberships.enter(BO, "B=", joined_at=NOW)
        board.add("general", [{"type": "system", "content": "bo joined general."}])

    object.__setattr__(polling, "sleep", sleep)
    [line, presence], noticed = events(polling, session, after=0, noticed=NOW, wait=25)
    assert line["content"] == "bo joined general."
    assert presence["users"] == ["ada", "bo"]
    assert noticed == time.now_ms
    assert events(polling, session, after=0, noticed=noticed) == ([], noticed)


def meanwhile(polling: Polling, time: Time, *happens: Callable[[], object]) -> None:
    """From now on these happen while requests wait, one at each pause."""
    rest = iter(happens)

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        next(rest, lambda: None)()

    object.__setattr__(polling, "sleep", sleep)


def test_a_long_poll_ends_with_its_membership_and_tells_nothing_more(
    polling: Polling, session: Session, log: RoomLog, memberships: Memberships, time: Time
) -> None:
    def puts_out() -> None:
        memberships.leave("general", session.connection_id)
        log.append(BO, "she is gone", id=None)

    meanwhile(polling, time, puts_out)
    with pytest.raises(NotAMember):
        events(polling, session, after=0, noticed=0, wait=25)
    assert len(time.slept) == 1


def test_what_only_looks_as_if_the_member_were_gone_ends_nothing(
    polling: Polling, session: Session, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an eventually consistent read of a membership that has just begun, or one that DynamoDB left for later."""
    monkeypatch.setattr(polling.pulse, "beat", lambda *_: Beat(0, Notices()))
    assert events(polling, session, after=0, noticed=0, wait=2) == ([], 0)
    assert 2 <= sum(time.slept) < 2 + PAUSE


def test_of_a_members_long_polls_the_latest_waits_and_the_others_end(
    polling: Polling, session: Session, log: RoomLog, time: Time
) -> None:
    answers = []

    def asks_again() -> None:
        meanwhile(polling, time, lambda: log.append(BO, "hello", id=None))
        answers.append(events(polling, session, after=0, noticed=7, wait=25))

    meanwhile(polling, time, asks_again)
    assert events(polling, session, after=0, noticed=7, wait=25) == ([], 7)
    [([page], _)] = answers
    assert page["last_seq"] == 1


@pytest.mark.parametrize("query", [{"after": 0}, {"after": 0, "wait": 25, "id": "mine"}, {"before": 1}, {}])
def test_a_question_that_does_not_wait_ends_no_other(
    polling: Polling, session: Session, time: Time, query: dict[str, Any]
) -> None:
    meanwhile(polling, time, lambda: events(polling, session, noticed=0, **query))
    assert events(polling, session, after=0, noticed=0, wait=2) == ([], 0)
    assert 2 <= sum(time.slept) < 2 + PAUSE


def test_a_function_that_is_told_to_wait_less_does(polling: Polling, session: Session, time: Time) -> None:
    object.__setattr__(polling, "longest", 1)
    assert events(polling, session, after=0, noticed=0, wait=25) == ([], 0)
    assert 1 <= sum(time.slept) < 1 + PAUSE


def test_a_function_whose_time_is_over_answers(polling: Polling, session: Session, time: Time) -> None:
    ask = Ask(Sync(after=0), noticed=0, wait=25)
    left = 4.0

    def time_left() -> float:
        return left - sum(time.slept)

    assert polling.events(ask, session, time_left=time_left) == ([], 0)
    assert time_left() > LAST_SECONDS - 2 * PAUSE


def test_a_young_hole_is_waited_for(polling: Polling, session: Session, log: RoomLog, time: Time) -> None:
    log._take_number("general")  # whoever took it has died
    log.append(BO, "behind it", id=None)
    [page], _ = events(polling, session, after=0, noticed=0, wait=25)
    assert ([message["seq"] for message in page["messages"]], page["through"]) == ([2], 2)
    assert 3 <= round(sum(time.slept), 3) < 4


def test_a_question_with_an_id_is_answered_at_once_with_its_page(
    polling: Polling, session: Session, log: RoomLog, time: Time
) -> None:
    log.append(BO, "first", id=None)
    [page], _ = events(polling, session, after=1, noticed=0, wait=25, id="mine")
    assert (page["messages"], page["id"], page["through"]) == ([], "mine", 1)
    assert time.slept == []


def test_who_knows_more_than_the_room_is_told(polling: Polling, session: Session, log: RoomLog) -> None:
    log.append(BO, "first", id=None)
    [page], _ = events(polling, session, after=50, noticed=0, wait=25)
    assert page["last_seq"] == 1


def test_earlier_messages_come_at_once(polling: Polling, session: Session, log: RoomLog, time: Time) -> None:
    for number in range(3):
        log.append(BO, str(number), id=None)
    [page], _ = events(polling, session, before=3, noticed=0, wait=25)
    assert [message["seq"] for message in page["messages"]] == [1, 2]
    assert time.slept == []


def test_each_poll_renews_a_short_lease_and_takes_a_token(
    polling: Polling, session: Session, store: Store, time: Time, memberships: Memberships
) -> None:
    time.now_ms += 30_000
    events(polling, session, after=0, noticed=0)
    [item] = store.items(MEMBERSHIPS)
    assert int(item["expires_at"]["N"]) == time.now_ms // 1000 + POLL_LEASE_SECONDS
    object.__setattr__(memberships, "_bucket", Bucket(2, 1000))
    for _ in range(2):
        events(polling, session, after=0, noticed=0)
    with pytest.raises(RateLimited) as refusal:
        events(polling, session, after=0, noticed=0)
    assert 0 < (refusal.value.retry_after_ms or 0) <= 1000


def test_nobody_polls_for_longer_than_a_connection_may_last(
    polling: Polling, session: Session, time: Time, memberships: Memberships
) -> None:
    last = NOW + POLL_LONGEST_MS - 1
    while time.now_ms < last:
        time.now_ms = min(last, time.now_ms + POLL_LEASE_SECONDS * 500)
        events(polling, session, after=0, noticed=0)
    time.now_ms += 1
    for bucket in (None, Bucket(2, 1000)):
        object.__setattr__(memberships, "_bucket", bucket)
        with pytest.raises(NotAMember):
            events(polling, session, after=0, noticed=0)


def test_a_key_is_good_for_no_longer_than_its_lease(
    polling: Polling, session: Session, time: Time, memberships: Memberships, store: Store
) -> None:
    """Whether somebody has ended the membership by then or not."""
    time.now_ms += POLL_LEASE_SECONDS * 1000 - 1
    events(polling, session, after=0, noticed=0)
    before = store.items(MEMBERSHIPS)
    time.now_ms += POLL_LEASE_SECONDS * 1000
    for bucket in (None, Bucket(2, 1000)):
        object.__setattr__(memberships, "_bucket", bucket)
        with pytest.raises(NotAMember):
            events(polling, session, after=0, noticed=0)
    assert store.items(MEMBERSHIPS) == before


def test_who_never_entered_is_told_nothing(polling: Polling) -> None:
    with pytest.raises(NotAMember):
        events(polling, Session.begin(BO))


def test_the_store_may_fail(polling: Polling, session: Session, store: Store) -> None:
    for call in ("UpdateItem", "BatchGetItem", "Query"):
        store.faults[call].append("InternalServerError")
        with pytest.raises(Unavailable):
            events(polling, session)


@pytest.mark.parametrize(
    ("query", "ask"),
    [
        ({}, Ask(Sync())),
        ({"wait": "20"}, Ask(Sync())),
        ({"after": "7", "wait": "20", "noticed": "9"}, Ask(Sync(7), 9, 20)),
        ({"after": "7", "wait": "20", "noticed": "9", "id": "x"}, Ask(Sync(7, None, "x"), 9)),
        ({"before": "7", "wait": "20"}, Ask(Sync(None, 7))),
    ],
)
def test_what_is_asked(query: dict[str, str], ask: Ask) -> None:
    assert Ask.of(query) == ask


@pytest.mark.parametrize(
    "query",
    [
        {"after": "-1"},
        {"after": ""},
        {"after": "1.0"},
        {"after": "٣"},
        {"after": "1" * 16},
        {"before": "0"},
        {"after": "1", "before": "2"},
        {"noticed": "x"},
        {"wait": str(LONGEST_WAIT + 1)},
        {"wait": "1e1"},
    ],
)
def test_what_is_not_a_question(query: dict[str, str]) -> None:
    with pytest.raises(FrameRefused) as refusal:
        Ask.of({**query, "id": "mine"})
    assert (refusal.value.code, refusal.value.id) == (Code.SYNC_INVALID, "mine")


@pytest.mark.parametrize("id", ["", "x" * 65])
def test_an_id_has_a_length(id: str) -> None:
    with pytest.raises(FrameRefused) as refusal:
        Ask.of({"id": id})
    assert refusal.value.code is Code.ID_INVALID


NAMES = st.sampled_from(["after", "before", "noticed", "wait", "id", "other"])


@given(st.dictionaries(NAMES, st.text() | st.integers(-5, 10**18).map(str)))
def test_any_query_is_read_or_refused(query: dict[str, str]) -> None:
    try:
        ask = Ask.of(query)
    except FrameRefused:
        return
    assert 0 <= ask.wait <= LONGEST_WAIT
    assert ask.page.after is None or ask.page.before is None
