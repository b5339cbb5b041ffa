"""`--check-roles` for event source mappings, which read their source with the role of their function. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from collections.abc import Callable
from dataclasses import replace

from ..stack.model import Note, Stack, StreamMapping
from .actions import Permission
from .credentials import Principal
from .role_check import refusal

_READ = {
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
}
"""What Lambda does to a source, by its service."""

_WRITE = {"sqs": "SendMessage", "sns": "Publish"}
"""What Lambda does to a destination of what was given up."""


def checked(stack: Stack, principal_of: Callable[[str], Principal]) -> Stack:
    """The stack without the mappings that may not read their source, and without the destinations that theirs may not
    write to, each with a note. `principal_of` tells whom a function, by its name, acts as.
    """
    notes: list[Note] = []

    def may_read(function: str, source: str) -> bool:
        lacked = refusal(principal_of(function), _reading(source))
        if lacked:
            text = f"its events from {source} are not read: its role lacks {lacked.action}"
            notes.append(Note(None, stack.functions[function].label, text))
        return lacked is None

    def with_destination(mapping: StreamMapping) -> StreamMapping:
        lacked = refusal(principal_of(mapping.function), _writing(mapping.on_failure or ""))
        if lacked is None:
            return mapping
        text = f"what is given up does not go to {mapping.on_failure}: its role lacks {lacked.action}"
        notes.append(Note(None, stack.functions[mapping.function].label, text))
        return replace(mapping, on_failure=None)

    streams = [item for item in stack.stream_mappings if may_read(item.function, item.stream)]
    return replace(
        stack,
        stream_mappings=tuple(with_destination(item) for item in streams),
        queue_mappings=tuple(item for item in stack.queue_mappings if may_read(item.function, item.queue)),
        notes=(*stack.notes, *notes),
    )


def _reading(source: str) -> list[Permission]:
    service = source.split(":")[2]
    return [Permission(f"{service}:{action}", source) for action in _READ[service]]


def _writing(destination: str) -> list[Permission]:
    service = (*destination.split(":"), "", "", "")[2]
    return [Permission(f"{service}:{_WRITE[service]}", destination)] if service in _WRITE else []
