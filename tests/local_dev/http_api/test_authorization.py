"""Who gets past a Lambda authorizer, and that nobody gets past what is not run here."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.errors import FunctionRaised
from local_dev.http_api.answers import HttpAnswer
from local_dev.stack.http_model import AuthorizerType, HttpAuthorizer, HttpIntegration, HttpRoute

from .scene import Scene, guarded, make_api
from .test_answers import json_values

pytestmark = pytest.mark.anyio

HEADER = "$request.header.Authorization"
SIMPLE = HttpAuthorizer(AuthorizerType.LAMBDA, (HEADER,), function="auth", simple=True)
POLICY = HttpAuthorizer(AuthorizerType.LAMBDA, (HEADER,), function="auth", payload="1.0")
ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3d4e5/$default/GET/a/1"
GIVEN = {"authorization": "word"}


def policy(effect: str = "Allow", resource: str = ARN) -> dict[str, Any]:
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
    return {"principalId": "ann", "policyDocument": {"Statement": [statement]}, "context": {"rank": 3}}


async def ask(authorizer: HttpAuthorizer, answer: Any, **facts: Any) -> tuple[HttpAnswer, Scene]:
    scene = Scene(make_api(guarded(authorizer)), {"auth": answer})
    return await scene.ask(headers=GIVEN, **facts), scene


@pytest.mark.parametrize(
    ("authorizer", "answer", "status"),
    [
        (SIMPLE, {"isAuthorized": True}, 200),
        (SIMPLE, {"isAuthorized": False}, 403),
        (SIMPLE, {"isAuthorized": "true"}, 500),
        (SIMPLE, policy(), 500),
        (SIMPLE, {"isAuthorized": True, "context": 1}, 500),
        (SIMPLE, None, 500),
        (SIMPLE, FunctionRaised("Unauthorized"), 500),
        (SIMPLE, TimeoutError(), 500),
        (SIMPLE, RuntimeError("a fault of the gateway's own"), 500),
        (POLICY, policy(), 200),
        (POLICY, policy(resource=f"{ARN[:-1]}*"), 200),
        (POLICY, policy(resource=f"{ARN}2"), 403),
        (POLICY, policy("Deny"), 403),
        (POLICY, {"isAuthorized": True}, 500),
        (POLICY, [], 500),
        *(
            (HttpAuthorizer(kind, (HEADER,), function="auth"), policy() | {"isAuthorized": True}, status)
            for kind, status in (
                (AuthorizerType.JWT, 401),
                (AuthorizerType.UNKNOWN, 401),
            )
        ),
    ],
)
async def test_the_meaning_of_an_answer(authorizer: HttpAuthorizer, answer: Any, status: int) -> None:
    got, scene = await ask(authorizer, answer)
    assert got.status == status
    assert len(scene.functions.events("f")) == (status == 200)


@given(answer=json_values, authorizer=st.sampled_from([SIMPLE, POLICY]))
def test_no_nonsense_lets_anybody_in(answer: Any, authorizer: HttpAuthorizer) -> None:
    got, scene = asyncio.run(ask(authorizer, lambda _: answer))
    allowed = isinstance(answer, dict) and answer.get("isAuthorized") is True
    assert bool(scene.functions.events("f")) == (allowed and authorizer is SIMPLE)
    assert got.status in (200, 403, 500)


async def test_what_an_authorizer_is_asked_and_the_function_is_told() -> None:
    _, scene = await ask(SIMPLE, {"isAuthorized": True, "context": {"who": {"name": "ann"}}}, body=b"not its")
    asked = scene.event("auth")
    assert (asked["type"], asked["version"], asked["routeArn"]) == ("REQUEST", "2.0", ARN)
    assert asked["identitySource"] == ["word"]
    assert asked["routeKey"] == "GET /a/{b}"
    assert "body" not in asked
    assert scene.event()["requestContext"]["authorizer"] == {"lambda": {"who": {"name": "ann"}}}
    _, scene = await ask(POLICY, policy())
    asked = scene.event("auth")
    assert (asked["type"], asked["version"], asked["methodArn"]) == ("REQUEST", "1.0", ARN)
    assert asked["identitySource"] == asked["authorizationToken"] == "word"
    assert "body" not in asked


async def test_the_older_format_tells_the_function_more_plainly() -> None:
    route = HttpRoute("GET /a/{b}", HttpIntegration("f", payload="1.0"), POLICY)
    scene = Scene(make_api(route), {"auth": policy()})
    await scene.ask(headers=GIVEN)
    assert scene.event()["requestContext"]["authorizer"] == {"rank": 3, "principalId": "ann"}


@pytest.mark.parametrize(
    ("source", "facts", "status"),
    [
        ("$request.header.X-Word", {"headers": {"x-word": "a"}}, 200),
        ("$request.header.X-Word", {"headers": {"x-word": ""}}, 401),
        ("$request.header.X-Word", {}, 401),
        ("$request.querystring.word", {"query": "word=a"}, 200),
        ("$request.querystring.word", {"query": "other=a"}, 401),
        ("$context.http.method", {}, 200),
        ("$context.nothing.there", {}, 401),
        ("$stageVariables.word", {}, 200),
        ("$stageVariables.other", {}, 401),
        ("$request.body", {"body": b"a"}, 401),
    ],
)
async def test_nobody_is_asked_where_an_identity_source_is_empty(
    source: str, facts: dict[str, Any], status: int
) -> None:
    authorizer = HttpAuthorizer(AuthorizerType.LAMBDA, (source,), function="auth", simple=True)
    api = make_api(guarded(authorizer), stage_variables={"word": "a"})
    scene = Scene(api, {"auth": {"isAuthorized": True}})
    assert (await scene.ask(**facts)).status == status
    assert len(scene.functions.events("auth")) == (status == 200)


async def test_an_answer_is_kept_for_as_long_as_it_says() -> None:
    kept = HttpAuthorizer(AuthorizerType.LAMBDA, (HEADER,), function="auth", simple=True, ttl=10)
    scene = Scene(make_api(guarded(kept)), {"auth": {"isAuthorized": True}})
    for _ in range(2):
        await scene.ask(headers=GIVEN)
    assert len(scene.functions.events("auth")) == 1
    await scene.ask(headers={"authorization": "another"})
    assert len(scene.functions.events("auth")) == 2
    scene.clock.now += 10
    await scene.ask(headers=GIVEN)
    assert len(scene.functions.events("auth")) == 3


async def test_a_policy_that_is_kept_is_read_for_each_request() -> None:
    kept = HttpAuthorizer(AuthorizerType.LAMBDA, (HEADER,), function="auth", payload="1.0", ttl=10)
    scene = Scene(make_api(guarded(kept)), {"auth": policy()})
    assert (await scene.ask(headers=GIVEN)).status == 200
    assert (await scene.ask(path="/a/2", headers=GIVEN)).status == 403
    assert len(scene.functions.events("auth")) == 1
