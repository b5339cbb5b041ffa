"""What event sources of every kind have in common: how large a batch may be, and which of its items an
answer leaves unprocessed.
"""

import json
import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

log = logging.getLogger(__name__)

INVOKE_TIMEOUT = 900.0
"""Seconds that a poller waits for its function: the most that a function's own Timeout can be."""

PAYLOAD_LIMIT = 6 * 1024 * 1024 - 64
"""Bytes of records that one event holds: Lambda's limit for a payload, less what is around them."""

REST = 1.0
"""Seconds to leave a source alone that could not be read."""


class Held:
    """Records that wait to be a batch, in order."""

    def __init__(self) -> None:
        self._records: deque[tuple[dict[str, Any], int]] = deque()
        self._weight = 0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        """Put records behind those that wait."""
        for record in records:
            size = weight(record)
            self._records.append((record, size))
            self._weight += size

    def is_full(self, size: int) -> bool:
        """Whether a batch of at most `size` records would not become larger by waiting."""
        return len(self._records) >= size or self._weight >= PAYLOAD_LIMIT

    def take(self, size: int) -> list[dict[str, Any]]:
        """Remove as many as fit into one event: at most `size`, at least one if there is any."""
        batch: list[dict[str, Any]] = []
        room = PAYLOAD_LIMIT
        while self._records and len(batch) < size and (not batch or self._records[0][1] <= room):
            record, taken = self._records.popleft()
            batch.append(record)
            room -= taken
            self._weight -= taken
        return batch


def weight(record: Mapping[str, Any]) -> int:
    """Bytes that a record takes of an event, with the comma behind it."""
    return len(json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")) + 1


def failures(answer: Any, ids: Sequence[str]) -> frozenset[str]:
    """Those of the batch's ids that the answer of a function with ReportBatchItemFailures leaves
    unprocessed; an answer that is malformed, or names an item that is not in the batch, leaves all.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
    """
    everything = frozenset(ids)
    if answer is None:
        return frozenset()
    if not isinstance(answer, dict):
        return everything
    reported = answer.get("batchItemFailures")
    if reported is None:
        return frozenset()
    if not isinstance(reported, list):
        return everything
    failed = {str(item.get("itemIdentifier")) if isinstance(item, dict) else "" for item in reported}
    return frozenset(failed) if failed <= everything else everything


class Complaints:
    """Says what goes wrong with a source: each trouble once, not once a second while it lasts."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._last: str | None = None

    def say(self, error: BaseException) -> None:
        """Report an error unless it is the one reported last."""
        text = " ".join(str(error).split()) or type(error).__name__
        if text != self._last:
            log.error("%s: %s; going on", self._source, text)
        self._last = text

    def over(self) -> None:
        """It works again."""
        self._last = None
