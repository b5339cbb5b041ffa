"""Stacks come up in moto, what moto cannot make is named, and nothing that is not needed is imported."""

import json
import subprocess
import sys
from typing import Any

import boto3
import pytest

from local_dev.errors import DeployError, TemplateError
from local_dev.stack.cloud import CREDENTIALS, Cloud, spawn
from local_dev.stack.kinds import DEFERRED, MODULES, PLAYED, is_inert, service
from local_dev.stack.moto_stack import MotoStack
from local_dev.stack.opaque import Opaque

from .conftest import Deploy

API = """
  Ws: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
"""

MANY: dict[str, Any] = {
    "Parameters": {"Size": {"Type": "Number", "Default": 30}},
    "Resources": {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
            },
        },
        "Global": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "Replicas": [{"Region": "us-east-1"}],
            },
        },
        "Dead": {"Type": "AWS::SQS::Queue"},
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": {"Ref": "Size"},
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]},
                    "maxReceiveCount": 3,
                },
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm"},
        "Board": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": "board", "DashboardBody": "{}"},
        },
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": {"Statement": []}},
        },
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Statement": []}}},
        "Setting": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/a", "Type": "String", "Value": "v"},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {"ScheduleExpression": "rate(1 day)", "Targets": []},
        },
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": {"Fn::Select": [0, {"Fn::Cidr": ["10.0.0.0/16", 1, 8]}]},
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            },
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/my/logs"}},
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Statement": []},
                "Policies": [
                    {
                        "PolicyName": "p",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
                        },
                    }
                ],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}},
        },
    },
    "Outputs": {
        "StreamArn": {"Value": {"Fn::GetAtt": ["Table", "StreamArn"]}, "Export": {"Name": "the-stream"}},
        "LogsArn": {"Value": {"Fn::GetAtt": ["Logs", "Arn"]}},
    },
}


@pytest.mark.anyio
async def test_many_services_in_a_moto_process() -> None:
    process = await spawn("eu-west-1")
    cloud = await Cloud.start(
        MANY, parameters={"Size": "45"}, region="eu-west-1", stack="many", process=process
    )
    try:
        assert cloud.notes == ()
        assert cloud.outputs["StreamArn"].startswith(
            "arn:aws:dynamodb:eu-west-1:123456789012:table/many-Table-"
        )
        assert cloud.outputs["LogsArn"] == "arn:aws:logs:eu-west-1:123456789012:log-group:/my/logs:*"
        session = boto3.Session(
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name="eu-west-1",
        )
        ids = {logical_id: resource.id for logical_id, resource in cloud.resources.items()}

        tables = session.client("dynamodb", endpoint_url=cloud.endpoint_url)
        assert tables.describe_table(TableName=ids["Global"])["Table"]["TableStatus"] == "ACTIVE"
        ttl = tables.describe_time_to_live(TableName=ids["Table"])["TimeToLiveDescription"]
        assert (ttl.get("TimeToLiveStatus"), ttl.get("AttributeName")) == ("ENABLED", "ttl")

        queues = session.client("sqs", endpoint_url=cloud.endpoint_url)
        name = ids["Queue"].rsplit("/", 1)[-1]
        attributes = queues.get_queue_attributes(
            QueueUrl=f"{cloud.endpoint_url}/123456789012/{name}", AttributeNames=["All"]
        )["Attributes"]
        assert attributes["VisibilityTimeout"] == "45"
        assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].startswith(
            "arn:aws:sqs:eu-west-1:"
        )

        # What is created when it is first asked for, under the very name that the stack gave out.
        iam = session.client("iam", endpoint_url=cloud.endpoint_url)
        role = iam.get_role(RoleName=ids["Role"])["Role"]
        assert role["Arn"] == cloud.resources["Function"].properties["Role"]
        assert iam.list_role_policies(RoleName=ids["Role"])["PolicyNames"] == ["p"]
        logs = session.client("logs", endpoint_url=cloud.endpoint_url)
        (group,) = logs.describe_log_groups()["logGroups"]
        assert (group["logGroupName"], group["arn"]) == ("/my/logs", cloud.outputs["LogsArn"])

        files = session.client("s3", endpoint_url=cloud.endpoint_url)
        assert [bucket["Name"] for bucket in files.list_buckets()["Buckets"]] == [ids["Bucket"]]
        files.put_object(Bucket=ids["Bucket"], Key="a", Body=b"text")

        boards = session.client("cloudwatch", endpoint_url=cloud.endpoint_url)
        (board,) = boards.list_dashboards()["DashboardEntries"]
        assert board["DashboardName"] == ids["Board"] == "board"

        stacks = session.client("cloudformation", endpoint_url=cloud.endpoint_url)
        (stack,) = stacks.describe_stacks(StackName="many")["Stacks"]
        assert {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]} == cloud.outputs
        assert stack["Parameters"] == [{"ParameterKey": "Size", "ParameterValue": "45"}]
        assert stacks.list_exports()["Exports"][0]["Name"] == "the-stream"
        shown = stacks.describe_stack_resources(StackName="many")["StackResources"]
        assert {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in shown} == ids
    finally:
        await cloud.stop()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("resource", "says"),
    [
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Nobody"}}},
            "A: there is no resource or",
        ),
        (
            {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "A"}}},
            "need each other in a circle: A -> A",
        ),
        ({"Type": "AWS::SQS::Queue", "Condition": "None"}, "A: there is no condition None"),
    ],
)
async def test_a_stack_that_cannot_be(resource: dict[str, object], says: str) -> None:
    with pytest.raises(DeployError, match=says) as raised:
        await Cloud.start({"Resources": {"A": resource}}, parameters={}, region="us-east-1", stack="s")
    assert raised.value.logical_id == "A"


@pytest.mark.anyio
async def test_a_moto_process_that_is_not_needed_after_all_ends() -> None:
    process = await spawn("us-east-1")
    assert process.stdin
    process.stdin.close()
    assert await process.wait() == 0


def test_names_are_the_same_at_each_start() -> None:
    first, second = (MotoStack(MANY, {}, "us-east-1", "same") for _ in range(2))
    assert first.ref("Role") == second.ref("Role")
    assert first.ref("Role").startswith("same-Role-")
    assert first.ref("Role") != MotoStack(MANY, {}, "us-east-1", "other").ref("Role")


def test_what_moto_cannot_make_is_noted_and_the_rest_runs(deployed: Deploy) -> None:
    made = deployed(
        "Resources:"
        + API
        + """
  Bad: {Type: AWS::DynamoDB::Table, Properties: {TableName: t}}
  Odd: {Type: AWS::Cognito::UserPool}
  Mine: {Type: Custom::Thing, Properties: {ServiceToken: !GetAtt Odd.Arn}}
  Hook: {Type: AWS::CloudFormation::WaitConditionHandle}
  Alarm: {Type: AWS::CloudWatch::Alarm}
  User: {Type: AWS::SQS::Queue, Properties: {QueueName: !Select [0, !Split [., !GetAtt Bad.Nothing]]}}
"""
    )
    assert [note.split(":", 1)[0] for note in made.notes()] == ["5 Bad", "6 Odd", "7 Mine"]
    assert "AWS::Cognito::UserPool is not run here" in made.notes()[1]
    assert {"Bad", "Odd", "Mine", "Hook", "Alarm", "User"} <= set(made.resources)


def test_conditions_leave_resources_out(deployed: Deploy) -> None:
    made = deployed(
        "Conditions: {Never: !Equals [a, b]}\nResources:"
        + API
        + """
  Queue: {Type: AWS::SQS::Queue, Condition: Never}
  After: {Type: AWS::SQS::Queue, DependsOn: [Queue]}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.9
      Code: .
      Environment: {Variables: {QUEUE: !Ref Queue, OTHER: !If [Never, !Ref Queue, none]}}
Outputs:
  Url: {Value: !Ref Queue, Condition: Never}
  WsBroken: {Value: !Select [3, [a]]}
"""
    )
    assert "Queue" not in made.resources
    (function,) = made.stack.functions.values()
    assert function.environment == {"OTHER": "none"}
    assert made.outputs == {}
    assert [note.split(" ", 1)[1] for note in made.notes()] == [
        "Function: Queue is left out, since its condition is false",
        'WsBroken: this output has no value: Fn::Select cannot be used like this: [3, ["a"]]',
    ]


def test_resources_that_need_each_other(deployed: Deploy) -> None:
    with pytest.raises(TemplateError, match="circle: A -> B -> A"):
        deployed(
            "Resources:\n"
            "  A: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt B.QueueName}}\n"
            "  B: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt A.QueueName}}\n"
        )


def _in_a_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_every_type_that_moto_has_a_model_for_is_found() -> None:
    theirs = _in_a_new_process(
        "import moto.backends; from moto.cloudformation import parsing; print(*parsing.get_model_map())"
    ).split()
    own = {"AWS::Lambda", "AWS::ApiGateway", "AWS::CloudFormation"}
    missing = {
        kind
        for kind in theirs
        if kind.startswith("AWS::")
        and kind != "AWS::SERVICE::RESOURCE"
        and kind.rsplit("::", 1)[0] not in own
        and service(kind) not in MODULES
    }
    assert not missing
    found = _in_a_new_process(
        "import sys; from local_dev.stack.moto_models import model_of\n"
        "print(*(kind for kind in sys.argv[1:] if model_of(kind)))".replace("sys.argv[1:]", repr(theirs))
    ).split()
    assert set(found) == {kind for kind in theirs if service(kind) in MODULES}


def test_a_small_stack_imports_little_of_moto() -> None:
    code = (
        "import sys; from local_dev.stack.moto_stack import deploy\n"
        f"deploy(template={MANY | {'Resources': {key: MANY['Resources'][key] for key in ('Table', 'Role', 'Logs')}}!r}"
        ", parameters={}, region='us-east-1', stack='s')\n"
        "print(*(name for name in sys.modules if name.startswith('moto.')))"
    )
    imported = {name.split(".")[1] for name in _in_a_new_process(code).split()}
    assert "dynamodb" in imported
    assert not {"ec2", "apigateway", "iam", "logs", "awslambda"} & imported
    assert "moto.cloudformation.parsing" not in _in_a_new_process(code)


def test_no_type_is_both_played_and_inert_beyond_roles() -> None:
    assert {kind for kind in PLAYED if is_inert(kind)} <= {kind for kind in PLAYED if "::IAM::" in kind}
    assert {service(kind) for kind in DEFERRED} <= set(MODULES)


def test_events_can_be_put_where_a_rule_has_a_function_for_a_target(deployed: Deploy) -> None:
    """moto would want a library for JSON paths; and a queue gets the event as it does in the cloud."""
    from moto.events.models import events_backends
    from moto.sqs.models import sqs_backends

    made = deployed(
        f"""Resources:{API}
  Queue: {{Type: AWS::SQS::Queue}}
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {{source: [shop]}}
      Targets:
        - {{Id: f, Arn: "arn:aws:lambda:us-east-1:123456789012:function:f"}}
        - {{Id: q, Arn: !GetAtt Queue.Arn}}
"""
    )
    put = [{"Source": "shop", "DetailType": "sold", "Detail": json.dumps({"what": "tea"})}]
    events_backends["123456789012"]["us-east-1"].put_events(put)
    name = made.resources["Queue"].id.rpartition("/")[2]
    (message,) = sqs_backends["123456789012"]["us-east-1"].receive_message(name, 1, 0, 0)
    event = json.loads(message.body)
    assert (event["source"], event["detail"]) == ("shop", {"what": "tea"})
    assert "ingestion-time" not in event


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_a_bucket_that_waits_has_the_names_that_moto_would_give_it(region: str) -> None:
    from moto.s3.models import FakeBucket

    waiting = Opaque("AWS::S3::Bucket", "my-files", {}, "123456789012", region)
    made = FakeBucket("my-files", "123456789012", region)
    assert waiting.physical_resource_id == made.physical_resource_id
    for name in ("Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"):
        assert waiting.attribute(name) == made.get_cfn_attribute(name)


def test_names_of_buckets_and_alarms_are_known_without_moto(deployed: Deploy) -> None:
    text = (
        "Resources:"
        + API
        + """
  Named: {Type: AWS::S3::Bucket, Properties: {BucketName: my-own-files}}
  Files: {Type: AWS::S3::Bucket}
  Policy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Files, PolicyDocument: {Statement: []}}}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: mine}}
  Board: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: "{}"}}
Outputs:
  Alarm: {Value: !GetAtt Alarm.Arn}
"""
    )
    made = deployed(text)
    assert made.resources["Named"].id == "my-own-files"
    assert made.resources["Files"].id == made.resources["Files"].id.lower()
    assert made.outputs["Alarm"] == "arn:aws:cloudwatch:us-east-1:123456789012:alarm:mine"
    assert made.notes() == []
