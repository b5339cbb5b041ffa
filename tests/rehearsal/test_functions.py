"""Every function as Lambda has it: code, settings, environment, role, alias, logs, and what invokes it."""

import json
import re
from typing import Any

import pytest

from tests.conftest import ROOT

from .cloud import Deployed

NAMES = re.findall(
    r"^  (\w+):\n    Type: AWS::Serverless::Function", (ROOT / "template.yaml").read_text(), re.MULTILINE
)

each_function = pytest.mark.parametrize("name", NAMES)


def test_functions_are_found() -> None:
    assert {"AdmitFunction", "ConnectFunction", "DefaultFunction"} <= set(NAMES)


def declared(name: str, template: dict[str, Any]) -> dict[str, Any]:
    """The function's properties in the template, with those that all have."""
    properties: dict[str, Any] = {
        **template["Globals"]["Function"],
        **template["Resources"][name]["Properties"],
    }
    return properties


@each_function
def test_settings(name: str, deployed: Deployed, template: dict[str, Any]) -> None:
    wanted, found = declared(name, template), deployed.function(name)
    for key in ("Handler", "Runtime", "Architectures", "Timeout", "MemorySize", "Description"):
        assert found[key] == wanted[key], key
    assert found["CodeSize"] > 100_000


@each_function
def test_environment_is_resolved_to_what_is_there(
    name: str, deployed: Deployed, template: dict[str, Any]
) -> None:
    wanted = {
        **template["Globals"]["Function"]["Environment"]["Variables"],
        **template["Resources"][name]["Properties"].get("Environment", {}).get("Variables", {}),
    }
    variables = deployed.function(name)["Environment"]["Variables"]
    assert variables.keys() == wanted.keys()
    for key, value in variables.items():
        if key.endswith("_TABLE"):
            deployed.cloud("dynamodb").describe_table(TableName=value)
        elif key.endswith("_QUEUE"):
            deployed.cloud("sqs").get_queue_attributes(QueueUrl=value)
        elif key == "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI":
            assert value == deployed.outputs["ManagementEndpoint"]
    for key, parameter in wanted.items():
        if isinstance(parameter, dict) and parameter.get("Ref") in template["Parameters"]:
            assert variables[key] == str(template["Parameters"][parameter["Ref"]]["Default"]), key


@each_function
def test_alias_is_on_a_version_that_is_the_function(name: str, deployed: Deployed) -> None:
    alias = deployed.alias(name)
    assert alias["FunctionVersion"].isdecimal()
    version, latest = deployed.function(name, alias["FunctionVersion"]), deployed.function(name)
    for key in ("Handler", "Environment", "CodeSha256", "Role", "Timeout", "MemorySize"):
        assert version.get(key) == latest.get(key), key


@each_function
def test_role_reaches_what_is_there(name: str, deployed: Deployed) -> None:
    """Each resource that the role's policy names exists; a wrong reference would be found on first use only."""
    role = deployed.function(name)["Role"].rpartition("/")[2]
    trusted = deployed.cloud("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert [item["Principal"] for item in trusted["Statement"]] == [{"Service": "lambda.amazonaws.com"}]
    assert deployed.cloud("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    [policy] = deployed.cloud("iam").list_role_policies(RoleName=role)["PolicyNames"]
    document = deployed.cloud("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    known = arns(deployed)
    for statement in document["Statement"]:
        resources = statement["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            assert any(
                resource == arn or (resource.startswith(arn) and resource[len(arn)] in ":/") for arn in known
            ), f"{statement['Action']} on {resource}"


def arns(deployed: Deployed) -> set[str]:
    """What there is in the stack that a policy can name."""
    cloud = deployed.cloud
    account = cloud("sts").get_caller_identity()["Account"]
    tables = cloud("dynamodb").list_tables()["TableNames"]
    queues = cloud("sqs").list_queues()["QueueUrls"]
    groups = cloud("logs").describe_log_groups()["logGroups"]
    apis = cloud("apigatewayv2").get_apis()["Items"]
    return {
        *(cloud("dynamodb").describe_table(TableName=name)["Table"]["TableArn"] for name in tables),
        *(
            cloud("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
            for url in queues
        ),
        *(group["arn"] for group in groups),
        *(f"arn:aws:execute-api:{cloud.services.region}:{account}:{api['ApiId']}/live" for api in apis),
        *(secret["ARN"] for secret in cloud("secretsmanager").list_secrets()["SecretList"]),
    }


@each_function
def test_logs_are_kept_for_as_long_as_the_parameter_says(
    name: str, deployed: Deployed, template: dict[str, Any]
) -> None:
    # moto's Lambda drops where a function logs; its resolved definition has it.
    logging = deployed.resources[name]["properties"]["LoggingConfig"]
    assert logging["LogFormat"] == "JSON"
    group = logging["LogGroup"]
    [found] = deployed.cloud("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["logGroupName"] == group
    assert found["retentionInDays"] == template["Parameters"]["LogRetentionDays"]["Default"]


def mapping_of(name: str, deployed: Deployed) -> dict[str, Any]:
    """The one event source mapping of a function."""
    found = deployed.cloud("lambda").list_event_source_mappings()["EventSourceMappings"]
    mapping: dict[str, Any]
    [mapping] = [item for item in found if f":function:{deployed.id(name)}" in item["FunctionArn"]]
    return mapping


def test_changes_of_memberships_are_announced(deployed: Deployed) -> None:
    mapping = mapping_of("AnnounceFunction", deployed)
    table = deployed.cloud("dynamodb").describe_table(TableName=deployed.id("Memberships"))["Table"]
    assert mapping["EventSourceArn"] == table["LatestStreamArn"]
    assert mapping["BatchSize"] == 1000
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 5
    failures = deployed.cloud("sqs").get_queue_attributes(
        QueueUrl=deployed.id("AnnounceFailures"), AttributeNames=["QueueArn"]
    )
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == failures["Attributes"]["QueueArn"]
    patterns = [json.loads(item["Pattern"]) for item in mapping["FilterCriteria"]["Filters"]]
    assert [pattern["eventName"] for pattern in patterns] == [["INSERT"], ["REMOVE"]]


def test_slices_are_delivered(deployed: Deployed, template: dict[str, Any]) -> None:
    mapping = mapping_of("DeliverFunction", deployed)
    slices = deployed.cloud("sqs").get_queue_attributes(
        QueueUrl=deployed.id("Slices"), AttributeNames=["QueueArn"]
    )
    assert mapping["EventSourceArn"] == slices["Attributes"]["QueueArn"]
    assert mapping["BatchSize"] == 2
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    concurrency = template["Parameters"]["DeliverConcurrency"]["Default"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": concurrency}


def test_only_those_functions_are_invoked_by_something_else_than_the_api(deployed: Deployed) -> None:
    assert len(deployed.cloud("lambda").list_event_source_mappings()["EventSourceMappings"]) == 2
