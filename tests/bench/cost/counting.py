"""What is billed, counted while the real entry points run over moto: calls, capacity, posts and bytes logged."""

import io
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from unittest.mock import patch

import boto3
from aws_lambda_powertools import Logger
from chat import dynamodb, posts
from chat.posts import Post, Result, Verdict
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from tests.conftest import ROOT
from tests.functions.stand_ins import Context, create_admissions, create_table

ACCOUNT, REGION = "123456789012", "us-east-1"
MEMBERSHIPS, ROOM_LOG, ADMISSIONS, NAIVE = "Memberships", "RoomLog", "Admissions", "Connections"
SLICES = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/Slices"
METERED = 32 * 1024
"""API Gateway bills a message for each 32 KB begun."""
SQS_METERED = 64 * 1024

_PUT, _CHANGED, _READ = "PutItem", ("UpdateItem", "DeleteItem"), ("Query", "Scan")


@dataclass
class Counts:
    """What one event cost. `posts` are messages as they are metered, `requests` those over HTTP, `minutes` those of a
    connection; `sent` and `logged` are bytes; `rows` are those that queries and scans read; `milliseconds`
    of Lambda, and gigabyte-seconds, are assumed (see `times`).
    """

    calls: Counter[str] = field(default_factory=Counter)
    writes: float = 0
    reads: float = 0
    rows: int = 0
    posts: int = 0
    sent: int = 0
    queue: int = 0
    logged: int = 0
    received: int = 0
    requests: int = 0
    minutes: float = 0
    invocations: int = 0
    milliseconds: float = 0
    gigabyte_seconds: float = 0

    def add(self, other: "Counts") -> None:
        """Adds all of another event's."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def times(self, many: float) -> "Counts":
        """So many of this event, on average."""
        counts = Counts(**{name: value * many for name, value in vars(self).items() if name != "calls"})
        for name, value in self.calls.items():
            counts.calls[name] = value * many  # type: ignore[assignment]  # an average is no whole number
        return counts


class Engine:
    """An engine of posts that delivers at once, and counts."""

    def __init__(self) -> None:
        self.counts = Counts()

    def post(self, posts: Sequence[Post], *, within: float = math.inf) -> list[Result]:
        for _, frame in posts:
            self.counts.posts += metered(len(frame), METERED)
            self.counts.sent += len(frame)
        return [Result(Verdict.DELIVERED)] * len(posts)


def metered(size: int, step: int) -> int:
    """Units of so many bytes each that a size is billed as; an empty one is one as well."""
    return max(1, -(-size // step))


def item_size(item: Mapping[str, Any]) -> int:
    """The bytes of an item as DynamoDB counts them: names and values; a number by pairs of its digits."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return (len(content.lstrip("-")) + 1) // 2 + 1
        case "SS":
            return 3 + sum(len(each.encode()) for each in content)
    return 1  # BOOL and NULL; the tables have nothing else


@dataclass
class Meter:
    """Counts the calls of every client that the default session makes, and what the engine posts."""

    engine: Engine = field(default_factory=Engine)
    on: bool = True

    def before(self, params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        context["asked"] = params
        if "Key" in params and self.on:
            context["size"] = item_size(_stored(params["TableName"], params["Key"]))

    def after(self, model: Any, parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
        if not self.on:
            return
        counts, asked = self.engine.counts, context["asked"]
        counts.calls[model.name] += 1
        if model.name == _PUT:
            counts.writes += metered(item_size(asked["Item"]), 1024)
        elif model.name in _CHANGED:
            after = item_size(_stored(asked["TableName"], asked["Key"]))
            counts.writes += metered(max(context["size"], after), 1024)
        elif model.name == "GetItem":
            counts.reads += metered(context["size"], 4096) * _consistency(asked)
        elif model.name in _READ:
            rows = [_whole(asked["TableName"], item) for item in parsed["Items"]]
            counts.rows += len(rows)
            counts.reads += metered(sum(map(item_size, rows)), 4096) * _consistency(asked)
        elif model.name == "BatchGetItem":
            for table, wanted in asked["RequestItems"].items():
                for key in wanted["Keys"]:
                    size = item_size(_stored(table, key))
                    counts.reads += metered(size, 4096) * _consistency(wanted)
        elif model.name == "SendMessageBatch":
            size = sum(len(entry["MessageBody"].encode()) for entry in asked["Entries"])
            counts.queue += metered(size, SQS_METERED)
        else:
            raise LookupError(f"nobody has said what {model.name} costs")

    def take(self) -> Counts:
        """What was counted since it was last asked."""
        taken, self.engine.counts = self.engine.counts, Counts()
        return taken


def _consistency(asked: Mapping[str, Any]) -> float:
    return 1.0 if asked.get("ConsistentRead") else 0.5


def _stored(table: str, key: Mapping[str, Any]) -> dict[str, Any]:
    found = dynamodb_backends[ACCOUNT][REGION].get_item(table, dict(key))
    return found.to_json()["Attributes"] if found else {}


def _whole(table: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The item that a projection was read from: DynamoDB bills all of it. Only memberships are projected."""
    if table != MEMBERSHIPS:
        return item
    return _stored(table, {"room_id": {"S": ROOM}, "place": item["place"]})


ROOM = "general"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "MEMBERSHIPS_TABLE": MEMBERSHIPS,
    "ROOM_LOG_TABLE": ROOM_LOG,
    "ADMISSIONS_TABLE": ADMISSIONS,
    "SLICES_QUEUE": SLICES,
    "ANNOUNCE_FAILURES_QUEUE": SLICES.replace("Slices", "AnnounceFailures"),
    "MESSAGE_RATE": "0",
    "POWERTOOLS_SERVICE_NAME": "parley",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}
ENTRIES = ("admit", "connect", "default", "announce", "deliver", "disconnect", "enter", "poll", "say")


@dataclass
class Stack:
    """The chat's functions, loaded anew over empty tables."""

    meter: Meter
    entries: dict[str, Any]
    log: io.StringIO
    answer: Any = None  # what the last invocation answered

    def run(self, name: str, event: dict[str, Any], context: Any) -> Counts:
        """What one invocation costs."""
        self.meter.take()
        self.log.seek(0)
        self.log.truncate()
        with redirect_stdout(self.log):  # where the metrics go
            self.answer = self.entries[name].handler(event, context)
        counts = self.meter.take()
        counts.invocations = 1
        counts.logged = sum(len(line.encode()) + LOG_EVENT for line in self.log.getvalue().splitlines())
        return counts

    def uncounted(self, name: str, event: dict[str, Any]) -> None:
        """An invocation that happens while another one is counted."""
        self.meter.on = False
        with redirect_stdout(io.StringIO()):
            self.entries[name].handler(event, Context())
        self.meter.on = True

    def slices(self) -> list[str]:
        """Takes what waits in the queue of slices. Lambda's receiving of it is counted where it is run."""
        self.meter.on = False
        sqs, found = boto3.client("sqs"), []
        while taken := sqs.receive_message(QueueUrl=SLICES, MaxNumberOfMessages=10).get("Messages", []):
            found += [message["Body"] for message in taken]
        self.meter.on = True
        return found


LOG_EVENT = 26
"""What CloudWatch adds to the bytes of each line."""


@contextmanager
def stack() -> Iterator[Stack]:
    """The functions, in this process, with clients that are counted."""
    meter, log = Meter(), io.StringIO()
    with patch.dict(os.environ, _ENVIRONMENT), mock_aws():
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION
        dynamodb.client.cache_clear()
        client = boto3.client("dynamodb")
        create_table(client, MEMBERSHIPS, sort="place", kind="S")
        create_table(client, ROOM_LOG, sort="seq", kind="N")
        create_admissions(client, ADMISSIONS)
        create_table(client, NAIVE, sort="connection_id", kind="S")
        boto3.client("sqs").create_queue(QueueName="Slices")
        boto3.DEFAULT_SESSION.events.register("before-parameter-build", meter.before)
        boto3.DEFAULT_SESSION.events.register("after-call", meter.after)
        for name in ENTRIES:
            sys.modules.pop(name, None)
        with patch.object(posts, "from_environment", lambda: meter.engine):
            entries = {name: import_module(name) for name in ENTRIES}
        handler = Logger(service="parley").registered_handler
        with patch.object(handler, "stream", log):
            yield Stack(meter, entries, log)
        for name in ENTRIES:
            del sys.modules[name]
        dynamodb.client.cache_clear()
        boto3.DEFAULT_SESSION = None


def access_line(event: str = "$context.eventType") -> int:
    """Bytes of a line of the gateway's access log, by the format in the template, each value 20 long. `event` is what
    the line gives as its event.
    """
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    line = next(each for each in template.splitlines() if f'"event":"{event}"' in each).strip()
    return sum(
        20 if str(value).startswith("$") else len(str(value)) for value in json.loads(line).values()
    ) + (sum(len(name) + 6 for name in json.loads(line)) + 1)
