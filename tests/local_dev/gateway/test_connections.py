"""The states of a connection."""

import asyncio
from itertools import product

import pytest

from local_dev.gateway.connections import Connection, Connections, Gone, IllegalMove, State
from local_dev.gateway.events import Session
from tests.local_dev.gateway.stand_ins import HANDSHAKE, Client, make_api, turns

LEGAL = {
    (State.CONNECTING, State.OPEN),
    (State.CONNECTING, State.CLOSED),
    (State.OPEN, State.CLOSING),
    (State.OPEN, State.CLOSED),
    (State.CLOSING, State.CLOSED),
}


def make_connection() -> Connection:
    client = Client()
    return Connection(Session(make_api(), "id", 0, HANDSHAKE), client.send, client.close, 0)


@pytest.mark.parametrize(("current", "wanted"), list(product(State, State)))
def test_moves(current: State, wanted: State) -> None:
    connection = make_connection()
    connection.state = current
    if (current, wanted) in LEGAL:
        connection.move_to(wanted)
        assert connection.state is wanted
    else:
        with pytest.raises(IllegalMove):
            connection.move_to(wanted)


@pytest.mark.parametrize("closing", [True, False])
def test_only_an_open_connection_is_found(closing: bool) -> None:
    connections, connection = Connections(), make_connection()
    with pytest.raises(Gone):
        connections.get("id")
    connections.open(connection)
    assert connections.get("id") is connection
    assert connections.all() == [connection]
    if closing:
        connections.begin_close(connection)
    else:
        connections.close(connection)
    with pytest.raises(Gone):
        connections.get("id")
    assert connections.all() == []


@pytest.mark.anyio
@pytest.mark.parametrize("in_turn", [True, False])
async def test_messages_run_one_after_the_other_if_asked_to(in_turn: bool) -> None:
    connection, log = make_connection(), list[str]()

    async def message(name: str, pauses: int) -> None:
        async with connection.running(in_turn=in_turn):
            log.append(f"{name} begins")
            await turns(pauses)
            log.append(f"{name} ends")

    tasks = [asyncio.create_task(message(name, pauses)) for name, pauses in (("a", 9), ("b", 3), ("c", 0))]
    await asyncio.sleep(0)
    await connection.settled()
    await asyncio.gather(*tasks)
    in_order = ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]
    assert sorted(log) == in_order
    assert (log == in_order) is in_turn


@pytest.mark.anyio
async def test_a_message_that_is_cancelled_holds_up_no_other() -> None:
    connection = make_connection()
    await connection.settled()

    async def forever() -> None:
        async with connection.running(in_turn=True):
            await asyncio.Event().wait()

    tasks = [asyncio.create_task(forever()) for _ in range(3)]
    await turns()
    for task in tasks:
        task.cancel()
    await connection.settled()
    async with connection.running(in_turn=True):
        pass
