"""CloudFormation's intrinsic functions, parameters and conditions, as its reference describes them.

Pure: what Ref and GetAtt of a resource give is asked of whoever creates resources.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ..errors import TemplateError

NO_VALUE = object()
"""What `AWS::NoValue` stands for: the key or item is left out."""

_SUB_NAME = re.compile(r"\$\{([^}]*)\}")
ZONES = "abcd"


class Resources(Protocol):
    """What resources give. TemplateError where there is none of that name, NO_VALUE where its condition is
    false.
    """

    def ref(self, logical_id: str) -> Any: ...
    def attribute(self, logical_id: str, name: str) -> Any: ...


class NoResources:
    """For what is resolved before there are any resources."""

    def ref(self, logical_id: str) -> Any:
        raise TemplateError(f"{logical_id} is no parameter")

    def attribute(self, logical_id: str, name: str) -> Any:
        raise TemplateError(f"{logical_id}.{name} is not known before it is deployed")


def parameter_values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Each declared parameter's value, as Ref gives it: numbers as numbers, lists as lists."""
    values: dict[str, Any] = {}
    for name, spec in (template.get("Parameters") or {}).items():
        value = given.get(name, spec.get("Default"))
        if value is not None:
            values[name] = _typed(value, str(spec.get("Type", "String")))
    return values


def is_list(kind: str) -> bool:
    """Whether a parameter of that type is a list, which is given as one text with commas."""
    return "CommaDelimitedList" in kind or "List<" in kind


def list_items(value: str) -> list[str]:
    """The items of a list's text, each without the spaces around it."""
    return [item.strip() for item in value.split(",")]


def _typed(value: Any, kind: str) -> Any:
    if is_list(kind):
        items = value if isinstance(value, list) else list_items(str(value))
        return [_typed(item, "Number") for item in items] if "<Number>" in kind else items
    if kind == "Number" and isinstance(value, str):
        for number in (int, float):
            try:
                return number(value)
            except ValueError:
                continue
    return text_of(value) if kind == "String" and not isinstance(value, (dict, list)) else value


def text_of(value: Any) -> str:
    """A scalar as text, as CloudFormation writes it: booleans in lower case, lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(map(text_of, value))
    return str(value)


class Resolver:
    """Resolves values of one template. `complain` is told, in one line each, of what has only a stand-in here."""

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        parameters: Mapping[str, str],
        pseudo: Mapping[str, Any],
        resources: Resources,
        complain: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._parameters = parameter_values(template, parameters)
        self._from_ssm = {
            name: spec["Default"]
            for name, spec in (template.get("Parameters") or {}).items()
            if str(spec.get("Type", "")).startswith("AWS::SSM::Parameter::")
            and name not in parameters
            and "Default" in spec
        }
        self._mappings: Mapping[str, Any] = template.get("Mappings") or {}
        self._conditions: Mapping[str, Any] = template.get("Conditions") or {}
        self._pseudo = {"AWS::NoValue": NO_VALUE, "AWS::NotificationARNs": [], **pseudo}
        self._resources, self._complain = resources, complain
        self._verdicts: dict[str, bool | None] = {}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Base64": lambda value: base64.b64encode(self.text(value).encode()).decode(),
            "Fn::GetAZs": self._zones,
            "Fn::Cidr": self._cidr,
            "Fn::Length": lambda value: len(self.items(value)),
            "Fn::ToJsonString": lambda value: json.dumps(self.value(value), separators=(",", ":")),
            "Fn::ImportValue": self._import_value,
        }
        self._operators: dict[str, Callable[[Sequence[Any]], bool]] = {
            "Fn::Equals": self._equals,
            "Fn::Not": lambda values: not self._verdict(values[0]),
            "Fn::And": lambda values: all(self._verdict(value) for value in values),
            "Fn::Or": lambda values: any(self._verdict(value) for value in values),
        }

    def value(self, node: Any) -> Any:
        """`node` with everything in it resolved; NO_VALUE if nothing is to stand there."""
        if isinstance(node, list):
            values = [self.value(item) for item in node]
            return [item for item in values if item is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in self._functions:
                return self._call(name, argument)
            if isinstance(name, str) and name.startswith("Fn::") and name in self._operators:
                return self._verdict(node)
            if isinstance(name, str) and name.startswith("Fn::"):
                self._complain(f"{name} is not supported; what it stands in is left out")
                return NO_VALUE
        resolved = {key: self.value(item) for key, item in node.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE and item is not None}

    def text(self, node: Any) -> str:
        """`node`, resolved, as text; "" for no value."""
        value = self.value(node)
        return "" if value is NO_VALUE or value is None else text_of(value)

    def items(self, node: Any) -> list[Any]:
        """`node`, resolved, as a list."""
        value = self.value(node)
        if not isinstance(value, list):
            raise TemplateError(f"a list should stand where {json.dumps(node, default=str)} is")
        return value

    def condition(self, name: str) -> bool:
        """Whether the condition of that name holds."""
        if name not in self._conditions:
            raise TemplateError(f"there is no condition {name}")
        verdict = self._verdicts.get(name)
        if verdict is None:
            if name in self._verdicts:
                raise TemplateError(f"the condition {name} depends on itself")
            self._verdicts[name] = None
            verdict = self._verdicts[name] = self._verdict(self._conditions[name])
        return verdict

    def _call(self, name: str, argument: Any) -> Any:
        try:
            return self._functions[name](argument)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError):
            raise TemplateError(
                f"{name} cannot be used like this: {json.dumps(argument, default=str)}"
            ) from None

    def _ref(self, name: str) -> Any:
        if name in self._from_ssm:
            self._complain(
                f"parameter {name} comes from Systems Manager in the cloud; its name there, {self._from_ssm[name]}, "
                f"stands in for its value: give it with --param {name}=…"
            )
        if name in self._parameters:
            return self._parameters[name]
        return self._pseudo[name] if name in self._pseudo else self._resources.ref(name)

    def _get_att(self, argument: Any) -> Any:
        parts = (
            argument.split(".", 1) if isinstance(argument, str) else [self.text(part) for part in argument]
        )
        return self._resources.attribute(parts[0], ".".join(parts[1:]))

    def _sub(self, argument: Any) -> str:
        template, given = argument if isinstance(argument, list) else (argument, {})

        def replace(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in given:
                return self.text(given[name])
            return self.text({"Fn::GetAtt": name} if "." in name else {"Ref": name})

        return _SUB_NAME.sub(replace, template)

    def _if(self, argument: Any) -> Any:
        name, then, otherwise = argument
        return self.value(then if self.condition(name) else otherwise)

    def _find_in_map(self, argument: Any) -> Any:
        default = argument[3] if len(argument) > 3 else {}
        found: Any = self._mappings
        for key in map(self.text, argument[:3]):
            # CloudFormation knows keys as text; YAML reads some of them as numbers or booleans.
            found = {text_of(name): value for name, value in found.items()} if isinstance(found, dict) else {}
            if key not in found:
                if "DefaultValue" in default:
                    return self.value(default["DefaultValue"])
                raise TemplateError(
                    f"Fn::FindInMap: there is no {key} in {'.'.join(map(self.text, argument[:3]))}"
                )
            found = found[key]
        return found

    def _join(self, argument: Any) -> str:
        delimiter, items = argument
        return self.text(delimiter).join(map(text_of, self.items(items)))

    def _select(self, argument: Any) -> Any:
        index, items = argument
        return self.items(items)[int(self.text(index))]

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = argument
        return self.text(text).split(self.text(delimiter))

    def _zones(self, argument: Any) -> list[str]:
        region = self.text(argument) or self._pseudo.get("AWS::Region", "")
        return [f"{region}{zone}" for zone in ZONES]

    def _cidr(self, argument: Any) -> list[str]:
        import ipaddress  # noqa: PLC0415 (templates with networks only)
        from itertools import islice  # noqa: PLC0415

        block, count, *bits = argument
        network = ipaddress.ip_network(self.text(block))
        prefix = network.max_prefixlen - int(self.text(bits[0]) if bits else 8)
        return [str(net) for net in islice(network.subnets(new_prefix=prefix), int(self.text(count)))]

    def _import_value(self, argument: Any) -> str:
        name = self.text(argument)
        self._complain(
            f"Fn::ImportValue: there is no other stack here; its name, {name}, stands in for its value"
        )
        return name

    def _equals(self, values: Sequence[Any]) -> bool:
        first, second = values
        return self.text(first) == self.text(second)

    def _verdict(self, node: Any) -> bool:
        if isinstance(node, dict) and len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Condition":
                return self.condition(argument)
            if name in self._operators:
                try:
                    return self._operators[name](argument)
                except (ValueError, TypeError, KeyError, IndexError):
                    pass
        elif isinstance(node, (bool, str)) and text_of(node) in ("true", "false"):
            return text_of(node) == "true"
        raise TemplateError(f"not a condition: {json.dumps(node, default=str)}")
