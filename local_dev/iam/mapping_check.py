"""`--check-roles` for what Lambda does with a function's role: read the sources of its event source mappings, and write
to the destinations of theirs and of its asynchronous events. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html,
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from collections.abc import Callable
from dataclasses import replace

from ..stack.model import Function, Note, Stack
from .actions import Permission
from .credentials import Principal
from .role_check import refusal

_READ = {
    "dynamodb": ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"),
    "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
}
"""What Lambda does to a source, by its service."""

_WRITE = {"sqs": "SendMessage", "sns": "Publish", "lambda": "InvokeFunction"}
"""What Lambda does to a destination, by its service."""


def checked(stack: Stack, principal_of: Callable[[str], Principal]) -> Stack:
    """The stack without the mappings that may not read their source, and without the destinations that may not be
    written to, each with a note. `principal_of` tells whom a function, by its name, acts as.
    """
    notes: list[Note] = []

    def may_read(function: str, source: str) -> bool:
        lacked = refusal(principal_of(function), _reading(source))
        if lacked:
            text = f"its events from {source} are not read: its role lacks {lacked.action}"
            notes.append(Note(None, stack.functions[function].label, text))
        return lacked is None

    def writable(function: str, destination: str | None, what: str) -> str | None:
        lacked = refusal(principal_of(function), _writing(destination or ""))
        if lacked is None:
            return destination
        text = f"{what} does not go to {destination}: its role lacks {lacked.action}"
        notes.append(Note(None, stack.functions[function].label, text))
        return None

    def with_destinations(function: Function) -> Function:
        asked, name = function.asynchronous, function.name
        left = replace(
            asked,
            on_success=writable(name, asked.on_success, "the result of an asynchronous event"),
            on_failure=writable(name, asked.on_failure, "the failure of an asynchronous event"),
            dead_letter=writable(name, asked.dead_letter, "an asynchronous event that is given up"),
        )
        return replace(function, asynchronous=left)

    streams = [item for item in stack.stream_mappings if may_read(item.function, item.stream)]
    return replace(
        stack,
        functions={name: with_destinations(function) for name, function in stack.functions.items()},
        stream_mappings=tuple(
            replace(item, on_failure=writable(item.function, item.on_failure, "what is given up"))
            for item in streams
        ),
        queue_mappings=tuple(item for item in stack.queue_mappings if may_read(item.function, item.queue)),
        notes=(*stack.notes, *notes),
    )


def _reading(source: str) -> list[Permission]:
    service = source.split(":")[2]
    return [Permission(f"{service}:{action}", source) for action in _READ[service]]


def _writing(destination: str) -> list[Permission]:
    service = (*destination.split(":"), "", "", "")[2]
    return [Permission(f"{service}:{_WRITE[service]}", destination)] if service in _WRITE else []
