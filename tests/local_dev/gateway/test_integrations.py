"""What integrations do, and how their answers are read (contract H01 to H05, H20, R15 to R22)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_dev.gateway.integrations import Answer, IntegrationFailed, Integrations, read_proxy_answer
from local_dev.stack.model import Integration, IntegrationType
from tests.local_dev.gateway.stand_ins import FakeFunctions, proxy

MESSAGE = {
    "requestContext": {"connectionId": "abc="},
    "body": '{"action":"x","n":1}',
    "isBase64Encoded": False,
}
CONNECT = {"headers": {}, "requestContext": {"connectionId": "abc="}, "isBase64Encoded": False}

NO_STATUSES: tuple[Any, ...] = (100, 600, "abc", "", "٢٠٠", "9" * 5000, True, 200.5, {}, [200], -200)
NO_OBJECTS: tuple[Any, ...] = (None, "text", 5, [], [{"statusCode": 200}])

anyio = pytest.mark.anyio


async def run(
    integration: Integration, event: dict[str, Any], result: Any = None
) -> tuple[Answer, FakeFunctions]:
    """The answer, and the functions as they were called; each function returns `result`."""
    functions = FakeFunctions({"f": result})
    return await Integrations(functions).run(integration, event), functions


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ({"statusCode": 200}, Answer(200)),
        ({"statusCode": "201", "body": "text"}, Answer(201, "text")),
        ({"statusCode": 401, "body": ""}, Answer(401, "")),
        ({}, Answer(None)),
        ({"statusCode": None, "body": None}, Answer(None)),
        ({"body": {"a": 1}}, Answer(None, None, well_formed=False)),
        ({"statusCode": 200, "body": 5}, Answer(200, None, well_formed=False)),
        ({"statusCode": 200, "headers": {"SEC-WebSocket-Protocol": "chat"}}, Answer(200, None, "chat")),
        ({"statusCode": 200, "headers": {"Set-Cookie": "a=b"}}, Answer(200)),
        ({"statusCode": 200, "headers": ["x"]}, Answer(200)),
        *((wrong, Answer(None, well_formed=False)) for wrong in NO_OBJECTS),
        *(({"statusCode": wrong}, Answer(502, well_formed=False)) for wrong in NO_STATUSES),
    ],
)
def test_a_proxys_answer(result: Any, answer: Answer) -> None:
    assert read_proxy_answer(result) == answer


@given(
    st.recursive(st.none() | st.integers() | st.text(), lambda i: st.dictionaries(st.text(), i) | st.lists(i))
)
def test_any_result_is_an_answer(result: Any) -> None:
    for given_result in (result, {"statusCode": result}, {"body": result}, {"headers": result}):
        answer = read_proxy_answer(given_result)
        assert answer.status is None or 200 <= answer.status < 600


@anyio
async def test_a_proxy_gets_the_whole_event_and_the_integrations_time() -> None:
    answer, functions = await run(proxy("f"), MESSAGE, {"statusCode": 200, "body": "b"})
    assert answer == Answer(200, "b")
    assert functions.calls == [("f", MESSAGE)]


@anyio
async def test_a_proxy_is_never_asynchronous() -> None:
    _, functions = await run(proxy("f", asynchronous=True), MESSAGE, {})
    assert (len(functions.calls), functions.later) == (1, [])


def plain(**options: Any) -> Integration:
    return Integration(IntegrationType.LAMBDA, "f", **options)


@anyio
@pytest.mark.parametrize(
    ("event", "payload"),
    [
        (MESSAGE, {"action": "x", "n": 1}),
        ({**MESSAGE, "body": "plain text"}, "plain text"),
        ({**MESSAGE, "body": ""}, ""),
        ({**MESSAGE, "body": "[" * 100_000}, "[" * 100_000),
        (CONNECT, {}),
    ],
)
async def test_a_plain_lambda_gets_the_message(event: dict[str, Any], payload: Any) -> None:
    answer, functions = await run(plain(), event, {"any": "thing"})
    assert functions.calls == [("f", payload)]
    assert answer == Answer(200, '{"any":"thing"}')


@anyio
async def test_a_plain_lambda_gets_what_the_template_makes() -> None:
    templates = {"x": '{"id":"$context.connectionId","in":$input.json(\'$.n\')}', "$default": '{"other":1}'}
    integration = plain(request_templates=templates, template_selection="$request.body.action")
    _, functions = await run(integration, MESSAGE)
    _, others = await run(integration, {**MESSAGE, "body": "{}"})
    assert [call[1] for call in (*functions.calls, *others.calls)] == [{"id": "abc=", "in": 1}, {"other": 1}]


@anyio
async def test_an_asynchronous_lambda_is_not_waited_for() -> None:
    answer, functions = await run(plain(asynchronous=True), MESSAGE)
    assert answer == Answer(200)
    assert (functions.calls, functions.later) == ([], [("f", {"action": "x", "n": 1})])


@anyio
async def test_a_plain_lambdas_result_goes_through_the_response_template() -> None:
    responses = {"$default": {"$default": "got $input.json('$.a')"}}
    answer, _ = await run(plain(responses=responses), MESSAGE, {"a": [1]})
    assert answer.body == "got [1]"


def mock(**options: Any) -> Integration:
    return Integration(IntegrationType.MOCK, **options)


@anyio
@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({}, Answer(200)),
        ({"request_templates": {"$default": '{"statusCode":403}'}}, Answer(403)),
        ({"request_templates": {"200": '{"statusCode":"204"}'}, "template_selection": "200"}, Answer(204)),
        ({"responses": {"$default": {"200": "hello"}}}, Answer(200, "hello")),
        (
            {
                "request_templates": {"$default": '{"statusCode":503}'},
                "responses": {"/5\\d\\d/": {"$default": "bad"}, "$default": {"$default": "fine"}, "/(/": {}},
            },
            Answer(503, "bad"),
        ),
        ({"responses": {"/5\\d\\d/": {"$default": "bad"}}}, Answer(200)),
        ({"responses": {"$default": {"$default": "$context.connectionId"}}}, Answer(200, "abc=")),
    ],
)
async def test_a_mock(options: dict[str, Any], answer: Answer) -> None:
    result, functions = await run(mock(**options), MESSAGE)
    assert (result, functions.calls) == (answer, [])


@anyio
@pytest.mark.parametrize(
    "template", ["#set($a=1){}", "not JSON", "[]", "{}", '{"statusCode":"x"}', "[" * 100_000]
)
async def test_a_mock_whose_template_gives_no_status_fails(template: str) -> None:
    with pytest.raises(IntegrationFailed):
        await run(mock(request_templates={"$default": template}), MESSAGE)


@anyio
async def test_a_function_that_is_none_fails() -> None:
    with pytest.raises(IntegrationFailed):
        await run(Integration(IntegrationType.LAMBDA_PROXY, None), MESSAGE)
