"""Deletes items that have expired, which moto never does; a table's stream then tells of it as DynamoDB's does.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

TOO_OLD = 5 * 365 * 86400
"""Seconds since an expiry after which DynamoDB does not believe it."""

IDENTITY = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
"""Who deletes them, as the stream has it."""

TURN, REST = 0.01, 0.01
"""Seconds that a sweep holds up everybody else, and then lets them go on: the lock is not a fair one."""


def has_expired(kind: str, value: Any, *, now: float) -> bool:
    """Whether the value of a table's TTL attribute, as DynamoDB has it, is of the past. `now` in epoch seconds."""
    if kind != "N":
        return False
    try:
        expiry = float(value)
    except (TypeError, ValueError):
        return False
    return now - TOO_OLD <= expiry < now


class Sweeper:
    """Looks through every table of moto that has TTL enabled. `lock` is held whenever moto is touched; `clock`
    gives epoch seconds.
    """

    def __init__(self, lock: AbstractContextManager[Any], *, clock: Callable[[], float] = time.time) -> None:
        self._lock, self._clock = lock, clock

    def run(self, every: float) -> None:
        """Sweep each `every` seconds, for ever."""
        while True:
            time.sleep(every)
            with contextlib.suppress(Exception):  # what could not be deleted now is still there the next time
                self.sweep()

    def sweep(self) -> None:
        """Delete what has expired, in short turns."""
        work = self._work()
        while self._turn(work):
            time.sleep(REST)

    def _turn(self, work: Iterator[None]) -> bool:
        with self._lock:
            until = time.perf_counter() + TURN
            for _ in work:
                if time.perf_counter() >= until:
                    return True
        return False

    def _work(self) -> Iterator[None]:
        """A step for each item."""
        for table in _tables_with_expiry():
            name = table.ttl["AttributeName"]
            for hash_key, range_key in _keys(table):
                item = _item(table, hash_key, range_key)  # as it is now: it may have been renewed since
                value = item.attrs.get(name) if item is not None else None
                if value is not None and has_expired(value.type, value.value, now=self._clock()):
                    _expire(table, hash_key, range_key)
                yield


def _tables_with_expiry() -> list[Any]:
    models = sys.modules.get("moto.dynamodb.models")  # imported with the first table
    if models is None:
        return []
    return [
        table
        for account in list(models.dynamodb_backends.values())
        for backend in list(account.values())
        for table in backend.tables.values()
        if table.ttl.get("TimeToLiveStatus") == "ENABLED"
    ]


def _keys(table: Any) -> Iterator[tuple[Any, Any]]:
    for hash_key in list(table.items):
        if table.has_range_key:
            for range_key in list(table.items.get(hash_key, ())):
                yield hash_key, range_key
        else:
            yield hash_key, None


def _item(table: Any, hash_key: Any, range_key: Any) -> Any:
    found = table.items.get(hash_key)
    return found.get(range_key) if found is not None and range_key is not None else found


def _expire(table: Any, hash_key: Any, range_key: Any) -> None:
    table.delete_item(hash_key, range_key)
    shard = table.stream_shard
    if shard is not None and shard.items:
        shard.items[-1].record["userIdentity"] = dict(IDENTITY)
