"""Nested stacks whose templates are on this disk, made part of the stack that they are in.

Their resources keep their names behind the nested stack's own: `OnConnect` of `Chat` becomes `ChatOnConnect`.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from .code import address_path
from .intrinsics import is_list

STACK = "AWS::CloudFormation::Stack"
APPLICATION = "AWS::Serverless::Application"

Read = Callable[[Path, Mapping[str, Any]], dict[str, Any]]
"""Gives the CloudFormation of a nested template, whose parameters get these values, and whatever is nested in it."""

_SUB_NAME = re.compile(r"\$\{([^}!]+)\}")


def leave_published(resources: Mapping[str, Any]) -> None:
    """Makes the nested stack, which is not on this disk, of each application of AWS's repository: the translator would
    ask AWS for it.
    """
    for resource in resources.values():
        if isinstance(resource, dict) and resource.get("Type") == APPLICATION:
            properties = resource.get("Properties")
            location = properties.get("Location") if isinstance(properties, dict) else None
            if isinstance(location, dict) and "ApplicationId" in location:
                resource.update(Type=STACK, Properties={})


def with_nested_stacks(template: dict[str, Any], read: Read) -> dict[str, Any]:
    """`template` with every nested stack whose template is on this disk put in its place."""
    nested = {
        logical_id: _Nested(logical_id, resource, path, read)
        for logical_id, resource in template["Resources"].items()
        if isinstance(resource, dict) and resource.get("Type") == STACK
        for path in [address_path((resource.get("Properties") or {}).get("TemplateURL"))]
        if path is not None and path.is_file()
    }
    if not nested:
        return template
    scope = _Scope({}, nested)
    made = {
        **template,
        "Resources": {
            name: scope.resource(resource)
            for name, resource in template["Resources"].items()
            if name not in nested
        },
    }
    if template.get("Outputs"):
        made["Outputs"] = scope.value(template["Outputs"])
    for stack in nested.values():
        for section, content in stack.sections().items():
            made[section] = {**(made.get(section) or {}), **{k: scope.value(v) for k, v in content.items()}}
    return made


class _Scope:
    """Rewrites what refers to something: `names` to what is to stand there, or attributes of nested stacks."""

    def __init__(self, names: Mapping[str, Any], nested: Mapping[str, "_Nested"], prefix: str = "") -> None:
        self._names, self._nested, self._prefix = names, nested, prefix
        self.resources: frozenset[str] = frozenset()
        self.conditions: frozenset[str] = frozenset()
        self.mappings: frozenset[str] = frozenset()

    def value(self, node: Any) -> Any:
        """`node`, rewritten."""
        if isinstance(node, list):
            return [self.value(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            match name, argument:
                case "Ref", str():
                    return self._ref(argument)
                case "Fn::GetAtt", _:
                    return self._attribute(argument)
                case "Fn::Sub", str() | [str(), *_]:
                    return self._sub(argument)
                case "Condition", str():
                    return {name: self._of(argument, self.conditions)}
                case "Fn::If", [str(condition), *values]:
                    return {name: [self._of(condition, self.conditions), *self.value(values)]}
                case "Fn::FindInMap", [str(mapping), *keys]:
                    return {name: [self._of(mapping, self.mappings), *self.value(keys)]}
        return {key: self.value(item) for key, item in node.items()}

    def resource(self, resource: Any) -> Any:
        """A resource, rewritten with what it depends on."""
        if not isinstance(resource, dict):
            return resource
        made = self.value(
            {key: item for key, item in resource.items() if key not in ("Condition", "DependsOn")}
        )
        if "Condition" in resource:
            made["Condition"] = self._of(str(resource["Condition"]), self.conditions)
        needed = resource.get("DependsOn") or []
        if needed:
            made["DependsOn"] = [
                other
                for name in ([needed] if isinstance(needed, str) else needed)
                for other in (
                    self._nested[name].resources if name in self._nested else [self._of(name, self.resources)]
                )
            ]
        return made

    def _of(self, name: str, own: frozenset[str]) -> str:
        return f"{self._prefix}{name}" if name in own else name

    def _ref(self, name: str) -> Any:
        if name in self._nested:
            return {"Fn::Sub": f"{_ARN}-{name}/{name}"}
        return self._names[name] if name in self._names else {"Ref": self._of(name, self.resources)}

    def _attribute(self, argument: Any) -> Any:
        name, *rest = argument.split(".", 1) if isinstance(argument, str) else argument
        if name in self._nested and rest and str(rest[0]).startswith("Outputs."):
            return self._nested[name].output(str(rest[0]).removeprefix("Outputs."))
        return {"Fn::GetAtt": [self._of(name, self.resources), *self.value(rest)]}

    def _sub(self, argument: Any) -> Any:
        text, given = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])
        values = {key: self.value(item) for key, item in given.items()}
        for name in map(str.strip, _SUB_NAME.findall(text)):
            if name not in values:
                values[name] = self.value({"Fn::GetAtt": name} if "." in name else {"Ref": name})
        return {"Fn::Sub": [text, values]}


_ARN = "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/${AWS::StackName}"


class _Nested:
    """One nested stack. `resources` are the names that its resources get."""

    def __init__(self, name: str, resource: Mapping[str, Any], path: Path, read: Read) -> None:
        self._name, self._path = name, path
        given = resource["Properties"].get("Parameters") or {}
        self._condition = resource.get("Condition")
        self._template = read(path, given)
        self._scope = _Scope(self._values(given), {}, name)
        self._scope.resources = frozenset(self._template["Resources"])
        self._scope.conditions = frozenset(self._template.get("Conditions") or {})
        self._scope.mappings = frozenset(self._template.get("Mappings") or {})
        self.resources = [f"{name}{logical_id}" for logical_id in self._template["Resources"]]

    def output(self, key: str) -> Any:
        """What stands for an output, in terms of the outer stack."""
        outputs = self._template.get("Outputs") or {}
        if key not in outputs:
            raise TemplateError(f"{self._name}: {self._path} has no output {key}")
        return self._scope.value(outputs[key].get("Value"))

    def sections(self) -> dict[str, dict[str, Any]]:
        """The template's sections, in terms of the outer stack."""
        conditions = self._section("Conditions")
        resources = {}
        for name, resource in self._template["Resources"].items():
            made = self._scope.resource(resource)
            if self._condition and isinstance(made, dict):
                own = made.get("Condition")
                if own:
                    both = f"{self._name}{name}IsHere"
                    conditions[both] = {"Fn::And": [{"Condition": self._condition}, {"Condition": own}]}
                made["Condition"] = both if own else self._condition
            resources[f"{self._name}{name}"] = made
        return {"Conditions": conditions, "Mappings": self._section("Mappings"), "Resources": resources}

    def _section(self, section: str) -> dict[str, Any]:
        content = self._template.get(section) or {}
        return {f"{self._name}{name}": self._scope.value(item) for name, item in content.items()}

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {"AWS::StackName": {"Fn::Sub": "${AWS::StackName}-" + self._name}}
        for name, spec in (self._template.get("Parameters") or {}).items():
            if name not in given and "Default" not in spec:
                raise TemplateError(f"{self._name}: {self._path} needs its parameter {name}")
            value = given.get(name, spec.get("Default"))
            splits = is_list(str(spec.get("Type"))) and not isinstance(value, list)
            values[name] = {"Fn::Split": [",", value]} if splits else value
        return values
