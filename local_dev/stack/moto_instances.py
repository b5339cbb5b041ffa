"""What moto remembers and nobody asks for: every object that it ever made, each item and each record of a stream, in
order to show it on a page of its own; and the receipt of every message that was ever deleted. Here only the latest.
"""

from collections.abc import Iterable
from typing import Any

from moto.core.common_models import BaseModel
from moto.sqs.models import Queue

from .moto_patches import Patch

SHOWN = 500
"""So many objects of a class at least, and twice as many at most."""

RECEIPTS = 10_000
"""So many receipts of a queue, with which a message may be deleted once more."""

_moto_new, _moto_init_queue = BaseModel.__new__, Queue.__init__


def patches() -> list[Patch]:
    """Objects that are forgotten with whatever had them, and queues that forget."""
    return [
        Patch(BaseModel, "__new__", staticmethod(_make)),
        Patch(Queue, "__init__", _make_queue),
    ]


class Latest(dict[str, None]):
    """A set of the texts that were last put into it."""

    def update(self, texts: Iterable[str]) -> None:  # type: ignore[override]
        """Some more; the oldest ones may go for them."""
        super().update(dict.fromkeys(texts))
        while len(self) > RECEIPTS:
            del self[next(iter(self))]


def _make(cls: Any, *arguments: Any, **options: Any) -> Any:
    made = _moto_new(cls, *arguments, **options)
    known = cls.instances_tracked
    if len(known) > 2 * SHOWN:
        del known[:SHOWN]
    return made


def _make_queue(queue: Any, *arguments: Any, **options: Any) -> None:
    _moto_init_queue(queue, *arguments, **options)
    queue.deleted_messages = Latest()
