"""Puts the stack's tables and queues where `--aws-endpoint` says, instead of into moto.

moto resolves the stack all the same, and so every name in it; its tables and queues are then created at
the endpoint, where they are not there yet. What is there is used as it is, so data outlives a restart.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import EndpointError
from .cloud import Resource
from .elsewhere_resources import differences, ensure_queue, ensure_table, set_redrive_policy, stream_of
from .endpoints import Endpoints
from .model import Note

TABLES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")

OTHER_SERVICES = {
    "AWS::Events::EventBus": "events",
    "AWS::Kinesis::Stream": "kinesis",
    "AWS::S3::Bucket": "s3",
    "AWS::SNS::Topic": "sns",
    "AWS::SSM::Parameter": "ssm",
    "AWS::SecretsManager::Secret": "secretsmanager",
    "AWS::StepFunctions::StateMachine": "stepfunctions",
}
"""What functions may use besides tables and queues, and which is not created at another back end."""

ClientFor = Callable[[str, str], Any]
"""Makes boto3's client of a service for an endpoint's URL."""


@dataclass(frozen=True)
class Elsewhere:
    """What was found or made at the endpoints: the ARNs of the streams there, by table, and what could not
    be made.
    """

    streams: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def stream(self, arn: str) -> str:
        """The ARN under which a stream of the template is read."""
        table = arn.split("/")[1] if arn.count("/") >= 2 else ""
        return self.streams.get(table, arn)


async def create_elsewhere(
    resources: Mapping[str, Resource],
    endpoints: Endpoints,
    *,
    client_for: ClientFor,
    stranger: ClientFor | None = None,
) -> Elsewhere:
    """Create the tables and queues of `resources` where `endpoints` says, unless they exist there;
    EndpointError where nothing answers. `stranger` makes clients that sign with another access key: with
    it, it is noted where a back end keeps the tables of each key apart, as DynamoDB Local does unless it
    runs with -sharedDb.
    """
    if not endpoints:
        return Elsewhere()
    return await asyncio.to_thread(_create, resources, endpoints, client_for, stranger)


def _create(
    resources: Mapping[str, Resource], endpoints: Endpoints, client_for: ClientFor, stranger: ClientFor | None
) -> Elsewhere:
    notes = [
        Note(
            None, item.logical_id, f"{item.type} is not created at {endpoints.of(OTHER_SERVICES[item.type])}"
        )
        for item in resources.values()
        if item.type in OTHER_SERVICES and endpoints.of(OTHER_SERVICES[item.type])
    ]
    streams = _tables(resources, endpoints.of("dynamodb"), notes, client_for, stranger)
    _queues(resources, endpoints.of("sqs"), notes, client_for)
    return Elsewhere(streams, tuple(notes))


def _tables(
    resources: Mapping[str, Resource],
    url: str | None,
    notes: list[Note],
    client_for: ClientFor,
    stranger: ClientFor | None,
) -> dict[str, str]:
    """Create what is missing; the ARNs of the streams by table."""
    tables = [item for item in resources.values() if item.type in TABLES]
    streams: dict[str, str] = {}
    if not (url and tables):
        return streams
    client = client_for("dynamodb", url)
    for table in tables:
        with _noted(notes, table, url):
            description = ensure_table(client, table)
            stream = stream_of(description)
            if stream:
                streams[table.id] = stream
            notes += [
                Note(None, table.logical_id, f"at {url} {text}") for text in differences(description, table)
            ]
    if stranger:
        with _noted(notes, tables[0], url):
            other = stranger("dynamodb", url)
            try:
                other.describe_table(TableName=tables[0].id)
            except other.exceptions.ResourceNotFoundException:
                text = (
                    f"{url} keeps tables apart by access key, so functions find none: start it with -sharedDb"
                )
                notes.append(Note(None, tables[0].logical_id, text))
    return streams


def _queues(
    resources: Mapping[str, Resource], url: str | None, notes: list[Note], client_for: ClientFor
) -> None:
    queues = [item for item in resources.values() if item.type == "AWS::SQS::Queue"]
    if not (url and queues):
        return
    client = client_for("sqs", url)
    made: list[Resource] = []
    for queue in queues:
        with _noted(notes, queue, url):
            if ensure_queue(client, queue):
                made.append(queue)
    for queue in made:  # once all are there: they refer to each other
        with _noted(notes, queue, url):
            set_redrive_policy(client, queue)


class _noted:  # noqa: N801 (reads as the statement it is)
    """A context in which a refusal of the back end becomes a note, and no answer an EndpointError."""

    def __init__(self, notes: list[Note], resource: Resource, url: str) -> None:
        self._notes, self._resource, self._url = notes, resource, url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        from botocore import exceptions  # noqa: PLC0415 (only this mode needs it)

        if isinstance(error, exceptions.HTTPClientError | exceptions.ConnectionError):
            raise EndpointError(f"--aws-endpoint {self._url}: nothing answers there") from None
        if not isinstance(error, exceptions.BotoCoreError | exceptions.ClientError):
            return False
        text = f"{self._resource.type} is not created at {self._url}: {error}"
        self._notes.append(Note(None, self._resource.logical_id, " ".join(text.split())))
        return True
