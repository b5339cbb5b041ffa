"""What becomes of the asynchronous events of a stack's functions."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .cloud import Resource
from .model import Asynchronous
from .notes import Notebook
from .opaque import function_name
from .values import mapping, number

ByType = Mapping[str, list[Resource]]


def read_asynchronous(by_type: ByType, *, notes: Notebook) -> dict[str, Asynchronous]:
    """By the physical name of each function. Every version and alias is $LATEST here, and so are their settings."""
    targets = _Targets(by_type, notes)
    found = {}
    for function in by_type.get("AWS::Lambda::Function", []):
        letters = mapping(function.properties.get("DeadLetterConfig"))
        found[function.id] = Asynchronous(
            dead_letter=targets.read(function, letters.get("TargetArn"), "Properties", "DeadLetterConfig")
        )
    for config in by_type.get("AWS::Lambda::EventInvokeConfig", []):
        name = function_name(str(config.properties.get("FunctionName", "")))
        if name not in found:
            notes.add(config.logical_id, f"its function, {name}, is not in this template")
            continue
        ends = mapping(config.properties.get("DestinationConfig"))
        found[name] = replace(
            found[name],
            max_retries=int(number(config.properties.get("MaximumRetryAttempts"), Asynchronous.max_retries)),
            max_age=number(config.properties.get("MaximumEventAgeInSeconds"), Asynchronous.max_age),
            **{
                field: targets.read(
                    config, mapping(ends.get(end)).get("Destination"), "Properties", "DestinationConfig", end
                )
                for field, end in (("on_success", "OnSuccess"), ("on_failure", "OnFailure"))
            },
        )
    return found


class _Targets:
    """What can be told of events: the queues, topics and functions of the stack."""

    def __init__(self, by_type: ByType, notes: Notebook) -> None:
        self._notes = notes
        self._names = {
            service: {item.id.replace("/", ":").rsplit(":", 1)[-1] for item in by_type.get(kind, [])}
            for service, kind in (
                ("sqs", "AWS::SQS::Queue"),
                ("sns", "AWS::SNS::Topic"),
                ("lambda", "AWS::Lambda::Function"),
            )
        }

    def read(self, resource: Resource, arn: Any, *below: str) -> str | None:
        """The ARN, if it is of one of them; else that is noted."""
        if not arn:
            return None
        service, name = (*str(arn).split(":"), "", "", "")[2], str(arn).rsplit(":", 1)[-1]
        if (function_name(str(arn)) if service == "lambda" else name) in self._names.get(service, ()):
            return str(arn)
        text = f"{arn} hears nothing of its asynchronous events: only the template's queues, topics and functions do"
        self._notes.add(resource.logical_id, text, *below)
        return None
