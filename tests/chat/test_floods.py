"""A flood of handshakes is turned away at the gateway, and those who are in notice nothing of it."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.chat.client import TIMEOUT, member, room_path
from tests.conftest import ROOT
from tests.running import Running, running

pytestmark = pytest.mark.anyio

FLOOD = 60
BURST = 10


@pytest.fixture(scope="module")
def narrow() -> Iterator[Running]:
    """The chat, with a narrow door: one handshake a second, and ten at once."""
    with running(
        ROOT / "template.yaml", ConnectRate="1", ConnectBurst=str(BURST), ReservedConcurrency="20"
    ) as deployed:
        yield deployed


async def test_a_flood_of_handshakes_gets_429_while_members_keep_talking(narrow: Running) -> None:
    over = asyncio.Event()

    async def knock(number: int) -> int:
        try:
            async with connect(narrow.ws_url + room_path("flooded", f"n{number}"), open_timeout=TIMEOUT):
                await over.wait()
                return 101
        except InvalidStatus as refused:
            return refused.response.status_code

    async with member(narrow.ws_url, "talk", "ada") as ada, member(narrow.ws_url, "talk", "bo") as bo:
        knocks = [asyncio.create_task(knock(number)) for number in range(FLOOD)]
        for number in range(10):
            await ada.send({"content": f"message {number}"})
            await bo.event(type="message", content=f"message {number}")
        turned_away = [task for task in knocks if task.done()]
        over.set()
        answers = Counter(await asyncio.gather(*knocks))
        assert {task.result() for task in turned_away} == {429}, "meanwhile"
        assert ada.of_type("error") == []
    assert answers.keys() == {101, 429}
    # The two of before took two of the ten; and while this runs, one more is let in each second.
    assert answers[429] > FLOOD - BURST - TIMEOUT


def test_only_what_strangers_reach_is_held_to_a_number_of_functions_at_once(narrow: Running) -> None:
    functions = narrow.deployed.stack.functions.values()
    assert {each.label for each in functions if each.reserved_concurrency == 20} == {
        "AdmitFunction",
        "ConnectFunction",
        "DefaultFunction",
    }
    assert {each.reserved_concurrency for each in functions} == {20, None}
