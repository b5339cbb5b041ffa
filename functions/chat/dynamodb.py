"""DynamoDB as the stores use it: one client with short time-outs, and its failures as our own error."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chat.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONFIG = Config(
    # botocore waits a minute by default, longer than a function may run. These calls take milliseconds.
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 3},
    # The types of what is sent are checked before it runs, by mypy, and by DynamoDB: 3% of a call's CPU time.
    parameter_validation=False,
    # botocore would put one together anew for each call, from what never changes: 12% of it.
    user_agent="parley",
)


@cache
def client() -> "DynamoDBClient":
    """The process's one client; it is safe to share."""
    return boto3.client("dynamodb", config=CONFIG)


@contextmanager
def unavailable() -> Iterator[None]:
    """Whatever DynamoDB or the way to it does wrong inside comes out as `Unavailable`, its cause chained."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Unavailable from error
