"""The site's stack in the main one: what it is given, who waits for it, and what parameters are taken."""

import re
from graphlib import TopologicalSorter
from typing import Any

import pytest

from .conftest import Transform, evaluated
from .site_parameters import CERTIFICATE, GIVEN, WEB_ACL


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
ISSUER = {"TicketIssuer": "https://login.example"}
ALARMS = {"AlarmEmail": "a@example.org"}


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
        (ISSUER | {"AccessMode": "ticket"}, []),
        (ISSUER, ["IssuerNeedsTickets"]),
        (ALARMS, []),
        (ALARMS | {"Watch": "off"}, ["AlarmsNeedWatch"]),
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
