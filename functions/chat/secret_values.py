"""Secrets by their ARN, from Secrets Manager: asked for once in a while, so that a rotated one is taken up."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from chat.dynamodb import CONFIG
from chat.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

logger = Logger()

FRESH_SECONDS = 300.0
# Once the service has failed, values that are known still serve, and it is left alone for so long.
RETRY_SECONDS = 10.0
# In this order: nearly all is signed with the first.
_STAGES = ("AWSCURRENT", "AWSPREVIOUS")


class SecretValue:
    """One secret. Powertools has a cache for them as well, but it keeps no failure: a secret that was never rotated
    has no previous value, and would be asked for it on every handshake.
    """

    def __init__(self, arn: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._arn = arn
        self._now = now
        self._known: tuple[str, ...] = ()
        self._until = float("-inf")

    def valid(self) -> tuple[str, ...]:
        """The current value, and the previous one where there is one: while a secret is rotated both are in use.
        Raises `Unavailable` where not even an older answer is known.
        """
        if self._now() >= self._until:
            try:
                self._known = tuple(filter(None, map(self._value, _STAGES)))
                self._until = self._now() + FRESH_SECONDS
            except (ClientError, BotoCoreError) as error:
                if not self._known:
                    raise Unavailable from error
                logger.exception("the secret could not be read again")
                self._until = self._now() + RETRY_SECONDS
        return self._known

    def _value(self, stage: str) -> str | None:
        try:
            return self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)["SecretString"]
        except self._client.exceptions.ResourceNotFoundException:
            if stage == _STAGES[0]:
                raise
            return None

    @cached_property
    def _client(self) -> "SecretsManagerClient":
        return boto3.client("secretsmanager", config=CONFIG)
