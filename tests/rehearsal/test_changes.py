"""What another deployment changes: nothing, where nothing is another one; the functions of a parameter that is;
and what takes a stack away.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import ROOT

from .cloud import Cloud, Deployed
from .conftest import Deployments
from .sam import SamError

DOMAIN = "chat.example.org"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0f0e0d0c-1111-2222-3333-444455556666"
ORIGINS = "https://one.example.org,https://two.example.org:8443"
WEB_ACL = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/parley/0f0e0d0c-1111-2222-3333-444455556666"

COUNTING = ("DefaultFunction", "PollFunction", "SayFunction")
"""The functions that MessageRate is for, which is what is changed."""

RETAINED = {"role full-GatewayLogRole"}
"""What is kept on purpose when a stack goes: other APIs of the account may have come to use it."""


@pytest.fixture(scope="session")
def again(built: Deployments, deployed: Deployed) -> Deployed:
    """The first stack, deployed once more as it is."""
    return built.deploy()


def test_a_second_deployment_changes_nothing(again: Deployed, deployed: Deployed) -> None:
    assert "No changes to deploy. Stack parley is up to date" in again.said
    assert again.stacks == deployed.stacks
    assert again.outputs == deployed.outputs


@dataclass(frozen=True)
class Life:
    """A stack with everything on: as it was made, as it was after a change, once more as it was, and without its name;
    and what was there before and after.
    """

    made: Deployed
    changed: Deployed
    kept: Deployed
    nameless: Deployed
    parameters: dict[str, dict[str, str]]
    """Those of `made`, `changed`, `kept` and `nameless`, as the stack has them."""
    versions: dict[str, dict[str, dict[str, Any]]]
    """`made` and `changed`: each function's version behind its alias."""
    census: dict[str, set[str]]
    """`before`, `made` and `deleted`."""
    records: list[dict[str, Any]]
    distribution: dict[str, Any]
    secrets: dict[str, str]
    published: dict[str, bytes]
    """What was in the site's bucket, by key."""


def behind_aliases(stack: Deployed) -> dict[str, dict[str, Any]]:
    """The version that each function's alias is on."""
    return {
        name: stack.function(name, stack.alias(name)["FunctionVersion"])
        for name in stack.of_type("AWS::Lambda::Function")
    }


@pytest.fixture(scope="session")
def life(built: Deployments, cloud: Cloud, again: Deployed) -> Life:
    """Everything that a stack goes through, from beginning to end."""
    zone = cloud("route53").create_hosted_zone(Name="example.org", CallerReference="rehearsal")
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    parameters = {
        "AccessMode": "ticket",
        "RawAddress": "closed",
        "DomainName": DOMAIN,
        "CertificateArn": CERTIFICATE,
        "HostedZoneId": zone_id,
        "BackendHost": "backend.example.org",
        "WebAclArn": WEB_ACL,
        "AlarmEmail": "operator@example.org",
        "MonthlyBudget": "20",
        "ReservedConcurrency": "10",
        "PollConcurrency": "50",
        "AllowedOrigins": ORIGINS,
    }
    census = {"before": cloud.census()}
    made = built.deploy("full", parameters)
    census["made"] = cloud.census()
    versions = {"made": behind_aliases(made)}
    records = cloud("route53").list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    distribution = cloud("cloudfront").get_distribution(Id=made.outputs["DistributionId"])["Distribution"]
    secrets = {
        name: cloud("secretsmanager").get_secret_value(SecretId=made.id(name))["SecretString"]
        for name in made.of_type("AWS::SecretsManager::Secret")
    }
    built.run("infra.publish", "--stack", "full")
    published = cloud.objects(made.outputs["SiteBucket"])
    had = {"made": parameters_of(cloud)}
    changed = built.deploy("full", {"MessageRate": "7"})
    had["changed"] = parameters_of(cloud)
    versions["changed"] = behind_aliases(changed)
    kept = built.deploy("full")
    had["kept"] = parameters_of(cloud)
    nameless = built.deploy("full", {"DomainName": '""', "HostedZoneId": '""'})
    had["nameless"] = parameters_of(cloud)
    built.run("infra.teardown", "--stack", "full", "--yes")  # empties the bucket, and runs `sam delete`
    census["deleted"] = cloud.census()
    config = distribution["DistributionConfig"]
    return Life(made, changed, kept, nameless, had, versions, census, records, config, secrets, published)


def parameters_of(cloud: Cloud) -> dict[str, str]:
    """What the parameters of that stack are now."""
    [stack] = cloud("cloudformation").describe_stacks(StackName="full")["Stacks"]
    return {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]}


def test_a_parameter_that_is_not_named_keeps_its_value(life: Life) -> None:
    """Nobody opens a chat again by deploying it."""
    made = life.parameters["made"]
    assert (made["AccessMode"], made["RawAddress"], made["DomainName"]) == ("ticket", "closed", DOMAIN)
    assert life.parameters["changed"] == {**made, "MessageRate": "7"}
    assert life.parameters["kept"] == life.parameters["changed"]
    assert "No changes to deploy. Stack full is up to date" in life.kept.said


def test_two_quotes_make_a_parameter_empty(life: Life) -> None:
    assert life.parameters["nameless"] == {**life.parameters["kept"], "DomainName": "", "HostedZoneId": ""}
    assert life.nameless.outputs["SiteUrl"] == f"https://{life.nameless.outputs['DistributionHost']}/"
    assert life.nameless.nested("Site").keys() == life.made.nested("Site").keys() - {"AddressV4", "AddressV6"}


def test_cloudfront_shows_the_apis_and_nobody_else_the_generated_key(life: Life) -> None:
    shown = {item["Id"]: item["CustomHeaders"].get("Items") for item in life.distribution["Origins"]["Items"]}
    key = {"HeaderName": "x-origin-key", "HeaderValue": life.secrets["EdgeKey"]}
    assert {item for item, headers in shown.items() if headers} == {"sockets", "polls"}
    assert shown["sockets"] == shown["polls"] == [key]


def test_a_backend_answers_below_its_path(life: Life) -> None:
    behaviours = life.distribution["CacheBehaviors"]["Items"]
    assert {item["PathPattern"]: item["TargetOriginId"] for item in behaviours} == {
        "/ws/*": "sockets",
        "/api/*": "polls",
        "/backend/*": "backend",
    }
    hosts = {item["Id"]: item["DomainName"] for item in life.distribution["Origins"]["Items"]}
    assert hosts["backend"] == "backend.example.org"


def test_pages_of_allowed_origins_may_read_answers(life: Life) -> None:
    # moto answers with the names of the document, which botocore does not know; its resolved definition has them.
    document = life.made.resources["PollApi"]["properties"]["Body"]
    cors = document["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == ORIGINS.split(",")
    assert {"GET", "POST", "DELETE"} == set(cors["allowMethods"])
    assert {"authorization", "content-type"} == {header.lower() for header in cors["allowHeaders"]}
    assert not cors.get("allowCredentials")


def test_secrets_are_long_and_their_own(life: Life) -> None:
    assert life.secrets.keys() == {"EdgeKey", "TicketSecret"}
    assert [len(secret) for secret in life.secrets.values()] == [64, 64]
    assert len(set(life.secrets.values())) == 2


def test_the_authorizer_is_told_which_secrets_and_may_read_them(life: Life) -> None:
    variables = life.versions["made"]["AdmitFunction"]["Environment"]["Variables"]
    assert variables["ACCESS_MODE"] == "ticket"
    arns = {life.made.id(name) for name in life.secrets}
    assert {variables["TICKET_SECRET"], variables["EDGE_KEY"]} == arns
    [policy] = life.made.resources["AdmitRole"]["properties"]["Policies"]
    readable = {
        statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "secretsmanager:GetSecretValue"
    }
    assert readable == arns


def test_the_page_is_published(life: Life) -> None:
    ours = {
        path.relative_to(ROOT / "site").as_posix(): path.read_bytes()
        for path in (ROOT / "site").rglob("*")
        if path.suffix in (".html", ".js", ".css")
    }
    assert ours.items() <= life.published.items()


def test_the_distribution_has_the_domain_and_the_web_acl(life: Life) -> None:
    config = life.made.nested("Site")["Distribution"]["properties"]["DistributionConfig"]
    assert config["Aliases"] == [DOMAIN]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == CERTIFICATE
    assert config["WebACLId"] == WEB_ACL
    assert life.made.outputs["SiteUrl"] == f"https://{DOMAIN}/"


def test_the_domain_leads_to_the_distribution(life: Life) -> None:
    aliases = {
        item["Type"]: item["AliasTarget"]["DNSName"].removesuffix(".")
        for item in life.records
        if item["Name"] == f"{DOMAIN}."
    }
    assert aliases == dict.fromkeys(("A", "AAAA"), life.made.outputs["DistributionHost"])


@pytest.mark.parametrize("name", COUNTING)
def test_a_changed_parameter_reaches_the_function_and_its_alias(name: str, life: Life) -> None:
    before, after = (life.versions[when][name] for when in ("made", "changed"))
    assert before["Environment"]["Variables"]["MESSAGE_RATE"] == "5"
    assert after["Environment"]["Variables"]["MESSAGE_RATE"] == "7"
    assert int(after["Version"]) == int(before["Version"]) + 1


def test_a_changed_parameter_leaves_the_other_functions_alone(life: Life) -> None:
    versions = {
        when: {name: version["Version"] for name, version in found.items() if name not in COUNTING}
        for when, found in life.versions.items()
    }
    assert versions["made"] == versions["changed"]


@pytest.mark.parametrize(
    ("name", "reserved"),
    [
        *((name, 10) for name in ("Admit", "Connect", "Default", "Enter", "Say")),
        ("Poll", 50),
        *((name, None) for name in ("Disconnect", "Announce", "Deliver", "PutOut")),
    ],
)
def test_strangers_get_so_many_functions_at_once(name: str, reserved: int | None, life: Life) -> None:
    # moto forgets it with the function, which is gone by now; its resolved definition has it.
    properties = life.made.resources[f"{name}Function"]["properties"]
    assert properties.get("ReservedConcurrentExecutions") in (reserved, str(reserved))


def test_a_changed_parameter_changes_nothing_else(life: Life) -> None:
    def others(stack: Deployed) -> dict[str, Any]:
        return {
            name: item
            for name, item in stack.resources.items()
            if not name.startswith(COUNTING) and item["type"] != "AWS::Lambda::Permission"
        }

    assert others(life.changed) == others(life.made)
    assert life.changed.nested("Site") == life.made.nested("Site")


def test_two_stacks_share_nothing(life: Life) -> None:
    assert life.census["made"] > life.census["before"]
    names = [{item["id"] for item in stack.values()} for stack in life.made.stacks.values()]
    counted = [name for stack in names for name in stack]
    shared = {name for name in counted if counted.count(name) > 1}
    assert shared <= {"live", "$default"}  # the stages' names


def test_delete_leaves_nothing_but_what_is_retained(life: Life) -> None:
    assert life.census["deleted"] == life.census["before"] | RETAINED


def test_what_makes_no_sense_is_refused(built: Deployments, deployed: Deployed) -> None:
    with pytest.raises(SamError, match="WebAclArn needs RawAddress=closed"):
        built.deploy("senseless", {"WebAclArn": WEB_ACL})
    assert "senseless" not in deployed.cloud.stacks()
