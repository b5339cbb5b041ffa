"""The distribution: one host for the page, the sockets, and who polls."""

import re
from typing import Any

import pytest

from .conftest import Distribution, evaluated
from .site_parameters import CERTIFICATE, GIVEN, WEB_ACL


def test_the_page_is_the_default_and_the_sockets_are_below_ws(distribution: Distribution) -> None:
    config = distribution()
    assert config["DefaultRootObject"] == "index.html"
    assert config["DefaultCacheBehavior"]["TargetOriginId"] == "page"
    behaviours = [(item["PathPattern"], item["TargetOriginId"]) for item in config["CacheBehaviors"]]
    assert behaviours == [("/ws/*", "sockets"), ("/api/*", "polls")]
    assert {origin["Id"] for origin in config["Origins"]} == {"page", "sockets", "polls"}


def test_new_protocols_and_addresses(distribution: Distribution) -> None:
    config = distribution()
    assert (config["HttpVersion"], config["IPV6Enabled"], config["Enabled"]) == ("http2and3", True, True)


@pytest.mark.parametrize("place", [0, 1], ids=["sockets", "polls"])
def test_neither_sockets_nor_polls_are_cached_or_sent_under_the_viewers_host(
    distribution: Distribution, site: dict[str, Any], place: int
) -> None:
    """Rows C03 to C05 of the gateway's contract. As nothing is cached, this policy lets Authorization through:
    https://repost.aws/knowledge-center/cloudfront-authorization-header
    """
    sockets = distribution()["CacheBehaviors"][place]
    assert sockets["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert (
        sockets["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    )  # AllViewerExceptHostHeader
    assert sockets["ViewerProtocolPolicy"] == "https-only"
    assert sockets["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["EdgeFunction", "FunctionARN"]}}
    ]
    assert site["Resources"]["EdgeFunction"]["Properties"]["AutoPublish"] is True


def test_sockets_go_to_the_api_over_tls_only(distribution: Distribution) -> None:
    [origin] = [item for item in distribution()["Origins"] if item["Id"] == "sockets"]
    assert origin["DomainName"] == {"Fn::Sub": "${ApiId}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
    assert origin["CustomOriginConfig"] == {
        "OriginProtocolPolicy": "https-only",
        "OriginSSLProtocols": ["TLSv1.2"],
    }
    assert "OriginPath" not in origin  # the edge function's path is the stage already


def test_polls_go_to_their_api_over_tls_only_and_may_wait(
    distribution: Distribution, template: dict[str, Any]
) -> None:
    [origin] = [item for item in distribution()["Origins"] if item["Id"] == "polls"]
    assert origin["DomainName"] == {"Fn::Sub": "${PollApiId}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
    custom = origin["CustomOriginConfig"]
    assert (custom["OriginProtocolPolicy"], custom["OriginSSLProtocols"]) == ("https-only", ["TLSv1.2"])
    # CloudFront waits for longer than the function may run, which answers before that.
    poll = template["Resources"]["PollFunction"]["Properties"]
    longest = template["Parameters"]["PollWaitSeconds"]["MaxValue"]
    assert longest < poll["Timeout"] < custom["OriginReadTimeout"]
    assert "OriginPath" not in origin  # its stage has no path
    [behaviour] = [item for item in distribution()["CacheBehaviors"] if item["PathPattern"] == "/api/*"]
    assert {"GET", "POST", "DELETE"} <= set(behaviour["AllowedMethods"])


def test_the_edge_shows_its_key_only_where_the_raw_address_is_closed(
    distribution: Distribution, template: dict[str, Any]
) -> None:
    """Under a name that CloudFront takes:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
    """

    def headers(**parameters: str) -> list[Any]:
        origins = distribution(**parameters)["Origins"]
        return [item["OriginCustomHeaders"] for item in origins if "OriginCustomHeaders" in item]

    assert headers() == []
    assert (
        headers(EdgeKeyArn="arn:x")
        == [
            [
                {
                    "HeaderName": "x-origin-key",
                    "HeaderValue": {"Fn::Sub": "{{resolve:secretsmanager:${EdgeKeyArn}:SecretString}}"},
                }
            ]
        ]
        * 2
    ), "the sockets' origin and the polls'"
    [header], _ = headers(EdgeKeyArn="arn:x")
    assert not re.match(r"x-(edge|amz)-|x-real-ip|cookie|host|via|proxy-|if-", header["HeaderName"])
    given = template["Resources"]["Site"]["Properties"]["Parameters"]["EdgeKeyArn"]
    assert evaluated(template, given, {"RawAddress": "open"}) == ""
    assert evaluated(template, given, {"RawAddress": "closed"}) == {"Ref": "EdgeKey"}
    secret = template["Resources"]["EdgeKey"]
    assert secret["Condition"] == "RawAddressClosed"
    assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] == 64
    # As a header's value.
    assert secret["Properties"]["GenerateSecretString"]["ExcludePunctuation"] is True


def test_the_page_is_cached_compressed_and_redirected_to(distribution: Distribution) -> None:
    page = distribution()["DefaultCacheBehavior"]
    assert page["CachePolicyId"] == "658327ea-f89d-4fab-a63d-7e88639e58f6"  # CachingOptimized
    assert page["ViewerProtocolPolicy"] == "redirect-to-https"
    assert page["AllowedMethods"] == ["GET", "HEAD"]
    assert page["Compress"] is True
    assert page["ResponseHeadersPolicyId"] == {"Ref": "SecurityHeaders"}
    # Queries, cookies and headers are no business of the bucket's; a query could list it.
    assert "OriginRequestPolicyId" not in page


def test_refusals_arrive_as_they_were(distribution: Distribution) -> None:
    assert "CustomErrorResponses" not in distribution()


def test_nothing_logs_the_names_and_tickets_of_handshakes(distribution: Distribution) -> None:
    assert "Logging" not in distribution()


@pytest.mark.parametrize("domain", ["", "chat.example"])
def test_a_domain_name_brings_its_certificate(domain: str, distribution: Distribution) -> None:
    config = distribution(DomainName=domain, CertificateArn=CERTIFICATE if domain else "")
    if not domain:
        assert "Aliases" not in config
        assert config["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    else:
        assert config["Aliases"] == [domain]
        assert config["ViewerCertificate"] == {
            "AcmCertificateArn": CERTIFICATE,
            "SslSupportMethod": "sni-only",
            "MinimumProtocolVersion": "TLSv1.2_2021",
        }


@pytest.mark.parametrize(
    ("domain", "zone", "made"), [("", "", False), ("chat.example", "", False), ("chat.example", "Z1", True)]
)
def test_records_are_made_where_there_is_a_zone(
    domain: str, zone: str, made: bool, site: dict[str, Any]
) -> None:
    given = GIVEN | {"DomainName": domain, "HostedZoneId": zone}
    for name, kind in (("AddressV4", "A"), ("AddressV6", "AAAA")):
        record = site["Resources"][name]
        assert record["Properties"]["Type"] == kind
        assert record["Properties"]["AliasTarget"]["DNSName"] == {
            "Fn::GetAtt": ["Distribution", "DomainName"]
        }
        assert evaluated(site, {"Fn::If": [record["Condition"], True, False]}, given) is made


def test_the_host_is_the_domain_name_or_cloudfronts(site: dict[str, Any]) -> None:
    host = site["Outputs"]["Host"]["Value"]
    assert evaluated(site, host, GIVEN) == {"Fn::GetAtt": ["Distribution", "DomainName"]}
    assert evaluated(site, host, GIVEN | {"DomainName": "chat.example"}) == "chat.example"


def test_a_web_acl_is_attached_if_there_is_one(distribution: Distribution) -> None:
    assert "WebACLId" not in distribution()
    assert distribution(WebAclArn=WEB_ACL)["WebACLId"] == WEB_ACL


def test_a_backend_answers_below_its_path(distribution: Distribution) -> None:
    config = distribution(BackendHost="backend.example.org")
    *_, backend = config["CacheBehaviors"]
    assert (backend["PathPattern"], backend["TargetOriginId"]) == ("/backend/*", "backend")
    assert "POST" in backend["AllowedMethods"]
    assert backend["ViewerProtocolPolicy"] == "https-only"
    # Answers to one person must not be kept for another.
    assert backend["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"  # CachingDisabled
    assert backend["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    [origin] = [item for item in config["Origins"] if item["Id"] == "backend"]
    assert origin["DomainName"] == "backend.example.org"
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert "OriginCustomHeaders" not in origin  # the API's key is none of its business
