"""Names of resources that nobody models here: what Ref and GetAtt of them give.

The forms are those of the CloudFormation reference's "Return values" sections.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Opaque:
    """A resource of which only the names are needed. `name` is its own, or what CloudFormation would make; `address`
    is where a distribution is played, if it is.
    """

    kind: str
    name: str
    properties: Mapping[str, Any]
    account: str
    region: str
    address: str = ""

    @property
    def physical_resource_id(self) -> str:
        """What `Ref` gives."""
        known = _IDS.get(self.kind)
        if known:
            return known(self)
        if self.kind.startswith(("AWS::ApiGatewayV2::", "AWS::ApiGateway::", "AWS::CloudFront::")):
            return hashlib.blake2s(
                self.name.encode(), digest_size=5
            ).hexdigest()  # ten characters, as AWS's ids
        return self.name

    def attribute(self, name: str) -> Any:
        """What `GetAtt` gives; for attributes unknown here the resource's own property, or a text that names
        both.
        """
        known = _ATTRIBUTES.get((self.kind, name))
        if known:
            return known(self)
        own = self.physical_resource_id
        if name in ("ApiId", "AuthorizerId", "RouteId", "IntegrationId", "Id", "APIKeyId") or own.startswith(
            "arn:"
        ):
            return own
        if name.lower().endswith("arn"):
            service, resource = (*self.kind.split("::"), "", "")[1:3]
            return f"arn:aws:{service.lower()}:{self.region}:{self.account}:{resource.lower()}/{own}"
        return self.properties.get(name, f"{own}.{name}")


def _property(name: str) -> Callable[[Opaque], str]:
    return lambda resource: str(resource.properties.get(name) or resource.name)


def _iam(kind: str) -> Callable[[Opaque], str]:
    def arn(resource: Opaque) -> str:
        path = str(resource.properties.get("Path", "/"))
        return f"arn:aws:iam::{resource.account}:{kind}{path}{resource.name}"

    return arn


def _function(resource: Opaque) -> str:
    name = str(resource.properties.get("FunctionName") or resource.name)
    return function_arn(name, account=resource.account, region=resource.region)


_IDS: dict[str, Callable[[Opaque], str]] = {
    "AWS::ApiGatewayV2::DomainName": _property("DomainName"),
    "AWS::ApiGatewayV2::Stage": _property("StageName"),
    "AWS::CloudFront::Function": lambda it: (
        f"arn:aws:cloudfront::{it.account}:function/{_property('Name')(it)}"
    ),
    "AWS::CloudWatch::Alarm": _property("AlarmName"),
    "AWS::IAM::ManagedPolicy": _iam("policy"),
    "AWS::Lambda::Alias": lambda it: f"{_function(it)}:{_property('Name')(it)}",
    "AWS::Lambda::Function": _property("FunctionName"),
    "AWS::Lambda::LayerVersion": lambda it: (
        f"arn:aws:lambda:{it.region}:{it.account}:layer:{_property('LayerName')(it)}:1"
    ),
    "AWS::Lambda::Version": lambda it: f"{_function(it)}:1",
    "AWS::SecretsManager::Secret": lambda it: (
        f"arn:aws:secretsmanager:{it.region}:{it.account}:secret:{_property('Name')(it)}"
    ),
}

_ATTRIBUTES: dict[tuple[str, str], Callable[[Opaque], Any]] = {
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): lambda it: (
        ("wss" if it.properties.get("ProtocolType") == "WEBSOCKET" else "https")
        + f"://{it.physical_resource_id}.execute-api.{it.region}.amazonaws.com"
    ),
    ("AWS::CloudFront::Distribution", "DomainName"): lambda it: (
        it.address or f"{it.physical_resource_id}.cloudfront.net"
    ),
    ("AWS::CloudWatch::Alarm", "Arn"): lambda it: (
        f"arn:aws:cloudwatch:{it.region}:{it.account}:alarm:{it.physical_resource_id}"
    ),
    ("AWS::IAM::InstanceProfile", "Arn"): _iam("instance-profile"),
    ("AWS::IAM::Role", "Arn"): _iam("role"),
    ("AWS::IAM::Role", "RoleId"): lambda it: (
        "AROA" + hashlib.blake2s(it.name.encode(), digest_size=8).hexdigest().upper() + "0"
    ),
    ("AWS::Lambda::Function", "Arn"): _function,
    ("AWS::Lambda::Version", "Version"): lambda it: "1",
    ("AWS::Logs::LogGroup", "Arn"): lambda it: (
        f"arn:aws:logs:{it.region}:{it.account}:log-group:{it.physical_resource_id}:*"
    ),
    ("AWS::Route53::HostedZone", "NameServers"): lambda it: [],
    ("AWS::S3::Bucket", "Arn"): lambda it: f"arn:aws:s3:::{it.name}",
    ("AWS::S3::Bucket", "DomainName"): lambda it: f"{it.name}.s3.amazonaws.com",
    ("AWS::S3::Bucket", "DualStackDomainName"): lambda it: (
        f"{it.name}.s3.dualstack.{it.region}.amazonaws.com"
    ),
    ("AWS::S3::Bucket", "RegionalDomainName"): lambda it: f"{it.name}.s3.{it.region}.amazonaws.com",
    ("AWS::S3::Bucket", "WebsiteURL"): lambda it: f"http://{it.name}.s3-website.{it.region}.amazonaws.com",
}


def function_arn(name: str, *, account: str, region: str) -> str:
    """The unqualified ARN of the function called `name`, which may be an ARN already."""
    return name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"


def function_name(reference: str) -> str:
    """The bare name in a function's name, partial or full ARN, with or without qualifier, or integration
    URI.
    """
    match = re.search(r"function:([^:/]+)", reference)
    return match[1] if match else reference.split(":", maxsplit=1)[0]
