"""One attempt to post a frame to each of many connections: the engine under `connections`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

WORKERS = 16
# No retries here: `connections` knows how much time is left, and which of many to try again.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    max_pool_connections=WORKERS,
    retries={"mode": "standard", "total_max_attempts": 1},
)


class Verdict(Enum):
    """How one attempt went."""

    DELIVERED = auto()  # accepted by the gateway, which is all that can be known (contract M19)
    GONE = auto()  # closed, or not yet open (contract P01, P02)
    BUSY = auto()  # throttled, failed on the other side, or timed out: worth another try
    REFUSED = auto()  # will not get better by trying


@dataclass(frozen=True, slots=True)
class Result:
    """A verdict, and for the logs what was the matter."""

    verdict: Verdict
    reason: str = ""


class Posts(Protocol):
    """What `connections` needs of an engine."""

    def post(self, connection_ids: Sequence[str], payload: bytes) -> list[Result]:
        """Tries each connection once, at the same time; answers in the order asked, and never raises."""


class BotoPosts:
    """boto3 in a bounded pool of threads. botocore finds the endpoint in its standard variable."""

    def __init__(self, client: "ApiGatewayManagementApiClient") -> None:
        self._client = client
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="post")

    @classmethod
    def from_environment(cls) -> "BotoPosts":
        return cls(boto3.client("apigatewaymanagementapi", config=CONFIG))

    def post(self, connection_ids: Sequence[str], payload: bytes) -> list[Result]:
        return list(self._pool.map(lambda connection_id: self._post(connection_id, payload), connection_ids))

    def _post(self, connection_id: str, payload: bytes) -> Result:
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=payload)
        except self._client.exceptions.GoneException:  # a ClientError, so it has to be caught before that
            return Result(Verdict.GONE, "GoneException")
        except ClientError as error:
            return _judge(error)
        except (HTTPClientError, NoConnection) as error:
            return Result(Verdict.BUSY, type(error).__name__)
        except BotoCoreError as error:
            return Result(Verdict.REFUSED, type(error).__name__)
        return Result(Verdict.DELIVERED)


def _judge(error: ClientError) -> Result:
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    reason = error.response["Error"].get("Code", str(status))
    if status == 410:  # without its header a 410 is no GoneException to botocore (contract M06)
        return Result(Verdict.GONE, reason)
    return Result(Verdict.BUSY if status == 429 or status >= 500 else Verdict.REFUSED, reason)
