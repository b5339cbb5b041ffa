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

TURN, REST = 0.002, 0.01
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


SHARE = 0.01
"""Of a processor, at most, for looking: where there is much to look through it is done less often."""


def pause(every: float, spent: float) -> float:
    """Seconds until the next look after one that cost so many seconds of a processor."""
    return max(every, spent / SHARE)


class Sweeper:
    """Looks through every table of moto that has TTL enabled. `lock` is held whenever moto is touched; `clock`
    gives epoch seconds.
    """

    def __init__(self, lock: AbstractContextManager[Any], *, clock: Callable[[], float] = time.time) -> None:
        self._lock, self._clock = lock, clock

    def run(self, every: float) -> None:
        """Sweep each `every` seconds, for ever; less often where that would take more than a `SHARE` of the time."""
        rest = every
        while True:
            time.sleep(rest)
            began = time.thread_time()
            with contextlib.suppress(Exception):  # what could not be deleted now is still there the next time
                self.sweep()
            rest = pause(every, time.thread_time() - began)

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
            for item in _items(table):
                value = item.attrs.get(name)
                # It may have been replaced or deleted since it was listed.
                if (
                    value is not None
                    and has_expired(value.type, value.value, now=self._clock())
                    and _is_there(table, item)
                ):
                    _expire(table, item.hash_key, item.range_key)
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


def _items(table: Any) -> Iterator[Any]:
    for hash_key in list(table.items):
        if table.has_range_key:
            yield from list(table.items.get(hash_key, {}).values())
        elif hash_key in table.items:
            yield table.items[hash_key]


def _is_there(table: Any, item: Any) -> bool:
    found = table.items.get(item.hash_key)
    return item is (found.get(item.range_key) if found is not None and table.has_range_key else found)


def _expire(table: Any, hash_key: Any, range_key: Any) -> None:
    table.delete_item(hash_key, range_key)
    shard = table.stream_shard
    if shard is not None and shard.items:
        shard.items[-1].record["userIdentity"] = dict(IDENTITY)
