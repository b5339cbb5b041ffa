"""Event source mappings of a template, whole, over moto: a table's stream with filter, splits and on-failure
queue, a queue with filter, partial responses and dead-letter queue, and one that has a function's dead letters.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import Running, client_of, running

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
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 600
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Failures.Arn, maxReceiveCount: 2}
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Timeout: 60
      InlineCode: |
        import json
        def handler(event, context):
            print("EVENT " + json.dumps(event), flush=True)
            bad = [item["messageId"] for item in event["Records"] if "bad" in item["body"]]
            return {"batchItemFailures": [{"itemIdentifier": item} for item in bad]}
      Events:
        Jobs:
          Type: SQS
          Properties:
            Queue: !GetAtt Jobs.Arn
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria: {Filters: [{Pattern: '{"body": {"kind": ["job", "bad"]}}'}]}
  Letters: {Type: AWS::SQS::Queue}
  Fail:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        def handler(event, context):
            print("TRIED", flush=True)
            raise ValueError("not now")
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Letters.Arn}
      EventInvokeConfig: {MaximumRetryAttempts: 0}
  Bury:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        import json
        def handler(event, context): print("EVENT " + json.dumps(event["Records"][0]), flush=True)
      Events: {Letters: {Type: SQS, Properties: {Queue: !GetAtt Letters.Arn}}}
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


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The template, running."""
    path = tmp_path_factory.mktemp("mappings") / "template.yaml"
    path.write_text(TEMPLATE, encoding="utf-8")
    with running(path) as one:
        yield one


def receive(sqs: Any, queue: str) -> Any:
    """The next message of the queue."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue).get("Messages", ()):
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return message
        time.sleep(0.05)
    raise AssertionError("no message came")


def test_messages_reach_the_function_and_what_it_refuses_the_dead_letter_queue(deployed: Running) -> None:
    resources = deployed.deployed.cloud.resources
    sqs, queue = client_of(deployed, "sqs"), resources["Jobs"].id
    for kind in ("dropped", "bad", "job"):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"kind": kind}))

    def of_kind(event: dict[str, Any], kind: str) -> list[Any]:
        return [item for item in event["Records"] if json.loads(item["body"])["kind"] == kind]

    event = deployed.recorder.event("Work", lambda event: of_kind(event, "job"))
    [record] = of_kind(event, "job")
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == resources["WorkJobs"].properties["EventSourceArn"]
    for count in ("1", "2"):  # the test has it come again, and not a time that may be too short

        def has(event: dict[str, Any], count: str = count) -> bool:
            return any(
                item["attributes"]["ApproximateReceiveCount"] == count for item in of_kind(event, "bad")
            )

        [refused] = of_kind(deployed.recorder.event("Work", has), "bad")
        sqs.change_message_visibility(
            QueueUrl=queue, ReceiptHandle=refused["receiptHandle"], VisibilityTimeout=0
        )
    assert json.loads(receive(sqs, resources["Failures"].id)["Body"]) == {"kind": "bad"}
    events = [json.loads(line[6:]) for line in deployed.recorder.lines("Work") if line.startswith("EVENT ")]
    counts = [
        item["attributes"]["ApproximateReceiveCount"] for event in events for item in of_kind(event, "bad")
    ]
    assert counts == ["1", "2"]
    assert not any(of_kind(event, "dropped") for event in events)


def test_records_reach_the_function_and_poison_the_queue(deployed: Running) -> None:
    resources = deployed.deployed.cloud.resources
    table, dynamodb = resources["Table"].id, client_of(deployed, "dynamodb")
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
    sqs, queue = client_of(deployed, "sqs"), resources["Failures"].id
    message = receive(sqs, queue)
    lost = json.loads(message["Body"])["DDBStreamBatchInfo"]
    assert lost["batchSize"] == 1
    events = [json.loads(line[6:]) for line in deployed.recorder.lines("Hear") if line.startswith("EVENT ")]
    assert all(event["first"]["eventName"] == "INSERT" for event in events)
    [number] = {
        event["first"]["dynamodb"]["SequenceNumber"] for event in events if event["ids"] == ["poison"]
    }
    assert lost["startSequenceNumber"] == lost["endSequenceNumber"] == number


def test_an_event_that_is_given_up_reaches_the_function_behind_the_dead_letter_queue(
    deployed: Running,
) -> None:
    name, event = deployed.deployed.cloud.resources["Fail"].id, {"name": "سارا"}
    deployed.loop.call_soon_threadsafe(deployed.deployed.functions.invoke_later, name, event)
    letter = deployed.recorder.event("Bury", bool)
    assert json.loads(letter["body"]) == event
    attributes = {key: value["stringValue"] for key, value in letter["messageAttributes"].items()}
    assert (attributes["ErrorCode"], attributes["ErrorMessage"]) == ("200", "not now")
    assert deployed.recorder.lines("Fail").count("TRIED") == 1
