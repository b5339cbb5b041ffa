"""A stack deployed into moto's CloudFormation, in this process, with every resource's resolved definition
read back.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import moto.backends  # noqa: F401  (first, or moto's modules import each other in a circle)
from moto.cloudformation import parsing
from moto.cloudformation.models import cloudformation_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.common_models import CloudFormationModel
from moto.dynamodb.models import dynamodb_backends

from .opaque import physical_id, resource_attribute


class OpaqueResource(CloudFormationModel):  # type: ignore[misc]  # moto's types are not exported
    """A resource that moto has no model for, or one that the gateway runs itself: only its names are
    needed.

    moto leaves such resources out and fails on a GetAtt of them; with this every Ref, GetAtt and Sub
    resolves, and the resolved properties can be read back by whoever plays that resource.
    """

    def __init__(
        self, kind: str, name: str, properties: Mapping[str, Any], account: str, region: str
    ) -> None:
        self.kind, self.properties, self.account, self.region = kind, properties, account, region
        self.physical_resource_id = physical_id(
            kind, name=name, properties=properties, account=account, region=region
        )

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: dict[str, Any],
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> "OpaqueResource":
        properties = cloudformation_json.get("Properties", {})
        return cls(kwargs["ResourceType"], resource_name, properties, account_id, region_name)

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return True

    def get_cfn_attribute(self, attribute: str) -> str:
        return resource_attribute(
            self.kind,
            attribute,
            physical_id=self.physical_resource_id,
            properties=self.properties,
            account=self.account,
            region=self.region,
        )


def _play_lambda_and_unknown_types_here() -> dict[str, Any]:
    """Hook moto's CloudFormation; returns a dict that fills with each resource's resolved definition."""
    resolved: dict[str, Any] = {}
    moto_class: Callable[[str], Any] = parsing.resource_class_from_type
    moto_parse: Callable[..., Any] = parsing.parse_resource_and_generate_name

    def class_for(kind: str) -> Any:
        if kind in parsing.NULL_MODELS:
            return None
        # moto would run a function in Docker; here the gateway runs it.
        if kind.startswith("AWS::Lambda::") or not (
            kind in parsing.get_model_map() or kind.startswith("Custom::")
        ):
            return OpaqueResource
        return moto_class(kind)

    def parse(logical_id: str, resource: dict[str, Any], resources: Any) -> Any:
        result = moto_parse(logical_id, resource, resources)
        if result:
            resolved[logical_id] = result[1]
        return result

    parsing.resource_class_from_type = class_for
    parsing.parse_resource_and_generate_name = parse
    return resolved


def deploy(
    *, template: dict[str, Any], parameters: dict[str, str], region: str, stack: str
) -> dict[str, Any]:
    """Create the stack in moto; `{"resources": {logical id: {type, id, properties}}, "outputs": {key:
    value}}`.
    """
    resolved = _play_lambda_and_unknown_types_here()
    backend = cloudformation_backends[DEFAULT_ACCOUNT_ID][region]
    created = backend.create_stack(stack, json.dumps(template), parameters)
    resources = {}
    for logical_id, definition in resolved.items():
        resource = created.resource_map[logical_id]
        resources[logical_id] = {
            "type": definition["Type"],
            "id": str(getattr(resource, "physical_resource_id", logical_id)),
            "properties": definition.get("Properties", {}),
        }
        ttl = definition.get("Properties", {}).get("TimeToLiveSpecification")
        if definition["Type"] == "AWS::DynamoDB::Table" and ttl:  # moto's model leaves it out
            dynamodb_backends[DEFAULT_ACCOUNT_ID][region].update_time_to_live(resource.name, ttl)
    outputs = {item["OutputKey"]: item["OutputValue"] for item in created.outputs or []}
    return {"resources": resources, "outputs": outputs, "account": DEFAULT_ACCOUNT_ID}
