"""The journal as events: resumed where it was left, bounded, and over when the server is."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local_dev.inspector.feed import BATCH, Feed
from local_dev.journal import KEPT, Journal

pytestmark = pytest.mark.anyio


def feed_of(count: int, **options: Any) -> tuple[Journal, Feed]:
    journal = Journal(clock=lambda: 1.0)
    for number in range(1, count + 1):
        journal.record("notice", text=f"n{number}")
    return journal, Feed(journal, run="run", **options)


def events(chunk: str) -> list[tuple[str, str, Any]]:
    """(name, id, data) of each event in what came over the wire."""
    found = []
    for block in chunk.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


async def numbers(stream: AsyncIterator[str]) -> list[int]:
    [(name, _, data)] = events(await anext(stream))
    assert name == "entries"
    return [entry["number"] for entry in data]


async def rest_of(stream: AsyncIterator[str]) -> list[str]:
    return [chunk async for chunk in stream]


async def test_a_page_gets_what_is_kept_and_then_each_entry_as_it_comes() -> None:
    journal, feed = feed_of(3)
    stream = feed.follow(0)
    assert (await anext(stream)).startswith("retry:")
    assert await numbers(stream) == [1, 2, 3]
    waiting = asyncio.create_task(numbers(stream))
    await asyncio.sleep(0)
    journal.record("notice", text="late")
    assert await waiting == [4]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_page_goes_on_where_it_was() -> None:
    _, feed = feed_of(5)
    stream = feed.follow(feed.position("run-3"))
    await anext(stream)
    [(_, event_id, data)] = events(await anext(stream))
    assert [entry["number"] for entry in data] == [4, 5]
    assert event_id == "run-5"


@pytest.mark.parametrize(
    ("event_id", "position"),
    [
        ("run-3", 3),
        ("3", 3),
        ("", 0),
        ("other-3", 0),
        ("run-6", 0),
        ("run-x", 0),
        ("run--1", 0),
        ("٣", 0),
        ("9" * 5000, 0),
    ],
)
async def test_a_place_is_one_of_this_run_or_the_beginning(event_id: str, position: int) -> None:
    _, feed = feed_of(5)
    assert feed.position(event_id) == position


async def test_who_was_away_too_long_is_told_how_much_is_missing() -> None:
    _, feed = feed_of(KEPT + 10)
    stream = feed.follow(4)
    await anext(stream)
    gap, entries = events(await anext(stream))
    assert gap == ("gap", "run-10", {"missed": 6})
    assert entries[2][0]["number"] == 11


async def test_a_slow_reader_costs_nothing_and_is_told_what_it_missed() -> None:
    journal, feed = feed_of(1)
    stream = feed.follow(0)
    await anext(stream)
    assert await numbers(stream) == [1]
    for _ in range(3 * KEPT):  # it reads nothing meanwhile, and nothing waits for it anywhere
        journal.record("received", connection="a", text="x")
    gap, entries = events(await anext(stream))
    assert gap[2] == {"missed": 2 * KEPT}
    assert len(entries[2]) == BATCH


async def test_silence_is_broken_by_comments() -> None:
    _, feed = feed_of(0, heartbeat=0.001)
    stream = feed.follow(0)
    await anext(stream)
    assert (await anext(stream)).startswith(":")


async def test_every_stream_ends_with_the_feed_and_leaves_nothing_behind() -> None:
    journal, feed = feed_of(0)
    streams = [feed.follow(0) for _ in range(3)]
    for stream in streams:
        await anext(stream)
    waiting = [asyncio.create_task(rest_of(stream)) for stream in streams]
    await asyncio.sleep(0)
    feed.close()
    assert await asyncio.gather(*waiting) == [[], [], []]
    assert not feed.full
    assert [chunk async for chunk in feed.follow(0)] == ["retry: 1000\n\n"]
    assert journal._listeners == set()


async def test_hostile_text_stays_within_its_event() -> None:
    journal, feed = feed_of(0)
    text = "a\n\nevent: entries\ndata: []\n\n\u2028\ud800\x00"
    journal.record("received", connection="a", text=text)
    stream = feed.follow(0)
    await anext(stream)
    chunk = await anext(stream)
    assert chunk.isascii()
    [(_, _, [entry])] = events(chunk)
    assert entry["facts"]["text"] == text
