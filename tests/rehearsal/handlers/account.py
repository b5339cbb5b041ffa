"""What belongs to an account: roles, secrets, and stacks in a stack."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ..services import Services
from .handler import Handler, Properties, Replaced

if TYPE_CHECKING:
    from ..stacks import Resource


class Role:
    """A role with its inline and managed policies."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        given = {
            key: value for key, value in properties.items() if key not in ("Policies", "ManagedPolicyArns")
        }
        given["RoleName"] = properties.get("RoleName", resource.name)
        given["AssumeRolePolicyDocument"] = json.dumps(properties["AssumeRolePolicyDocument"])
        role = services.call("iam", "create_role", **given)["Role"]
        resource.physical_resource_id = role["RoleName"]
        resource.attributes = {"Arn": role["Arn"], "RoleId": role["RoleId"]}
        self._attach(services, resource, properties)

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change its policies."""
        self._detach(services, resource, before)
        self._attach(services, resource, properties)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        self._detach(services, resource, resource.properties)
        services("iam").delete_role(RoleName=resource.physical_resource_id)

    @staticmethod
    def _attach(services: Services, resource: "Resource", properties: Properties) -> None:
        name = resource.physical_resource_id
        for policy in properties.get("Policies", []):
            services("iam").put_role_policy(
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )
        for arn in properties.get("ManagedPolicyArns", []):
            services("iam").attach_role_policy(RoleName=name, PolicyArn=arn)

    @staticmethod
    def _detach(services: Services, resource: "Resource", properties: Properties) -> None:
        name = resource.physical_resource_id
        for policy in properties.get("Policies", []):
            services("iam").delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])
        for arn in properties.get("ManagedPolicyArns", []):
            services("iam").detach_role_policy(RoleName=name, PolicyArn=arn)


class Secret(Replaced):
    """A secret whose text is given or generated."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        given = {key: value for key, value in properties.items() if key != "GenerateSecretString"}
        asked = properties.get("GenerateSecretString")
        if asked is not None:
            password = services.call("secretsmanager", "get_random_password", **asked)["RandomPassword"]
            given["SecretString"] = password
        given["Name"] = properties.get("Name", resource.name)
        resource.physical_resource_id = services.call("secretsmanager", "create_secret", **given)["ARN"]
        resource.attributes = {"Id": resource.physical_resource_id}

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it at once, as CloudFormation does."""
        services("secretsmanager").delete_secret(
            SecretId=resource.physical_resource_id, ForceDeleteWithoutRecovery=True
        )


class Stack:
    """A nested stack; what its outputs are can be asked for."""

    def create(self, services: Services, resource: "Resource", properties: Properties) -> None:
        """Make it."""
        services("cloudformation").create_stack(StackName=resource.name, **self._given(properties))
        self._read(services, resource)

    def update(
        self, services: Services, resource: "Resource", properties: Properties, before: Properties
    ) -> None:
        """Change it."""
        try:
            services("cloudformation").update_stack(
                StackName=resource.physical_resource_id, **self._given(properties)
            )
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
        self._read(services, resource)

    def delete(self, services: Services, resource: "Resource") -> None:
        """Remove it."""
        services("cloudformation").delete_stack(StackName=resource.physical_resource_id)

    @staticmethod
    def _given(properties: Properties) -> Properties:
        parameters = properties.get("Parameters", {})
        return {
            "TemplateURL": properties["TemplateURL"],
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()
            ],
            "Tags": properties.get("Tags", []),
        }

    @staticmethod
    def _read(services: Services, resource: "Resource") -> None:
        [stack] = services("cloudformation").describe_stacks(StackName=resource.name)["Stacks"]
        resource.physical_resource_id = stack["StackId"]
        resource.attributes = {
            f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", [])
        }


HANDLERS: dict[str, Handler] = {
    "AWS::CloudFormation::Stack": Stack(),
    "AWS::IAM::Role": Role(),
    "AWS::SecretsManager::Secret": Secret(),
}
