"""A distribution in front of an API: behaviours, functions, origins, their headers, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest

from local_dev.errors import EdgeError
from local_dev.stack.distribution import Behaviour, Distribution, Origin
from local_dev.stack.response_headers import Header, ResponseHeaders
from local_dev.web.front import REQUEST_LIMIT

from .test_app import DOMAINS, answer, get
from .wire import HOST, Served, handshake, make_api, served

pytestmark = pytest.mark.anyio

TO_STAGE = """function handler(e) {
  const request = e.request;
  request.querystring.was = { value: request.uri };
  request.uri = '/prod';
  return request;
}"""
FILES = Behaviour("*", Origin("files.s3.us-east-1.amazonaws.com"))


def behind(*behaviours: Behaviour, **options: Any) -> Any:
    """An API with a distribution in front of it."""
    return served({"prod": make_api(domains=DOMAINS)}, distribution=Distribution("D", behaviours), **options)


async def queries(running: Served) -> Any:
    return (await running.lambdas.next("connect")).get("queryStringParameters")


@pytest.mark.parametrize(
    ("path", "query"),
    [("/ws/a/b?x=1", {"x": "1", "was": "/ws/a/b"}), ("/plain/prod", None), ("/plain/prod/?x=1", {"x": "1"})],
)
async def test_a_behaviour_runs_its_own_function_and_no_other(path: str, query: Any) -> None:
    refuses = "function handler() { return { statusCode: 418 }; }"
    async with behind(
        Behaviour("/ws/*", Origin(HOST), TO_STAGE),
        Behaviour(
            "/plain/*",
            Origin(HOST),
            "function handler(e) { e.request.uri = e.request.uri.slice(6); return e.request; }",
        ),
        Behaviour("*", Origin(HOST), refuses),
    ) as running:
        client = await running.socket(path)
        assert await queries(running) == query
        client.leave()
        assert (await answer(running, handshake("/elsewhere")))[0] == 418


@pytest.mark.parametrize(
    ("origin", "path", "status"),
    [
        (Origin(HOST), "/prod", 101),
        (Origin(HOST, "/prod"), "/", 101),
        (Origin(HOST, "/prod"), "/below", 403),
        (Origin(HOST), "/other", 403),
        (Origin("chat.example.com"), "/live", 101),
        (Origin("files.s3.amazonaws.com"), "/prod", 403),
        (Origin("zzzzzzzzzz.execute-api.us-east-1.amazonaws.com"), "/prod", 403),
    ],
)
async def test_the_origin_has_to_be_a_stage_of_the_stack(origin: Origin, path: str, status: int) -> None:
    source = f"function handler(e) {{ e.request.uri = '{path}'; return e.request; }}"
    async with behind(Behaviour("*", origin, source)) as running:
        assert (await answer(running, handshake("/anything")))[0] == status


async def test_the_origins_headers_replace_the_viewers() -> None:
    origin = Origin(HOST, "/prod", (("x-origin-key", "real"),))
    async with behind(Behaviour("*", origin)) as running:
        client = await running.socket("/", **{"X-Origin-Key": "guess", "x-mine": "1"})
        event = await running.lambdas.next("connect")
        assert [value for name, value in event["headers"].items() if name.lower() == "x-origin-key"] == [
            "real"
        ]
        assert event["multiValueHeaders"]["x-origin-key"] == ["real"]
        assert event["headers"]["x-mine"] == "1"
        client.leave()


async def test_a_function_may_change_headers() -> None:
    source = """function handler(e) {
      const headers = e.request.headers;
      headers['x-who'] = { value: 'ann' };
      headers['x-origin-key'] = { value: 'mine' };
      headers['x-seen'] = { value: String('upgrade' in headers || 'connection' in headers) };
      headers['user-agent'] = { multiValue: [{ value: 'a' }, { value: 'b' }] };
      delete headers['x-secret'];
      return e.request;
    }"""
    origin = Origin(HOST, "/prod", (("X-Origin-Key", "real"),))
    async with behind(Behaviour("*", origin, source)) as running:
        client = await running.socket(
            "/", **{"X-Who": "guess", "X-Secret": "s", "User-Agent": "u", "X-Kept": "k"}
        )
        headers = {n.lower(): v for n, v in (await running.lambdas.next("connect"))["headers"].items()}
        assert {
            name: headers.get(name) for name in ("x-who", "x-origin-key", "x-seen", "user-agent", "x-kept")
        } == {
            "x-who": "ann",
            "x-origin-key": "real",
            "x-seen": "false",
            "user-agent": "b",
            "x-kept": "k",
        }
        assert "x-secret" not in headers
        assert "host" in headers
        client.leave()


@pytest.mark.parametrize("name", ["host", "x-edge-key", "via", "x-amzn-trace-id", "a b"])
async def test_headers_that_a_function_may_not_change(name: str, caplog: pytest.LogCaptureFixture) -> None:
    source = f"function handler(e) {{ e.request.headers['{name}'] = {{ value: 'x' }}; return e.request; }}"
    async with behind(Behaviour("*", Origin(HOST, "/prod"), source)) as running:
        assert (await answer(running, handshake("/")))[0] == 503
    assert "header" in caplog.text


async def test_a_stages_own_path_is_past_the_distribution() -> None:
    """As the API's own address is in the cloud."""
    async with behind(Behaviour("*", Origin(HOST, "/prod", (("x-origin-key", "real"),)))) as running:
        client = await running.socket("/prod", **{"x-origin-key": "guess"})
        event = await running.lambdas.next("connect")
        assert event["headers"]["x-origin-key"] == "guess"
        client.leave()


async def test_the_viewers_host_is_refused_by_the_api(caplog: pytest.LogCaptureFixture) -> None:
    """Contract C05."""
    async with behind(Behaviour("*", Origin(HOST, "/prod"), forwards_host=True)) as running:
        assert (await answer(running, handshake("/")))[0] == 403
    assert "AllViewerExceptHostHeader" in caplog.text


@pytest.mark.parametrize(("size", "status"), [(REQUEST_LIMIT - 400, 101), (REQUEST_LIMIT, 413)])
async def test_a_request_can_be_too_large_for_cloudfront(size: int, status: int) -> None:
    """Contract C08."""
    async with behind(Behaviour("*", Origin(HOST, "/prod"))) as running:
        long = {f"x-long-{number}": "x" * (size // 4) for number in range(4)}
        assert (await answer(running, handshake("/", **long)))[0] == status


async def test_a_function_that_fails_is_503(caplog: pytest.LogCaptureFixture) -> None:
    async with behind(Behaviour("*", Origin(HOST), "function handler() { nothing(); }")) as running:
        assert (await answer(running, handshake("/x")))[0] == 503
    assert "Traceback" not in caplog.text


async def test_a_function_that_cannot_be_loaded_is_said_at_once() -> None:
    with pytest.raises(EdgeError, match="cannot be loaded"):
        async with behind(Behaviour("*", Origin(HOST), "function {")):
            pass


POLICY = ResponseHeaders(
    (
        Header("Content-Security-Policy", "default-src 'none'", override=True),
        Header("Cache-Control", "x", override=False),
    ),
    frozenset({"etag"}),
)


@pytest.mark.parametrize(
    ("path", "status", "policed"),
    [("/", 200, True), ("/a.txt", 200, True), ("/none", 404, True), ("/open/b.txt", 200, False)],
)
async def test_files_have_the_headers_of_their_behaviours_policy(
    tmp_path: Path, path: str, status: int, policed: bool
) -> None:
    (tmp_path / "open").mkdir()
    for name in ("index.html", "a.txt", "open/b.txt"):
        (tmp_path / name).write_text("text")
    async with behind(
        Behaviour("open/*", FILES.origin),
        Behaviour("*", FILES.origin, response_headers=POLICY),
        site=tmp_path,
    ) as running:
        got, headers, _ = await answer(running, get(path))
        assert got == status
        assert (headers.get("content-security-policy") == "default-src 'none'") is policed
        assert ("etag" in headers) is (not policed and status == 200)
        assert status != 200 or headers["cache-control"] == "no-cache"
