"""Lambda: functions, their versions and aliases, who may call them, and what calls them."""

from typing import TYPE_CHECKING

from local_dev.errors import TemplateError

from ..services import Services
from .handler import Handler, Properties, Replaced, tags

if TYPE_CHECKING:
    from ..stacks import Resource


class Function:
    """A function, with what its API sets apart: code and reserved concurrency."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        given = {key: value for key, value in properties.items() if key != "ReservedConcurrentExecutions"}
        name = properties.get("FunctionName", resource.name)
        answer = services.call(
            "lambda", "create_function", **{**given, "FunctionName": name, "Tags": tags(properties)}
        )
        resource.physical_resource_id = name
        resource.attributes = {"Arn": answer["FunctionArn"]}
        self._reserve(services, name, properties)

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change code and configuration, whichever is another one."""
        name = resource.physical_resource_id
        apart = (
            "Code",
            "Tags",
            "FunctionName",
            "PackageType",
            "Architectures",
            "ReservedConcurrentExecutions",
        )
        given = {key: value for key, value in properties.items() if key not in apart}
        if {**given, "Code": None} != {**before, "Code": None}:
            services.call("lambda", "update_function_configuration", FunctionName=name, **given)
        if properties["Code"] != before["Code"]:
            services.call(
                "lambda",
                "update_function_code",
                FunctionName=name,
                Architectures=properties["Architectures"],
                **properties["Code"],
            )
        self._reserve(services, name, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("lambda").delete_function(FunctionName=resource.physical_resource_id)

    @staticmethod
    def _reserve(services: Services, name: str, properties: Properties) -> None:
        if "ReservedConcurrentExecutions" in properties:
            services.call(
                "lambda",
                "put_function_concurrency",
                FunctionName=name,
                ReservedConcurrentExecutions=properties["ReservedConcurrentExecutions"],
            )
        else:
            services("lambda").delete_function_concurrency(FunctionName=name)


class Version:
    """A version, which never changes. One without anything new is refused, as Lambda does."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Publish what the function is now."""
        name = properties["FunctionName"]
        before = {
            version["Version"]
            for version in services("lambda").list_versions_by_function(FunctionName=name)["Versions"]
        }
        answer = services.call("lambda", "publish_version", **properties)
        if answer["Version"] in before:
            raise TemplateError(f"A version for this Lambda function exists ( {answer['Version']} )")
        resource.physical_resource_id = answer["FunctionArn"]
        resource.attributes = {"Version": answer["Version"], "FunctionArn": answer["FunctionArn"]}

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """CloudFormation would replace it, under the same logical id."""
        self.create(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        name = resource.properties["FunctionName"]
        services("lambda").delete_function(FunctionName=name, Qualifier=resource.attributes["Version"])


class Alias:
    """An alias."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        answer = services.call("lambda", "create_alias", **properties)
        resource.physical_resource_id = answer["AliasArn"]
        resource.attributes = {"AliasArn": answer["AliasArn"]}

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Point it elsewhere."""
        services.call("lambda", "update_alias", **properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        chosen = {key: resource.properties[key] for key in ("FunctionName", "Name")}
        services("lambda").delete_alias(**chosen)


class Permission(Replaced):
    """A statement of a function's policy."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Add it."""
        services.call("lambda", "add_permission", StatementId=resource.name, **properties)
        resource.physical_resource_id = resource.name

    def delete(self, services: Services, resource: "Resource") -> None:
        """Take it away."""
        function = resource.properties["FunctionName"]
        services("lambda").remove_permission(FunctionName=function, StatementId=resource.physical_resource_id)


class Mapping:
    """An event source mapping."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        answer = services.call("lambda", "create_event_source_mapping", **properties)
        resource.physical_resource_id = answer["UUID"]
        resource.attributes = {"Id": answer["UUID"]}

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it."""
        fixed = ("EventSourceArn", "StartingPosition")
        given = {key: value for key, value in properties.items() if key not in fixed}
        services.call("lambda", "update_event_source_mapping", UUID=resource.physical_resource_id, **given)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("lambda").delete_event_source_mapping(UUID=resource.physical_resource_id)


HANDLERS: dict[str, Handler] = {
    "AWS::Lambda::Alias": Alias(),
    "AWS::Lambda::EventSourceMapping": Mapping(),
    "AWS::Lambda::Function": Function(),
    "AWS::Lambda::Permission": Permission(),
    "AWS::Lambda::Version": Version(),
}
