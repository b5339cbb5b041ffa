"""docs/protocol.md, line by line, spoken by a third-party WebSocket client over both addresses."""

import asyncio
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.chat.client import TIMEOUT, chat, member, room_path, stage_path
from tests.conftest import ROOT, ServedGateway
from tests.running import Running, running

pytestmark = pytest.mark.anyio
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
both_addresses = pytest.mark.parametrize("path", [room_path, stage_path], ids=["ws", "stage"])


@pytest.fixture
def room() -> str:
    """A room that no other test uses."""
    return f"room-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def slow_chat() -> Iterator[Running]:
    """The chat with a limit that the busiest machine reaches: one message a second."""
    with running(ROOT / "template.yaml", MessageRate="1") as deployed:
        yield deployed


@both_addresses
async def test_a_joiner_sees_itself_joined_and_present_without_sending_anything(
    gateway: ServedGateway, room: str, path: Callable[[str, str], str]
) -> None:
    async with chat(gateway.ws_url, path(room, "Ali")) as ali:
        await ali.present("Ali")
    system, presence = ali.events
    assert re.fullmatch(TIMESTAMP, system.pop("timestamp"))
    assert system == {
        "type": "system",
        "room_id": room,
        "client_id": "system",
        "content": f"Ali joined {room}.",
    }
    assert re.fullmatch(TIMESTAMP, presence.pop("timestamp"))
    assert presence == {"type": "presence", "users": ["Ali"]}


@both_addresses
async def test_a_message_in_a_room_of_one_comes_back(
    gateway: ServedGateway, room: str, path: Callable[[str, str], str]
) -> None:
    async with chat(gateway.ws_url, path(room, "Ali")) as ali:
        await ali.send({"content": "  hello  ", "id": "my-1", "anything": ["else"]})
        message = dict(await ali.event(type="message"))
    assert re.fullmatch(TIMESTAMP, message.pop("timestamp"))
    assert message == {
        **{"type": "message", "room_id": room, "client_id": "Ali", "content": "hello"},
        **{"seq": 1, "id": "my-1"},
    }


async def test_both_addresses_lead_to_the_same_room(gateway: ServedGateway, room: str) -> None:
    async with (
        member(gateway.ws_url, room, "Ali") as ali,
        chat(gateway.ws_url, stage_path(room, "سارا")) as sara,
    ):
        await ali.present("Ali", "سارا")
        await ali.event(type="system", content=f"سارا joined {room}.")
        await sara.send("سلام 😀 <script>alert(1)</script>")
        await ali.event(type="message", client_id="سارا", content="سلام 😀 <script>alert(1)</script>", seq=1)
        await ali.send("خوش آمدی")
        await sara.event(type="message", client_id="Ali", content="خوش آمدی", seq=2)


async def test_leaving_is_told_with_presence(gateway: ServedGateway, room: str) -> None:
    async with member(gateway.ws_url, room, "Ali") as ali:
        async with member(gateway.ws_url, room, "Sara"):
            await ali.present("Ali", "Sara")
        await ali.event(type="system", content=f"Sara left {room}.")
        await ali.present("Ali")


async def test_a_killed_tcp_connection_leaves_the_room_as_well(gateway: ServedGateway, room: str) -> None:
    """Long before the gateway would cut it for being idle, or its lease ends."""
    async with (
        member(gateway.ws_url, room, "Ali") as ali,
        chat(gateway.ws_url, room_path(room, "Sara")) as sara,
    ):
        await ali.present("Ali", "Sara")
        sara.socket.transport.abort()
        await ali.event(type="system", content=f"Sara left {room}.")
        await ali.present("Ali")


async def test_two_connections_of_a_client_are_one_person(gateway: ServedGateway, room: str) -> None:
    async with member(gateway.ws_url, room, "Ali") as ali:
        async with member(gateway.ws_url, room, "Sara") as first:
            async with chat(gateway.ws_url, room_path(room, "Sara")) as second:
                await second.present("Ali", "Sara")
                await ali.send("to all three")
                for each in (first, second):
                    await each.event(type="message", content="to all three")
            await first.send("still here")
            await ali.event(type="message", content="still here")
        await ali.event(type="system", content=f"Sara left {room}.")
    lines = [event["content"] for event in ali.of_type("system")]
    assert lines == [f"Ali joined {room}.", f"Sara joined {room}.", f"Sara left {room}."]


async def test_blank_names_become_general_and_anonymous(gateway: ServedGateway) -> None:
    async with chat(gateway.ws_url, "/ws/%20/%20") as blank:
        await blank.until(lambda client: "anonymous" in client.users)
        await blank.event(type="system", content="anonymous joined general.")
        async with chat(gateway.ws_url, "/live") as bare:
            await bare.until(lambda client: "anonymous" in client.users)


@pytest.mark.parametrize(
    "odd",
    ["a/b", "../..", "a+b&c=d;e#f?g%", "گفت‌وگوی آزاد", "日本語", "👩‍👩‍👧", "é" * 64],
    ids=["slash", "dots", "reserved", "persian", "japanese", "emoji", "long"],
)
async def test_names_in_any_script_with_any_visible_character(gateway: ServedGateway, odd: str) -> None:
    async with member(gateway.ws_url, odd, odd) as someone:
        await someone.event(type="system", content=f"{odd} joined {odd}.", room_id=odd)
        await someone.send("x")
        await someone.event(type="message", room_id=odd, client_id=odd)


@both_addresses
@pytest.mark.parametrize(
    ("room_name", "client"),
    [
        ("x" * 65, "Ali"),
        ("room", "x" * 65),
        ("room", "a\u202eb"),
        ("room", "a\nb"),
        ("room\x00", "Ali"),
        ("room", "System"),
        ("room", "ѕуѕтем"),
    ],
    ids=["long_room", "long_client", "override", "newline", "nul", "system", "look_alike"],
)
async def test_a_refused_name_is_403(
    gateway: ServedGateway, path: Callable[[str, str], str], room_name: str, client: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(gateway.ws_url + path(room_name, client), open_timeout=TIMEOUT):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(("path", "status"), [("/ws/%ZZ/a", 400), ("/ws/a/b/c", 404), ("/elsewhere", 403)])
async def test_other_paths_are_refused(gateway: ServedGateway, path: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(gateway.ws_url + path, open_timeout=TIMEOUT):
            pass
    assert refused.value.response.status_code == status


@pytest.mark.parametrize(
    ("frame", "content"),
    [
        ("just text", "just text"),
        ("5", "5"),
        ("[1,2]", "[1,2]"),
        ('"quoted"', '"quoted"'),
        ("null", "null"),
        ("{not json", "{not json"),
        ("[" * 5000, None),
        ('{"content":5}', "5"),
        ('{"content":1e400}', "1e400"),
        ('{"content":true}', "true"),
        ('{"content":"a","action":"ping"}', "a"),
        ('{"content":"\\ud800"}', "\ufffd"),
        ('{"content":"x","content":"last"}', "last"),
    ],
)
async def test_what_counts_as_content(
    gateway: ServedGateway, room: str, frame: str, content: str | None
) -> None:
    async with chat(gateway.ws_url, room_path(room, "Ali")) as ali:
        await ali.send(frame)
        if content is None:  # far beyond 4,000 characters, and no object: refused as content
            await ali.event(type="error", code="content_too_long")
        else:
            await ali.event(type="message", content=content)


@pytest.mark.parametrize("frame", ["", "   ", '{"content":""}', '{"content":" \\u200a "}'])
async def test_blank_content_is_ignored(gateway: ServedGateway, room: str, frame: str) -> None:
    async with chat(gateway.ws_url, room_path(room, "Ali")) as ali:
        await ali.send(frame)
        await ali.send({"action": "ping"})
        assert (await ali.event(type="pong"))["last_seq"] == 0
    assert not ali.of_type("message")
    assert not ali.of_type("error")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{}", "content_missing"),
        ('{"content":null}', "content_invalid"),
        ('{"content":{}}', "content_invalid"),
        ('{"content":[1]}', "content_invalid"),
        ('{"content":"' + "x" * 4001 + '"}', "content_too_long"),
        ("x" * 4001, "content_too_long"),
        ('{"a":' * 70 + "1" + "}" * 70, "frame_too_deep"),
        ('{"a":' * 5000 + "1" + "}" * 5000, "frame_too_deep"),
        ('{"action":"shout"}', "action_unknown"),
        ('{"action":"sync","after":-1}', "sync_invalid"),
        ('{"action":"sync","after":"1"}', "sync_invalid"),
        ('{"action":"sync","before":0}', "sync_invalid"),
        ('{"action":"sync","after":1,"before":2}', "sync_invalid"),
        ('{"content":"x","id":5}', "id_invalid"),
        ('{"content":"x","id":"' + "x" * 65 + '"}', "id_invalid"),
    ],
)
async def test_every_refusal_is_an_error_event(
    gateway: ServedGateway, room: str, frame: str, code: str
) -> None:
    async with chat(gateway.ws_url, room_path(room, "Ali")) as ali:
        await ali.send(frame)
        error = await ali.event(type="error")
        assert error["code"] == code
        assert set(error) == {"type", "code", "content", "timestamp"}
        await ali.send("and the room goes on")
        await ali.event(type="message", content="and the room goes on", seq=1)


async def test_an_answer_and_a_refusal_carry_the_id_of_their_frame(gateway: ServedGateway, room: str) -> None:
    async with chat(gateway.ws_url, room_path(room, "Ali")) as ali:
        await ali.send({"content": None, "id": "my-7"})
        await ali.event(type="error", code="content_invalid", id="my-7")
        for number, (action, answer) in enumerate(
            [("ping", "pong"), ("sync", "page"), ("presence", "presence")]
        ):
            await ali.send({"action": action, "id": f"ask-{number}"})
            await ali.event(type=answer, id=f"ask-{number}")


async def test_the_same_id_is_stored_and_shown_once(gateway: ServedGateway, room: str) -> None:
    async with member(gateway.ws_url, room, "Ali") as ali, member(gateway.ws_url, room, "Sara") as sara:
        for content in ("hello", "hello again"):
            await ali.send({"content": content, "id": "my-1"})
        await ali.until(lambda client: len(client.of_type("message")) == 2)
        first, second = ali.of_type("message")
        assert first == second
        assert (first["content"], first["seq"]) == ("hello", 1)
        await sara.event(type="message", content="hello")
        await sara.send({"content": "and I", "id": "my-1"})
        await sara.event(type="message", client_id="Sara", content="and I")
        assert [event["content"] for event in sara.of_type("message")] == ["hello", "and I"]


async def test_who_says_too_much_at_once_is_told_when_to_go_on(slow_chat: Running, room: str) -> None:
    async with chat(slow_chat.ws_url, room_path(room, "Ali")) as ali:
        for number in range(60):
            await ali.send({"content": "x", "id": str(number)})
        refusal = await ali.event(type="error", code="rate_limited")
        assert 0 < refusal["retry_after_ms"] <= 1000
        await ali.until(lambda client: len(client.events) >= 62)
        stored = {event["id"] for event in ali.of_type("message")}
        refused = {event["id"] for event in ali.of_type("error")}
        assert stored | refused == {str(number) for number in range(60)}
        assert not stored & refused
        await ali.send({"action": "ping"})
        await ali.event(type="pong")


async def test_presence_is_told_to_who_asks_and_to_nobody_else(gateway: ServedGateway, room: str) -> None:
    async with member(gateway.ws_url, room, "Ali") as ali, member(gateway.ws_url, room, "Sara") as sara:
        await sara.send({"action": "presence", "id": "who"})
        answer = await sara.event(type="presence", id="who")
        assert answer["users"] == ["Ali", "Sara"]
        await ali.send({"action": "ping"})
        await ali.event(type="pong")
        assert not [event for event in ali.events if event.get("id") == "who"]


async def test_a_message_of_several_frames_over_32_kb_is_refused_by_the_chat(
    gateway: ServedGateway, room: str
) -> None:
    async with chat(gateway.ws_url, room_path(room, "Ali")) as ali:
        await ali.socket.send(["x" * 32_768, "x"])
        await ali.event(type="error", code="frame_too_large")


async def test_sync_gives_what_came_after_or_before_and_the_newest_page(
    gateway: ServedGateway, room: str
) -> None:
    async with chat(gateway.ws_url, room_path(room, "Ali")) as ali:
        for number in (1, 2, 3):
            await ali.send(f"message {number}")
            await ali.event(type="message", seq=number)
        await ali.send({"action": "sync", "after": 1})
        page = await ali.event(type="page")
        assert [message["seq"] for message in page["messages"]] == [2, 3]
        assert (page["from"], page["through"], page["last_seq"], page["more"]) == (2, 3, 3, False)
        await ali.send({"action": "sync", "before": 3, "id": "earlier"})
        earlier = await ali.event(type="page", id="earlier")
        assert [message["seq"] for message in earlier["messages"]] == [1, 2]
        assert (earlier["from"], earlier["through"], earlier["more"]) == (1, 2, False)
        assert page["messages"][0] == (await ali.event(type="message", seq=2))
    async with chat(gateway.ws_url, room_path(room, "Sara")) as sara:
        await sara.send({"action": "sync"})
        page = await sara.event(type="page")
        assert [message["content"] for message in page["messages"]] == ["message 1", "message 2", "message 3"]


async def test_rooms_do_not_hear_each_other(gateway: ServedGateway, room: str) -> None:
    async with member(gateway.ws_url, room, "Ali") as ali, member(gateway.ws_url, room + "2", "Sara") as sara:
        await sara.send("elsewhere")
        await sara.event(type="message", content="elsewhere")
        await ali.send("here")
        await ali.event(type="message", content="here")
    assert [event["content"] for event in ali.of_type("message")] == ["here"]
    assert [event["content"] for event in sara.of_type("message")] == ["elsewhere"]


async def test_the_path_names_the_client_and_a_query_cannot(gateway: ServedGateway, room: str) -> None:
    sly = room_path(room, "Ali") + f"?client_id=Boss&room%5Fid={quote('other')}"
    async with chat(gateway.ws_url, sly) as ali:
        await ali.present("Ali")
        await ali.send({"content": "x", "client_id": "Boss", "room_id": "other"})
        await ali.event(type="message", client_id="Ali", room_id=room)


async def test_50_clients_and_200_messages_of_10_senders_each_exactly_once(
    gateway: ServedGateway, room: str
) -> None:
    async with AsyncExitStack() as stack:
        paths = [room_path(room, f"client-{number:02}") for number in range(50)]
        clients = await asyncio.gather(
            *(stack.enter_async_context(chat(gateway.ws_url, path)) for path in paths)
        )
        names = [f"client-{number:02}" for number in range(50)]
        await asyncio.gather(*(client.until(lambda each: each.users == names) for client in clients))
        sent = {f"{sender}/{number}" for sender in range(10) for number in range(20)}

        async def speak(sender: int) -> None:
            for number in range(20):
                await clients[sender].send(f"{sender}/{number}")
                if number % 5 == 4:  # more would be on their way than a busy machine carries out in time
                    await clients[sender].event(type="message", content=f"{sender}/{number}")

        await asyncio.gather(*map(speak, range(10)))
        await asyncio.gather(
            *(
                client.until(lambda each: len(each.of_type("message")) >= len(sent), limit=120)
                for client in clients
            )
        )
        # Whatever would still come late or twice comes before the answer to a last message.
        await clients[0].send("the last one")
        await asyncio.gather(*(client.event(type="message", content="the last one") for client in clients))
    expected = None
    for client in clients:
        messages = client.of_type("message")
        assert {message["content"] for message in messages} == sent | {"the last one"}
        assert sorted(message["seq"] for message in messages) == list(range(1, 202))
        by_seq = {message["seq"]: message["content"] for message in messages}
        expected = expected or by_seq
        assert by_seq == expected
        assert not client.of_type("error")
