"""API Gateway: the WebSocket API and its parts, the HTTP API with what its document says, and the account's setting."""

import json
from typing import TYPE_CHECKING, Any

from local_dev.errors import TemplateError

from ..services import Services
from .handler import Handler, Plain, Properties, Replaced

if TYPE_CHECKING:
    from ..stacks import Resource


def _part(kind: str, key: str, **defaults: Any) -> Plain:
    return Plain(
        "apigatewayv2",
        f"create_{kind}",
        f"update_{kind}",
        f"delete_{kind}",
        identity=lambda resource: {
            "ApiId": resource.properties["ApiId"],
            key: resource.physical_resource_id,
        },
        physical_id=key,
        extra=defaults,
    )


class Api:
    """A WebSocket API by its properties, or an HTTP API by an OpenAPI document, its `Body`.

    CloudFormation imports such a document. moto can only import one anew into an API that is there.
    """

    _plain = Plain(
        "apigatewayv2",
        "create_api",
        "update_api",
        "delete_api",
        identity=lambda resource: {"ApiId": resource.physical_resource_id},
        physical_id="ApiId",
        fixed=("ProtocolType", "Tags"),
    )

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        if "Body" not in properties:
            self._plain.create(services, resource, properties)
            return
        body = properties["Body"]
        made = {"Name": body["info"]["title"], "ProtocolType": "HTTP"}
        tags = {tag["name"]: tag["x-amazon-apigateway-tag-value"] for tag in body.get("tags", ())}
        self._plain.create(services, resource, {**made, "Tags": tags})
        self._import(services, resource, properties)

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it, or import its document again."""
        if "Body" in properties:
            self._import(services, resource, properties)
        else:
            self._plain.update(services, resource, properties, before)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        self._plain.delete(services, resource)

    @staticmethod
    def _import(services: Services, resource: "Resource", properties: Properties) -> None:
        unknown = properties.keys() - {"Body", "FailOnWarnings"}
        if unknown:
            raise TemplateError(f"the rehearsal does not know {sorted(unknown)} beside Body")
        services.call(
            "apigatewayv2",
            "reimport_api",
            ApiId=resource.physical_resource_id,
            **{**properties, "Body": json.dumps(properties["Body"])},
        )


class Stage(Replaced):
    """A stage, which moto cannot change."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        services.call("apigatewayv2", "create_stage", **properties)
        resource.physical_resource_id = properties["StageName"]

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        chosen = {key: resource.properties[key] for key in ("ApiId", "StageName")}
        services.call("apigatewayv2", "delete_stage", **chosen)


class Account:
    """The one setting of an account and region. CloudFormation leaves it as it is when the resource goes."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Set the role."""
        operation: Any = {
            "op": "replace",
            "path": "/cloudwatchRoleArn",
            "value": properties["CloudWatchRoleArn"],
        }
        services("apigateway").update_account(patchOperations=[operation])
        resource.physical_resource_id = resource.name

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Set it again."""
        self.create(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Leave it."""


HANDLERS: dict[str, Handler] = {
    "AWS::ApiGateway::Account": Account(),
    "AWS::ApiGatewayV2::Api": Api(),
    # The API asks for sources, if only for none; CloudFormation does not.
    "AWS::ApiGatewayV2::Authorizer": _part("authorizer", "AuthorizerId", IdentitySource=[]),
    "AWS::ApiGatewayV2::Integration": _part("integration", "IntegrationId"),
    "AWS::ApiGatewayV2::Route": _part("route", "RouteId"),
    "AWS::ApiGatewayV2::Stage": Stage(),
}
