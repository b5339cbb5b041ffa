"""Event source mappings from DynamoDB streams: polls a stream and gives its records to a function, as
Lambda does.

In order, one batch at a time; filtered, held back up to the batching window, split on failure where the
mapping says so, retried a bounded number of times, and what cannot be processed goes to the on-failure
destination. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-eventsourcemapping.html
"""

import asyncio
import base64
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from ..errors import FunctionError
from ..stack.model import StreamMapping
from .filters import matches_any

log = logging.getLogger(__name__)

POLL_INTERVAL = 5.0
"""Seconds between looks at a silent stream. New records are signalled, so this only covers a signal that
was missed.
"""

FILTERED_PAUSE = 0.1
"""Seconds to leave a stream alone after it had nothing but records that the filter drops: where each message
writes one, the polling would otherwise take as much of DynamoDB as the messages."""

INVOKE_TIMEOUT = 900.0

Record = dict[str, Any]
Invoke = Callable[[list[Record]], Awaitable[Any]]


class Stream(Protocol):
    """Where records come from."""

    async def read(self, limit: int) -> list[Record]:
        """Up to `limit` records that were not read yet, at once."""

    async def changed(self, timeout: float) -> None:
        """Return when there may be more, or after `timeout` seconds."""


class BatchFailed(Exception):
    """A batch was not processed from record `index` on."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index


class MappingPoller:
    """One mapping. `discard` gets the records that were given up, with the reason; `sleep` waits between
    retries.
    """

    def __init__(
        self,
        mapping: StreamMapping,
        stream: Stream,
        *,
        invoke: Invoke,
        discard: Callable[[Sequence[Record], str], Awaitable[None]],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._mapping, self._stream = mapping, stream
        self._invoke, self._discard = invoke, discard
        self._clock, self._sleep = clock, sleep

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            batch = await self.next_batch()
            if batch:
                await self.process(batch)

    async def next_batch(self) -> list[Record]:
        """The next records that pass the filter: as many as there are, a full batch, or what the window
        collected.
        """
        batch: list[Record] = []
        deadline: float | None = None
        size = self._mapping.batch_size
        while len(batch) < size:
            records = await self._stream.read(size - len(batch))
            wanted = [record for record in records if matches_any(self._mapping.patterns, record)]
            batch += wanted
            if records and not wanted:
                await self._sleep(FILTERED_PAUSE)
            if records:
                continue
            if batch and deadline is None:
                deadline = self._clock() + self._mapping.window
            if deadline is not None:
                left = deadline - self._clock()
                if left <= 0:
                    break
                await self._stream.changed(left)
            else:
                await self._stream.changed(POLL_INTERVAL)
        return batch

    async def process(self, batch: list[Record]) -> None:
        """Have the function process the batch, with all the retries and splits that the mapping allows."""
        work = [(batch, 0)]
        while work:
            records, attempt = work.pop(0)
            try:
                await self._attempt(records)
            except BatchFailed as failure:
                rest = records[failure.index :]
                if self._mapping.bisect and len(rest) > 1:
                    # Splitting does not use up the retries (AWS's documentation of bisecting).
                    middle = len(rest) // 2
                    work[:0] = [(rest[:middle], attempt), (rest[middle:], attempt)]
                elif self._exhausted(rest, attempt):
                    await self._discard(rest, str(failure))
                else:
                    await self._sleep(min(0.1 * 2**attempt, 10))
                    work.insert(0, (rest, attempt + 1))

    async def _attempt(self, records: list[Record]) -> None:
        try:
            answer = await self._invoke(records)
        except (FunctionError, TimeoutError) as error:
            raise BatchFailed(0, f"{getattr(error, 'error_type', 'Timeout')}: {error}") from None
        if self._mapping.partial_responses and isinstance(answer, dict):
            failed = {item.get("itemIdentifier") for item in answer.get("batchItemFailures") or ()}
            for index, record in enumerate(records):
                if record["dynamodb"]["SequenceNumber"] in failed:
                    raise BatchFailed(index, "the function reported the record as failed")
            if failed:  # an identifier that is none of the batch's fails all of it
                raise BatchFailed(0, f"the function reported unknown records as failed: {failed}")

    def _exhausted(self, records: Sequence[Record], attempt: int) -> bool:
        retries, age = self._mapping.max_retries, self._mapping.max_age
        born = float(records[0]["dynamodb"]["ApproximateCreationDateTime"])
        return (retries is not None and attempt >= retries) or (
            age is not None and self._clock() - born > age
        )


class MotoStream:
    """A stream read through the DynamoDB Streams API, from its start."""

    def __init__(
        self, client: Any, arn: str, region: str, changed: Callable[[float], Awaitable[None]]
    ) -> None:
        self._client, self._arn, self._region, self._changed = client, arn, region, changed
        self._iterator: str | None = None

    async def read(self, limit: int) -> list[Record]:
        return await asyncio.to_thread(self._read, limit)

    async def changed(self, timeout: float) -> None:
        await self._changed(timeout)

    def _read(self, limit: int) -> list[Record]:
        if self._iterator is None:
            # One shard: moto has one, and the order in a room needs no more.
            shard = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"][0]
            self._iterator = self._client.get_shard_iterator(
                StreamArn=self._arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
        answer = self._client.get_records(ShardIterator=self._iterator, Limit=limit)
        self._iterator = answer["NextShardIterator"]
        return [_as_event(record, self._arn, self._region) for record in answer["Records"]]


def _as_event(record: Mapping[str, Any], arn: str, region: str) -> Record:
    """A record as Lambda shows it: what the API answers, in JSON's types."""
    return {
        **{
            key: record[key]
            for key in ("eventID", "eventName", "eventVersion", "eventSource")
            if key in record
        },
        "awsRegion": region,
        "dynamodb": {key: _json_value(value) for key, value in record["dynamodb"].items()},
        "eventSourceARN": arn,
    }


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_json_value(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    return value


def failure_message(mapping: StreamMapping, records: Sequence[Record], reason: str) -> str:
    """What an on-failure destination receives: where the records are, not the records."""
    first, last = records[0]["dynamodb"], records[-1]["dynamodb"]
    return json.dumps(
        {
            "requestContext": {"functionArn": mapping.function, "condition": "RetryAttemptsExhausted"},
            "responseContext": {"functionError": reason},
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "DDBStreamBatchInfo": {
                "startSequenceNumber": first["SequenceNumber"],
                "endSequenceNumber": last["SequenceNumber"],
                "approximateArrivalOfFirstRecord": first["ApproximateCreationDateTime"],
                "approximateArrivalOfLastRecord": last["ApproximateCreationDateTime"],
                "batchSize": len(records),
                "streamArn": mapping.stream,
            },
        }
    )
