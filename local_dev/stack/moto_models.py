"""moto's models of resources, each service imported when a template has something of it.

moto's own way to them, its CloudFormation module, imports every service there is: two seconds.
"""

import importlib
import sys
from functools import lru_cache
from types import ModuleType
from typing import Any

import moto
import moto.backends
from moto.core.common_models import CloudFormationModel

from .kinds import MODULES, service
from .moto_makers import MAKERS, Made

_TAKEN_FOR = {"AWS::DynamoDB::GlobalTable": "AWS::DynamoDB::Table"}
"""Types that moto has no model for, and one that does: a global table's replicas do not matter here."""

_EVENT_TARGETS = ("events", "logs", "sqs")
"""The services that moto sends a rule's events to."""


class _LightPackage(ModuleType):
    """moto.cloudformation without what its __init__ imports, until somebody asks for that.

    moto's models take their exceptions from this package whenever a GetAtt of them is resolved.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module("moto.cloudformation.models"), name)


def lighten() -> None:
    """Have moto.cloudformation imported piece by piece in this process. No change where it is imported already."""
    name = "moto.cloudformation"
    if name not in sys.modules:
        package = _LightPackage(name)
        package.__path__ = [f"{path}/cloudformation" for path in moto.__path__]
        sys.modules[name] = package


@lru_cache
def model_of(kind: str) -> Any | None:
    """moto's class for resources of that type, None where it has none that may be used here."""
    if kind in MAKERS:
        importlib.import_module(f"moto.{service(kind).lower()}.models")
        if service(kind) == "SNS":
            _keep_topics_from_failing()
        return MAKERS[kind]
    module = MODULES.get(service(kind))
    if module is None:
        return None
    importlib.import_module(f"moto.{module}.models")
    if module == "events":
        _keep_events_from_failing()
    if module == "sns":
        _keep_topics_from_failing()
    wanted = _TAKEN_FOR.get(kind, kind)
    for model in CloudFormationModel.__subclasses__():
        if model.cloudformation_type() == wanted:
            return model
    return None


@lru_cache
def _keep_events_from_failing() -> None:
    """Have moto pass over the targets that it cannot send an event to, such as functions, and hand it on as it is
    where there is no InputTransformer, for which it wants a library that need not be there. Whoever put the event
    would get either failure.
    """
    from moto.events.models import EventTemplateParser, Rule  # noqa: PLC0415 (it is imported by now)

    parse, send = EventTemplateParser.parse, Rule.send_to_targets

    def parse_if_needed(input_template: str | None, input_paths_map: dict[str, Any], event: Any) -> Any:
        if input_template:
            return parse(input_template, input_paths_map, event)
        return {key: value for key, value in event.items() if key != "ingestion-time"}

    def send_to_known(rule: Any, *arguments: Any, **options: Any) -> None:
        targets = rule.targets
        rule.targets = [target for target in targets if target["Arn"].split(":")[2] in _EVENT_TARGETS]
        try:
            send(rule, *arguments, **options)
        finally:
            rule.targets = targets

    EventTemplateParser.parse, Rule.send_to_targets = parse_if_needed, send_to_known


@lru_cache
def _keep_topics_from_failing() -> None:
    """Have moto deliver a topic's messages to queues, and pass over functions and addresses. Whoever publishes
    would get its failure to reach them.
    """
    from moto.sns.models import Subscription  # noqa: PLC0415 (it is imported by now)

    publish = Subscription.publish

    def publish_to_queue(subscription: Any, *arguments: Any, **options: Any) -> None:
        if subscription.protocol == "sqs":
            publish(subscription, *arguments, **options)

    Subscription.publish = publish_to_queue


def create(
    kind: str,
    name: str,
    properties: dict[str, Any],
    *,
    logical_id: str,
    stack_id: str,
    account: str,
    region: str,
) -> Any:
    """The resource, made by moto. Raises whatever moto raises where it cannot make it."""
    model = model_of(kind)
    assert model is not None
    definition = {"Type": kind, "Properties": properties}
    resource = model.create_from_cloudformation_json(
        name, definition, account, region, LogicalId=logical_id, StackId=stack_id, ResourceType=kind
    )
    if isinstance(resource, Made):
        return resource
    resource.cf_resource_type = kind
    resource.logical_resource_id = logical_id
    ttl = properties.get("TimeToLiveSpecification")
    if ttl and service(kind) == "DynamoDB":  # moto's model leaves it out
        from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415 (it is imported by now)

        dynamodb_backends[account][region].update_time_to_live(resource.name, ttl)
    return resource
