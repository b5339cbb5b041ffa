"""The names that CloudFormation makes for resources whose template gives them none.

The same stack gets the same names at each start, so that addresses and tables outlive a restart.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

_NAME_PROPERTIES = {
    "AWS::ApiGatewayV2::Stage": "StageName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "PolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
}

_LIMITS = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": 32,
    "AWS::ElasticLoadBalancingV2::TargetGroup": 32,
    "AWS::Events::Rule": 64,
    "AWS::IAM::Role": 64,
    "AWS::Lambda::Function": 64,
    "AWS::S3::Bucket": 63,
    "AWS::SQS::Queue": 75,
    "AWS::StepFunctions::StateMachine": 80,
}


def resource_name(
    kind: str, logical_id: str, properties: Mapping[str, Any], *, stack: str, name_property: str | None = None
) -> str:
    """The resource's own name where it has one (in `name_property`, which is known for common types), or the one
    that CloudFormation would make.
    """
    own = properties.get(_NAME_PROPERTIES.get(kind) or name_property or "")
    return str(own) if own else generated_name(kind, logical_id, properties, stack=stack)


def generated_name(kind: str, logical_id: str, properties: Mapping[str, Any], *, stack: str) -> str:
    """`<stack>-<logical id>-<twelve letters and digits>`, within the length and the letters that the type takes."""
    digest = hashlib.blake2s(f"{stack}/{logical_id}".encode(), digest_size=8).digest()
    suffix = base64.b32encode(digest).decode()[:12]
    start = f"{stack}-{logical_id}"[: _LIMITS.get(kind, 255) - len(suffix) - 1].rstrip("-")
    name = f"{start}-{suffix}"
    if kind == "AWS::S3::Bucket":
        return name.lower()
    fifo = str(properties.get("FifoQueue") or properties.get("FifoTopic") or "").lower() == "true"
    return f"{name}.fifo" if fifo else name


def secret(stack: str, logical_id: str, length: int) -> str:
    """Letters and digits that stand in for a generated value, such as an API key's; the same at each start."""
    digest = hashlib.blake2b(f"{stack}/{logical_id}/value".encode(), digest_size=64).digest()
    return base64.b32encode(digest).decode()[:length].lower()
