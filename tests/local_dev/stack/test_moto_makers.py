"""Secrets and subscriptions, which moto has but does not make for CloudFormation."""

import json
from typing import Any

import pytest

from .conftest import Deploy, Deployed

ACCOUNT, REGION = "123456789012", "us-east-1"
API = """Resources:
  Ws: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
"""


@pytest.mark.parametrize(
    ("properties", "length"),
    [
        ("{SecretString: of mine}", 7),
        ("{GenerateSecretString: {}}", 32),
        ("{GenerateSecretString: {PasswordLength: 8}}", 8),
    ],
)
def test_a_secret_can_be_read(deployed: Deploy, properties: str, length: int) -> None:
    made = deployed(f"{API}  S: {{Type: AWS::SecretsManager::Secret, Properties: {properties}}}\n")
    assert len(_secret(made)) == length
    assert made.notes() == []


def test_a_secret_with_a_generated_key(deployed: Deploy) -> None:
    properties = (
        """{Name: db, GenerateSecretString: {SecretStringTemplate: '{"user":"a"}', GenerateStringKey: p}}"""
    )
    made = deployed(f"{API}  S: {{Type: AWS::SecretsManager::Secret, Properties: {properties}}}\n")
    assert json.loads(_secret(made)).keys() == {"user", "p"}
    assert ":secret:db-" in made.resources["S"].id


def test_a_generated_secret_cannot_be_told_from_the_template(deployed: Deploy) -> None:
    text = f"{API}  S: {{Type: AWS::SecretsManager::Secret, Properties: {{GenerateSecretString: {{}}}}}}\n"
    assert _secret(deployed(text)) != _secret(deployed(text))


def test_a_secret_has_its_versions_by_their_stages(deployed: Deploy) -> None:
    made = deployed(f"{API}  S: {{Type: AWS::SecretsManager::Secret, Properties: {{SecretString: one}}}}\n")
    backend = _secrets()
    backend.put_secret_value(made.resources["S"].id, "two", None, "2" * 32, ["AWSCURRENT"])
    assert [_secret(made, stage) for stage in ("", "AWSCURRENT", "AWSPREVIOUS")] == ["two", "two", "one"]


def _secrets() -> Any:
    from moto.secretsmanager.models import secretsmanager_backends

    return secretsmanager_backends[ACCOUNT][REGION]


def _secret(made: Deployed, stage: str = "") -> str:
    found: dict[str, Any] = _secrets().get_secret_value(made.resources["S"].id, "", stage)
    return str(found["SecretString"])


def test_a_topic_sends_to_queues_and_fails_for_nobody(deployed: Deploy) -> None:
    from moto.sns.models import sns_backends
    from moto.sqs.models import sqs_backends

    made = deployed(
        API
        + """  Topic:
    Type: AWS::SNS::Topic
    Properties:
      Subscription: [{Protocol: lambda, Endpoint: "arn:aws:lambda:us-east-1:123456789012:function:f"}]
  Queue: {Type: AWS::SQS::Queue}
  ToQueue:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Queue.Arn
      RawMessageDelivery: true
      FilterPolicy: {kind: [loud]}
  ToFunction: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: lambda, Endpoint: f}}
  ToMe: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: a@b.c}}
"""
    )
    sns = sns_backends[ACCOUNT][REGION]
    for kind in ("quiet", "loud"):
        attributes = {"kind": {"Type": "String", "Value": kind}}
        sns.publish(kind, arn=made.resources["Topic"].id, message_attributes=attributes)
    queue = made.resources["Queue"].id.rpartition("/")[2]
    received = sqs_backends[ACCOUNT][REGION].receive_message(queue, 10, 0, 0)
    assert [message.body for message in received] == ["loud"]
    assert [note.partition(" ")[2] for note in made.notes()] == [
        "Topic: topics do not invoke functions here",
        "ToFunction: topics do not invoke functions here",
        "ToMe: topics send to queues here, not by email",
    ]
