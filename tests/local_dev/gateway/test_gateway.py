"""Messages, posts, cuts and ends of connections (contract sections 3 to 8)."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.clock import Clock
from local_dev.errors import FunctionRaised, FunctionTimedOut, ModelError
from local_dev.gateway.assumptions import Assumptions
from local_dev.gateway.connections import BufferFull, Connection, Gone, State, Throttled
from local_dev.gateway.gateway import Gateway
from local_dev.gateway.throttles import AccountLimits
from local_dev.journal import Journal
from local_dev.stack.model import Api, Integration, IntegrationType, Route, Throttle
from tests.local_dev.gateway.stand_ins import (
    HANDSHAKE,
    Client,
    FakeFunctions,
    MovedClock,
    make_api,
    open_client,
    proxy,
    turns,
)

pytestmark = pytest.mark.anyio

ONE_WAY = Route("say", proxy("say"))
TWO_WAY = replace(ONE_WAY, responds=True)
DISCONNECT = Route("$disconnect", proxy("disconnect"))
SAY = '{"action":"say"}'


class Scene:
    """A gateway with one client, its functions, journal and clock."""

    def __init__(self, api: Api, handlers: dict[str, Any] | None = None, **options: Any) -> None:
        self.functions = FakeFunctions({"disconnect": None, **(handlers or {})})
        self.clock, self.journal = MovedClock(), Journal()
        switches = options.pop("assume", {})
        self.gateway = Gateway(
            api,
            self.functions,
            clock=self.clock,
            journal=self.journal,
            assumptions=Assumptions(**switches),
            **options,
        )
        self.connection: Connection
        self.client: Client

    async def enter(self) -> "Scene":
        self.connection, self.client = await open_client(self.gateway)
        return self

    async def say(self, body: str = SAY) -> list[str]:
        """What the client hears of the message."""
        before = len(self.client.frames)
        await self.gateway.message(self.connection, body)
        return self.client.frames[before:]

    def ends(self) -> list[tuple[int, str]]:
        """Code and reason of each $disconnect event."""
        contexts = [event["requestContext"] for event in self.functions.events("disconnect")]
        return [(context["disconnectStatusCode"], context["disconnectReason"]) for context in contexts]


async def scene(*routes: Route, handlers: dict[str, Any] | None = None, **options: Any) -> Scene:
    names = ("throttle", "route_throttles", "stage_variables")
    api = make_api(*routes, **{name: options.pop(name) for name in names if name in options})
    return await Scene(api, handlers, **options).enter()


def message_of(frames: list[str]) -> str:
    """The message of the one error frame."""
    (frame,) = frames
    return str(json.loads(frame)["message"])


# Messages


@pytest.mark.parametrize(
    "result", [None, 5, "text", {"statusCode": 501, "body": "b"}, {"statusCode": "abc"}, {"body": {}}]
)
async def test_a_one_way_route_says_nothing(result: Any) -> None:
    """Contract R15, R17."""
    here = await scene(ONE_WAY, handlers={"say": result})
    assert await here.say() == []
    assert here.client.closed is None


@pytest.mark.parametrize(
    ("result", "heard"),
    [
        ({"statusCode": 200, "body": "hi"}, ["hi"]),
        ({"body": "no status"}, ["no status"]),
        ({"statusCode": 200}, [""]),  # R19
        ({"statusCode": 200, "body": ""}, [""]),
        ({}, [""]),
        ({"statusCode": 500, "body": "failed"}, ["failed"]),  # R16
        ({"body": "\ud83d\ude00 \ud800 é"}, ["\U0001f600 \ufffd é"]),
        ({"statusCode": 200, "body": "x" * 131_072}, ["x" * 131_072]),
    ],
)
async def test_a_two_way_route_sends_the_body(result: Any, heard: list[str]) -> None:
    """Contract R18."""
    here = await scene(TWO_WAY, handlers={"say": result})
    assert await here.say() == heard


@pytest.mark.parametrize(
    "result",
    [None, "text", ["x"], {"statusCode": 200, "body": 5}, {"statusCode": "abc"}, {"body": "é" * 65_537}],
)
async def test_a_two_way_route_without_a_usable_answer_is_an_internal_error(result: Any) -> None:
    here = await scene(TWO_WAY, handlers={"say": result})
    assert message_of(await here.say()) == "Internal server error"


async def test_a_two_way_routes_error_can_be_an_error_frame() -> None:
    here = await scene(
        TWO_WAY,
        handlers={"say": {"statusCode": 500, "body": "b"}},
        assume={"route_response_errors": "error-frame"},
    )
    assert message_of(await here.say()) == "Internal server error"
    here.functions.handlers["say"] = {"statusCode": 204, "body": "b"}
    assert await here.say() == ["b"]


@pytest.mark.parametrize("route", [ONE_WAY, TWO_WAY])
@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (FunctionRaised("secret"), "Internal server error"),  # R12
        (FunctionTimedOut("secret"), "Internal server error"),
        (TimeoutError(), "Endpoint request timed out"),  # R13
        (RuntimeError("a fault of ours"), "Internal server error"),
    ],
)
async def test_a_failure_is_an_error_frame(route: Route, failure: Exception, message: str) -> None:
    here = await scene(route, handlers={"say": failure})
    (frame,) = await here.say()
    request_id = json.loads(frame)["requestId"]
    assert frame == (
        f'{{"message": "{message}", "connectionId":"{here.connection.id}", "requestId":"{request_id}"}}'
    )
    event = here.functions.events("say")[0]
    assert event["requestContext"]["requestId"] == request_id
    assert here.client.closed is None


async def test_a_time_out_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    here = await scene(ONE_WAY, handlers={"say": TimeoutError()})
    await here.say()
    assert [record.getMessage() for record in caplog.records] == ["route say: no answer within 29 s"]


async def test_no_route_is_forbidden() -> None:
    """Contract R11."""
    here = await scene(ONE_WAY)
    assert message_of(await here.say('{"action":"other"}')) == "Forbidden"
    assert here.functions.calls == []


async def test_a_message_that_names_the_lifecycle_can_be_forbidden() -> None:
    """Contract R10."""
    default = Route("$default", proxy("say"))
    for switch, frames in (("default", 0), ("forbidden", 1)):
        here = await scene(default, handlers={"say": None}, assume={"lifecycle_by_name": switch})
        assert len(await here.say('{"action":"$disconnect"}')) == frames
        assert here.functions.events("disconnect") == []


async def test_a_route_without_an_integration_swallows_the_message() -> None:
    here = await scene(Route("say", responds=True))
    assert await here.say() == []


async def test_a_model_refuses_a_body() -> None:
    """Contract R14."""
    here = await scene(replace(ONE_WAY, models={"$default": {"required": ["text"]}}), handlers={"say": None})
    assert message_of(await here.say()) == "Invalid request body"
    assert here.functions.calls == []
    assert await here.say('{"action":"say","text":""}') == []
    assert len(here.functions.calls) == 1


def test_a_broken_model_is_found_at_once() -> None:
    with pytest.raises(ModelError):
        Gateway(make_api(replace(ONE_WAY, models={"$default": {"type": 5}})), FakeFunctions())


async def test_a_mock_answers_by_itself() -> None:
    mock = Integration(
        IntegrationType.MOCK,
        request_templates={"200": '{"statusCode":200}'},
        template_selection="200",
        responses={"$default": {"200": '{"pong":"$context.connectionId"}'}},
    )
    here = await scene(Route("say", mock, responds=True))
    assert await here.say() == [f'{{"pong":"{here.connection.id}"}}']
    broken = await scene(Route("say", replace(mock, request_templates={"200": "#end"})))
    assert message_of(await broken.say()) == "Internal server error"


async def test_an_asynchronous_lambda_is_only_handed_over() -> None:
    """Contract R22."""
    here = await scene(Route("say", Integration(IntegrationType.LAMBDA, "say", asynchronous=True)))
    assert await here.say() == []
    assert here.functions.later == [("say", {"action": "say"})]


@given(st.text())
async def test_any_message_is_answered_or_swallowed(body: str) -> None:
    here = await scene(Route("say", proxy("say")), handlers={"say": None})
    assert [json.loads(frame)["message"] for frame in await here.say(body)] in ([], ["Forbidden"])


async def test_a_client_that_is_gone_or_reads_nothing_does_no_harm() -> None:
    here = await scene(TWO_WAY, handlers={"say": {"body": "x"}})
    for failure in (BufferFull(), Gone("x")):
        here.client.failure = failure
        assert await here.say() == []
    await here.gateway.disconnected(here.connection, 1000, "")
    here.client.failure = None
    assert await here.say() == []  # a message that was on its way when the socket closed still runs
    assert len(here.functions.events("say")) == 3


# Throttles


async def test_a_throttled_message_is_an_error_frame_or_nothing() -> None:
    """Contract L14."""
    for switch, heard in (("error", ["Too Many Requests"]), ("nothing", [])):
        here = await scene(
            ONE_WAY,
            handlers={"say": None},
            route_throttles={"say": Throttle(1, 2)},
            assume={"throttled_frame": switch},
        )
        frames = [frame for _ in range(3) for frame in await here.say()]
        assert [json.loads(frame)["message"] for frame in frames] == heard
        assert len(here.functions.events("say")) == 2
        await here.clock.move(1)
        assert await here.say() == []


async def test_messages_and_management_share_the_accounts_requests() -> None:
    """Contract L13, M10."""
    here = await scene(Route("say"))
    for _ in range(4997):
        assert await here.say() == []
    await here.gateway.post(here.connection.id, "x")
    here.gateway.describe(here.connection.id)
    assert await here.say() == []
    assert message_of(await here.say()) == "Too Many Requests"
    with pytest.raises(Throttled):
        await here.gateway.post(here.connection.id, "x")
    with pytest.raises(Throttled):
        here.gateway.describe(here.connection.id)
    with pytest.raises(Throttled):
        await here.gateway.cut(here.connection.id)
    await here.clock.move(0.001)
    await here.gateway.post(here.connection.id, "y")
    assert here.client.frames[-1] == "y"


async def test_disconnect_is_never_throttled() -> None:
    here = await scene(DISCONNECT, throttle=Throttle(0, 1), route_throttles={"$disconnect": Throttle(0, 0)})
    await here.gateway.disconnected(here.connection, 1000, "bye")
    assert here.ends() == [(1000, "bye")]


async def test_limits_can_be_shared() -> None:
    clock = MovedClock()
    limits = AccountLimits(clock=clock.real)
    first = await scene(Route("say"), limits=limits)
    second = await scene(Route("say"), limits=limits)
    for _ in range(5000):
        await first.say()
    assert message_of(await second.say()) == "Too Many Requests"


# Posts, descriptions, cuts by hand


async def test_a_post_reaches_only_an_open_connection() -> None:
    """Contract P01, P02, M05."""
    here = await scene()
    await here.gateway.post(here.connection.id, "hello")
    assert here.client.frames == ["hello"]
    here.client.failure = BufferFull()
    with pytest.raises(BufferFull):
        await here.gateway.post(here.connection.id, "x")
    await here.gateway.cut(here.connection.id)
    for call in (here.gateway.post(here.connection.id, "x"), here.gateway.cut(here.connection.id)):
        with pytest.raises(Gone):  # at once, though the socket is not closed yet
            await call
    with pytest.raises(Gone):
        here.gateway.describe(here.connection.id)


async def test_describe() -> None:
    """Contract M03."""
    here = await scene()
    here.clock.now += 1.5
    await here.gateway.post(here.connection.id, "x")
    assert here.gateway.describe(here.connection.id) == {
        "identity": {"sourceIp": "203.0.113.7", "userAgent": "tester"},
        "connectedAt": "2023-11-14T22:13:20.000Z",
        "lastActiveAt": "2023-11-14T22:13:21.500Z",
    }
    anonymous, _ = await open_client(here.gateway, replace(HANDSHAKE, headers=()))
    assert here.gateway.describe(anonymous.id)["identity"] == {"sourceIp": "203.0.113.7"}


@pytest.mark.parametrize(("switch", "moved"), [("any", True), ("received", False)])
async def test_last_active(switch: str, moved: bool) -> None:
    """Contract M21."""
    here = await scene(Route("say"), assume={"last_active": switch})
    start = here.connection.last_active_ms
    here.clock.now += 1
    await here.gateway.post(here.connection.id, "x")
    assert here.connection.last_active_ms == start + (1000 if moved else 0)
    here.clock.now += 1
    await here.say()
    assert here.connection.last_active_ms == start + 2000


async def test_a_cut_by_hand() -> None:
    """Contract L18."""
    here = await scene(DISCONNECT)
    await here.gateway.cut(here.connection.id)
    assert here.client.closed == (1000, "Connection Closed Normally")
    assert here.ends() == []  # not before the socket is closed (D01)
    await here.gateway.disconnected(here.connection, 1000, "")
    assert here.ends() == [(1000, "Connection Closed Normally")]


async def test_a_frame_that_is_refused() -> None:
    """Contract L06."""
    here = await scene(DISCONNECT)
    await here.gateway.refused_frame(here.connection)
    await here.gateway.refused_frame(here.connection, 1009)  # too late: it is closing
    assert here.client.closed == (1003, "")
    await here.gateway.disconnected(here.connection, 1006, "")
    assert here.ends() == [(1003, "")]


async def test_snapshot() -> None:
    here = await scene()
    opened = int(here.clock.now * 1000)
    assert here.gateway.snapshot() == [
        {
            "id": here.connection.id,
            "source_ip": "203.0.113.7",
            "user_agent": "tester",
            "query": "name=ada",
            "connected_at": opened,
            "last_active": opened,
        }
    ]
    await here.gateway.disconnected(here.connection, 1000, "")
    assert here.gateway.snapshot() == []


# Cuts by the clock


async def cutting(here: Scene) -> asyncio.Task[None]:
    task = asyncio.create_task(here.gateway.run_cuts())
    await turns()
    return task


async def finish(task: asyncio.Task[None]) -> None:
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_idle_connection_is_cut_after_ten_minutes() -> None:
    """Contract L08, L10."""
    here = await scene(DISCONNECT)
    task = await cutting(here)
    await here.clock.move(599.5)
    assert here.client.closed is None
    await here.clock.move(0.5)
    assert here.client.closed == (1001, "Going away")
    with pytest.raises(Gone):
        await here.gateway.post(here.connection.id, "x")
    await here.gateway.disconnected(here.connection, 1001, "")
    assert here.ends() == [(1001, "Going away")]
    await finish(task)


async def test_a_message_in_either_direction_puts_the_cut_off() -> None:
    """Contract L08: even where it does not move lastActiveAt."""
    here = await scene(Route("say"), assume={"last_active": "received"})
    task = await cutting(here)
    await here.clock.move(400)
    await here.say()
    await here.clock.move(400)
    await here.gateway.post(here.connection.id, "x")
    await here.clock.move(599)
    assert here.client.closed is None
    await here.clock.move(1)
    assert here.client.closed == (1001, "Going away")
    await finish(task)


@pytest.mark.parametrize("switch", ["no", "yes"])
async def test_whether_control_frames_put_the_cut_off(switch: str) -> None:
    """Contract L17."""
    here = await scene(assume={"pings_keep_alive": switch})
    task = await cutting(here)
    before = here.connection.last_active_ms
    await here.clock.move(400)
    here.gateway.control_frame(here.connection)
    assert here.connection.last_active_ms == before
    await here.clock.move(400)
    assert (here.client.closed is None) is (switch == "yes")
    await finish(task)


async def test_no_connection_lives_longer_than_two_hours() -> None:
    """Contract L09, L10."""
    here = await scene(Route("say"), DISCONNECT)
    task = await cutting(here)
    for _ in range(23):
        await here.clock.move(300)
        await here.say()
    await here.clock.move(299.5)
    assert here.client.closed is None
    await here.clock.move(0.5)
    assert here.client.closed == (1001, "Going away")
    await here.gateway.disconnected(here.connection, 1001, "Going away")
    assert here.ends() == [(1001, "Going away")]
    await finish(task)


async def test_each_connection_has_its_own_time() -> None:
    here = await scene()
    task = await cutting(here)
    clients = []
    for _ in range(5):
        await here.clock.move(100)
        clients.append(await open_client(here.gateway))
    await here.gateway.disconnected(clients[1][0], 1000, "")  # one leaves by itself
    cut = []
    for _ in range(6):
        await here.clock.move(100)
        cut.append([client.closed is not None for _, client in clients])
    assert cut == [
        [False, False, False, False, False],
        [True, False, False, False, False],
        [True, False, False, False, False],
        [True, False, True, False, False],
        [True, False, True, True, False],
        [True, False, True, True, True],
    ]
    await finish(task)


async def test_a_client_that_cannot_be_closed_holds_up_no_other() -> None:
    here = await scene()
    other = await open_client(here.gateway)
    stuck = await open_client(here.gateway)
    stuck[0].close = lambda *_: asyncio.Event().wait()  # type: ignore[assignment]

    async def broken(*_: Any) -> None:
        raise RuntimeError("closed already")

    here.connection.close = broken
    task = await cutting(here)
    await here.clock.move(600)
    assert other[1].closed == (1001, "Going away")
    await finish(task)


def test_a_scaled_clock_runs_faster_and_tells_the_time() -> None:
    clock = Clock(scale=1000)
    real, scaled = clock.real(), clock.monotonic()
    assert abs(scaled - real * 1000) < 5000
    assert abs(Clock().time() - clock.time()) < 5


# Ends


async def test_a_lost_connection_has_the_assumed_code() -> None:
    """Contract L18."""
    for switches, code in (({}, 1006), ({"lost_connection_code": 1001}, 1001)):
        here = await scene(DISCONNECT, assume=switches)
        await here.gateway.disconnected(here.connection, 1006, "")
        assert here.ends() == [(code, "")]


async def test_a_failing_disconnect_is_seen_by_nobody() -> None:
    """Contract D04, R21."""
    for failure in (FunctionRaised("x"), TimeoutError()):
        here = await scene(DISCONNECT, handlers={"disconnect": failure})
        await here.gateway.disconnected(here.connection, 1000, "")
        assert len(here.ends()) == 1


@pytest.mark.parametrize("switch", ["no", "yes"])
async def test_whether_disconnect_waits_for_messages_that_run(switch: str) -> None:
    """Contract D06."""
    release = asyncio.Event()

    async def slow(_: Any) -> None:
        await release.wait()

    here = await scene(ONE_WAY, DISCONNECT, handlers={"say": slow}, assume={"disconnect_waits": switch})
    message = asyncio.create_task(here.say())
    end = asyncio.create_task(here.gateway.disconnected(here.connection, 1000, ""))
    await turns()
    assert len(here.functions.events("say")) == 1
    assert len(here.ends()) == (0 if switch == "yes" else 1)
    with pytest.raises(Gone):
        await here.gateway.post(here.connection.id, "x")
    release.set()
    await asyncio.gather(message, end)
    assert len(here.ends()) == 1


async def test_a_message_that_came_before_the_end_runs_before_it() -> None:
    here = await scene(ONE_WAY, DISCONNECT, handlers={"say": None})
    message = asyncio.create_task(here.say())
    await here.gateway.disconnected(here.connection, 1000, "")
    await message
    assert [name for name, _ in here.functions.calls] == ["say", "disconnect"]


@pytest.mark.parametrize("switch", ["none", "kept"])
async def test_order(switch: str) -> None:
    """Contract O05: by default all run at once, with --ordered one after the other."""
    running, most, order = 0, 0, []

    async def say(event: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await turns(10 - event["body"].count("x"))
        order.append(event["body"].count("x"))
        running -= 1

    here = await scene(Route("$default", proxy("say")), handlers={"say": say}, assume={"order": switch})
    other = await open_client(here.gateway)
    await asyncio.gather(*(here.gateway.message(here.connection, "x" * n) for n in range(8)))
    assert (most, order == sorted(order)) == ((1, True) if switch == "kept" else (8, False))
    most = 0
    await asyncio.gather(here.say(), here.gateway.message(other[0], "x"))
    assert most == 2  # the order is that of each connection


async def test_a_throttled_message_does_not_wait_for_its_turn() -> None:
    release = asyncio.Event()

    async def slow(_: Any) -> None:
        await release.wait()

    here = await scene(
        ONE_WAY, handlers={"say": slow}, assume={"order": "kept"}, route_throttles={"say": Throttle(0, 1)}
    )
    first = asyncio.create_task(here.say())
    await turns()
    assert message_of(await here.say()) == "Too Many Requests"
    release.set()
    await first


async def test_shut_down_closes_all_and_runs_no_disconnect() -> None:
    here = await scene(DISCONNECT)
    other = await open_client(here.gateway)
    await here.gateway.shut_down()
    assert (here.client.closed, other[1].closed) == ((1001, "Going away"), (1001, "Going away"))
    await here.gateway.disconnected(here.connection, 1001, "")
    assert here.ends() == []
    assert here.connection.state is State.CLOSED


async def test_the_journal() -> None:
    here = await scene(TWO_WAY, DISCONNECT, handlers={"say": {"body": "hi"}})
    await here.say()
    await here.gateway.post(here.connection.id, "posted")
    await here.gateway.disconnected(here.connection, 1005, "Client-side close frame status not set")
    entries = [(entry.kind, entry.facts) for entry in here.journal.since(0)]
    one = {"connection": here.connection.id}
    assert entries == [
        ("connected", {**one, "api": "ChatApi", "stage": "live", "source": "203.0.113.7"}),
        ("received", {**one, "text": SAY}),
        ("sent", {**one, "text": "hi"}),
        ("sent", {**one, "text": "posted"}),
        ("disconnected", {**one, "code": 1005, "reason": "Client-side close frame status not set"}),
    ]
