"""The site's stack: one host for page and sockets, a bucket that only its distribution reads, headers on the page."""

import re
from collections.abc import Callable
from graphlib import TopologicalSorter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from local_dev.iam.conditions import holds
from local_dev.iam.policy import allows, statement

from .conftest import Transform, evaluated

Distribution = Callable[..., dict[str, Any]]

GIVEN = {
    "ApiId": "abc123",
    "PollApiId": "def456",
    "StageName": "live",
    "EdgeKeyArn": "",
    "DomainName": "",
    "CertificateArn": "",
    "HostedZoneId": "",
    "BackendHost": "",
    "WebAclArn": "",
}

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/chat/1"


@pytest.fixture(scope="module")
def distribution(site: dict[str, Any]) -> Distribution:
    """The distribution's configuration with these parameters."""

    def made(**parameters: str) -> dict[str, Any]:
        properties = site["Resources"]["Distribution"]["Properties"]
        result: dict[str, Any] = evaluated(site, properties["DistributionConfig"], GIVEN | parameters)
        return result

    return made


# --------------------------------------------------------------------------------------- the distribution


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


# --------------------------------------------------------------------------------------- the bucket


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


# --------------------------------------------------------------------------------------- the headers


@pytest.fixture(scope="module")
def headers(site: dict[str, Any]) -> dict[str, Any]:
    config = site["Resources"]["SecurityHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    result: dict[str, Any] = config["SecurityHeadersConfig"] | {
        item["Header"]: item for item in config["CustomHeadersConfig"]["Items"]
    }
    return result


def directives(policy: str) -> dict[str, str]:
    """A content security policy by directive."""
    pairs = [part.strip().partition(" ") for part in policy.split(";")]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: value for name, _, value in pairs}


def test_the_content_security_policy_is_strict(headers: dict[str, Any]) -> None:
    policy = directives(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    for name in ("default-src", "base-uri", "form-action", "frame-ancestors"):
        assert policy.pop(name) == "'none'"
    # The one policy is for the service worker's address, which is a constant.
    assert (policy.pop("require-trusted-types-for"), policy.pop("trusted-types")) == ("'script'", "worker")
    assert policy.keys() == {
        f"{kind}-src" for kind in ("script", "style", "img", "connect", "worker", "manifest")
    }
    # Not a host by its name, and nothing inline.
    assert set(policy.values()) == {"'self'"}


def test_the_page_says_the_same_policy(headers: dict[str, Any], page: "Markup") -> None:
    """For wherever else it is served. Browsers do not take frame-ancestors from there."""
    header = directives(headers["ContentSecurityPolicy"]["ContentSecurityPolicy"])
    del header["frame-ancestors"]
    [meta] = page.policies
    assert directives(meta) == header


def test_the_other_headers(headers: dict[str, Any]) -> None:
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 365 * 24 * 3600
    assert headers["StrictTransportSecurity"]["IncludeSubdomains"] is False
    assert "ContentTypeOptions" in headers
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert re.fullmatch(r"(\w+(-\w+)*=\(\)(, )?)+", headers["Permissions-Policy"]["Value"])
    assert headers["Cross-Origin-Opener-Policy"]["Value"] == "same-origin"
    assert all(item["Override"] is True for item in headers.values())


class Markup(HTMLParser):
    """What a content security policy has a say in, in a page's markup."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.policies: list[str] = []
        self.inline: list[str] = []
        self.addresses: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("http-equiv", "").lower() == "content-security-policy":
            self.policies.append(given["content"])
        self.inline += [
            f"{tag} {name}" for name in given if name.startswith("on") or name in ("style", "srcdoc")
        ]
        self.addresses += [
            given[name] for name in ("src", "href", "action", "data", "poster") if name in given
        ]
        self._within = tag

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within in ("script", "style") and data.strip():
            self.inline.append(f"{self._within}: {data.strip()[:40]}")


@pytest.fixture(scope="module")
def page(root: Path) -> Markup:
    return Markup((root / "site" / "index.html").read_text(encoding="utf-8"))


def test_the_reading_of_markup_finds_what_is_inline() -> None:
    bad = Markup('<p style="x" onclick="y"><script>a</script><style>b</style><img src="//c/d">')
    assert bad.inline == ["p style", "p onclick", "script: a", "style: b"]
    assert bad.addresses == ["//c/d"]


def test_nothing_in_the_page_is_inline_or_from_elsewhere(page: Markup) -> None:
    assert page.inline == []
    assert page.addresses
    for address in page.addresses:
        assert not re.match(r"[a-z]+:|//", address, re.IGNORECASE), address


def test_no_script_and_no_style_asks_for_more_than_the_policy_grants(root: Path) -> None:
    scripts = sorted((root / "site").rglob("*.js"))
    assert scripts
    for path in scripts:
        code = path.read_text(encoding="utf-8")
        for pattern in (
            r"\beval\(",
            r"\bFunction\(",
            r"\.(inner|outer)HTML\b",
            r"insertAdjacentHTML",
            r"document\.write",
            r"setAttribute\(\s*[\"'](style|on\w+)",
            r"\bstyle:(?! \"(narrow|short|long)\")",  # the one of Intl has no other names
            r"import\(\s*[\"'](https?:)?//",
            r"from\s+[\"'](https?:)?//",
        ):
            assert not re.search(pattern, code), f"{path}: {pattern}"
    for path in (root / "site").rglob("*.css"):
        assert not re.search(r"@import|url\(", path.read_text(encoding="utf-8")), path
    for path in (root / "site").rglob("*.svg"):
        drawing = Markup(path.read_text(encoding="utf-8"))
        assert (drawing.inline, drawing.addresses) == ([], []), path


# --------------------------------------------------------------------------------------- in the main stack


def test_the_site_is_given_what_it_asks_for(template: dict[str, Any], site: dict[str, Any]) -> None:
    properties = template["Resources"]["Site"]["Properties"]
    assert properties["TemplateURL"] == "infra/site.yaml"
    assert properties["Parameters"].keys() == site["Parameters"].keys() == GIVEN.keys()
    used = set(re.findall(r"Site\.Outputs\.(\w+)", str(template["Outputs"])))
    used |= {
        item["Value"]["Fn::GetAtt"][1].removeprefix("Outputs.")
        for item in template["Outputs"].values()
        if isinstance(item["Value"], dict) and item["Value"].get("Fn::GetAtt", [""])[0] == "Site"
    }
    assert {"Host", "BucketName", "DistributionId"} <= used <= site["Outputs"].keys()


def test_no_transform_is_nested(site: dict[str, Any]) -> None:
    """So that CAPABILITY_IAM is enough."""
    assert "Transform" not in site
    assert "Fn::Transform" not in str(site)


def test_resources_do_not_wait_for_each_other_in_a_circle(resources: dict[str, Any]) -> None:
    """The functions of the WebSocket API may know the site's host, as the site knows that API only, which knows no
    function. The HTTP API knows its own: its document names them.
    """
    graph = {name: references(item) & resources.keys() for name, item in resources.items()}
    order = list(TopologicalSorter(graph).static_order())
    assert order.index("ChatApi") < order.index("Site")
    before_site, waiting = {"Site"}, ["Site"]
    while waiting:
        new = graph[waiting.pop()] - before_site
        before_site |= new
        waiting += new
    first = {name for name in before_site if resources[name]["Type"] == "AWS::Lambda::Function"}
    assert first == {"EnterFunction", "PollFunction", "SayFunction"}


def test_the_key_is_asked_for_when_the_edges_send_it(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    """A distribution takes minutes to change and a function seconds: the order decides who is refused meanwhile."""
    waiting = resources["AdmitFunction"]["Metadata"]
    assert "Site" not in references(resources["AdmitFunction"]["Properties"])
    assert references(evaluated(template, waiting, {"RawAddress": "closed"})) == {"Site"}
    assert references(evaluated(template, waiting, {"RawAddress": "open"})) == set()


def references(node: Any) -> set[str]:
    """Names of resources that a part of a template refers to."""
    if isinstance(node, list):
        return {name for item in node for name in references(item)}
    if not isinstance(node, dict):
        return set()
    found: set[str] = set()
    for key, item in node.items():
        if key in ("Ref", "DependsOn"):
            found |= set(item if isinstance(item, list) else [item])
        elif key == "Fn::GetAtt":
            found.add(item[0] if isinstance(item, list) else item.split(".")[0])
        elif key == "Fn::Sub":
            text = item if isinstance(item, str) else item[0]
            found |= {name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", text)}
            found |= references(item)
        else:
            found |= references(item)
    return found


ZONE = {"HostedZoneId": "Z1"}
NAME = {"DomainName": "chat.example"}
SIGNED = {"CertificateArn": CERTIFICATE}


@pytest.mark.parametrize(
    ("parameters", "broken"),
    [
        ({}, []),
        ({"RawAddress": "closed"}, []),
        (NAME | SIGNED, []),
        (NAME | SIGNED | ZONE, []),
        ({"WebAclArn": WEB_ACL, "RawAddress": "closed"}, []),
        ({"WebAclArn": WEB_ACL}, ["WebAclStandsInTheOnlyWay"]),
        (NAME, ["DomainNameNeedsCertificate"]),
        (ZONE, ["HostedZoneNeedsDomainName"]),
    ],
)
def test_what_does_not_go_together_is_refused(
    parameters: dict[str, str], broken: list[str], template: dict[str, Any]
) -> None:
    found = [
        name
        for name, rule in template["Rules"].items()
        if evaluated(template, rule["RuleCondition"], parameters)
        and not all(evaluated(template, item["Assert"], parameters) for item in rule["Assertions"])
    ]
    assert found == broken


def test_the_rules_outlast_the_transform(transform: Transform, template: dict[str, Any]) -> None:
    assert transform()["Rules"] == template["Rules"]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (
            "DomainName",
            ["", "chat.example.org", "xn--mgb.example", "a.co"],
            ["chat", "Chat.example", "https://x.y", "a..b", "x.y/", "*.x.y", "-a.example"],
        ),
        ("CertificateArn", ["", CERTIFICATE], [CERTIFICATE.replace("us-east-1", "eu-central-1"), "x"]),
        ("HostedZoneId", ["", "Z2FDTNDATAQYW2"], ["/hostedzone/Z2", "example.org"]),
        ("BackendHost", ["", "backend.example.org"], ["backend", "https://backend.example.org", "a.b/c"]),
        ("WebAclArn", ["", WEB_ACL], [WEB_ACL.replace("global", "regional"), "x"]),
    ],
)
def test_what_a_parameter_takes(
    parameter: str, good: list[str], bad: list[str], template: dict[str, Any]
) -> None:
    pattern = template["Parameters"][parameter]["AllowedPattern"]
    assert [text for text in good + bad if re.fullmatch(pattern, text)] == good
    # Whether or not the pattern has to match the whole value.
    assert [text for text in good + bad if re.search(pattern, text)] == good
