import socket
import sys
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any

import boto3
import pytest
from botocore.config import Config
from chat import posts
from chat.curl import AT_FIRST, CONCURRENCY, CurlPosts
from chat.posts import OUT_OF_TIME, WORKERS, BotoPosts, Posts, Result, Verdict

from tests.functions.stand_ins import GONE, OK, Answer, Gateway

DELIVERED = Verdict.DELIVERED
ENGINES: list[Callable[[], Posts]] = [CurlPosts.from_environment, BotoPosts.from_environment]


@pytest.fixture(params=ENGINES, ids=["curl", "boto3"])
def engine(request: pytest.FixtureRequest, environment: None) -> Posts:
    """Each of the engines; they must not differ in anything but speed."""
    made: Posts = request.param()
    return made


def test_everyone_gets_the_payload(engine: Posts, gateway: Gateway) -> None:
    ids = [f"{n:015}=" for n in range(2 * CONCURRENCY)]
    assert engine.post([(id, "سلام".encode()) for id in ids]) == [Result(Verdict.DELIVERED)] * len(ids)
    assert sorted(gateway.posts) == [(id, "سلام".encode()) for id in ids]


def test_one_engine_posts_again_and_again(engine: Posts, gateway: Gateway) -> None:
    for number in range(3):
        engine.post([(id, b"%d" % number) for id in ("A=", "B=")])
    assert [body for to, body in gateway.posts if to == "A="] == [b"0", b"1", b"2"]


def test_each_gets_its_own(engine: Posts, gateway: Gateway) -> None:
    posts = [("A=", b"1"), ("B=", b"2"), ("A=", b"2")]
    assert engine.post(posts) == [Result(Verdict.DELIVERED)] * 3
    assert sorted(gateway.posts) == sorted(posts)


def test_posting_to_nobody(engine: Posts) -> None:
    assert engine.post([]) == []


@pytest.mark.parametrize(("status", "grows"), [(200, True), (429, False)])
def test_more_are_on_their_way_at_once_as_more_are_delivered(
    environment: None, gateway: Gateway, status: int, grows: bool
) -> None:
    ids = [f"{n:015}=" for n in range(3 * AT_FIRST)]
    for id in ids:
        gateway.answers[id].append(Answer(status, after=1.0))
    CurlPosts.from_environment().post([(id, b"{}") for id in ids])
    assert (gateway.most_waiting > AT_FIRST) is grows
    assert gateway.most_waiting <= CONCURRENCY


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (OK, Verdict.DELIVERED),
        (GONE, Verdict.GONE),
        (Answer(410), Verdict.GONE),
        (Answer(429, "LimitExceededException"), Verdict.BUSY),
        (Answer(500), Verdict.BUSY),
        (Answer(503), Verdict.BUSY),
        (Answer(400, "BadRequestException"), Verdict.REFUSED),
        (Answer(403, "ForbiddenException"), Verdict.REFUSED),
        (Answer(413, "PayloadTooLargeException"), Verdict.REFUSED),
    ],
)
def test_what_an_answer_means(engine: Posts, gateway: Gateway, answer: Answer, verdict: Verdict) -> None:
    gateway.answers["B-_="].append(answer)
    results = engine.post([(id, b"{}") for id in ("A=", "B-_=", "C=")])
    assert [result.verdict for result in results] == [Verdict.DELIVERED, verdict, Verdict.DELIVERED]
    assert answer is OK or results[1].reason
    assert len(gateway.posts) == 3  # the engine itself tries once


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, environment: None) -> Iterator[None]:
    """The gateway's address is one at which nobody listens."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/live"
        monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url)
        yield


@pytest.mark.parametrize("make", ENGINES, ids=["curl", "boto3"])
def test_a_connection_that_fails_is_worth_another_try(make: Callable[[], Posts], nobody: None) -> None:
    [result] = make().post([("A=", b"{}")])
    assert result.verdict is Verdict.BUSY
    assert result.reason


def test_an_address_that_is_none_will_not_get_better(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "nonsense://127.0.0.1/live")
    [result] = CurlPosts.from_environment().post([("A=", b"{}")])
    assert result.verdict is Verdict.REFUSED


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def test_without_credentials_boto3_posts_nothing(
    environment: None, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_credentials(monkeypatch)
    unsigned = BotoPosts(boto3.session.Session().client("apigatewaymanagementapi"))
    assert unsigned.post([("A=", b"{}")]) == [Result(Verdict.REFUSED, "NoCredentialsError")]
    assert gateway.posts == []


def test_without_credentials_the_fast_engine_is_not_made(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_credentials(monkeypatch)
    with pytest.raises(KeyError):
        CurlPosts.from_environment()


def test_a_slow_gateway_is_not_waited_for_long(environment: None) -> None:
    config: Any = BotoPosts.from_environment()._client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (posts.CONNECT_SECONDS, posts.READ_SECONDS)
    assert config.max_pool_connections == WORKERS
    assert config.retries["total_max_attempts"] == 1  # `connections` decides what is tried again


def test_a_gateway_that_never_answers_is_given_up(environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.curl.READ_SECONDS", -0.8)  # of what CONNECT_SECONDS adds, 0.2 s remain
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/live"
        monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url)
        assert CurlPosts.from_environment().post([("A=", b"{}")]) == [Result(Verdict.TIMED_OUT, "timed out")]


@pytest.mark.parametrize("make", ENGINES, ids=["curl", "boto3"])
def test_one_that_does_not_answer_holds_up_nobody(
    make: Callable[[], Posts], environment: None, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.curl.GRACE_SECONDS", 3.0)
    monkeypatch.setattr("chat.curl.READ_SECONDS", 60.0)
    monkeypatch.setattr("chat.posts.CONFIG", posts.CONFIG.merge(Config(read_timeout=3)))
    gateway.answers["B="].append(Answer(0))  # which takes half a minute
    started = monotonic()
    results = make().post([(id, b"{}") for id in ("A=", "B=", "C=")])
    assert [result.verdict for result in results] == [DELIVERED, Verdict.TIMED_OUT, DELIVERED]
    assert monotonic() - started < 20
    assert [result.verdict for result in make().post([("B=", b"{}")])] == [DELIVERED]


def test_the_fast_engine_is_taken_where_it_can_be(environment: None) -> None:
    assert isinstance(posts.from_environment(), CurlPosts)


def test_without_pycurl_boto3_posts_and_says_so(
    environment: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delitem(sys.modules, "chat.curl")
    monkeypatch.setitem(sys.modules, "pycurl", None)  # an import of it now fails
    assert isinstance(posts.from_environment(), BotoPosts)
    assert "pycurl is missing" in caplog.text


@pytest.mark.parametrize("make", ENGINES, ids=["curl", "boto3"])
def test_when_time_is_up_the_others_are_answered_for(
    make: Callable[[], Posts], environment: None, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A post alone would not be given up for much longer than there is time.
    monkeypatch.setattr("chat.curl.READ_SECONDS", 25.0)
    monkeypatch.setattr("chat.posts.CONFIG", posts.CONFIG.merge(Config(read_timeout=25)))
    many = 3 * CONCURRENCY  # more than are ever on their way at once
    gateway.answers["A="].extend([Answer(0)] * many)
    began = monotonic()
    results = make().post([("B=", b"{}"), *[("A=", b"{}")] * many], within=5.0)
    assert monotonic() - began < 20
    assert results == [Result(DELIVERED), *[OUT_OF_TIME] * many]
