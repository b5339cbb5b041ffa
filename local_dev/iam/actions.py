"""Which permissions a call to an AWS service needs: actions, each on a resource. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..relay.calls import Call

ANY = "*"
"""The resource of actions that are for no resource."""

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Permission:
    """An action on a resource, by its ARN; `resource` None: which one is not known, so only the action counts."""

    action: str
    resource: str | None


@dataclass(frozen=True)
class Scope:
    """Where names are resolved: an account and a region, and the ARNs of the secrets that there are."""

    account: str
    region: str
    secrets: tuple[str, ...] = ()

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource here; what is one already stays as it is."""
        return (
            resource
            if resource.startswith("arn:")
            else f"arn:aws:{service}:{self.region}:{self.account}:{resource}"
        )


def permissions_of(call: Call, scope: Scope) -> list[Permission] | None:
    """All that the call's maker has to be allowed; None where it cannot be told what the call does."""
    if call.operation == call.method:
        return None  # of a REST API, whose paths are not known here
    if (call.service, call.operation) in _FREE:
        return []
    body = call.form or _json(call.body)
    found = _RESOURCES.get(call.service, _unknown)(call.operation, body, scope)
    return list(
        dict.fromkeys(Permission(f"{_PREFIXES.get(call.service, call.service)}:{a}", r) for a, r in found)
    )


Found = Iterable[tuple[str, str | None]]
"""Actions without their service, and resources."""


def _dynamodb(operation: str, body: Body, scope: Scope) -> Found:
    def table(name: Any, index: Any = None) -> str | None:
        if not isinstance(name, str) or not name:
            return None
        arn = scope.arn("dynamodb", name if name.startswith("arn:") else f"table/{name}")
        return f"{arn}/index/{index}" if isinstance(index, str) and index else arn

    match operation:
        case "BatchGetItem" | "BatchWriteItem":
            names = _mapping(body.get("RequestItems"))
            yield from ((operation, table(name)) for name in names) if names else [(operation, None)]
        case "TransactWriteItems" | "TransactGetItems":
            listed = _mappings(body.get("TransactItems"))
            parts = [(deed, _mapping(part)) for item in listed for deed, part in item.items()]
            actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}
            actions["ConditionCheck"] = "ConditionCheckItem"
            yield from ((actions.get(deed, deed), table(part.get("TableName"))) for deed, part in parts)
        case "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction":
            statements = [
                *_mappings(body.get("Statements")),
                *_mappings(body.get("TransactStatements")),
                body,
            ]
            for text in [str(item["Statement"]) for item in statements if "Statement" in item]:
                found = _PARTIQL.match(text)
                deed = found["deed"].title() if found else "Select"
                yield f"PartiQL{deed}", table(found["table"], found["index"]) if found else None
        case "GetRecords":
            yield operation, str(body.get("ShardIterator", "")).partition("|")[0] or None
        case "GetShardIterator" | "DescribeStream":
            yield operation, str(body.get("StreamArn", "")) or None
        case "ListStreams":
            name = table(body.get("TableName"))
            yield operation, f"{name}/stream/*" if name else ANY
        case "ListTables" | "DescribeLimits" | "DescribeEndpoints" | "ListBackups" | "ListGlobalTables":
            yield operation, ANY
        case _:
            named = table(body.get("TableName"), body.get("IndexName")) or table(body.get("ResourceArn"))
            yield operation, named


_PARTIQL = re.compile(
    r"""\s*(?P<deed>SELECT|INSERT|UPDATE|DELETE)\b
    (?: (?<=SELECT).*?\bFROM\b | (?<=INSERT)\s+INTO\b | (?<=DELETE)\s+FROM\b | (?<=UPDATE) )\s*
    ["']?(?P<table>[\w.:/-]+)["']? (?:\.["'](?P<index>[\w.-]+)["'])?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def _sqs(operation: str, body: Body, scope: Scope) -> Found:
    action = operation.removesuffix("Batch")  # which are no actions of their own
    if operation == "ListQueues":
        yield action, ANY
        return
    name = str(body.get("QueueName") or str(body.get("QueueUrl", "")).rstrip("/").rpartition("/")[2])
    yield action, scope.arn("sqs", name) if name else None


def _sns(operation: str, body: Body, scope: Scope) -> Found:
    named = body.get("TopicArn") or body.get("TargetArn") or body.get("ResourceArn")
    if operation == "CreateTopic" and body.get("Name"):
        named = scope.arn("sns", str(body["Name"]))
    action = "Publish" if operation == "PublishBatch" else operation
    yield action, ANY if operation.startswith("List") else str(named) if named else None


def _secretsmanager(operation: str, body: Body, scope: Scope) -> Found:
    def secret(name: str) -> str:
        full = scope.arn("secretsmanager", name if name.startswith("arn:") else f"secret:{name}")
        # Six letters that nobody chose are the end of the ARN, and may be left out of it.
        return next((arn for arn in scope.secrets if full in (arn, arn[:-7])), full)

    if operation == "BatchGetSecretValue":
        yield operation, ANY
        yield from (("GetSecretValue", secret(str(each))) for each in body.get("SecretIdList") or [])
    elif operation in ("ListSecrets", "GetRandomPassword"):
        yield operation, ANY
    else:
        named = body.get("SecretId") or body.get("Name")
        yield operation, secret(str(named)) if named else None


def _ssm(operation: str, body: Body, scope: Scope) -> Found:
    listed = body.get("Names")
    names = listed if isinstance(listed, list) else [body.get("Name") or body.get("Path")]
    if operation.startswith("Describe"):
        yield operation, ANY
        return
    for name in names:
        path = (
            str(name or "").partition(":")[0].removeprefix("/")
            if not str(name).startswith("arn:")
            else str(name)
        )
        yield (
            operation,
            scope.arn("ssm", path if path.startswith("arn:") else f"parameter/{path}") if name else None,
        )


def _events(operation: str, body: Body, scope: Scope) -> Found:
    if operation != "PutEvents":
        yield operation, None
        return
    buses = [str(item.get("EventBusName") or "default") for item in _mappings(body.get("Entries"))]
    yield from (
        (operation, scope.arn("events", bus if bus.startswith("arn:") else f"event-bus/{bus}"))
        for bus in buses
    )


def _states(operation: str, body: Body, _: Scope) -> Found:
    named = body.get("stateMachineArn") or body.get("executionArn") or body.get("resourceArn")
    yield operation, ANY if operation == "ListStateMachines" else str(named) if named else None


def _unknown(operation: str, _: Body, __: Scope) -> Found:
    yield operation, None


_RESOURCES: Mapping[str, Callable[[str, Body, Scope], Found]] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "ssm": _ssm,
    "states": _states,
}
"""By the service that a call is signed for."""

_PREFIXES = {"email": "ses", "monitoring": "cloudwatch"}
"""Services whose actions begin with another name than calls are signed for."""

_FREE = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")})
"""Calls that need no permission."""


def _json(body: bytes) -> Body:
    try:
        return _mapping(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def _mapping(value: Any) -> Body:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> Iterator[Body]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
