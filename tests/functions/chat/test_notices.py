from typing import Any

import pytest
from chat import places
from chat.errors import Unavailable
from chat.notices import KEPT_LINES, KEPT_MS, PLACE, NoticeBoard, Notices

from tests.functions.conftest import MEMBERSHIPS, Store, Time
from tests.functions.stand_ins import NOW


def line(text: str) -> dict[str, Any]:
    return {"type": "system", "content": text}


def on(store: Store) -> Notices:
    [item] = store.items(MEMBERSHIPS)
    return Notices.of(item)


def test_lines_are_told_after_a_number(board: NoticeBoard, store: Store, time: Time) -> None:
    board.add("general", [line("ada joined"), line("bo joined")])
    assert store.calls == ["GetItem", "PutItem"]
    time.now_ms += 500
    board.add("general", [line("خداحافظ")])
    notices = on(store)
    assert notices.number == NOW + 500
    assert notices.since(0) == [line("ada joined"), line("bo joined"), line("خداحافظ")]
    assert notices.since(NOW) == [line("خداحافظ")]
    assert notices.since(NOW + 500) == []


def test_numbers_rise_even_where_the_clock_does_not(board: NoticeBoard, store: Store, time: Time) -> None:
    board.add("general", [line("one")])
    time.now_ms -= 5000
    board.add("general", [])
    assert on(store).number == NOW + 1


def test_what_is_old_or_too_much_is_gone(board: NoticeBoard, store: Store, time: Time) -> None:
    board.add("general", [line("old")])
    time.now_ms += KEPT_MS
    board.add("general", [line(str(number)) for number in range(KEPT_LINES + 3)])
    assert on(store).since(0) == [line(str(number)) for number in range(3, KEPT_LINES + 3)]


def test_without_any_there_is_nothing() -> None:
    assert Notices.of(None) == Notices.of({}) == Notices()
    assert Notices().since(0) == []


def test_the_board_is_no_members_place() -> None:
    assert PLACE not in places.WHOLE


def test_the_table_may_fail(board: NoticeBoard, store: Store) -> None:
    for call in ("GetItem", "PutItem"):
        store.faults[call].append("InternalServerError")
        with pytest.raises(Unavailable):
            board.add("general", [])
