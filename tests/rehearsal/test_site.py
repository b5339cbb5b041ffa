"""The address: page, sockets and polls under one host.

moto's CloudFront keeps neither functions nor access controls nor headers policies; those are read from the resolved
definition of the distribution, and what that names is looked for.
"""

import json
from typing import Any

import pytest

from .cloud import Definitions, Deployed

CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


@pytest.fixture(scope="module")
def site(deployed: Deployed) -> Definitions:
    return deployed.nested("Site")


@pytest.fixture(scope="module")
def distribution(site: Definitions) -> dict[str, Any]:
    config: dict[str, Any] = site["Distribution"]["properties"]["DistributionConfig"]
    return config


def origin_of(behaviour: dict[str, Any], distribution: dict[str, Any]) -> dict[str, Any]:
    """Where a behaviour sends requests."""
    origin: dict[str, Any]
    [origin] = [item for item in distribution["Origins"] if item["Id"] == behaviour["TargetOriginId"]]
    return origin


def test_cloudfront_has_it(deployed: Deployed, distribution: dict[str, Any]) -> None:
    found = deployed.cloud("cloudfront").get_distribution(Id=deployed.outputs["DistributionId"])
    config = found["Distribution"]["DistributionConfig"]
    assert config["Enabled"] is True
    assert config["HttpVersion"] == "http2and3"
    assert config["DefaultRootObject"] == "index.html"
    assert [item["Id"] for item in config["Origins"]["Items"]] == [
        item["Id"] for item in distribution["Origins"]
    ]
    assert [item["PathPattern"] for item in config["CacheBehaviors"]["Items"]] == ["/ws/*", "/api/*"]


def test_the_page_comes_from_the_bucket(
    deployed: Deployed, distribution: dict[str, Any], site: Definitions
) -> None:
    behaviour = distribution["DefaultCacheBehavior"]
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    origin = origin_of(behaviour, distribution)
    assert origin["DomainName"] == f"{site['Bucket']['id']}.s3.{deployed.cloud.services.region}.amazonaws.com"
    control = deployed.cloud("cloudfront").get_origin_access_control(Id=origin["OriginAccessControlId"])
    config = control["OriginAccessControl"]["OriginAccessControlConfig"]
    assert (config["SigningBehavior"], config["SigningProtocol"]) == ("always", "sigv4")


def test_the_bucket_is_for_the_distribution_alone(deployed: Deployed) -> None:
    s3, bucket = deployed.cloud("s3"), deployed.outputs["SiteBucket"]
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    account = deployed.cloud("sts").get_caller_identity()["Account"]
    source = f"arn:aws:cloudfront::{account}:distribution/{deployed.outputs['DistributionId']}"
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    for statement in statements:
        if statement["Effect"] == "Allow":
            assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
            assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": source}}
    assert {"aws:SecureTransport": "false"} in [
        statement["Condition"].get("Bool") for statement in statements if statement["Effect"] == "Deny"
    ]
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in encryption] == ["AES256"]


@pytest.mark.parametrize(("paths", "output"), [("/ws/*", "ManagementEndpoint"), ("/api/*", "PollUrl")])
def test_sockets_and_polls_go_to_their_apis(
    paths: str, output: str, deployed: Deployed, distribution: dict[str, Any]
) -> None:
    [behaviour] = [item for item in distribution["CacheBehaviors"] if item["PathPattern"] == paths]
    assert behaviour["CachePolicyId"] == CACHING_DISABLED
    # The gateway refuses a Host that is not its own; a key has to arrive.
    assert behaviour["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
    assert {"POST", "DELETE"} <= set(behaviour["AllowedMethods"]) or paths == "/ws/*"
    origin = origin_of(behaviour, distribution)
    assert origin["DomainName"] == deployed.outputs[output].split("/")[2]
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert "OriginCustomHeaders" not in origin  # the raw address is open


def test_the_edge_function_rewrites_to_the_apis(
    deployed: Deployed, distribution: dict[str, Any], site: Definitions
) -> None:
    for behaviour in distribution["CacheBehaviors"]:
        [association] = behaviour["FunctionAssociations"]
        assert association == {"EventType": "viewer-request", "FunctionARN": site["EdgeFunction"]["id"]}
    name = site["EdgeFunction"]["properties"]["Name"]
    stored = deployed.cloud("cloudfront").get_function(Name=name)["FunctionCode"].read().decode()
    stage = deployed.outputs["WebSocketUrl"].rpartition("/")[2]
    assert f"'/{stage}'" in stored
    assert "${" not in stored


def test_answers_have_the_security_headers(distribution: dict[str, Any], site: Definitions) -> None:
    policy = site["SecurityHeaders"]
    assert distribution["DefaultCacheBehavior"]["ResponseHeadersPolicyId"] == policy["id"]
    headers = policy["properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    csp = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    for directive in ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"):
        assert directive in csp
    assert int(headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"]) >= 31536000
    assert headers["ContentTypeOptions"] == {"Override": True}
