"""CloudFormation's part in the rehearsal: what a template's resources are, in which order they come, and what a
change of the template or of a parameter changes.

moto's own engine makes nothing of a type that it has no model for, compares templates instead of what they say, and
reports success all the same. So it keeps the requests (change sets, events, descriptions), and this does the work.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_dev.errors import TemplateError
from local_dev.stack.intrinsics import Resolver

from .handlers import HANDLERS
from .services import Services

DYNAMIC = re.compile(r"\{\{resolve:secretsmanager:(arn:[^}]+?):SecretString:*\}\}")


@dataclass
class Resource:
    """A resource that stands. `attributes` are what GetAtt gives."""

    logical_id: str
    kind: str
    name: str
    """The name that CloudFormation makes where the template gives none."""
    properties: dict[str, Any]
    retained: bool
    physical_resource_id: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)

    # As moto's answers to ListStackResources and the like want it.
    @property
    def logical_resource_id(self) -> str:
        """Its logical id."""
        return self.logical_id

    @property
    def cf_resource_type(self) -> str:
        """Its type."""
        return self.kind


class Resources(Mapping[str, Resource]):
    """The resources of one stack by logical id, made by the services' own APIs."""

    def __init__(
        self, *, stack_id: str, stack_name: str, account: str, region: str, services: Services
    ) -> None:
        self._stack = stack_name
        self._services = services
        self._pseudo = {
            "AWS::AccountId": account,
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackId": stack_id,
            "AWS::StackName": stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }
        self._standing: dict[str, Resource] = {}
        self.template: dict[str, Any] = {"Resources": {}}
        self._resolver = self._resolve_with({"Resources": {}}, {})

    def __getitem__(self, logical_id: str) -> Resource:
        return self._standing[logical_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._standing)

    def __len__(self) -> int:
        return len(self._standing)

    def ref(self, logical_id: str) -> str:
        """What Ref gives."""
        return self._found(logical_id).physical_resource_id

    def attribute(self, logical_id: str, name: str) -> Any:
        """What GetAtt gives."""
        found = self._found(logical_id)
        if name not in found.attributes:
            raise TemplateError(f"{found.kind} has no attribute {name}, or the rehearsal does not know it")
        return found.attributes[name]

    def output(self, value: Any) -> str:
        """The value of an output."""
        return self._resolver.text(value)

    def has(self, declared: Mapping[str, Any]) -> bool:
        """Whether the condition of a resource or an output holds."""
        return "Condition" not in declared or self._resolver.condition(declared["Condition"])

    def become(self, template: dict[str, Any], parameters: Mapping[str, str]) -> None:
        """Make, change and remove resources until the stack is what the template says with these parameters."""
        self.template, self._resolver = template, self._resolve_with(template, parameters)
        wanted = [name for name in in_order(template["Resources"]) if self.has(template["Resources"][name])]
        for name in wanted:
            try:
                self._one_becomes(name, template["Resources"][name])
            except (BotoCoreError, ClientError, TemplateError) as error:
                raise TemplateError(f"{self._stack}.{name}: {error}") from None
        for name in [name for name in reversed(self._standing) if name not in wanted]:
            self._remove(name)

    def remove_all(self) -> None:
        """Remove everything but what is retained."""
        for name in list(reversed(self._standing)):
            self._remove(name)

    def _one_becomes(self, name: str, declared: Mapping[str, Any]) -> None:
        kind = declared["Type"]
        properties = self._resolver.value(declared.get("Properties") or {})
        before = self._standing.get(name)
        wanted = Resource(
            name, kind, f"{self._stack}-{name}", properties, declared.get("DeletionPolicy") == "Retain"
        )
        if before is not None and before.kind == kind:
            before.retained = wanted.retained
            if before.properties == properties:
                return
            wanted.physical_resource_id, wanted.attributes = before.physical_resource_id, before.attributes
            HANDLERS[kind].update(self._services, wanted, self._with_secrets(properties), before.properties)
        else:
            HANDLERS[kind].create(self._services, wanted, self._with_secrets(properties))
            if before is not None:
                self._remove(name)
        assert wanted.physical_resource_id, f"{kind} has no physical id"
        self._standing[name] = wanted

    def _remove(self, name: str) -> None:
        resource = self._standing.pop(name)
        if not resource.retained:
            HANDLERS[resource.kind].delete(self._services, resource)

    def _found(self, logical_id: str) -> Resource:
        if logical_id not in self._standing:
            raise TemplateError(f"there is no {logical_id}, which is referred to")
        return self._standing[logical_id]

    def _resolve_with(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> Resolver:
        missing = [
            name
            for name, spec in (template.get("Parameters") or {}).items()
            if name not in parameters and "Default" not in spec
        ]
        if missing:
            raise TemplateError(f"Parameters: {missing} must have values")
        unknown = parameters.keys() - (template.get("Parameters") or {}).keys()
        if template["Resources"] and unknown:
            raise TemplateError(f"Parameters: {sorted(unknown)} do not exist in the template")
        return Resolver(
            template, parameters=parameters, pseudo=self._pseudo, resources=self, complain=_complain
        )

    def _with_secrets(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties with dynamic references put in, which CloudFormation does last of all."""

        def secret(match: re.Match[str]) -> str:
            value = self._services("secretsmanager").get_secret_value(SecretId=match[1])["SecretString"]
            return json.dumps(value)[1:-1]

        resolved: dict[str, Any] = json.loads(DYNAMIC.sub(secret, json.dumps(properties)))
        return resolved


def in_order(resources: Mapping[str, Any]) -> list[str]:
    """The logical ids, each after what it needs."""
    graph = {name: _needed(declared, resources.keys()) - {name} for name, declared in resources.items()}
    return list(TopologicalSorter(graph).static_order())


def _needed(node: Any, known: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_needed(item, known) for item in node))
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for key, value in node.items():
        if key == "Ref":
            found |= {value} & known
        elif key == "Fn::GetAtt":
            found |= {value.split(".")[0] if isinstance(value, str) else value[0]} & known
        elif key == "DependsOn":
            found |= {value} if isinstance(value, str) else set(value)
        elif key == "Fn::Sub":
            text, given = value if isinstance(value, list) else (value, {})
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([\w.]+)\}", text)} & known
            found |= _needed(given, known)
        else:
            found |= _needed(value, known)
    return found


def _complain(text: str) -> None:
    raise TemplateError(text)
