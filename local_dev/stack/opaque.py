"""Names of resources that nobody models here: what Ref and GetAtt of them give.

The forms are those of the CloudFormation reference's "Return values" sections.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

_NAMED_BY = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::ApiGatewayV2::Stage": "StageName",
    "AWS::CloudWatch::Alarm": "AlarmName",
}


def physical_id(kind: str, *, name: str, properties: Mapping[str, Any], account: str, region: str) -> str:
    """What `Ref` gives. `name` is the name CloudFormation would generate."""
    if kind in _NAMED_BY:
        return str(properties.get(_NAMED_BY[kind]) or name)
    function = function_arn(str(properties.get("FunctionName", name)), account=account, region=region)
    if kind == "AWS::Lambda::Version":
        return f"{function}:1"
    if kind == "AWS::Lambda::Alias":
        return f"{function}:{properties.get('Name', name)}"
    if kind == "AWS::CloudFront::Function":
        return f"arn:aws:cloudfront::{account}:function/{properties.get('Name', name)}"
    if kind.startswith("AWS::ApiGatewayV2::"):
        return hashlib.blake2s(name.encode(), digest_size=5).hexdigest()  # ten characters, as AWS's ids
    return name


def resource_attribute(
    kind: str, attribute: str, *, physical_id: str, properties: Mapping[str, Any], account: str, region: str
) -> str:
    """What `GetAtt` gives; for attributes unknown here the resource's own property, or a text that names
    both.
    """
    if kind == "AWS::Lambda::Function" and attribute == "Arn":
        return function_arn(physical_id, account=account, region=region)
    if kind == "AWS::Lambda::Version" and attribute == "Version":
        return "1"
    if kind == "AWS::ApiGatewayV2::Api" and attribute == "ApiEndpoint":
        return f"wss://{physical_id}.execute-api.{region}.amazonaws.com"
    if attribute in ("ApiId", "AuthorizerId", "RouteId", "IntegrationId") or physical_id.startswith("arn:"):
        return physical_id
    if attribute.lower().endswith("arn"):
        service, resource = kind.split("::")[1:3]
        return f"arn:aws:{service.lower()}:{region}:{account}:{resource.lower()}/{physical_id}"
    return str(properties.get(attribute, f"{physical_id}.{attribute}"))


def function_arn(name: str, *, account: str, region: str) -> str:
    """The unqualified ARN of the function called `name`, which may be an ARN already."""
    return name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account}:function:{name}"


def function_name(reference: str) -> str:
    """The bare name in a function's name, partial or full ARN, with or without qualifier, or integration
    URI.
    """
    match = re.search(r"function:([^:/]+)", reference)
    return match[1] if match else reference.split(":", maxsplit=1)[0]
