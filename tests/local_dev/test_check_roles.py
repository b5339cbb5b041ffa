"""`--check-roles`: what roles do not allow is refused as AWS refuses it, and mappings that may not read do not."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local_dev.services import Withheld
from tests.permissions import permissions
from tests.running import Running, client_of, running

TEMPLATE = """
Resources:
  Ws:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: ws, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Things
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: Jobs}}
  Lost: {Type: AWS::SQS::Queue, Properties: {QueueName: Lost}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: mine, SecretString: hush}}
  Caller:
    Type: AWS::Lambda::Function
    Properties: &function
      Runtime: python3.11
      Handler: index.handler
      Timeout: 10
      Role: !GetAtt CallerRole.Arn
      Code:
        ZipFile: |
          import boto3, json
          from botocore.exceptions import ClientError
          def handler(event, context):
              if "Records" in event:
                  print("EVENT " + json.dumps(event), flush=True)
                  return {}
              try:
                  client = boto3.client(event["service"], **event.get("client", {}))
                  answer = getattr(client, event["operation"])(**event["arguments"])
                  return {"status": answer["ResponseMetadata"]["HTTPStatusCode"], "answer": answer.get("SecretString")}
              except ClientError as error:
                  return {"status": error.response["ResponseMetadata"]["HTTPStatusCode"], **error.response["Error"]}
  CallerRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: caller
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: [dynamodb:GetItem, dynamodb:PutItem, dynamodb:Scan]
                Resource: !GetAtt Table.Arn
              - {Effect: Deny, Action: dynamodb:Scan, Resource: "*"}
              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}
              - {Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref Secret}
  Reader: {Type: AWS::Lambda::Function, Properties: {<<: *function, Role: !GetAtt ReaderRole.Arn}}
  ReaderRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {}
      Policies:
        - PolicyName: reader
          PolicyDocument:
            Statement:
              - Effect: Allow
                Action: [dynamodb:DescribeStream, dynamodb:GetRecords, dynamodb:GetShardIterator, dynamodb:ListStreams]
                Resource: !Sub ${Table.Arn}/stream/*
              - Effect: Allow
                Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]
                Resource: !GetAtt Queue.Arn
              - {Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Lost.Arn}
  Stream:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Reader
      EventSourceArn: !GetAtt Table.StreamArn
      StartingPosition: TRIM_HORIZON
      DestinationConfig: {OnFailure: {Destination: !GetAtt Lost.Arn}}
  Jobs:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Reader, EventSourceArn: !GetAtt Queue.Arn}
"""
KEY = {"id": {"S": "a"}}
ACCOUNT = "123456789012"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Things"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("roles") / "template.yaml"
    path.write_text(TEMPLATE)
    return path


@pytest.fixture(scope="module")
def deployed(template: Any) -> Iterator[Running]:
    with running(template, check_roles=True) as made:
        yield made


def called(
    running: Running, service: str, operation: str, client: Any = None, **arguments: Any
) -> dict[str, Any]:
    """What the function hears when it calls a service."""
    name = next(name for name, it in running.deployed.stack.functions.items() if it.label == "Caller")
    event = {"service": service, "operation": operation, "arguments": arguments, "client": client or {}}
    work = running.deployed.functions.invoke(name, event, wait=20)
    answer: dict[str, Any] = asyncio.run_coroutine_threadsafe(work, running.loop).result(30)
    return answer


def url(running: Running, queue: str) -> str:
    return running.deployed.cloud.resources[queue].id


def test_what_the_role_allows_is_done(deployed: Running) -> None:
    assert called(deployed, "dynamodb", "put_item", TableName="Things", Item=KEY)["status"] == 200
    assert called(deployed, "dynamodb", "get_item", TableName="Things", Key=KEY)["status"] == 200
    assert (
        called(deployed, "sqs", "send_message", QueueUrl=url(deployed, "Queue"), MessageBody="x")["status"]
        == 200
    )
    assert called(deployed, "secretsmanager", "get_secret_value", SecretId="mine")["answer"] == "hush"
    assert called(deployed, "sts", "get_caller_identity")["status"] == 200


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "refusal"),
    [
        (
            "dynamodb",
            "delete_item",
            {"TableName": "Things", "Key": KEY},
            (400, "AccessDeniedException", "dynamodb:DeleteItem", TABLE, "identity"),
        ),
        (
            "dynamodb",
            "batch_write_item",
            {"RequestItems": {"Things": [{"PutRequest": {"Item": KEY}}]}},
            (400, "AccessDeniedException", "dynamodb:BatchWriteItem", TABLE, "identity"),
        ),
        (
            "dynamodb",
            "scan",
            {"TableName": "Things"},
            (400, "AccessDeniedException", "dynamodb:Scan", TABLE, "explicit"),
        ),
        (
            "dynamodb",
            "get_item",
            {"TableName": "Others", "Key": KEY},
            (400, "AccessDeniedException", "dynamodb:GetItem", TABLE.replace("Things", "Others"), "identity"),
        ),
        (
            "sqs",
            "send_message",
            {"QueueUrl": "Lost", "MessageBody": "x"},
            (403, "AccessDenied", "sqs:sendmessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:Lost", "identity"),
        ),
        (
            "secretsmanager",
            "put_secret_value",
            {"SecretId": "mine", "SecretString": "x"},
            (400, "AccessDeniedException", "secretsmanager:PutSecretValue", "Secret", "identity"),
        ),
        ("sns", "list_topics", {}, (403, "AuthorizationError", "sns:ListTopics", "*", "identity")),
        ("kms", "list_keys", {}, (400, "AccessDeniedException", "kms:ListKeys", "*", "identity")),
    ],
)
def test_the_rest_is_refused_in_aws_own_words(
    deployed: Running, service: str, operation: str, arguments: dict[str, Any], refusal: tuple[Any, ...]
) -> None:
    if arguments.get("QueueUrl"):
        arguments = arguments | {"QueueUrl": url(deployed, arguments["QueueUrl"])}
    status, code, action, resource, why = refusal
    if resource == "Secret":
        resource = deployed.deployed.cloud.resources["Secret"].id
    answer = called(deployed, service, operation, **arguments)
    assert (answer["status"], answer["Code"]) == (status, code)
    user = answer["Message"].partition(" is not")[0]
    assert user.startswith(f"User: arn:aws:sts::{ACCOUNT}:assumed-role/local-CallerRole-")
    reason = {
        "identity": f"because no identity-based policy allows the {action} action",
        "explicit": "with an explicit deny in an identity-based policy",
    }[why]
    assert (
        answer["Message"] == f"{user} is not authorized to perform: {action} on resource: {resource} {reason}"
    )


def test_a_stranger_is_not_recognised(deployed: Running) -> None:
    stranger = {"aws_access_key_id": "ASIASTRANGER", "aws_secret_access_key": "x"}
    answer = called(deployed, "dynamodb", "get_item", client=stranger, TableName="Things", Key=KEY)
    assert (answer["status"], answer["Code"]) == (400, "UnrecognizedClientException")
    answer = called(deployed, "sns", "list_topics", client=stranger)
    assert (answer["status"], answer["Code"]) == (403, "InvalidClientTokenId")


def test_the_gateways_own_calls_are_not_checked(deployed: Running) -> None:
    client_of(deployed, "dynamodb").scan(TableName="Things")
    client_of(deployed, "dynamodb").put_item(TableName="Things", Item={"id": {"S": "own"}})
    event = deployed.recorder.event(
        "Reader", lambda it: "dynamodb" in it["Records"][0] and "own" in json.dumps(it)
    )
    assert event["Records"]
    client_of(deployed, "sqs").send_message(QueueUrl=url(deployed, "Queue"), MessageBody="job")
    assert deployed.recorder.event("Reader", lambda it: it["Records"][0].get("body") == "job")
    assert deployed.deployed.stack.stream_mappings[0].on_failure is not None


def test_a_permission_can_be_withheld_for_a_while(deployed: Running) -> None:
    def put() -> dict[str, Any]:
        return called(deployed, "dynamodb", "put_item", TableName="Things", Item=KEY)

    services = deployed.deployed.services
    assert put()["status"] == 200
    with services.withholding(Withheld("Caller", "dynamodb:PutItem")):
        assert put()["Code"] == "AccessDeniedException"
        assert called(deployed, "dynamodb", "get_item", TableName="Things", Key=KEY)["status"] == 200
    with services.withholding(
        Withheld("Caller", "dynamodb:PutItem", "*/Others"), Withheld("Reader", "dynamodb:PutItem")
    ):
        assert put()["status"] == 200
    assert put()["status"] == 200


@pytest.mark.parametrize(
    ("withheld", "sources", "note"),
    [
        (
            Withheld("Reader", "dynamodb:GetRecords"),
            (0, 1),
            f"its events from {TABLE}/stream/",
        ),
        (
            Withheld("Reader", "sqs:DeleteMessage"),
            (1, 0),
            f"its events from arn:aws:sqs:us-east-1:{ACCOUNT}:Jobs are not read: its role lacks sqs:DeleteMessage",
        ),
        (
            Withheld("Reader", "sqs:SendMessage"),
            (1, 1),
            f"what is given up does not go to arn:aws:sqs:us-east-1:{ACCOUNT}:Lost: its role lacks sqs:SendMessage",
        ),
    ],
)
def test_a_mapping_that_may_not_read_does_not(
    template: Any, withheld: Withheld, sources: tuple[int, int], note: str
) -> None:
    with running(template, check_roles=True, withheld=[withheld]) as made:
        stack = made.deployed.stack
        assert (len(stack.stream_mappings), len(stack.queue_mappings)) == sources
        (said,) = [
            each for each in stack.notes if each.logical_id == "Reader" and "its role lacks" in each.text
        ]
        assert said.text.startswith(note)
        assert said.text.endswith(f"its role lacks {withheld.action}")
        if withheld.action == "sqs:SendMessage":
            assert stack.stream_mappings[0].on_failure is None


def test_each_permission_of_the_template_can_be_withheld(deployed: Running) -> None:
    given = permissions(deployed.deployed.stack)
    assert Withheld("Caller", "dynamodb:PutItem", TABLE) in given
    assert Withheld("Caller", "dynamodb:Scan", "*") not in given  # that is a denial
    services = deployed.deployed.services
    names = {function.label: name for name, function in deployed.deployed.stack.functions.items()}
    for each in given:
        with services.withholding(each):
            left = services.principal(names[each.function]).statements
            assert left is not None
            assert not [
                it
                for it in left
                if it.effect == "Allow" and each.action in it.actions and each.resource in it.resources
            ]


def test_without_the_option_nothing_is_checked(template: Any) -> None:
    with running(template, withheld=[Withheld("Reader", "dynamodb:GetRecords")]) as made:
        assert called(made, "dynamodb", "delete_item", TableName="Things", Key=KEY)["status"] == 200
        assert len(made.deployed.stack.stream_mappings) == 1
