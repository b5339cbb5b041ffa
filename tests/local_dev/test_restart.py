"""A gateway that is killed, and started again before the same store: what was written is there, what was processed
does not come again, and nobody said goodbye.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local_dev.stack.cloud import Cloud
from tests.asking import ask
from tests.conftest import ServedGateway, serve, stop
from tests.local_dev.back_end import client as client_of
from tests.ports import free_port
from tests.threads import in_thread

from .store import empty_store

SOON = 60.0
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    CodeUri: .
    Environment: {Variables: {TABLE: !Ref Members}}
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
  Members:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Members
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      TimeToLiveSpecification: {AttributeName: until, Enabled: true}
  Enter: {Type: AWS::Serverless::Function, Properties: {Handler: app.enter}}
  Leave: {Type: AWS::Serverless::Function, Properties: {Handler: app.leave}}
  Say: {Type: AWS::Serverless::Function, Properties: {Handler: app.say}}
  Hear:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.hear
      Events:
        Changes:
          Type: DynamoDB
          Properties: {Stream: !GetAtt Members.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 1}
"""
CODE = """
import os, time
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def enter(event, context):
    name = event["queryStringParameters"]["name"]
    table.put_item(Item={"id": event["requestContext"]["connectionId"], "name": name})
    return {"statusCode": 200}


def leave(event, context):
    table.delete_item(Key={"id": event["requestContext"]["connectionId"]})


def say(event, context):
    # What is said is how many seconds ago the membership has ended.
    table.update_item(
        Key={"id": event["requestContext"]["connectionId"]},
        UpdateExpression="SET #until = :until",
        ExpressionAttributeNames={"#until": "until"},
        ExpressionAttributeValues={":until": int(time.time()) - int(event["body"])},
    )


def hear(event, context):
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage") or record["dynamodb"]["OldImage"]
        who = record.get("userIdentity", {}).get("principalId", "somebody")
        print(f"HEARD {record['eventName']} {image['name']['S']} by {who}.", flush=True)
"""


@pytest.fixture
def store() -> Iterator[Cloud]:
    """DynamoDB that stays."""
    with in_thread(empty_store(ttl_sweep=0.2)) as inside:
        yield inside.value


@pytest.fixture
def start(
    store: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ServedGateway]]:
    """Start a gateway before the store, each time on the same port."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "app"  # the logs are elsewhere, or each line would be a change of the code
    folder.mkdir()
    (folder / "app.py").write_text(CODE, encoding="utf-8")
    (folder / "template.yaml").write_text(TEMPLATE, encoding="utf-8")
    port = str(free_port())
    started: list[ServedGateway] = []

    def run(*options: str) -> ServedGateway:
        number = len(started)
        back_end = f"dynamodb={store.endpoint_url}"
        arguments = [
            "--template",
            str(folder / "template.yaml"),
            "--port",
            port,
            "--aws-endpoint",
            back_end,
        ]
        started.append(serve(tmp_path / f"log{number}", *arguments, *options))
        return started[-1]

    yield run
    for served in started:
        if served.process.poll() is None:
            stop(served)


def entered(served: ServedGateway, name: str) -> ClientConnection:
    return connect(f"{served.ws_url}/dev?name={name}", open_timeout=SOON)


def heard(served: ServedGateway) -> list[str]:
    """What the stream's function printed so far."""
    return re.findall(r"HEARD (.*)\.$", served.log.read_text(), re.MULTILINE)


def hears(served: ServedGateway, what: str) -> None:
    deadline = time.monotonic() + SOON
    while what not in heard(served):
        assert time.monotonic() < deadline, f"{what} was not heard:\n{served.log.read_text()}"
        time.sleep(0.05)


def members(store: Cloud) -> set[str]:
    """The names in the table."""
    found: list[dict[str, Any]] = client_of("dynamodb", store.endpoint_url).scan(TableName="Members")["Items"]
    return {item["name"]["S"] for item in found}


def test_a_killed_gateway_goes_on_where_it_was(store: Cloud, start: Callable[..., ServedGateway]) -> None:
    first = start()
    with entered(first, "ada") as ada:
        hears(first, "INSERT ada by somebody")
        with entered(first, "gone"):
            hears(first, "INSERT gone by somebody")
        hears(first, "REMOVE gone by somebody")
        first.process.kill()
        first.process.wait(60)
        with pytest.raises(ConnectionClosed):
            ada.recv(SOON)
    assert members(store) == {"ada"}  # nobody told $disconnect

    second = start()
    assert second.url == first.url
    with entered(second, "bob") as bob:
        hears(second, "INSERT bob by somebody")
        assert members(store) == {"ada", "bob"}
        # Batches of one: what was heard last may not have been noted, all before it has.
        assert set(heard(second)) <= {"REMOVE gone by somebody", "INSERT bob by somebody"}
        bob.send("5")
        hears(second, "REMOVE bob by dynamodb.amazonaws.com")
        assert members(store) == {"ada"}
    assert stop(second) == 0


def test_faults_and_the_clock_over_the_command_line(
    start: Callable[..., ServedGateway], tmp_path: Path
) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("seed: 5\nfaults: [{at: invoke, do: lose, function: Leave}]\n", encoding="utf-8")
    served = start("--faults", str(file))
    with entered(served, "eve"):
        hears(served, "INSERT eve by somebody")
    with entered(served, "late"):
        hears(served, "INSERT late by somebody")
    assert "faults are injected, seed 5" in served.log.read_text()
    deadline = time.monotonic() + SOON
    while ask(served.url, "GET", "faults")[1]["total"] < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.dumps(heard(served)).count("REMOVE") == 0
