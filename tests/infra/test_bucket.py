"""The page's bucket, which only its distribution reads."""

import re
from typing import Any

import pytest

from local_dev.iam.conditions import holds
from local_dev.iam.policy import allows, statement

from .conftest import Distribution


def test_the_bucket_is_private(site: dict[str, Any]) -> None:
    properties = site["Resources"]["Bucket"]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(properties["PublicAccessBlockConfiguration"]) == 4
    assert properties["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert "BucketEncryption" in properties
    assert "WebsiteConfiguration" not in properties


def test_the_distribution_signs_what_it_asks_of_the_bucket(
    site: dict[str, Any], distribution: Distribution
) -> None:
    [origin] = [item for item in distribution()["Origins"] if item["Id"] == "page"]
    assert origin["OriginAccessControlId"] == {"Fn::GetAtt": ["AccessControl", "Id"]}
    assert origin["DomainName"] == {"Fn::GetAtt": ["Bucket", "RegionalDomainName"]}
    config = site["Resources"]["AccessControl"]["Properties"]["OriginAccessControlConfig"]
    assert config["SigningBehavior"] == "always"
    assert (config["SigningProtocol"], config["OriginAccessControlOriginType"]) == ("sigv4", "s3")


OURS = "arn:aws:cloudfront::123456789012:distribution/OURS"
CLOUDFRONT = {"Service": "cloudfront.amazonaws.com"}
MODERN = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}


@pytest.mark.parametrize(
    ("principal", "action", "facts", "may"),
    [
        (CLOUDFRONT, "s3:GetObject", {"aws:sourcearn": OURS}, True),
        (CLOUDFRONT, "s3:ListBucket", {"aws:sourcearn": OURS}, True),
        (CLOUDFRONT, "s3:PutObject", {"aws:sourcearn": OURS}, False),
        (CLOUDFRONT, "s3:DeleteObject", {"aws:sourcearn": OURS}, False),
        (CLOUDFRONT, "s3:GetObject", {"aws:sourcearn": OURS.replace("OURS", "OTHER")}, False),
        (CLOUDFRONT, "s3:GetObject", {"aws:sourcearn": OURS.replace("123456789012", "210987654321")}, False),
        (CLOUDFRONT, "s3:GetObject", {}, False),
        ({"AWS": "*"}, "s3:GetObject", {"aws:sourcearn": OURS}, False),
        ({"AWS": "arn:aws:iam::210987654321:root"}, "s3:GetObject", {}, False),
        (CLOUDFRONT, "s3:GetObject", {"aws:sourcearn": OURS, "aws:securetransport": "false"}, False),
        (CLOUDFRONT, "s3:GetObject", {"aws:sourcearn": OURS, "s3:tlsversion": "1.1"}, False),
    ],
)
def test_only_this_distribution_reads_the_bucket(
    principal: Any, action: str, facts: dict[str, str], may: bool, site: dict[str, Any]
) -> None:
    document = site["Resources"]["BucketPolicy"]["Properties"]["PolicyDocument"]
    counting = tuple(
        statement(resolved(item))
        for item in document["Statement"]
        if item["Principal"] in ("*", principal) and holds(resolved(item["Condition"]), MODERN | facts)
    )
    resource = "arn:aws:s3:::bucket" if action == "s3:ListBucket" else "arn:aws:s3:::bucket/index.html"
    assert allows(counting, action=action, resource=resource) is may


def resolved(node: Any) -> Any:
    """A part of the bucket's policy as it is in account 123456789012."""
    match node:
        case list():
            return [resolved(item) for item in node]
        case {"Fn::GetAtt": ["Bucket", "Arn"]}:
            return "arn:aws:s3:::bucket"
        case {"Fn::Sub": str(text)}:
            values = {
                "Bucket.Arn": "arn:aws:s3:::bucket",
                "AWS::Partition": "aws",
                "AWS::AccountId": "123456789012",
                "Distribution": "OURS",
            }
            return re.sub(r"\$\{([^}]+)\}", lambda name: values[name[1]], text)
        case dict():
            return {key: resolved(item) for key, item in node.items()}
    return node
