"""The queue for what can never be announced: looked at by people, and out of everybody else's way."""

import json
import os
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chat.dynamodb import CONFIG
from chat.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Failures:
    """`queue_url` is the one that Lambda itself puts batches into whose retries are used up."""

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url

    @classmethod
    def from_environment(cls) -> "Failures":
        return cls(os.environ["ANNOUNCE_FAILURES_QUEUE"])

    def put(self, sequence_number: str, *, reason: str) -> None:
        """Says which record of the stream it was, as Lambda does: not what is in it. Raises `Unavailable`."""
        body = json.dumps({"condition": "Malformed", "sequenceNumber": sequence_number, "reason": reason})
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable from error

    @cached_property
    def _client(self) -> "SQSClient":
        # Made when it is first needed, which is next to never: it would lengthen every cold start.
        return boto3.client("sqs", config=CONFIG)
