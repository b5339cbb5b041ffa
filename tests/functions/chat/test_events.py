import json
from itertools import pairwise
from typing import Any

import pytest
from chat import events
from chat.errors import Code, FrameRefused, NotAMember, RateLimited
from chat.events import Event
from hypothesis import given
from hypothesis import strategies as st

from tests.functions.stand_ins import NOW

AT = "2025-06-15T15:06:40.000Z"


def message(seq: int, content: str, *, client_id: str = "ada", id: str | None = None) -> Event:
    return events.message(
        room_id="general", client_id=client_id, content=content, timestamp=AT, seq=seq, id=id
    )


def test_a_message() -> None:
    plain = {
        "type": "message",
        "room_id": "general",
        "client_id": "ada",
        "content": "hi",
        "timestamp": AT,
        "seq": 7,
    }
    assert message(7, "hi") == plain
    assert message(7, "hi", id="x") == plain | {"id": "x"}


def test_joined_and_left() -> None:
    system = {"type": "system", "room_id": "general", "client_id": "system", "timestamp": AT}
    assert events.joined("general", "ada", at=NOW) == system | {"content": "ada joined general."}
    assert events.left("general", "ada", at=NOW) == system | {"content": "ada left general."}


def test_presence() -> None:
    assert events.present(["bo", "ada", "bo"], at=NOW) == {
        "type": "presence",
        "users": ["ada", "bo"],
        "timestamp": AT,
    }


def test_presence_of_a_crowd_has_the_total() -> None:
    event = events.present(map(str, range(500)), at=NOW)
    assert len(event["users"]) == 200
    assert event["total"] == 500


def test_an_error() -> None:
    event = {"type": "error", "code": "not_a_member", "timestamp": AT, "content": NotAMember().content}
    assert events.error(NotAMember(), at=NOW) == event
    refused = FrameRefused(Code.CONTENT_INVALID, id="x")
    assert events.error(refused, at=NOW)["id"] == "x"
    assert events.error(RateLimited(150), at=NOW)["retry_after_ms"] == 150


@pytest.mark.parametrize(
    ("clients", "content"),
    [
        (["a"], "a joined general."),
        (["a", "b"], "a and b joined general."),
        (["a", "b", "c"], "a, b and c joined general."),
        (["a", "b", "c", "d"], "a, b, c and 1 other joined general."),
        (list("abcdefg"), "a, b, c and 4 others joined general."),
    ],
)
def test_a_storm_is_one_line(clients: list[str], content: str) -> None:
    assert events.storm("joined", "general", clients, at=NOW) == {
        **{"type": "system", "room_id": "general", "client_id": "system", "timestamp": AT},
        **{"content": content, "event": "joined", "clients": clients[:3], "total": len(clients)},
    }


def test_a_pong() -> None:
    assert events.pong(7, at=NOW) == {"type": "pong", "last_seq": 7, "timestamp": AT}


def test_an_answer_carries_the_id_of_what_it_answers() -> None:
    assert events.pong(7, at=NOW, id="x")["id"] == "x"
    assert events.present([], at=NOW, id="x")["id"] == "x"
    assert events.page([], first=1, through=0, last_seq=0, more=False, at=NOW, id="x")["id"] == "x"


def test_a_page() -> None:
    page = events.page([message(7, "hi")], first=5, through=7, last_seq=8, more=True, at=NOW)
    assert page == {
        "type": "page",
        "messages": [message(7, "hi")],
        "from": 5,
        "through": 7,
        "last_seq": 8,
        "timestamp": AT,
        "more": True,
    }


def test_a_frame_is_compact_json_in_utf_8() -> None:
    assert events.encode({"content": "سلام 👋", "seq": 1}) == '{"content":"سلام 👋","seq":1}'.encode()


@pytest.mark.parametrize("character", ["a", "é", "👍", "\0", '"', "\\"])
def test_a_page_holds_as_much_as_fits_and_at_least_the_largest_message(character: str) -> None:
    largest = message(10**15, character * 4000, client_id='"' * 64, id="\0" * 64) | {"room_id": '"' * 64}
    ends: Any = {"last_seq": 10**15, "at": NOW, "id": "\0" * 64}
    taken = events.fitting([largest] * 100, **ends)
    page = events.page(taken, first=10**15, through=10**15, more=False, **ends)
    assert 1 <= len(taken) < 100
    assert len(events.encode(page)) <= 32_768 < len(events.encode(page)) + len(events.encode(largest)) + 1


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=4000), max_size=20))
def test_a_page_is_never_larger_than_a_frame(contents: list[str]) -> None:
    messages = [message(seq, content) for seq, content in enumerate(contents, 1)]
    taken = events.fitting(messages, last_seq=len(messages), at=NOW)
    assert taken == messages[: len(taken)]
    frame = events.encode(
        events.page(taken, first=1, through=len(taken), last_seq=len(messages), more=True, at=NOW)
    )
    assert len(frame) <= 32_768
    assert json.loads(frame)["messages"] == taken


@given(st.lists(st.integers(2, 40_000)))
def test_several_events_are_as_few_frames_as_fit(sizes: list[int]) -> None:
    frames = [b'"' + b"x" * (size - 2) + b'"' for size in sizes]
    merged = events.merged(frames)
    assert [each for frame in merged for each in _unpacked(frame)] == [json.loads(frame) for frame in frames]
    assert all(len(frame) <= events.MAX_PAGE_BYTES for frame in merged if frame.startswith(b"["))
    for left, right in pairwise(merged):
        first = _unpacked(right)[0]
        assert len(json.dumps([*_unpacked(left), first], separators=(",", ":"))) > events.MAX_PAGE_BYTES


def _unpacked(frame: bytes) -> list[Any]:
    found = json.loads(frame)
    return found if isinstance(found, list) else [found]
