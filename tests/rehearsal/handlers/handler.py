"""What a handler of a resource type is, and the one that most types need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ..services import Services

if TYPE_CHECKING:
    from ..stacks import Resource

Properties = dict[str, Any]


class Handler(Protocol):
    """Makes, changes and removes resources of a type. `create` sets the physical id and the attributes."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None: ...

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None: ...

    def delete(self, services: Services, resource: "Resource") -> None: ...


class Replaced:
    """A type that is changed by taking the old one away and making a new one: for what moto cannot change."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        raise NotImplementedError

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Make it anew."""
        wanted, resource.properties = resource.properties, before
        self.delete(services, resource)
        resource.properties = wanted
        self.create(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Take it away."""
        raise NotImplementedError


@dataclass(frozen=True)
class Plain:
    """A type whose properties are its API's parameters.

    `identity` are the parameters that say which one is meant; `attributes` what GetAtt gives, from the parameters and
    the answer of `make`; `fixed` are properties that an update cannot have, `extra` parameters that the API asks for
    and CloudFormation does not.
    """

    service: str
    make: str
    change: str
    remove: str
    identity: Callable[["Resource"], Properties]
    physical_id: str
    """Which attribute is the physical id."""
    attributes: Callable[[Mapping[str, Any]], Properties] = dict
    named: str = ""
    """The property that has a generated name where none is given."""
    fixed: tuple[str, ...] = ()
    extra: Properties = field(default_factory=dict)

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        named = {self.named: properties.get(self.named, resource.name)} if self.named else {}
        given = {**self.extra, **properties, **named}
        answer = services.call(self.service, self.make, **given)
        answer.pop("ResponseMetadata", None)
        resource.attributes = self.attributes({**given, **answer})
        resource.physical_resource_id = str(resource.attributes[self.physical_id])

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it."""
        given = {key: value for key, value in properties.items() if key not in self.fixed}
        services.call(self.service, self.change, **{**given, **self.identity(resource)})

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services.call(self.service, self.remove, **self.identity(resource))


def tags(properties: Properties) -> dict[str, str]:
    """The tags as most APIs take them."""
    given = properties.get("Tags") or {}
    return given if isinstance(given, dict) else {tag["Key"]: tag["Value"] for tag in given}
