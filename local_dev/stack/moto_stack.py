"""A stack created in moto, in this process, with every resource's resolved definition read back.

What moto has no model for, and what the gateway runs itself, becomes an Opaque: only its names are needed.
"""

import contextlib
import copy
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import TemplateError
from .code import address_path
from .dynamic import DynamicReferences
from .intrinsics import NO_VALUE, Resolver
from .kinds import DEFERRED, PLAYED, is_inert, service
from .moto_lookup import MotoLookup
from .moto_models import create, lighten, model_of
from .names import resource_name
from .opaque import Opaque

ACCOUNT = "123456789012"
"""moto's account, and so everybody's here."""


class ResourceError(TemplateError):
    """A resource whose definition cannot be resolved; `logical_id` names it."""

    def __init__(self, logical_id: str, message: str) -> None:
        super().__init__(message)
        self.logical_id = logical_id


class MotoStack:
    """The resources of a template, each created when something first needs it."""

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        region: str,
        stack: str,
        address: str = "",
    ) -> None:
        self.name, self.region, self._address = stack, region, address
        self.id = (
            f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{stack}/{uuid.uuid5(uuid.NAMESPACE_URL, stack)}"
        )
        self.template = template
        self.created: dict[str, Any] = {}
        self.definitions: dict[str, dict[str, Any]] = {}
        self.deferred: dict[str, str] = {}
        self.notes: list[dict[str, str]] = []
        self.outputs: dict[str, str] = {}
        self.resolver = Resolver(
            template,
            parameters=parameters,
            pseudo={
                "AWS::AccountId": ACCOUNT,
                "AWS::Partition": "aws",
                "AWS::Region": region,
                "AWS::StackId": self.id,
                "AWS::StackName": stack,
                "AWS::URLSuffix": "amazonaws.com",
            },
            resources=self,
            complain=self._complain,
        )
        self._dynamic = DynamicReferences(MotoLookup(ACCOUNT, region, self._make_all), self._complain)
        self._declared: Mapping[str, Any] = template["Resources"]
        self._may_wait = _deferrable_services(self._declared)
        self._under_way: list[str] = []

    def create_all(self) -> None:
        """Create every resource whose condition holds, and resolve the outputs. ResourceError where that cannot
        be done.
        """
        for logical_id in self._declared:
            if logical_id.startswith("Fn::"):
                self.notes.append(
                    {"logical_id": logical_id, "text": "not supported; what it makes is left out"}
                )
            else:
                self._get(logical_id)
        for key, output in (self.template.get("Outputs") or {}).items():
            with self._within(f"Outputs.{key}"):
                if not isinstance(output, dict) or not self._holds(output):
                    continue
                try:
                    self.outputs[key] = self.resolver.text(output.get("Value"))
                except TemplateError as error:
                    self._complain(f"this output has no value: {error}")

    def ref(self, logical_id: str) -> Any:
        """What Ref of a resource gives; NO_VALUE where its condition is false."""
        resource = self._get(logical_id)
        if resource is None:
            return self._left_out(logical_id)
        return str(getattr(resource, "physical_resource_id", logical_id))

    def attribute(self, logical_id: str, name: str) -> Any:
        """What GetAtt of a resource gives."""
        resource = self._get(logical_id)
        if resource is None:
            return self._left_out(logical_id)
        if isinstance(resource, Opaque):
            return resource.attribute(name)
        value = None
        try:
            value = resource.get_cfn_attribute(name)
        except Exception as error:
            if not isinstance(error, NotImplementedError) and "GetAtt" not in type(error).__name__:
                raise TemplateError(f"{logical_id}.{name}: {_words(error)}") from None
        if value is None:
            self._complain(f"{logical_id}.{name} is not known here; a made-up value stands in for it")
            return self._opaque(logical_id, self.definitions[logical_id]).attribute(name)
        return value

    def _get(self, logical_id: str) -> Any:
        if logical_id in self.created:
            return self.created[logical_id]
        declared = self._declared.get(logical_id) if isinstance(logical_id, str) else None
        if declared is None:
            raise TemplateError(f"there is no resource or parameter {logical_id}")
        if not isinstance(declared, dict) or "Type" not in declared:
            raise ResourceError(logical_id, "it is no resource with a Type")
        if logical_id in self._under_way:
            circle = [*self._under_way[self._under_way.index(logical_id) :], logical_id]
            raise TemplateError(f"resources need each other in a circle: {' -> '.join(circle)}")
        with self._within(logical_id):
            resource = self._create(logical_id, declared) if self._holds(declared) else None
        self.created[logical_id] = resource
        return resource

    def _left_out(self, logical_id: str) -> Any:
        self._complain(f"{logical_id} is left out, since its condition is false")
        return NO_VALUE

    def _create(self, logical_id: str, declared: Mapping[str, Any]) -> Any:
        needed = declared.get("DependsOn") or []
        for other in [needed] if isinstance(needed, str) else needed:
            if other in self._declared and self._holds(self._declared[other]):
                self._get(other)
        kind = str(declared["Type"])
        properties = self._dynamic.value(self.resolver.value(declared.get("Properties") or {}))
        if not isinstance(properties, dict):
            raise TemplateError("its Properties are not a mapping")
        self.definitions[logical_id] = {"Type": kind, "Properties": properties}
        if kind in self._may_wait:
            opaque = self._opaque(logical_id, self.definitions[logical_id])
            self.deferred[logical_id] = opaque.name
            return opaque
        if (kind not in PLAYED or kind.startswith("AWS::IAM::")) and model_of(kind):
            try:
                return self.make(logical_id)
            except Exception as error:  # whatever moto cannot make is not worth the whole stack
                if not is_inert(kind):
                    self._complain(f"{kind} is not run here: moto says: {_words(error)}")
        elif kind not in PLAYED and not is_inert(kind):
            path = address_path(properties.get("TemplateURL"))
            self._complain(f"{kind} is not run here" + (f": there is no {path}" if path else ""))
        return self._opaque(logical_id, self.definitions[logical_id])

    def _make_all(self, kind: str) -> bool:
        """Create the resources of a type, but for those that need what is under way; whether there are any."""
        for logical_id, declared in self._declared.items():
            if (
                isinstance(declared, dict)
                and declared.get("Type") == kind
                and logical_id not in self._under_way
            ):
                with contextlib.suppress(TemplateError):  # its own turn comes, and says so
                    self._get(logical_id)
        made = [self.definitions[logical_id] for logical_id, it in self.created.items() if it is not None]
        return any(definition["Type"] == kind for definition in made)

    def make(self, logical_id: str) -> Any:
        """Have moto create the resource, which is resolved already."""
        kind, properties = (self.definitions[logical_id][key] for key in ("Type", "Properties"))
        model = model_of(kind)
        name = self.deferred.get(logical_id) or resource_name(
            kind,
            logical_id,
            properties,
            stack=self.name,
            name_property=model and model.cloudformation_name_type(),
        )
        # A copy: some of moto's models take their properties apart.
        return create(
            kind,
            name,
            copy.deepcopy(properties),
            logical_id=logical_id,
            stack_id=self.id,
            account=ACCOUNT,
            region=self.region,
        )

    def _opaque(self, logical_id: str, definition: Mapping[str, Any]) -> Opaque:
        kind, properties = definition["Type"], definition["Properties"]
        name = resource_name(kind, logical_id, properties, stack=self.name)
        return Opaque(kind, name, properties, ACCOUNT, self.region, self._address)

    def _holds(self, declared: Mapping[str, Any]) -> bool:
        condition = declared.get("Condition")
        return condition is None or self.resolver.condition(condition)

    @contextlib.contextmanager
    def _within(self, logical_id: str) -> Iterator[None]:
        self._under_way.append(logical_id)
        try:
            yield
        except ResourceError:
            raise
        except TemplateError as error:
            raise ResourceError(logical_id, str(error)) from None
        finally:
            self._under_way.pop()

    def _complain(self, text: str) -> None:
        note = {"logical_id": self._under_way[-1] if self._under_way else "", "text": text}
        if note not in self.notes:
            self.notes.append(note)


def _deferrable_services(declared: Mapping[str, Any]) -> set[str]:
    """The types whose creation may wait: DEFERRED, of services of which nothing else is in the template."""
    kinds = {str(item.get("Type")) for item in declared.values() if isinstance(item, dict)}
    eager = {
        service(kind) for kind in kinds - DEFERRED if not (kind in PLAYED or kind.startswith("AWS::Logs::"))
    }
    return {kind for kind in DEFERRED if service(kind) not in eager}


def _words(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", None) or error or type(error).__name__).split())


def deploy(
    *, template: dict[str, Any], parameters: dict[str, str], region: str, stack: str, address: str = ""
) -> tuple[MotoStack, dict[str, Any]]:
    """Create the stack in moto; the stack, and `{"resources": {logical id: {type, id, properties}}, "outputs":
    {key: value}, "account", "notes": [{logical_id, text}]}`. `address` is the domain name of a distribution.
    """
    lighten()
    made = MotoStack(template, parameters, region, stack, address)
    made.create_all()
    resources = {
        logical_id: {
            "type": made.definitions[logical_id]["Type"],
            "id": made.ref(logical_id),
            "properties": made.definitions[logical_id]["Properties"],
        }
        for logical_id in template["Resources"]
        if logical_id in made.definitions
    }
    return made, {"resources": resources, "outputs": made.outputs, "account": ACCOUNT, "notes": made.notes}
