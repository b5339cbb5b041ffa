"""Tables on moto, a management API on loopback, and the entry points as Lambda would load them.

With DYNAMODB_LOCAL_URL the tables are there instead, in a DynamoDB Local that runs with -sharedDb.
"""

import importlib
import io
import json
import os
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import boto3
import pytest
from aws_lambda_powertools import Logger
from botocore.awsrequest import AWSResponse, HTTPHeaders
from chat import dynamodb, metrics, places
from chat.admissions import Admissions
from chat.connections import Connections
from chat.log import RoomLog
from chat.memberships import Memberships
from chat.notices import NoticeBoard
from chat.people import People
from chat.places import WHOLE
from chat.posts import BotoPosts
from chat.rooms import Rooms
from chat.slice_queue import SliceQueue
from chat.slices import Slice
from moto import mock_aws

from tests.functions.stand_ins import NOW, Gateway, GatewayServer, create_admissions, create_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DYNAMODB_LOCAL = os.environ.get("DYNAMODB_LOCAL_URL")
MEMBERSHIPS = "Memberships"
ROOM_LOG = "RoomLog"
ADMISSIONS = "Admissions"
FAILURES = "https://sqs.eu-central-1.amazonaws.com/123456789012/AnnounceFailures"
SLICES = "https://sqs.eu-central-1.amazonaws.com/123456789012/Slices"


@dataclass
class Time:
    """A clock that a test sets, and a sleep that moves it on."""

    now_ms: int = NOW
    slept: list[float] = field(default_factory=list)

    def now(self) -> int:
        return self.now_ms

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_ms += round(seconds * 1000)


@dataclass
class Store:
    """DynamoDB on moto, its calls by name, and the faults that the next ones of a name are to have.

    A fault is the code of an error that DynamoDB answers with, or an exception on the way there; None is no fault.
    """

    client: "DynamoDBClient"
    calls: list[str] = field(default_factory=list)
    faults: dict[str, deque[str | Exception | None]] = field(default_factory=lambda: defaultdict(deque))

    def before_call(self, model: Any, **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:
        self.calls.append(model.name)
        fault = self.faults[model.name].popleft() if self.faults[model.name] else None
        if isinstance(fault, Exception):
            raise fault
        if fault is None:
            return None
        status = 400 if fault.startswith("Conditional") else 500
        parsed = {
            "Error": {"Code": fault, "Message": "told to fail"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        return AWSResponse("", status, HTTPHeaders(), None), parsed

    def items(self, table: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = list(self.client.scan(TableName=table)["Items"])
        self.calls.remove("Scan")
        return found

    def members(self) -> list[str]:
        """The connections that have a membership, sorted."""
        found = [item["place"]["S"] for item in self.items(MEMBERSHIPS)]
        return sorted(
            places.connection_at(place) for place in found if not places.is_person(place) and place in WHOLE
        )


@pytest.fixture
def time() -> Time:
    return Time()


def _set_environment(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "MEMBERSHIPS_TABLE": MEMBERSHIPS,
        "ROOM_LOG_TABLE": ROOM_LOG,
        "ADMISSIONS_TABLE": ADMISSIONS,
        "ANNOUNCE_FAILURES_QUEUE": FAILURES,
        "SLICES_QUEUE": SLICES,
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI": gateway.url,
    }.items():
        monkeypatch.setenv(name, value)
    if DYNAMODB_LOCAL:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", DYNAMODB_LOCAL)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    """What the template gives to every function."""
    _set_environment(monkeypatch, gateway)


@pytest.fixture
def store(environment: None) -> Iterator[Store]:
    with mock_aws():
        client = dynamodb.client()
        for table in client.list_tables()["TableNames"]:
            client.delete_table(TableName=table)
        create_table(client, MEMBERSHIPS, sort="place", kind="S")
        create_table(client, ROOM_LOG, sort="seq", kind="N")
        create_admissions(client, ADMISSIONS)
        store = Store(client)
        client.meta.events.register("before-call.dynamodb", store.before_call)  # type: ignore[arg-type]
        yield store
        client.meta.events.unregister("before-call.dynamodb", store.before_call)  # type: ignore[arg-type]


@pytest.fixture
def memberships(store: Store, time: Time) -> Memberships:
    return Memberships(store.client, table=MEMBERSHIPS, now=time.now)


@pytest.fixture
def admissions(store: Store, time: Time) -> Admissions:
    return Admissions(store.client, table=ADMISSIONS, now=time.now)


@pytest.fixture
def board(store: Store, time: Time) -> NoticeBoard:
    return NoticeBoard(store.client, table=MEMBERSHIPS, now=time.now)


@pytest.fixture
def people(store: Store, time: Time) -> People:
    return People(store.client, table=MEMBERSHIPS, now=time.now)


@pytest.fixture
def log(store: Store, time: Time) -> RoomLog:
    return RoomLog(store.client, table=ROOM_LOG, now=time.now)


@pytest.fixture
def put_aside(store: Store) -> Callable[[], list[dict[str, Any]]]:
    """What is in the queue of failures, taken out of it."""
    sqs = boto3.client("sqs")
    sqs.create_queue(QueueName=FAILURES.rpartition("/")[2])

    def take() -> list[dict[str, Any]]:
        found = sqs.receive_message(QueueUrl=FAILURES, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    return take


@pytest.fixture
def queued(store: Store) -> Callable[[], list[Slice]]:
    """The slices in the queue, taken out of it."""
    sqs = boto3.client("sqs")
    sqs.create_queue(QueueName=SLICES.rpartition("/")[2])

    def take() -> list[Slice]:
        found: list[Slice] = []
        while messages := sqs.receive_message(QueueUrl=SLICES, MaxNumberOfMessages=10).get("Messages", []):
            found += [Slice.decode(message["Body"]) for message in messages]
        return found

    return take


@pytest.fixture(scope="session")
def _gateway_server() -> Iterator[Gateway]:
    with GatewayServer() as gateway:
        yield gateway


@pytest.fixture
def gateway(_gateway_server: Gateway) -> Gateway:
    _gateway_server.reset()
    return _gateway_server


@pytest.fixture(scope="session")
def _posts(_gateway_server: Gateway) -> BotoPosts:
    with pytest.MonkeyPatch.context() as monkeypatch:
        _set_environment(monkeypatch, _gateway_server)
        return BotoPosts.from_environment()


@pytest.fixture
def rooms(memberships: Memberships, gateway: Gateway, _posts: BotoPosts, time: Time) -> Rooms:
    """Rooms over moto and the management API on loopback; nothing in them really sleeps."""
    connections = Connections(_posts, now=time.now, sleep=time.sleep, chance=lambda: 0.5)
    return Rooms(memberships, connections, SliceQueue(SLICES))


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> "Logged":
    """The lines that were logged from here on. Loggers of one service, so all of ours, share a handler."""
    stream = io.StringIO()
    monkeypatch.setattr(Logger().registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def counted(capsys: pytest.CaptureFixture[str]) -> "Counted":
    """The metrics since it was last asked, by name, or `Refused/<reason>`."""
    metrics.clear()

    def counted() -> dict[str, float]:
        metrics.publish()
        found: dict[str, float] = {}
        for line in map(json.loads, capsys.readouterr().out.splitlines()):
            if "_aws" not in line:
                continue  # a log line
            [directive] = line["_aws"]["CloudWatchMetrics"]
            for metric in directive["Metrics"]:
                name = "/".join(filter(None, [metric["Name"], line.get(metrics.REASON)]))
                found[name] = found.get(name, 0) + sum(line[metric["Name"]])
        return found

    return counted


Counted = Callable[[], dict[str, float]]


class Load(Protocol):
    def __call__(self, name: str) -> ModuleType: ...


@pytest.fixture
def load(store: Store) -> Iterator[Load]:
    """Loads an entry point as a new Lambda process does, in the environment of the test."""
    loaded = []

    def load(name: str) -> ModuleType:
        if name not in loaded:
            assert name not in sys.modules
            loaded.append(name)
        return importlib.import_module(name)

    yield load
    for name in loaded:
        del sys.modules[name]
