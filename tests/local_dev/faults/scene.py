"""A small application under faults: each message is written to a table and sent back, each write printed."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local_dev.clock import Clock
from local_dev.faults.rules import Plan
from local_dev.local import deployment
from local_dev.options import Options
from tests.asking import ask
from tests.running import Recorder, Running
from tests.threads import in_thread

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: dev
      RouteSelectionExpression: $request.body.action
      Routes:
        $connect: {FunctionArn: !GetAtt Enter.Arn}
        $disconnect: {FunctionArn: !GetAtt Leave.Arn}
        $default: {FunctionArn: !GetAtt Say.Arn}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_IMAGE}
  Enter: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13, Handler: app.enter, CodeUri: .}}
  Leave: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13, Handler: app.leave, CodeUri: .}}
  Say:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.say
      CodeUri: .
      Timeout: 40
      Environment: {Variables: {TABLE: !Ref Table}}
      Policies: [{Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}]
  Hear:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.hear
      CodeUri: .
      Events:
        Changes:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Table.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 1}
"""

CODE = """
import json, os
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

once = Config(retries={"total_max_attempts": 1}, read_timeout=60)
table = boto3.resource("dynamodb", config=once).Table(os.environ.get("TABLE", "none"))


def told(call):
    try:
        call()
        return "done"
    except ClientError as error:
        return error.response["Error"]["Code"] + " " + str(error.response["ResponseMetadata"]["HTTPStatusCode"])
    except BotoCoreError as error:
        return type(error).__name__


def enter(event, context):
    return {"statusCode": 200}


def leave(event, context):
    print("EVENT " + json.dumps({"left": event["requestContext"]["connectionId"]}), flush=True)


def say(event, context):
    about = event["requestContext"]
    text = event["body"]
    print("EVENT " + json.dumps({"begun": text}), flush=True)
    wrote = told(lambda: table.put_item(Item={"id": text}))
    gateway = boto3.client(
        "apigatewaymanagementapi", endpoint_url=f"https://{about['domainName']}/{about['stage']}", config=once
    )
    sent = told(lambda: gateway.post_to_connection(ConnectionId=about["connectionId"], Data=text))
    print("EVENT " + json.dumps({"text": text, "wrote": wrote, "sent": sent}), flush=True)


def hear(event, context):
    for record in event["Records"]:
        print("EVENT " + json.dumps({"heard": record["dynamodb"]["Keys"]["id"]["S"]}), flush=True)
"""


def application(folder: Path) -> Path:
    """Write the application; its template."""
    (folder / "app.py").write_text(CODE, encoding="utf-8")
    path = folder / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    return path


@contextlib.contextmanager
def troubled(folder: Path, *, faults: Plan | None, clock: Clock | None = None) -> Iterator[Running]:
    """The application, running with `faults`."""
    recorder = Recorder()
    options = Options(
        template=application(folder),
        host="127.0.0.1",
        port=0,
        region="us-east-1",
        parameters={},
        site=None,
        output=recorder.record,
        notice=lambda text: recorder.record("gateway", text),
        clock=clock or Clock(),
        faults=faults,
    )
    with in_thread(deployment(options)) as inside:
        yield Running(inside.value, recorder, inside.loop)


def put(running: Running, *rules: dict[str, Any], seed: int = 1) -> None:
    """Have these rules from now on."""
    status, answer = ask(running.url, "PUT", "faults", {"seed": seed, "faults": list(rules)})
    assert status == 200, answer


def injected(running: Running) -> list[int]:
    """How often each rule's fault happened."""
    _, report = ask(running.url, "GET", "faults")
    return [rule["injected"] for rule in report["faults"]]
