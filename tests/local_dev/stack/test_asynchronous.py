"""What a template says of asynchronous events: how often they are tried, and who is told."""

import pytest

from local_dev.stack.model import Asynchronous

from .conftest import Deploy, Deployed

BASE = """Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: python3.9, Handler: a.b, CodeUri: .}}
Resources:
  Ws: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}}
  Live: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: topic}}
"""
HERE = "us-east-1:123456789012"


def settings(made: Deployed) -> dict[str, Asynchronous]:
    return {function.label: function.asynchronous for function in made.stack.functions.values()}


def test_retries_age_and_who_is_told(deployed: Deploy) -> None:
    made = deployed(
        BASE
        + """  F:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: f
      AutoPublishAlias: live
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Dead.Arn}
      EventInvokeConfig:
        MaximumRetryAttempts: 0
        MaximumEventAgeInSeconds: 60
        DestinationConfig: {OnSuccess: {Type: SNS, Destination: !Ref Topic}, OnFailure: {Type: SQS}}
  G:
    Type: AWS::Serverless::Function
    Properties: {EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: Lambda, Destination: !Ref F.Alias}}}}
  H: {Type: AWS::Serverless::Function}
"""
    )
    found = settings(made)
    (failures,) = [item for item in made.resources.values() if item.logical_id.endswith("OnFailureQueue")]
    assert found["F"] == Asynchronous(
        max_retries=0,
        max_age=60,
        on_success=f"arn:aws:sns:{HERE}:topic",
        on_failure=f"arn:aws:sqs:{HERE}:{failures.id.rsplit('/', 1)[-1]}",
        dead_letter=f"arn:aws:sqs:{HERE}:dead",
    )
    assert found["G"] == Asynchronous(on_failure=f"arn:aws:lambda:{HERE}:function:f:live")
    assert found["H"] == Asynchronous(max_retries=2, max_age=21_600)
    assert made.notes() == []


@pytest.mark.parametrize(
    ("resources", "notes"),
    [
        (
            "  F:\n    Type: AWS::Serverless::Function\n    Properties:\n"
            "      EventInvokeConfig: {DestinationConfig: {OnSuccess: {Type: EventBridge, Destination: 'arn:aws:events:"
            "us-east-1:1:event-bus/b'}}}\n",
            ["8 F: arn:aws:events:us-east-1:1:event-bus/b"],
        ),
        (
            "  F:\n    Type: AWS::Lambda::Function\n    Properties:\n      Runtime: python3.9\n      Code: .\n"
            "      DeadLetterConfig: {TargetArn: 'arn:aws:sqs:us-east-1:1:elsewhere'}\n",
            ["13 F: arn:aws:sqs:us-east-1:1:elsewhere"],
        ),
        (
            "  F: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.9, Code: {ZipFile: x}}}\n"
            "  C:\n    Type: AWS::Lambda::EventInvokeConfig\n    Properties:\n      FunctionName: !Ref F\n"
            "      Qualifier: $LATEST\n      DestinationConfig:\n        OnFailure: {Destination: text}\n",
            ["15 C: text"],
        ),
    ],
)
def test_who_cannot_be_told_is_named(deployed: Deploy, resources: str, notes: list[str]) -> None:
    made = deployed(BASE + resources)
    text = " hears nothing of its asynchronous events: only the template's queues, topics and functions do"
    assert made.notes() == [f"{note}{text}" for note in notes]
    assert settings(made) == {"F": Asynchronous()}


def test_the_settings_of_a_function_that_is_not_there(deployed: Deploy) -> None:
    config = "{Type: AWS::Lambda::EventInvokeConfig, Properties: {FunctionName: away, Qualifier: $LATEST}}"
    made = deployed(f"{BASE}  C: {config}\n")
    assert made.notes() == ["8 C: its function, away, is not in this template"]
