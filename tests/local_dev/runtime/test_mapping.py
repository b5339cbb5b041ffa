"""A stream mapping of a template, whole: table, filter, window, function, retries, on-failure queue, over moto."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_dev.stack.cloud import CREDENTIALS
from tests.running import Running, running

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Api:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      StageName: dev
      RouteSelectionExpression: $request.body.action
      Routes: {$default: {FunctionArn: !GetAtt Hear.Arn}}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
  Failures: {Type: AWS::SQS::Queue}
  Hear:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        import json
        def handler(event, context):
            ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
            print("EVENT " + json.dumps({"ids": ids, "first": event["Records"][0]}), flush=True)
            if "poison" in ids:
                raise ValueError("poison")
      Events:
        Changes:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 10
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 1
            FilterCriteria: {Filters: [{Pattern: '{"eventName": ["INSERT"]}'}]}
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Failures.Arn}}
"""


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Running]:
    """The template, running."""
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    with running(path) as one:
        yield one


def client(deployed: Running, service: str) -> Any:
    """boto3's client of the deployment's AWS."""
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=deployed.deployed.cloud.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )


def test_records_reach_the_function_and_poison_the_queue(deployed: Running) -> None:
    resources = deployed.deployed.cloud.resources
    table, dynamodb = resources["Table"].id, client(deployed, "dynamodb")
    dynamodb.put_item(TableName=table, Item={"id": {"S": "one"}, "tags": {"SS": ["x"]}})
    seen = deployed.recorder.event("Hear", lambda event: event["ids"] == ["one"])["first"]
    assert seen["eventSource"] == "aws:dynamodb"
    assert seen["eventSourceARN"] == resources["HearChanges"].properties["EventSourceArn"]
    assert seen["dynamodb"]["NewImage"] == {"id": {"S": "one"}, "tags": {"SS": ["x"]}}
    assert isinstance(seen["dynamodb"]["ApproximateCreationDateTime"], float)

    dynamodb.delete_item(TableName=table, Key={"id": {"S": "one"}})  # no INSERT: the filter drops it
    for name in ("two", "poison", "three"):
        dynamodb.put_item(TableName=table, Item={"id": {"S": name}})
    deployed.recorder.event("Hear", lambda event: event["ids"] == ["three"])
    sqs, queue = client(deployed, "sqs"), resources["Failures"].id
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    lost = json.loads(message["Body"])["DDBStreamBatchInfo"]
    assert lost["batchSize"] == 1
    events = [json.loads(line[6:]) for line in deployed.recorder.lines("Hear") if line.startswith("EVENT ")]
    assert all(event["first"]["eventName"] == "INSERT" for event in events)
    [number] = {
        event["first"]["dynamodb"]["SequenceNumber"] for event in events if event["ids"] == ["poison"]
    }
    assert lost["startSequenceNumber"] == lost["endSequenceNumber"] == number
