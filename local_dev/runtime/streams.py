"""Reading a DynamoDB stream through its API: which shards, in which order, from where on, and their records
as Lambda shows them.

A shard is closed after a while and succeeded by others; what it holds must be processed before them.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from .mapping import Record


class Start(Enum):
    """Where reading a shard begins."""

    OLDEST = "TRIM_HORIZON"
    NEWEST = "LATEST"


class Lineage:
    """Which shards of a stream may be read now: those whose parents are done. Pure.

    Unless the mapping begins at the oldest record, what the stream held at the first look is passed over,
    and what came after it is not. `places` are those of an earlier run by shard, each the `Start` where it began or
    a sequence number: it goes on there, and what was done before them stays done.
    """

    def __init__(self, *, from_start: bool, places: Mapping[str, str] | None = None) -> None:
        self._skip_old = not from_start
        self._places = places or {}
        self._usual = Start.OLDEST if from_start else Start.NEWEST
        self._taken: set[str] = set()
        self._unfinished: set[str] = set()

    def take(self, shards: Iterable[Mapping[str, Any]]) -> list[tuple[str, Start]]:
        """The shards among all `shards` of the stream that are to be read from now on, parents first."""
        listed = {shard["ShardId"]: shard for shard in shards}
        goes_on = not self._taken and not self._places.keys().isdisjoint(listed)
        skip, self._skip_old = self._skip_old and not goes_on, False
        if goes_on:
            self._taken |= self._forebears(listed)
        if skip:
            self._taken |= {name for name, shard in listed.items() if _is_closed(shard)}
        ready = [
            name
            for name, shard in listed.items()
            if name not in self._taken and not self._waits(shard.get("ParentShardId"), listed)
        ]
        self._taken.update(ready)
        self._unfinished.update(ready)
        return [(name, Start.NEWEST if skip else self._start(name)) for name in ready]

    def finished(self, shard: str) -> None:
        """Everything in the shard was processed: its successors may begin."""
        self._unfinished.discard(shard)

    def _start(self, shard: str) -> Start:
        """Where reading begins if it cannot go on."""
        place = self._places.get(shard)
        if place is None:
            return Start.OLDEST
        return next((start for start in Start if start.value == place), self._usual)

    def _forebears(self, listed: Mapping[str, Mapping[str, Any]]) -> set[str]:
        """The shards that come before one with a place, and have none themselves."""
        found: set[str] = set()
        for name in self._places:
            parent = listed.get(name, {}).get("ParentShardId")
            while (
                parent is not None and parent in listed and parent not in self._places and parent not in found
            ):
                found.add(parent)
                parent = listed[parent].get("ParentShardId")
        return found

    def _waits(self, parent: str | None, listed: Mapping[str, Any]) -> bool:
        # A parent that is listed no more has been trimmed: nothing of it is left to wait for.
        return parent in self._unfinished or (parent in listed and parent not in self._taken)


class ShardReader:
    """One shard, read record after record with `client`, boto3's of DynamoDB Streams. `arn` is what the
    events give as their source, `stream` the stream that is read. `after` is the record behind which it goes on;
    where that is not known, it begins at `start`.
    """

    def __init__(
        self,
        client: Any,
        *,
        stream: str,
        shard: str,
        start: Start,
        arn: str,
        region: str,
        changed: Callable[[float], Awaitable[None]],
        after: str | None = None,
    ) -> None:
        self._client, self._changed = client, changed
        self._stream, self._shard, self._start = stream, shard, start
        self._arn, self._region = arn, region
        self._iterator: str | None = None
        self._last = after
        self._sure = after is None
        """Whether the stream is known to have had the last record."""
        self.ended = False

    async def read(self, limit: int) -> list[Record]:
        """Up to `limit` records that were not read yet."""
        return [] if self.ended else await asyncio.to_thread(self._read, limit)

    async def changed(self, timeout: float) -> None:
        """Return when there may be more, or after `timeout` seconds."""
        await self._changed(timeout)

    def _read(self, limit: int) -> list[Record]:
        errors = self._client.exceptions
        try:
            if self._iterator is None:
                self._iterator = self._open()
            answer = self._client.get_records(ShardIterator=self._iterator, Limit=limit)
        except (errors.ExpiredIteratorException, errors.TrimmedDataAccessException) as error:
            # Too long ago, as after a night with the lid closed: go on behind the last record, or, where
            # that has been dropped meanwhile, with the oldest that is left.
            if isinstance(error, errors.TrimmedDataAccessException):
                self._last, self._start = None, Start.OLDEST
            self._iterator = None
            return []
        except errors.ResourceNotFoundException:
            if not self._is_listed():
                self.ended = True  # the shard was trimmed altogether
                return []
            self._iterator = None
            raise
        except Exception as error:
            self._iterator = None  # it may be what is refused: begin again behind the last record
            if self._sure or code_of(error) != "ValidationException":
                raise
            self._last, self._sure = None, True
            return []
        self._sure = True
        self._iterator = answer.get("NextShardIterator")
        self.ended = self._iterator is None
        if answer["Records"]:
            self._last = answer["Records"][-1]["dynamodb"]["SequenceNumber"]
        return [as_event(record, self._arn, self._region) for record in answer["Records"]]

    def _open(self) -> str:
        position = (
            {"ShardIteratorType": self._start.value}
            if self._last is None
            else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._last}
        )
        answer = self._client.get_shard_iterator(StreamArn=self._stream, ShardId=self._shard, **position)
        return str(answer["ShardIterator"])

    def _is_listed(self) -> bool:
        """Whether the shard exists; an error where the stream itself does not."""
        return any(shard["ShardId"] == self._shard for shard in list_shards(self._client, self._stream))


def code_of(error: Exception) -> str:
    """AWS's name for an error, "" where it is none of AWS's."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def list_shards(client: Any, stream: str) -> list[Mapping[str, Any]]:
    """All shards of a stream, as DescribeStream gives them."""
    shards: list[Mapping[str, Any]] = []
    page: dict[str, str] = {}
    while True:
        description = client.describe_stream(StreamArn=stream, **page)["StreamDescription"]
        shards += description["Shards"]
        if not description.get("LastEvaluatedShardId"):
            return shards
        page = {"ExclusiveStartShardId": description["LastEvaluatedShardId"]}


def as_event(record: Mapping[str, Any], arn: str, region: str) -> Record:
    """A record as Lambda shows it: what the API answers, in JSON's types."""
    event = {
        **{
            key: record[key]
            for key in ("eventID", "eventName", "eventVersion", "eventSource")
            if key in record
        },
        "awsRegion": region,
        "dynamodb": {key: _json_value(value) for key, value in record["dynamodb"].items()},
        "eventSourceARN": arn,
    }
    user = record.get("userIdentity")
    if user:  # who removed the item: DynamoDB itself, when it expired
        event["userIdentity"] = {"type": user.get("Type"), "principalId": user.get("PrincipalId")}
    return event


def _is_closed(shard: Mapping[str, Any]) -> bool:
    return "EndingSequenceNumber" in shard.get("SequenceNumberRange", {})


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
