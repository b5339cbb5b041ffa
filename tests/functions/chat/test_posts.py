import socket
from typing import Any

import boto3
import pytest
from botocore.config import Config
from chat.posts import WORKERS, BotoPosts, Result, Verdict

from tests.functions.stand_ins import GONE, OK, Answer, Gateway


@pytest.fixture
def posts(environment: None) -> BotoPosts:
    return BotoPosts.from_environment()


def test_everyone_gets_the_payload(posts: BotoPosts, gateway: Gateway) -> None:
    ids = [f"{n:015}=" for n in range(3 * WORKERS)]
    assert posts.post(ids, "سلام".encode()) == [Result(Verdict.DELIVERED)] * len(ids)
    assert sorted(gateway.posts) == [(id, "سلام".encode()) for id in ids]


def test_posting_to_nobody(posts: BotoPosts) -> None:
    assert posts.post([], b"{}") == []


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
def test_what_an_answer_means(posts: BotoPosts, gateway: Gateway, answer: Answer, verdict: Verdict) -> None:
    gateway.answers["B-_="].append(answer)
    results = posts.post(["A=", "B-_=", "C="], b"{}")
    assert [result.verdict for result in results] == [Verdict.DELIVERED, verdict, Verdict.DELIVERED]
    assert answer is OK or results[1].reason
    assert len(gateway.posts) == 3  # the engine itself tries once


def test_a_connection_that_fails_is_worth_another_try(posts: BotoPosts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/live"
    config = Config(retries={"total_max_attempts": 1})
    unheard = BotoPosts(boto3.client("apigatewaymanagementapi", endpoint_url=url, config=config))
    [result] = unheard.post(["A="], b"{}")
    assert result == Result(Verdict.BUSY, "EndpointConnectionError")


def test_what_will_not_get_better_is_refused(
    environment: None, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nobody = BotoPosts(boto3.session.Session().client("apigatewaymanagementapi"))
    assert nobody.post(["A="], b"{}") == [Result(Verdict.REFUSED, "NoCredentialsError")]
    assert gateway.posts == []


def test_a_slow_gateway_is_not_waited_for_long(posts: BotoPosts) -> None:
    config: Any = posts._client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.max_pool_connections == WORKERS
