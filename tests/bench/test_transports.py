"""Who listens hears, and every byte of it is counted; what is made of the counts."""

import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.bench import transports
from tests.bench.ears import PollEar, SocketEar, Traffic
from tests.bench.report import PAGES, put
from tests.bench.transports import MINUTE, SECOND, Talk, tables
from tests.bench.wire import connect, ignore
from tests.chaos.room_server import served, until

pytestmark = pytest.mark.anyio


async def test_each_ear_hears_once_and_counts_what_went_over_its_connection() -> None:
    heard: dict[str, list[int]] = {"polling": [], "waiting": [], "socket": []}
    async with served() as room, AsyncExitStack() as stack:
        url = f"http://{room.address}"
        ears: dict[str, Any] = {
            "polling": PollEar(lambda number, _: heard["polling"].append(number), interval=0.05),
            "waiting": PollEar(lambda number, _: heard["waiting"].append(number), interval=None),
            "socket": SocketEar(lambda number, _: heard["socket"].append(number)),
        }
        for name, ear in ears.items():
            await ear.enter(url, "room", name)
            stack.push_async_callback(ear.leave)
        speaker = await connect(f"ws://{room.address}/ws/room/Bo", ignore)
        stack.callback(speaker.abort)
        for number in range(3):
            speaker.send(json.dumps({"content": f"~{number}~ hello", "id": f"{number}"}).encode())
            await until(lambda: all(len(numbers) == number + 1 for numbers in heard.values()))  # noqa: B023
        before = ears["socket"].traffic()
        ears["socket"].ping()
        await until(lambda: ears["socket"].pongs == 1)
        ping = ears["socket"].traffic().plus(before, times=-1.0)
        polled, socket = ears["polling"].traffic(), ears["socket"].traffic()
    assert set(map(tuple, heard.values())) == {(0, 1, 2)}
    assert ping.up == 2 + 4 + len('{"action":"ping"}'), "a head, a mask, and no answer is a request"
    assert socket.requests == 0
    assert polled.requests >= 3
    assert polled.up > polled.compressed_up > 0, "headers that are sent again are compressed well"
    assert polled.down > polled.compressed_down > polled.payload_down > 0


def test_what_arrived_in_the_measured_time_is_what_the_traffic_is_divided_by() -> None:
    talk = Talk("room")
    talk.arrivals = {"WebSocket": [(0.9, 0.1), (1.0, 0.2), (1.9, 0.4), (2.0, 0.3)]}
    before, after = Traffic(requests=5, up=100), Traffic(requests=9, up=300, down=50)
    found = transports._figures(talk, {"WebSocket": before}, {"WebSocket": after}, 1.0, 2.0)["WebSocket"]
    assert (found["requests"], found["up"], found["down"], found["late"]) == (2, 100, 25, [0.2, 0.4])


def test_the_tables_give_medians_and_ratios_to_the_websocket_and_have_their_places() -> None:
    def round_of(up: float, late: float) -> dict[str, Any]:
        cheap = {**vars(Traffic(0, 10, 10)), "late": [late]}
        dear = {**vars(Traffic(2, up, 40)), "late": [late * 10]}
        return {kind: cheap if kind == "WebSocket" else dear for kind in transports.KINDS}

    summary = transports._summary([round_of(100, 0.01), round_of(160, 0.02), round_of(999, 0.03)])
    assert summary["long polling"]["up"] == 160
    assert summary["long polling"]["p50"] == pytest.approx(200)
    versions = {
        version: {"round_trips": 3, "open_ms": 5.0 * (1 + at), "p50": 1.0, "p99": 2.0}
        for at, version in enumerate(("1.1", "2", "3"))
    }
    written = tables({SECOND: summary, MINUTE: summary, "versions": versions})
    row = next(line for line in written["transports"].splitlines() if line.startswith("| long polling"))
    assert [cell.strip() for cell in row.split("|")][6] == "10.0", "200 bytes to 20"
    assert "| HTTP/3 | 3 | 15.0 | 3.00 | 1.00 | 2.00 | 1.00 |" in written["versions"]
    page = PAGES[1].read_text(encoding="utf-8")
    for name in ("transports machine", *written):
        assert put(page, name, "x") != page
