"""Streams that forget, and iterators that need no memory. moto keeps every record of a stream for ever, and with every
look at one an iterator, the next.

As in AWS a record is kept for a day, and an iterator can be used for 15 minutes. Beyond that a record goes when enough
came after it and everybody who reads the stream has passed it, so that a long run does not fill the memory; and at the
very last when there are too many of them. Whoever was behind is told so, as AWS tells it.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html
"""

import base64
import itertools
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.dynamodb.models.table import StreamShard
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, ShardIterator

from .moto_patches import Patch

KEPT, AT_MOST = 5_000, 50_000
"""Records of a stream that are kept though everybody has read them, and though somebody has not."""

ITERATOR_LIFE = 15 * 60.0
"""Seconds for which an iterator can be used."""

RECORD_LIFE = timedelta(days=1)

_BLOCK = 500
"""So many are dropped at once: a list is not shortened for each."""

_moto_init_shard, _moto_init_iterator, _moto_init_backend = (
    StreamShard.__init__,
    ShardIterator.__init__,
    DynamoDBStreamsBackend.__init__,
)
_readers = itertools.count()


class TrimmedDataAccessException(ServiceException):  # type: ignore[misc]
    """What was to be read is there no more."""

    code = "TrimmedDataAccessException"
    message = "The operation attempted to read past the oldest stream record in a shard."


class ExpiredIteratorException(ServiceException):  # type: ignore[misc]
    """The iterator was given out too long ago."""

    code = "ExpiredIteratorException"
    message = "The shard iterator has expired and can no longer be used to retrieve stream records."


class ResourceNotFoundException(ServiceException):  # type: ignore[misc]
    """The stream is not the one that the iterator is for."""

    code = "ResourceNotFoundException"
    message = "The operation tried to access a nonexistent stream."


def patches() -> list[Patch]:
    """Shards with such records, and iterators that say themselves where they are."""
    return [
        Patch(StreamShard, "__init__", _make_shard),
        Patch(ShardIterator, "__init__", _make_iterator),
        Patch(ShardIterator, "get", _get),
        Patch(DynamoDBStreamsBackend, "__init__", _make_backend),
    ]


class Records:
    """A shard's records by their number from the shard's beginning on, those in front of `first` being gone. To moto
    it is the list of all records that there ever were.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.first = 0
        self._kept: list[Any] = []
        self._clock = clock
        self._readers: dict[int, tuple[int, float]] = {}
        """Where each one is, and when that was."""

    def __len__(self) -> int:
        return self.first + len(self._kept)

    def append(self, record: Any) -> None:
        """One more, for which others may go."""
        self._kept.append(record)
        if len(self._kept) % _BLOCK == 0:
            self._trim()

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self._kept[index]  # moto_ttl's last one
        begin = self.place(index.start)
        return self._kept[begin : index.stop - self.first]

    def place(self, number: int) -> int:
        """Where the record is among those that are kept; TrimmedDataAccessException where it is not."""
        if number < self.first:
            raise TrimmedDataAccessException
        return number - self.first

    def read(self, reader: int, number: int) -> None:
        """A reader has got so far."""
        self._readers[reader] = number, self._clock()

    def _trim(self) -> None:
        alive = self._clock() - ITERATOR_LIFE
        self._readers = {reader: at for reader, at in self._readers.items() if at[1] >= alive}
        read = min((number for number, _ in self._readers.values()), default=len(self)) - self.first
        gone = max(min(len(self._kept) - KEPT, read), len(self._kept) - AT_MOST, 0)
        too_old = utcnow() - RECORD_LIFE
        while gone < len(self._kept) and _made(self._kept[gone]) < too_old:
            gone += 1
        del self._kept[:gone]
        self.first += gone

    def __deepcopy__(self, memo: dict[int, Any]) -> "Records":
        made = Records(self._clock)
        made.first, made._kept, made._readers = self.first, [*self._kept], dict(self._readers)
        return made


def _made(record: Any) -> Any:
    return record.record["dynamodb"]["ApproximateCreationDateTime"]


class Iterators(dict[str, Any]):
    """moto's iterators by their names, none of which is kept: a name says what it is."""

    def __init__(self, backend: Any, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._backend, self._clock = backend, clock

    def name(self, number: int, reader: int) -> str:
        """For an iterator at that sequence number, made now."""
        return base64.b64encode(json.dumps([number, reader, self._clock()]).encode()).decode()

    def __setitem__(self, name: str, iterator: Any) -> None:
        return

    def __getitem__(self, name: str) -> Any:
        stream, _, text = name.split("|")
        number, reader, made = json.loads(base64.b64decode(text))
        if self._clock() - made > ITERATOR_LIFE:
            raise ExpiredIteratorException
        table = self._backend._get_table_from_arn(stream)
        if not stream.endswith(f"/stream/{table.latest_stream_label}"):
            raise ResourceNotFoundException
        shard = table.stream_shard
        return ShardIterator(self._backend, shard, "AT_SEQUENCE_NUMBER", number, reader)


def _make_shard(shard: Any, *arguments: Any, **options: Any) -> None:
    _moto_init_shard(shard, *arguments, **options)
    shard.items = Records()


def _make_backend(backend: Any, *arguments: Any, **options: Any) -> None:
    _moto_init_backend(backend, *arguments, **options)
    backend.shard_iterators = Iterators(backend)


def _make_iterator(  # noqa: PLR0917 (moto's own)
    iterator: Any, backend: Any, shard: Any, kind: str, number: int | None = None, reader: int | None = None
) -> None:
    _moto_init_iterator(iterator, backend, shard, kind, number)
    records = shard.items
    if kind == "TRIM_HORIZON":
        iterator.sequence_number += records.first
    place = iterator.sequence_number - shard.starting_sequence_number
    records.place(place)
    iterator.reader = next(_readers) if reader is None else reader
    iterator.id = backend.shard_iterators.name(iterator.sequence_number, iterator.reader)
    records.read(iterator.reader, place)


def _get(iterator: Any, limit: int = 1000) -> dict[str, Any]:
    records = iterator.stream_shard.get(iterator.sequence_number, limit)
    number = int(records[-1]["dynamodb"]["SequenceNumber"]) + 1 if records else iterator.sequence_number
    following = ShardIterator(
        iterator.streams_backend, iterator.stream_shard, "AT_SEQUENCE_NUMBER", number, iterator.reader
    )
    return {"NextShardIterator": following.arn, "Records": records}
