"""One attempt to post a frame to each of many connections: what an engine is, and the one over boto3."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnection

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

logger = Logger()

# An answer takes milliseconds.
CONNECT_SECONDS = 1
READ_SECONDS = 2
WORKERS = 16
# No retries here: `connections` knows how much time is left, and which of many to try again.
CONFIG = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    max_pool_connections=WORKERS,
    retries={"mode": "standard", "total_max_attempts": 1},
)


class Verdict(Enum):
    """How one attempt went."""

    DELIVERED = auto()  # accepted by the gateway, which is all that can be known (contract M19)
    GONE = auto()  # closed, or not yet open (contract P01, P02)
    BUSY = auto()  # throttled, or failed on the other side: worth another try
    TIMED_OUT = auto()  # no answer: it may have been delivered
    REFUSED = auto()  # will not get better by trying


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict, and for the logs what was the matter."""

    verdict: Verdict
    reason: str = ""


OUT_OF_TIME = Result(Verdict.BUSY, "out of time")

Post = tuple[str, bytes]
"""A connection id, and the frame that it is to get."""


class Posts(Protocol):
    """What `connections` needs of an engine."""

    def post(self, posts: Sequence[Post], *, within: float = math.inf) -> list[Result]:
        """Tries each post once, at the same time; answers in the order asked, within so many seconds, and never
        raises.
        """


class BotoPosts:
    """boto3 in a bounded pool of threads. botocore finds the endpoint in its standard variable."""

    def __init__(self, client: "ApiGatewayManagementApiClient") -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="post")

    @classmethod
    def from_environment(cls) -> "BotoPosts":
        return cls(boto3.client("apigatewaymanagementapi", config=CONFIG))

    def post(self, posts: Sequence[Post], *, within: float = math.inf) -> list[Result]:
        ends = time.monotonic() + within
        futures = [self._pool.submit(self._post, *post) for post in posts]
        wait(futures, None if math.isinf(within) else max(0.0, ends - time.monotonic()))
        return [future.result() if future.done() else _ended(future) for future in futures]

    def _post(self, connection_id: str, payload: bytes) -> Result:
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=payload)
        except ClientError as error:
            # By status: without its header a 410 is no GoneException to botocore (contract M06).
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return judge(status, error.response["Error"].get("Code", ""))
        except ReadTimeoutError as error:
            return Result(Verdict.TIMED_OUT, type(error).__name__)
        except (HTTPClientError, NoConnection) as error:
            return Result(Verdict.BUSY, type(error).__name__)
        except BotoCoreError as error:
            return Result(Verdict.REFUSED, type(error).__name__)
        return Result(Verdict.DELIVERED)


def _ended(future: "Future[Result]") -> Result:
    """What is not begun never will be; what is cannot be stopped, and may yet arrive."""
    future.cancel()
    return OUT_OF_TIME


def judge(status: int, reason: str = "") -> Result:
    """What the management API's status means (contract M02, M05, M10)."""
    reason = reason or str(status)
    match status:
        case 200:
            return Result(Verdict.DELIVERED)
        case 410:
            return Result(Verdict.GONE, reason)
        case 429:
            return Result(Verdict.BUSY, reason)
    return Result(Verdict.BUSY if status >= 500 else Verdict.REFUSED, reason)


def from_environment() -> Posts:
    """The fast engine, or boto3 where pycurl is not to be had, which is said once."""
    try:
        from chat.curl import CurlPosts  # noqa: PLC0415 (it may be missing)
    except ImportError:
        logger.warning("pycurl is missing: posting through boto3, at many times the cost")
        return BotoPosts.from_environment()
    return CurlPosts.from_environment()
