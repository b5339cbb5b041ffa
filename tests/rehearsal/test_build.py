"""The template is valid, and what is built is all that is to be deployed; nothing of it is a hollow shell."""

import json
from typing import Any

import pytest
from cfnlint.decode import decode  # type: ignore[import-untyped]

from tests.conftest import ROOT

from .cloud import Deployed
from .conftest import Deployments
from .requests import transformed
from .sam import Sam

LEFT_OUT = {"EdgeKey", "TicketSecret"}
"""What a deployment without parameters leaves out, since its condition is false."""

OFF = {"OwnTickets", "RawAddressClosed"}
"""The conditions that are false then."""

NESTED_LEFT_OUT = {"Site": {"AddressV4", "AddressV6"}, "Eyes": {"AlarmsEmail", "Budget"}}


def test_template_is_valid(sam: Sam) -> None:
    assert "is a valid SAM Template" in sam("validate", "--lint", folder=ROOT)


def test_every_function_is_built_with_what_it_requires(built: Deployments, template: dict[str, Any]) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            folder = built.template.parent / name
            assert (folder / f"{resource['Properties']['Handler'].split('.')[0]}.py").is_file()
            assert (folder / "chat" / "start.py").is_file()
            assert (folder / "aws_lambda_powertools").is_dir()


def test_compiled_packages_are_for_lambda(built: Deployments) -> None:
    libraries = [path for path in built.template.parent.rglob("*.so") if "cpython" in path.name]
    assert libraries
    assert {path.name.split(".")[1] for path in libraries} == {"cpython-313-aarch64-linux-gnu"}


def _read(path: Any) -> dict[str, Any]:
    content, errors = decode(str(path))
    assert not errors
    parsed: dict[str, Any] = json.loads(json.dumps(content))
    return parsed


def test_every_resource_of_the_transform_is_there(built: Deployments, deployed: Deployed) -> None:
    """moto reports success for a stack of nothing: so the list is compared with what the transform makes."""
    built_template = _read(built.template)
    for resource in built_template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # The part of an address that the transform makes no use of.
            resource["Properties"]["CodeUri"] = "s3://bucket/code"
    made = json.loads(transformed(json.dumps(built_template), {}))["Resources"]
    # A version's logical id has a hash of the code's address in it.
    expected = sorted(item["Type"] for name, item in made.items() if name not in LEFT_OUT)
    found = deployed.cloud("cloudformation").list_stack_resources(StackName=deployed.name)
    summaries = found["StackResourceSummaries"]
    assert sorted(item["ResourceType"] for item in summaries) == expected
    assert {item["LogicalResourceId"] for item in summaries} >= {
        name for name, item in made.items() if name not in LEFT_OUT and item["Type"] != "AWS::Lambda::Version"
    }
    assert all(item["PhysicalResourceId"] for item in summaries)


def test_every_resource_of_the_nested_stacks_is_there(deployed: Deployed, template: dict[str, Any]) -> None:
    stacks = deployed.of_type("AWS::CloudFormation::Stack")
    assert (
        stacks.keys()
        == {
            name
            for name, item in template["Resources"].items()
            if item["Type"] == "AWS::CloudFormation::Stack"
        }
        - LEFT_OUT
    )
    for name in stacks:
        declared = _read(ROOT / template["Resources"][name]["Properties"]["TemplateURL"])["Resources"]
        assert deployed.nested(name).keys() == declared.keys() - NESTED_LEFT_OUT.get(name, set())


def test_every_value_is_resolved(deployed: Deployed) -> None:
    """Nothing that only CloudFormation understands is left in any property, but for the edge function's code."""
    for stack in deployed.stacks.values():
        for name, resource in stack.items():
            properties = {key: item for key, item in resource["properties"].items() if key != "FunctionCode"}
            assert not [mark for mark in ("Fn::", '"Ref"', "${") if mark in json.dumps(properties)], name


@pytest.mark.parametrize("address", ["WebSocketUrl", "SiteUrl"])
def test_addresses_are_told(address: str, deployed: Deployed) -> None:
    assert deployed.outputs[address] in deployed.said.replace("\n", "")


def test_outputs_name_what_is_there(deployed: Deployed, template: dict[str, Any]) -> None:
    outputs, cloud = deployed.outputs, deployed.cloud
    assert outputs.keys() == {
        name for name, item in template["Outputs"].items() if item.get("Condition") not in OFF
    }
    apis = {item["ProtocolType"]: item for item in cloud("apigatewayv2").get_apis()["Items"]}
    endpoint = apis["WEBSOCKET"]["ApiEndpoint"]
    stage = template["Parameters"]["StageName"]["Default"]
    assert outputs["WebSocketUrl"] == f"{endpoint}/{stage}".replace("https", "wss")
    assert outputs["ManagementEndpoint"] == f"{endpoint}/{stage}".replace("wss", "https")
    assert outputs["PollUrl"] == f"{apis['HTTP']['ApiEndpoint']}/api"
    distribution = cloud("cloudfront").get_distribution(Id=outputs["DistributionId"])["Distribution"]
    assert outputs["SiteUrl"] == f"https://{distribution['DomainName']}/"
    assert outputs["DistributionHost"] == distribution["DomainName"]
    assert outputs["SiteBucket"] in [bucket["Name"] for bucket in cloud("s3").list_buckets()["Buckets"]]
    tables = cloud("dynamodb").list_tables()["TableNames"]
    assert {outputs["MembershipsTable"], outputs["RoomLogTable"]} <= set(tables)
    queues = cloud("sqs").list_queues()["QueueUrls"]
    assert {outputs["AnnounceFailuresQueue"], outputs["SliceFailuresQueue"]} <= set(queues)
