"""What a request is answered: by its function, and by the gateway itself."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from local_dev.errors import FunctionError, FunctionRaised, FunctionThrottled, FunctionTimedOut
from local_dev.http_api.gateway import HEAD_LIMIT
from local_dev.stack.http_model import Cors, HttpIntegration, HttpRoute
from local_dev.stack.model import Throttle

from .scene import ROUTE, Scene, make_api
from .test_answers import answers, json_values

pytestmark = pytest.mark.anyio

CORS = Cors(("https://a.example", "http://*"), ("GET",), ("x-h",), ("x-e",), credentials=True, max_age=5)
ORIGIN = "access-control-allow-origin"


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        ({"statusCode": 299, "body": "x"}, 299),
        ({"statusCode": "odd"}, 500),
        (FunctionRaised("as asked"), 500),
        (FunctionTimedOut("too late"), 500),
        (FunctionThrottled("too many"), 503),
        (TimeoutError(), 503),
        (FunctionError("large", error_type="RequestEntityTooLargeException"), 413),
        (RuntimeError("a fault of the gateway's own"), 500),
    ],
)
async def test_what_comes_of_an_invocation(handler: Any, status: int) -> None:
    answer = await Scene(make_api(), {"f": handler}).ask()
    assert answer.status == status
    assert answer.header("apigw-requestid")
    if status != 299:
        assert json.loads(answer.body).keys() == {"message"}


@given(result=answers | json_values)
def test_whatever_a_function_answers_there_is_a_response(result: Any) -> None:
    async def ask(payload: str) -> int:
        route = replace(ROUTE, integration=HttpIntegration("f", payload=payload))
        return (await Scene(make_api(route), {"f": lambda _: result}).ask()).status

    for payload in ("1.0", "2.0"):
        assert 200 <= asyncio.run(ask(payload)) < 600


async def test_no_route_no_integration() -> None:
    scene = Scene(make_api(HttpRoute("GET /a/{b}")))
    assert (await scene.ask()).status == 500
    assert (await scene.ask(path="/b")).status == 404
    assert (await scene.ask("POST")).status == 404
    assert scene.functions.calls == []


async def test_heads_are_bounded() -> None:
    scene = Scene(make_api())
    fixed = len("GET /a/1 HTTP/1.1")
    assert (await scene.ask(headers={"x": "a" * (HEAD_LIMIT - fixed)})).status == 200
    assert (await scene.ask(headers={"x": "a" * (HEAD_LIMIT - fixed + 1)})).status == 431


async def test_throttles_are_the_stages_or_the_routes() -> None:
    own = HttpRoute("GET /own", HttpIntegration("f"))
    api = make_api(ROUTE, own, throttle=Throttle(1, 2), route_throttles={"GET /own": Throttle(1, 1)})
    scene = Scene(api)
    assert [(await scene.ask()).status for _ in range(3)] == [200, 200, 429]
    assert [(await scene.ask(path="/own")).status for _ in range(2)] == [200, 429]
    scene.clock.now += 1
    assert (await scene.ask()).status == 200


async def test_a_preflight_is_answered_without_a_function() -> None:
    scene = Scene(make_api(ROUTE, HttpRoute("$default", HttpIntegration("f")), cors=CORS))
    asks = {"origin": "https://a.example", "access-control-request-method": "GET"}
    answer = await scene.ask("OPTIONS", "/anything", headers=asks)
    assert answer.status == 204
    assert dict(answer.headers) == {
        "access-control-allow-origin": "https://a.example",
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "GET",
        "access-control-allow-headers": "x-h",
        "access-control-max-age": "5",
        "apigw-requestid": answer.header("apigw-requestid"),
    }
    assert (await scene.ask("OPTIONS", headers={**asks, "origin": "https://b.example"})).header(
        ORIGIN
    ) is None
    assert scene.functions.calls == []
    assert (await scene.ask("OPTIONS", headers={"origin": "https://a.example"})).status == 200
    assert len(scene.functions.calls) == 1


async def test_cors_replaces_what_a_function_says_of_it() -> None:
    said = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "X-E": "1"}}
    scene = Scene(make_api(cors=CORS), {"f": said})
    here = await scene.ask(headers={"origin": "http://any.example"})
    assert [value for name, value in here.headers if name == ORIGIN] == ["http://any.example"]
    assert here.header("access-control-expose-headers") == "x-e"
    assert (await scene.ask(headers={"origin": "https://b.example"})).header(ORIGIN) is None
    assert (await scene.ask()).header(ORIGIN) is None
    everybody = Scene(make_api(cors=Cors(("*",))), {"f": said})
    assert (await everybody.ask(headers={"origin": "https://b.example"})).header(ORIGIN) == "*"
    assert (await Scene(make_api(), {"f": said}).ask()).header(ORIGIN) == "*"


async def test_the_journal_has_what_was_asked_without_its_query() -> None:
    scene = Scene(make_api())
    answer = await scene.ask(query="ticket=hush", headers={"authorization": "hush"})
    asked, answered = scene.journal.since(0)
    assert asked.kind == "requested"
    assert asked.facts == {
        "request": answer.header("apigw-requestid"),
        "api": "Http",
        "stage": "$default",
        "method": "GET",
        "path": "/a/1",
        "route": "GET /a/{b}",
        "source": "127.0.0.1",
    }
    assert answered.kind == "answered"
    assert answered.facts == {"request": asked.facts["request"], "status": 200, "duration_ms": 0.0}


async def test_who_is_cut_off_at_the_end_gets_an_answer() -> None:
    going = asyncio.Event()

    async def never(_: Any) -> None:
        going.set()
        await asyncio.Event().wait()

    for closing in (False, True):
        scene = Scene(make_api(), {"f": never})
        asked = asyncio.create_task(scene.ask())
        await going.wait()
        if closing:
            await scene.gateway.shut_down()
        asked.cancel()
        if closing:
            assert (await asked).status == 503
        else:
            with pytest.raises(asyncio.CancelledError):
                await asked
        assert scene.gateway.counters.of("GET /a/{b}").open == 0
        going.clear()
