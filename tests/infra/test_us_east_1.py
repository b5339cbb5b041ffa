"""The stack for us-east-1: both things in it are optional, and the web ACL lets handshakes and messages be."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from .conftest import evaluated


def made(us_east_1: dict[str, Any], **parameters: str) -> set[str]:
    """The resources that there are with these parameters."""
    return {
        name
        for name, item in us_east_1["Resources"].items()
        if evaluated(us_east_1, {"Fn::If": [item["Condition"], True, False]}, parameters)
    }


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, set()),
        ({"DomainName": "chat.example"}, {"Certificate"}),
        ({"WebAcl": "on"}, {"Firewall"}),
        ({"DomainName": "chat.example", "WebAcl": "on"}, {"Certificate", "Firewall"}),
    ],
)
def test_only_what_is_asked_for(
    parameters: dict[str, str], expected: set[str], us_east_1: dict[str, Any]
) -> None:
    assert made(us_east_1, **parameters) == expected
    outputs = us_east_1["Outputs"]
    assert {name: item["Condition"] for name, item in outputs.items()} == {
        "CertificateArn": "HasCertificate",
        "WebAclArn": "HasWebAcl",
    }


def test_the_certificate_is_proved_in_the_zone_if_there_is_one(us_east_1: dict[str, Any]) -> None:
    properties = us_east_1["Resources"]["Certificate"]["Properties"]
    assert properties["ValidationMethod"] == "DNS"
    without = evaluated(us_east_1, properties, {"DomainName": "chat.example"})
    assert "DomainValidationOptions" not in without
    given = evaluated(us_east_1, properties, {"DomainName": "chat.example", "HostedZoneId": "Z1"})
    assert given["DomainValidationOptions"] == [{"DomainName": "chat.example", "HostedZoneId": "Z1"}]


@pytest.fixture(scope="module")
def rules(us_east_1: dict[str, Any]) -> dict[str, Any]:
    acl = us_east_1["Resources"]["Firewall"]["Properties"]
    assert acl["Scope"] == "CLOUDFRONT"
    assert acl["DefaultAction"] == {"Allow": {}}
    assert sorted(rule["Priority"] for rule in acl["Rules"]) == list(range(len(acl["Rules"])))
    return {rule["Name"]: rule for rule in acl["Rules"]}


def test_the_rules(rules: dict[str, Any]) -> None:
    limits = {
        name: rule["Statement"]["RateBasedStatement"]["Limit"]
        for name, rule in rules.items()
        if "RateBasedStatement" in rule["Statement"]
    }
    assert limits == {
        "handshakes": {"Ref": "HandshakesPerAddress"},
        "requests": {"Ref": "RequestsPerAddress"},
    }
    groups = {
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]
        for rule in rules.values()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert groups == {
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesAmazonIpReputationList",
    }


def matches(statement: dict[str, Any], method: str, path: str) -> bool:
    """Whether a statement holds for a request; of what there is
    (https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html), what is used here.
    """
    [(kind, rule)] = statement.items()
    match kind:
        case "OrStatement":
            return any(matches(each, method, path) for each in rule["Statements"])
        case "AndStatement":
            return all(matches(each, method, path) for each in rule["Statements"])
        case "NotStatement":
            return not matches(rule["Statement"], method, path)
    value = method if "Method" in rule["FieldToMatch"] else path
    [transformation] = rule["TextTransformations"]
    if transformation["Type"] == "URL_DECODE":
        value = unquote(value)
    if kind == "RegexMatchStatement":
        return re.search(rule["RegexString"], value) is not None
    starts = rule["PositionalConstraint"] == "STARTS_WITH"
    return value.startswith(rule["SearchString"]) if starts else value == rule["SearchString"]


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("GET", "/ws/general/Ada", True),
        ("POST", "/api/rooms/general/members/Ada", True),
        ("POST", "/api/rooms/general/members", True),
        ("POST", "/api/members", True),
        ("POST", "/%61pi/members", True),
        ("POST", "/api/rooms/general/members/messages", True),
        ("POST", "/api/rooms/general/members/x%2Fmessages", True),
        ("POST", "/api/rooms/a%2Fb/messages", False),
        ("POST", "/api/messages", False),
        ("GET", "/api/rooms/general/events", False),
        ("GET", "/api/rooms/general/members", False),
        ("DELETE", "/api/rooms/general/members", False),
        ("GET", "/", False),
        ("POST", "/backend/login", False),
    ],
)
def test_entering_counts_whichever_way_it_is_done(
    method: str, path: str, counts: bool, rules: dict[str, Any]
) -> None:
    scope = rules["handshakes"]["Statement"]["RateBasedStatement"]["ScopeDownStatement"]
    assert matches(scope, method, path) is counts


@pytest.mark.parametrize(
    ("path", "passed_over"),
    [
        ("/ws/<b>/..%2Fx.exe", {"common"}),
        ("/api/rooms/x/messages", {"common", "known-bad-inputs"}),
        ("/", set()),
        ("/backend/ticket", set()),
    ],
)
def test_rules_about_texts_and_user_agents_pass_over_names_tickets_and_messages(
    path: str, passed_over: set[str], rules: dict[str, Any]
) -> None:
    """A name may look like a file or like markup, a message like an attack, a ticket is longer than they allow, and not
    all clients say who they are.
    """
    groups = {
        name: rule["Statement"]["ManagedRuleGroupStatement"]
        for name, rule in rules.items()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    assert passed_over == {
        name
        for name, group in groups.items()
        if "ScopeDownStatement" in group and not matches(group["ScopeDownStatement"], "POST", path)
    }


def test_no_sample_and_no_log_shows_a_ticket(rules: dict[str, Any], us_east_1: dict[str, Any]) -> None:
    acl = us_east_1["Resources"]["Firewall"]["Properties"]
    for item in (acl, *rules.values()):
        assert item["VisibilityConfig"]["SampledRequestsEnabled"] is False
    kinds = {item["Type"] for item in us_east_1["Resources"].values()}
    assert "AWS::WAFv2::LoggingConfiguration" not in kinds
    hidden = [item["Field"] for item in acl["DataProtectionConfig"]["DataProtections"]]
    assert hidden == [
        {"FieldType": "QUERY_STRING"},
        {"FieldType": "SINGLE_HEADER", "FieldKeys": ["sec-websocket-protocol"]},
        {"FieldType": "SINGLE_HEADER", "FieldKeys": ["authorization"]},
    ]


def test_its_outputs_are_parameters_of_the_main_stack(
    us_east_1: dict[str, Any], template: dict[str, Any]
) -> None:
    assert us_east_1["Outputs"].keys() <= template["Parameters"].keys()


def test_the_deploying_page_explains_each_rule(
    root: Path, rules: dict[str, Any], us_east_1: dict[str, Any]
) -> None:
    page = (root / "docs" / "deploying.md").read_text(encoding="utf-8")
    section = page.split("## A web application firewall")[1].split("\n## ")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE) == list(rules)
    for name in ("HandshakesPerAddress", "RequestsPerAddress"):
        assert f"`{name}` ({us_east_1['Parameters'][name]['Default']:,})" in section
    assert "| a web ACL | 5, and 1 for each of its five rules" in page
    assert len(rules) == 5
