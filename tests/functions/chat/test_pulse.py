import pytest
from chat.errors import Unavailable
from chat.identity import Identity
from chat.log import RoomLog
from chat.memberships import Memberships
from chat.notices import NoticeBoard
from chat.pulse import Beat, Pulse

from tests.functions.conftest import MEMBERSHIPS, ROOM_LOG, Store
from tests.functions.stand_ins import NOW


@pytest.fixture
def pulse(store: Store) -> Pulse:
    return Pulse(store.client, memberships=MEMBERSHIPS, room_log=ROOM_LOG)


def test_one_call_tells_of_both(pulse: Pulse, log: RoomLog, board: NoticeBoard, store: Store) -> None:
    log.append(Identity("general", "ada"), "hello", id=None)
    board.add("general", [{"type": "system"}])
    store.calls.clear()
    beat = pulse.beat("general", "A=")
    assert store.calls == ["BatchGetItem"]
    assert (beat.last_seq, beat.notices.number) == (1, NOW)
    assert beat.notices.since(0) == [{"type": "system"}]


def test_it_tells_how_many_requests_of_the_member_wait(pulse: Pulse, memberships: Memberships) -> None:
    assert pulse.beat("general", "A=").waits is None
    memberships.enter(Identity("general", "ada"), "A=", joined_at=NOW, polls=True)
    assert pulse.beat("general", "A=").waits is None
    assert [memberships.touch("general", "A=", polls=True, waits=waits) for waits in (True, True, False)] == [
        1,
        2,
        0,
    ]
    assert pulse.beat("general", "A=").waits == 2
    assert pulse.beat("general", "B=").waits is None


def test_a_room_that_nobody_spoke_in_has_none(pulse: Pulse) -> None:
    assert pulse.beat("general", "A=") == Beat(0, pulse.beat("other", "A=").notices)


def test_the_tables_may_fail(pulse: Pulse, store: Store) -> None:
    store.faults["BatchGetItem"].append("InternalServerError")
    with pytest.raises(Unavailable):
        pulse.beat("general", "A=")
