"""What invokes functions besides the API: streams and queues, which are served here, and the rest, which is not."""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import TemplateError
from ..runtime.patterns import read_pattern
from .cloud import Resource
from .model import QueueMapping, StreamMapping
from .notes import Notebook
from .opaque import function_name
from .values import is_true, mapping, mappings, number, texts

ByType = Mapping[str, list[Resource]]


def read_sources(
    by_type: ByType, *, functions: frozenset[str], notes: Notebook
) -> tuple[tuple[StreamMapping, ...], tuple[QueueMapping, ...]]:
    """The event source mappings that are served here."""
    tables = {
        item.id for kind in ("Table", "GlobalTable") for item in by_type.get(f"AWS::DynamoDB::{kind}", [])
    }
    queues = {item.id.rsplit("/", 1)[-1] for item in by_type.get("AWS::SQS::Queue", [])}
    streamed, queued = [], []
    for resource in by_type.get("AWS::Lambda::EventSourceMapping", []):
        source = str(resource.properties.get("EventSourceArn", "a source without an ARN"))
        if not is_true(resource.properties.get("Enabled", True)):
            continue
        patterns = _patterns(resource, notes)
        function = function_name(str(resource.properties.get("FunctionName", "")))
        if patterns is None:
            continue
        if function not in functions:
            notes.add(resource.logical_id, f"its function, {function}, is not in this template")
        elif ":dynamodb:" in source and source.split("/")[1:2] and source.split("/")[1] in tables:
            streamed.append(_stream(resource, source, function, patterns))
            _note_ignored(resource, notes)
        elif ":sqs:" in source and source.rsplit(":", 1)[-1] in queues:
            queued.append(_queue(resource, source, function, patterns))
            for doubt in doubts(queued[-1]):
                notes.add(resource.logical_id, f"AWS would refuse this: {doubt}")
        elif ":dynamodb:" in source or ":sqs:" in source:
            notes.add(
                resource.logical_id, f"{source} is not in this template; it does not invoke functions here"
            )
        else:
            notes.add(resource.logical_id, f"{source} does not invoke functions here")
    _note_others(by_type, notes)
    return tuple(streamed), tuple(queued)


def doubts(queue: QueueMapping) -> list[str]:
    """What AWS would refuse of a mapping though it runs here; each a sentence for a note."""
    said = []
    fifo = queue.queue.endswith(".fifo")
    if fifo and queue.batch_size > 10:
        said.append("a FIFO queue's mapping takes a BatchSize of at most 10")
    if fifo and queue.window:
        said.append("a FIFO queue's mapping takes no MaximumBatchingWindowInSeconds")
    if not fifo and queue.batch_size > 10 and queue.window < 1:
        said.append("a BatchSize over 10 needs a MaximumBatchingWindowInSeconds of at least 1")
    if queue.max_concurrency is not None and queue.max_concurrency < 2:
        said.append("MaximumConcurrency is at least 2")
    return said


def _note_ignored(resource: Resource, notes: Notebook) -> None:
    if number(resource.properties.get("TumblingWindowInSeconds"), 0):
        notes.add(resource.logical_id, "its tumbling windows are not kept here")
    if number(resource.properties.get("ParallelizationFactor"), 1) > 1:
        notes.add(
            resource.logical_id, "its batches run one at a time here, whatever ParallelizationFactor says"
        )


def _patterns(resource: Resource, notes: Notebook) -> tuple[Mapping[str, Any], ...] | None:
    patterns = []
    for item in mappings(mapping(resource.properties.get("FilterCriteria")).get("Filters")):
        given = item.get("Pattern")
        try:
            patterns.append(read_pattern(given if isinstance(given, str) else json.dumps(given)))
        except TemplateError as error:
            notes.add(resource.logical_id, f"{error}; so it does not invoke functions here")
            return None
    return tuple(patterns)


def _stream(
    resource: Resource, source: str, function: str, patterns: tuple[Mapping[str, Any], ...]
) -> StreamMapping:
    properties = resource.properties
    retries = int(number(properties.get("MaximumRetryAttempts"), -1))
    age = number(properties.get("MaximumRecordAgeInSeconds"), -1)
    return StreamMapping(
        stream=source,
        function=function,
        batch_size=int(number(properties.get("BatchSize"), 100)),
        window=number(properties.get("MaximumBatchingWindowInSeconds"), 0),
        patterns=patterns,
        bisect=is_true(properties.get("BisectBatchOnFunctionError", False)),
        partial_responses="ReportBatchItemFailures" in texts(properties.get("FunctionResponseTypes")),
        max_retries=None if retries < 0 else retries,
        max_age=None if age < 0 else age,
        on_failure=mapping(mapping(properties.get("DestinationConfig")).get("OnFailure")).get("Destination"),
        from_start=properties.get("StartingPosition", "LATEST") == "TRIM_HORIZON",
    )


def _queue(
    resource: Resource, source: str, function: str, patterns: tuple[Mapping[str, Any], ...]
) -> QueueMapping:
    properties = resource.properties
    most = mapping(properties.get("ScalingConfig")).get("MaximumConcurrency")
    return QueueMapping(
        queue=source,
        function=function,
        batch_size=int(number(properties.get("BatchSize"), 10)),
        window=number(properties.get("MaximumBatchingWindowInSeconds"), 0),
        patterns=patterns,
        partial_responses="ReportBatchItemFailures" in texts(properties.get("FunctionResponseTypes")),
        max_concurrency=None if most is None else int(number(most, 2)),
    )


def _note_others(by_type: ByType, notes: Notebook) -> None:
    for rule in by_type.get("AWS::Events::Rule", []):
        what = "schedules" if rule.properties.get("ScheduleExpression") else "events"
        if any(":lambda:" in str(target.get("Arn")) for target in mappings(rule.properties.get("Targets"))):
            notes.add(rule.logical_id, f"{what} do not invoke functions here")
    for bucket in by_type.get("AWS::S3::Bucket", []):
        if mapping(bucket.properties.get("NotificationConfiguration")).get("LambdaConfigurations"):
            notes.add(
                bucket.logical_id,
                "buckets do not invoke functions here",
                "Properties",
                "NotificationConfiguration",
            )
    for topic in by_type.get("AWS::SNS::Topic", []):
        if any(item.get("Protocol") == "lambda" for item in mappings(topic.properties.get("Subscription"))):
            notes.add(topic.logical_id, "topics do not invoke functions here", "Properties", "Subscription")
    for subscription in by_type.get("AWS::SNS::Subscription", []):
        protocol = str(subscription.properties.get("Protocol"))
        if protocol == "lambda":
            notes.add(subscription.logical_id, "topics do not invoke functions here")
        elif protocol != "sqs":
            notes.add(
                subscription.logical_id,
                f"topics send to queues here, not by {protocol}",
                "Properties",
                "Protocol",
            )
    for log in by_type.get("AWS::Logs::SubscriptionFilter", []):
        if ":lambda:" in str(log.properties.get("DestinationArn")):
            notes.add(log.logical_id, "logs do not invoke functions here")
