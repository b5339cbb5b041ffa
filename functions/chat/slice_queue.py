"""The queue through which the slices of a large room go to `deliver`."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

import boto3

from chat.dynamodb import CONFIG, unavailable
from chat.errors import Unavailable
from chat.slices import Slice

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    Entries = list[SendMessageBatchRequestEntryTypeDef]

# What SendMessageBatch takes at most; of bytes it takes more by now, but not everywhere.
_ENTRIES = 10
_BYTES = 256 * 1024
_CALLS_AT_ONCE = 8
_ATTEMPTS = 3


class SliceQueue:
    """`queue_url` is that of the queue which `deliver` is the consumer of."""

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url

    @classmethod
    def from_environment(cls) -> "SliceQueue":
        return cls(os.environ["SLICES_QUEUE"])

    def put(self, slices: Sequence[Slice]) -> None:
        """Puts all of them, ten a call and several calls at once. Raises `Unavailable` where that cannot be
        said of all. Who is put twice is delivered once.
        """
        client = self._client  # made before there are threads
        with ThreadPoolExecutor(_CALLS_AT_ONCE) as pool:
            for _ in pool.map(lambda entries: self._send(client, entries), _batches(slices)):
                pass  # raises what the call raised

    def _send(self, client: "SQSClient", entries: "Entries") -> None:
        for _ in range(_ATTEMPTS):
            with unavailable():
                answer = client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            refused = {each["Id"] for each in answer.get("Failed", [])}
            entries = [entry for entry in entries if entry["Id"] in refused]
            if not entries:
                return
        raise Unavailable

    @cached_property
    def _client(self) -> "SQSClient":
        # Made when a room is large for the first time: it would lengthen every cold start.
        return boto3.client("sqs", config=CONFIG)


def _batches(slices: Sequence[Slice]) -> "Iterator[Entries]":
    entries: Entries = []
    size = 0
    for number, each in enumerate(slices):
        body = each.encode()
        size += len(body.encode())
        if len(entries) == _ENTRIES or (entries and size > _BYTES):
            yield entries
            entries, size = [], len(body.encode())
        entries.append({"Id": str(number), "MessageBody": body})
    if entries:
        yield entries
