"""Resources that moto has, and makes for its clients, but not for CloudFormation: subscriptions of queues to topics,
and secrets.
"""

import json
from dataclasses import dataclass
from typing import Any

from .passwords import generated
from .values import mapping, text


@dataclass(frozen=True)
class Made:
    """A resource made so; what `Ref` and `GetAtt` of any attribute give is its ARN."""

    physical_resource_id: str

    def get_cfn_attribute(self, name: str) -> str:
        """Its ARN, which both types' attributes are."""
        return self.physical_resource_id


class SubscriptionMaker:
    """Makes `AWS::SNS::Subscription`. What is not for a queue is not made: nothing would be delivered."""

    @staticmethod
    def cloudformation_name_type() -> str | None:
        """The property that names it: none."""
        return None

    @staticmethod
    def create_from_cloudformation_json(
        name: str, definition: dict[str, Any], account: str, region: str, **_: Any
    ) -> Made:
        """Subscribe the endpoint, with the attributes that the definition gives."""
        from moto.sns.models import sns_backends  # noqa: PLC0415 (templates with topics only)

        properties = definition["Properties"]
        topic = str(properties["TopicArn"])
        if properties.get("Protocol") != "sqs":
            return Made(f"{topic}:{name}")
        backend = sns_backends[account][region]
        arn = backend.subscribe(topic, str(properties["Endpoint"]), "sqs").arn
        for key in ("RawMessageDelivery", "FilterPolicyScope", "FilterPolicy"):
            value = properties.get(key)
            if value is not None:
                given = json.dumps(value) if isinstance(value, (dict, list)) else text(value)
                backend.set_subscription_attributes(arn, key, given)
        return Made(arn)


class SecretMaker:
    """Makes `AWS::SecretsManager::Secret`. A generated value is another one at each start."""

    @staticmethod
    def cloudformation_name_type() -> str:
        """The property that names it."""
        return "Name"

    @staticmethod
    def create_from_cloudformation_json(
        name: str, definition: dict[str, Any], account: str, region: str, **_: Any
    ) -> Made:
        """Create the secret with its text, given or generated."""
        from moto.secretsmanager.models import secretsmanager_backends  # noqa: PLC0415 (few templates)

        properties = definition["Properties"]
        created = secretsmanager_backends[account][region].create_secret(
            name=name,
            secret_string=_secret_text(properties),
            secret_binary=None,
            description=None,
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        return Made(json.loads(created)["ARN"])


MAKERS: dict[str, Any] = {
    "AWS::SNS::Subscription": SubscriptionMaker,
    "AWS::SecretsManager::Secret": SecretMaker,
}
"""By type; used like moto's own models."""


def _secret_text(properties: dict[str, Any]) -> str | None:
    if "SecretString" in properties:
        return text(properties["SecretString"])
    if "GenerateSecretString" not in properties:
        return None
    return generated(mapping(properties["GenerateSecretString"]))
