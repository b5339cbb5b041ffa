"""Too much of everything: connections, messages, bytes, time. Somebody else in the room must not notice."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from local_dev.web import data_plane, http_protocol
from local_dev.web.limits import FRAME_LIMIT
from local_dev.web.socket_protocol import GatewayWebSocketProtocol
from tests.chat.client import TIMEOUT, ChatClient, room_path
from tests.security.target import MARK, Target, said, target

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def throttled_chat() -> Iterator[Target]:
    """Few connections a second."""
    with target(ConnectRate="1", ConnectBurst="10") as made:
        yield made


@pytest.fixture(scope="module")
def slow_chat() -> Iterator[Target]:
    """Twenty messages at once, and then so few a second that the busiest machine carries out more."""
    with target(MessageBurst="20", MessageRate="1") as made:
        yield made


async def talks(speaker: ChatClient, *hearers: ChatClient) -> None:
    """What one says, the others hear; within the usual time, or the wait fails."""
    content = said()
    await speaker.send(content)
    for hearer in hearers:
        await hearer.event(type="message", content=content)


async def test_a_flood_of_connects_is_turned_away_and_who_is_in_stays(
    throttled_chat: Target, room: str
) -> None:
    async with (
        throttled_chat.enter(room_path(room, "Ali")) as ali,
        throttled_chat.enter(room_path(room, "Sara")) as sara,
    ):
        await sara.present("Ali", "Sara")
        began = time.monotonic()
        knocks = [throttled_chat.knock(room_path(room, f"flood {number}")) for number in range(60)]
        flood = asyncio.gather(*knocks)
        await talks(ali, sara)
        statuses = Counter(status for status, _ in await flood)
        assert set(statuses) == {101, 429}
        assert statuses[101] <= 10 + (time.monotonic() - began) + 1
        await talks(ali, sara)
        await talks(sara, ali)
    assert throttled_chat.leaks() == []


async def test_a_client_has_so_many_connections_in_a_room(ticket_chat: Target, room: str) -> None:
    """Even if it asks for all of them at the same moment; another client's are its own."""
    token = ticket_chat.ticket(sub="Mallory", rooms=[room, f"{room}-2"])
    his = ticket_chat.ticket(sub="Ali", rooms=[room])
    async with ticket_chat.enter(f"/ws/{room}/Ali?ticket={his}") as ali:
        held = [ticket_chat.hold(f"/ws/{room}/Mallory?ticket={token}") for _ in range(12)]
        opened = await asyncio.gather(*held)
        try:
            assert Counter(status for status, _ in opened) == {101: 2, 429: 10}
            assert (await ticket_chat.knock(f"/ws/{room}-2/Mallory?ticket={token}"))[0] == 101
            await ali.present("Ali", "Mallory")
            await talks(ali, ali)
        finally:
            for _, writer in opened:
                writer.close()
        await ali.present("Ali")


async def test_a_room_has_so_many_places(closed_chat: Target, room: str) -> None:
    own = ("Origin", closed_chat.url)
    async with closed_chat.enter(room_path(room, "Ali"), own) as ali:
        opened = []
        try:
            for number in range(8):
                opened.append(await closed_chat.hold(room_path(room, f"n{number}"), own))
            assert [status for status, _ in opened] == [101] * 4 + [429] * 4
            assert (await closed_chat.knock(room_path(f"{room}-2", "n"), own))[0] == 101
            await talks(ali, ali)
        finally:
            for _, writer in opened:
                writer.close()


async def test_who_floods_with_messages_is_told_to_wait_and_the_others_go_on(
    slow_chat: Target, room: str
) -> None:
    async with (
        slow_chat.enter(room_path(room, "Ali")) as ali,
        slow_chat.enter(room_path(room, "Sara")) as sara,
        slow_chat.enter(room_path(room, "Mallory")) as mallory,
    ):
        for client in (ali, sara, mallory):
            await client.present("Ali", "Mallory", "Sara")
        began = time.monotonic()
        for number in range(100):
            await mallory.send({"content": f"{MARK} {number}", "id": str(number)})
        for _ in range(5):
            await talks(ali, sara)
            await talks(sara, ali)
        answered = ("message", "error")
        await mallory.until(
            lambda client: sum(event.get("id") is not None for event in client.events) >= 100,
            limit=2 * TIMEOUT,
        )
        outcomes = Counter(
            event.get("code", "stored")
            for event in mallory.events
            if event["type"] in answered and event.get("id")
        )
        assert outcomes["rate_limited"] + outcomes["stored"] == 100
        assert outcomes["stored"] <= 20 + (time.monotonic() - began) + 1
        stored = [event["seq"] for event in mallory.of_type("message") if event.get("id")]
        await ali.until(lambda client: {event["seq"] for event in client.of_type("message")} >= {*stored})
        heard = [event for event in ali.of_type("message") if event["client_id"] == "Mallory"]
        assert len(heard) == outcomes["stored"]
        assert not ali.of_type("error") and not sara.of_type("error")
    assert slow_chat.leaks() == []


async def test_more_tabs_do_not_slow_down_who_has_one(slow_chat: Target, room: str) -> None:
    """Each connection has a bucket of its own: a limit of a client's connections bounds their sum."""
    async with (
        slow_chat.enter(room_path(room, "Ali")) as ali,
        slow_chat.enter(room_path(room, "Mallory")) as one,
        slow_chat.enter(room_path(room, "Mallory")) as two,
    ):
        await ali.present("Ali", "Mallory")
        for number in range(60):
            for tab in (one, two):
                await tab.send({"content": f"{MARK} {number}", "id": str(number)})
        await talks(ali, ali)
        for tab in (one, two):
            await tab.event(type="error", code="rate_limited")
    assert slow_chat.leaks() == []


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("[" * 16_000 + "]" * 16_000, "content_too_long"),
        ('{"content":' + "[" * 16_000 + "]" * 16_000 + "}", "frame_too_deep"),
        ('{"content":' + '{"a":' * 5_000 + "1" + "}" * 5_001, "frame_too_deep"),
        ('{"content":"psst","x":' + "[" * 65 + "]" * 65 + "}", "frame_too_deep"),
        ('{"content":' + "9" * 30_000 + "}", "content_too_long"),
        ('{"action":"sync","after":' + "9" * 30_000 + "}", None),
        ('{"action":"sync","after":1e999999}', "sync_invalid"),
        ('{"content":"' + "\\u0000" * 4_001 + '"}', "content_too_long"),
        ("{" + ",".join(f'"{number}":{number}' for number in range(2_500)) + "}", "content_missing"),
        ('{"content":"psst","id":"' + "x" * 65 + '"}', "id_invalid"),
        ('{"content":' + '"\\ud800"' + "}", None),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "answered",
)
async def test_a_frame_that_is_deep_long_or_odd_is_answered_at_once(
    open_chat: Target, room: str, frame: str, code: str | None
) -> None:
    async with open_chat.enter(room_path(room, "Ali")) as ali:
        await ali.present("Ali")
        known = len(ali.events)
        await ali.send(frame)
        await ali.until(lambda client: len(client.events) > known)
        assert ali.events[known].get("code") == code
        await talks(ali, ali)


async def test_too_large_a_frame_ends_the_connection_and_nothing_else(open_chat: Target, room: str) -> None:
    async with open_chat.enter(room_path(room, "Ali")) as ali:
        await ali.present("Ali")
        for oversized in ("x" * (FRAME_LIMIT + 1), b"binary", ["x" * FRAME_LIMIT] * 4 + ["x"]):
            async with open_chat.enter(room_path(room, "Mallory")) as mallory:
                await mallory.present("Ali", "Mallory")
                await mallory.socket.send(oversized)
                async with asyncio.timeout(TIMEOUT):
                    await mallory.socket.wait_closed()
                assert mallory.socket.close_code == (1003 if oversized == b"binary" else 1009)
            await ali.present("Ali")
        await talks(ali, ali)


async def test_a_message_in_thousands_of_pieces_is_one_or_none(open_chat: Target, room: str) -> None:
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Mallory")) as mallory,
    ):
        await mallory.present("Ali", "Mallory")
        await mallory.socket.send([MARK, *"x" * 3_000])
        assert len((await ali.event(type="message"))["content"]) == 3_004
        await mallory.socket.send(iter(["x"] * (FRAME_LIMIT + 1)))
        await mallory.event(type="error", code="frame_too_large")

        async def endless() -> AsyncIterator[str]:
            while True:
                yield "x" * 1_000

        async with asyncio.timeout(TIMEOUT):
            with pytest.raises(ConnectionClosed):
                await mallory.socket.send(endless())
            await mallory.socket.wait_closed()
        assert mallory.socket.close_code in (1009, 1006)  # 1006: who never stops sending does not hear why
        await talks(ali, ali)


@pytest.fixture
def small_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few messages, and not megabytes, fill what the machine and the gateway keep for a client."""
    make = GatewayWebSocketProtocol.connection_made

    def connection_made(self: GatewayWebSocketProtocol, transport: asyncio.Transport) -> None:
        _shrink(transport, socket.SO_SNDBUF)
        make(self, transport)

    monkeypatch.setattr(GatewayWebSocketProtocol, "connection_made", connection_made)
    monkeypatch.setattr(data_plane, "BUFFER_LIMIT", 8_192)


def _shrink(transport: asyncio.Transport, buffer: int) -> None:
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, buffer, 4_096)


async def test_who_does_not_read_holds_up_nobody(open_chat: Target, room: str, small_buffers: None) -> None:
    async with (
        open_chat.enter(room_path(room, "Ali")) as ali,
        open_chat.enter(room_path(room, "Sara")) as sara,
        open_chat.enter(room_path(room, "deaf")) as deaf,
    ):
        await ali.present("Ali", "Sara", "deaf")
        deaf.socket.transport.pause_reading()
        _shrink(deaf.socket.transport, socket.SO_RCVBUF)
        for number in range(60):
            content = f"{MARK} {number} {'x' * 3_900}"
            await ali.send({"content": content})
            for hearer in (ali, sara):
                await hearer.event(type="message", content=content)
            if any(room in line and ':"429"' in line for line in open_chat.lines()["DefaultFunction"]):
                break  # five times over: no more can wait for her
            await asyncio.sleep(0.2)  # no more than may be said
        else:
            pytest.fail("whatever is posted to her has room somewhere")
        for _ in range(3):
            await talks(ali, ali, sara)
            await talks(sara, ali, sara)
        deaf.socket.transport.abort()
        await ali.present("Ali", "Sara")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway waits for two seconds where it waits for half a minute."""
    monkeypatch.setattr(http_protocol, "REQUEST_TIMEOUT", 2.0)


async def test_a_handshake_that_never_ends_is_given_up(open_chat: Target, room: str, impatient: None) -> None:
    """A byte now and then does not help: the whole of it has to be there in time."""
    place = urlsplit(open_chat.url)

    async def slowly() -> bytes:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(f"GET /ws/{room}/Mallory HTTP/1.1\r\nHost: {place.netloc}\r\nX-Slow: ".encode())
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"x")
            await asyncio.wait([answer], timeout=0.1)
        writer.close()
        return answer.result()

    async with open_chat.enter(room_path(room, "Ali")) as ali:
        await ali.present("Ali")
        many = asyncio.gather(*(slowly() for _ in range(50)))
        await talks(ali, ali)
        async with asyncio.timeout(TIMEOUT):
            answers = await many
        assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 408 Request Timeout"}
        await talks(ali, ali)


async def test_a_silent_socket_is_given_up(open_chat: Target, impatient: None) -> None:
    place = urlsplit(open_chat.url)
    sockets = [await asyncio.open_connection(place.hostname, place.port) for _ in range(20)]
    async with asyncio.timeout(TIMEOUT):
        assert [await reader.read() for reader, _ in sockets] == [b""] * 20
    for _, writer in sockets:
        writer.close()


async def test_a_handshake_has_a_size(open_chat: Target, room: str) -> None:
    path = room_path(room, "Ali")
    for target_, headers, status in (
        (f"{path}?x={'x' * 4_200}", [], 414),
        (f"{path}?x={'x' * 9_000}", [], 414),
        (f"/live?room_id={'x' * 4_200}", [], 414),
        (path, [("X-Long", "x" * 33_000)], 431),
        (path, [("X-Many", "x")] * 6_000, 431),
    ):
        assert (await open_chat.knock(target_, *headers))[0] == status
    async with open_chat.enter(path) as ali:
        await talks(ali, ali)
