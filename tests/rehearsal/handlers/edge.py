"""CloudFront."""

from typing import TYPE_CHECKING, Any

from ..services import Services
from .handler import Handler, Properties, Replaced

if TYPE_CHECKING:
    from ..stacks import Resource


class EdgeFunction(Replaced):
    """A function at the edge. moto cannot publish one."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        given = {key: properties[key] for key in ("Name", "FunctionConfig", "FunctionCode")}
        made = services.call("cloudfront", "create_function", **given)["FunctionSummary"]
        arn = made["FunctionMetadata"]["FunctionARN"]
        resource.physical_resource_id = arn
        resource.attributes = {"FunctionARN": arn, "FunctionMetadata.FunctionARN": arn}

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        name = resource.properties["Name"]
        etag = services("cloudfront").describe_function(Name=name)["ETag"]
        services("cloudfront").delete_function(Name=name, IfMatch=etag)


class AccessControl(Replaced):
    """What signs CloudFront's requests to a bucket."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        made = services.call("cloudfront", "create_origin_access_control", **properties)
        resource.physical_resource_id = made["OriginAccessControl"]["Id"]
        resource.attributes = {"Id": resource.physical_resource_id}

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("cloudfront").delete_origin_access_control(Id=resource.physical_resource_id)


class Distribution:
    """A distribution. moto keeps neither its functions, nor its access controls, nor all of its policies: its
    resolved definition does.
    """

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        config = self._config(resource, properties)
        made = services.call("cloudfront", "create_distribution", DistributionConfig=config)["Distribution"]
        resource.physical_resource_id = made["Id"]
        resource.attributes = {"Id": made["Id"], "DomainName": made["DomainName"]}

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it."""
        chosen: Any = {"Id": resource.physical_resource_id}
        etag = services("cloudfront").get_distribution(**chosen)["ETag"]
        config = self._config(resource, properties)
        services.call("cloudfront", "update_distribution", DistributionConfig=config, IfMatch=etag, **chosen)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        chosen: Any = {"Id": resource.physical_resource_id}
        etag = services("cloudfront").get_distribution(**chosen)["ETag"]
        services("cloudfront").delete_distribution(IfMatch=etag, **chosen)

    @staticmethod
    def _config(resource: "Resource", properties: Properties) -> Properties:
        config = {"CallerReference": resource.name, "Comment": "", **properties["DistributionConfig"]}
        for behaviour in (config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])):
            cached = behaviour.pop("CachedMethods", None)
            if "AllowedMethods" in behaviour or cached:
                methods = behaviour.get("AllowedMethods", ["GET", "HEAD"])
                behaviour["AllowedMethods"] = {
                    "Quantity": len(methods),
                    "Items": methods,
                    "CachedMethods": cached or ["GET", "HEAD"],
                }
        for origin in config["Origins"]:
            if "CustomOriginConfig" in origin:
                ports = {"HTTPPort": 80, "HTTPSPort": 443}  # CloudFormation's defaults
                origin["CustomOriginConfig"] = {**ports, **origin["CustomOriginConfig"]}
        return config


class HeadersPolicy:
    """A response headers policy, which moto does not know: it is checked against the API's description, and kept as
    its resolved definition.
    """

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Check it."""
        services.check("cloudfront", "CreateResponseHeadersPolicy", **properties)
        resource.physical_resource_id = f"headers-{resource.name}"
        resource.attributes = {"Id": resource.physical_resource_id}

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Check it again."""
        services.check("cloudfront", "CreateResponseHeadersPolicy", **properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """There is nothing to remove."""


HANDLERS: dict[str, Handler] = {
    "AWS::CloudFront::Distribution": Distribution(),
    "AWS::CloudFront::Function": EdgeFunction(),
    "AWS::CloudFront::OriginAccessControl": AccessControl(),
    "AWS::CloudFront::ResponseHeadersPolicy": HeadersPolicy(),
}
