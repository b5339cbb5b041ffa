"""Too much of everything: entries, requests, requests that wait. Somebody else in the room must not notice."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from chat.polling import LONGEST_WAIT

from local_dev.clock import Clock
from tests.chat.client import room_path
from tests.security.polling.asking import FOREVER, waiting
from tests.security.target import Target, new_room, said, target

pytestmark = pytest.mark.anyio


class ThrottleClock(Clock):
    """Real time, but for throttles, which a test may let forget what came before."""

    ahead = 0.0

    def real(self) -> float:
        return super().real() + self.ahead


@pytest.fixture(scope="module")
def clock() -> ThrottleClock:
    return ThrottleClock()


@pytest.fixture(scope="module")
def throttled(clock: ThrottleClock) -> Iterator[Target]:
    """Few entries, and few messages, a second; and two requests that may wait at once."""
    with target(
        clock=clock,
        ConnectRate="1",
        ConnectBurst="10",
        MessageRate="1",
        MessageBurst="10",
        PollConcurrency="2",
    ) as made:
        yield made
        assert made.leaks() == []


async def test_a_flood_of_entries_is_turned_away_and_who_is_in_stays(throttled: Target, room: str) -> None:
    key = await throttled.key(room, "Ali")
    async with throttled.enter(room_path(room, "Sara")) as sara:
        await sara.present("Ali", "Sara")
        began = time.monotonic()
        flood = asyncio.gather(*(throttled.door(room).enter(f"flood {number}") for number in range(60)))
        content = said()
        assert (await throttled.door(room).say(key, content))[0] == 200
        await sara.event(type="message", content=content)
        answers = await flood
        assert {status for status, _ in answers} == {201, 429}
        assert sum(status == 201 for status, _ in answers) <= 10 + (time.monotonic() - began) + 1
        # Handshakes are counted apart.
        async with throttled.enter(room_path(room, "Bo")):
            await sara.send(said())


async def test_requests_that_wait_leave_the_other_functions_alone(
    throttled: Target, clock: ThrottleClock, room: str
) -> None:
    """`PollConcurrency` is what they can take up; who comes then is told to come again, and everybody else talks."""
    rooms = [new_room() for _ in range(3)]
    async with throttled.enter(room_path(room, "Ali")) as ali:
        clock.ahead += 3.5  # for three more entries
        one, two, three = [await throttled.key(each, "Mallory") for each in rooms]
        async with waiting(throttled, rooms[0], one), waiting(throttled, rooms[1], two):
            status, answer = await throttled.door(rooms[2]).events(three)
            assert (status, answer) == (503, {"message": "Service Unavailable"})
            content = said()
            assert (await throttled.door(rooms[2]).say(three, said()))[0] == 200
            await ali.send(content)
            await ali.event(type="message", content=content)
        assert (await throttled.door(rooms[2]).members(three))[0] == 200


async def test_a_member_holds_one_request_however_often_it_asks(open_chat: Target, room: str) -> None:
    key = await open_chat.key(room, "Mallory")
    async with waiting(open_chat, room, key) as first:
        tasks = [asyncio.create_task(open_chat.door(room).events(key, **FOREVER)) for _ in range(5)]
        async with asyncio.timeout(LONGEST_WAIT - 2):
            assert (await first)[0] == 200
            done, held = set[Any](), {*tasks}
            while len(held) > 1:
                done, held = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0.05)
        assert {task.result()[1]["events"] == [] for task in done if task.result()[0] == 200} <= {True}
        # The last one ends when the membership does.
        assert (await open_chat.door(room).leave(key))[0] == 204
        async with asyncio.timeout(LONGEST_WAIT - 2):
            await asyncio.gather(*held)


async def test_who_asks_too_much_is_told_to_wait_and_the_others_go_on(
    throttled: Target, clock: ThrottleClock, room: str
) -> None:
    clock.ahead += 2.5  # for two more entries
    mallory, ali = await throttled.key(room, "Mallory"), await throttled.key(room, "Ali")
    door, began = throttled.door(room), time.monotonic()

    async def floods(way: Callable[[], Awaitable[tuple[int, Any]]]) -> list[tuple[int, Any]]:
        """One after the other: more at once than may poll at once would be another refusal."""
        return [await way() for _ in range(20)]

    ways = [lambda: door.members(mallory), lambda: door.say(mallory, said())]
    flood = asyncio.gather(*map(floods, [lambda: door.events(mallory), *ways * 3]))
    for _ in range(3):
        assert (await door.say(ali, said()))[0] == 200
    answers = [answer for each in await flood for answer in each]
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] <= 10 + (time.monotonic() - began) + 1
    assert {answer["code"] for status, answer in answers if status == 429} == {"rate_limited"}
    assert (await door.leave(mallory))[0] == 204


async def test_a_client_has_so_many_places_whichever_way_it_comes(ticket_chat: Target, room: str) -> None:
    ticket = ticket_chat.ticket(sub="Mallory", rooms=[room])
    async with ticket_chat.enter(f"/ws/{room}/Mallory?ticket={ticket}") as mallory:
        await mallory.present("Mallory")
        shown = {"authorization": f"Bearer {ticket}"}
        answers = await asyncio.gather(*(ticket_chat.door(room).enter("Mallory", **shown) for _ in range(6)))
        ticket_chat.keys += [answer["key"] for status, answer in answers if status == 201]
        assert Counter(status for status, _ in answers) == {201: 1, 429: 5}
        assert (await ticket_chat.knock(f"/ws/{room}/Mallory?ticket={ticket}"))[0] == 429
