"""Stacks in stacks run as one: SAM applications, CloudFormation's own and the CDK's."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.template import read_template, transform

from .conftest import Deploy

OUTER = """Transform: AWS::Serverless-2016-10-31
Parameters: {Env: {Type: String, Default: dev}}
Conditions: {IsDev: !Equals [!Ref Env, dev], IsProd: !Equals [!Ref Env, prod]}
Resources:
  Store:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: ./store.yaml
      Parameters: {Name: !Sub "seats-${Env}", Tags: !Join [",", [a, b]]}
  Chat:
    Type: AWS::Serverless::Application
    DependsOn: Store
    Properties:
      Location: chat/template.yaml
      Parameters: {Table: !GetAtt Store.Outputs.Table, Stage: !Ref Env}
  Away:
    Type: AWS::CloudFormation::Stack
    Condition: IsProd
    Properties: {TemplateURL: store.yaml, Parameters: {Name: away, Tags: c}}
  Elsewhere:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: "https://s3.amazonaws.com/b/t.yaml"}
  Bucket: {Type: AWS::S3::Bucket, DependsOn: [Chat, Store]}
Outputs:
  Url: {Value: !Sub "${Chat.Outputs.Url}#${Store}"}
  Tag: {Value: !GetAtt Store.Outputs.Tag}
"""
STORE = """Parameters: {Name: {Type: String}, Tags: {Type: CommaDelimitedList}, Many: {Type: Number, Default: 2}}
Mappings: {Billing: {of: {all: PAY_PER_REQUEST}}}
Conditions: {Always: !Not [!Equals [!Ref Name, ""]]}
Resources:
  Seats:
    Type: AWS::DynamoDB::Table
    Condition: Always
    Properties:
      TableName: !Ref Name
      BillingMode: !FindInMap [Billing, of, all]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
Outputs:
  Table: {Value: !If [Always, !Ref Seats, none]}
  Tag: {Value: !Sub ["${Second}/${AWS::StackName}/${Many}", {Second: !Select [1, !Ref Tags]}]}
"""
CHAT = """Transform: AWS::Serverless-2016-10-31
Parameters: {Table: {Type: String, Default: wrong}, Stage: {Type: String, Default: wrong}}
Resources:
  Ws:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: !Ref Stage
      Routes: {$default: {FunctionArn: !GetAtt F.Arn}}
  F:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler
      Runtime: python3.11
      CodeUri: src
      Environment: {Variables: {TABLE: !Ref Table}}
      Policies: [DynamoDBCrudPolicy: {TableName: !Ref Table}]
Outputs:
  Url: {Value: !Sub "${Ws.ApiEndpoint}/${Stage}"}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "store.yaml").write_text(STORE)
    (tmp_path / "chat" / "src").mkdir(parents=True)
    (tmp_path / "chat" / "template.yaml").write_text(CHAT)
    return tmp_path


def test_nested_stacks_run_as_one(deployed: Deploy, files: Path) -> None:
    made = deployed(OUTER)
    (api,) = made.stack.apis
    (function,) = made.stack.functions.values()
    assert (api.logical_id, api.stage) == ("ChatWs", "dev")
    assert (function.label, function.environment) == ("ChatF", {"TABLE": "seats-dev"})
    assert function.code == files / "chat" / "src"
    assert made.stack.tables == {"StoreSeats": "seats-dev"}
    assert made.outputs["Url"].startswith(
        f"wss://{api.id}.execute-api.us-east-1.amazonaws.com/dev#arn:aws:cloud"
    )
    assert made.outputs["Tag"].startswith("b/s") and made.outputs["Tag"].endswith("-Store/2")
    assert made.notes() == ["20 Elsewhere: AWS::CloudFormation::Stack is not run here"]


def test_the_files_of_nested_stacks_are_known(files: Path) -> None:
    (files / "outer.yaml").write_text(OUTER.replace("Location: chat", "Location: middle"))
    (files / "middle").mkdir()
    (files / "middle" / "template.yaml").write_text(
        "Resources: {In: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ../chat/template.yaml}}}\n"
        "Outputs: {Url: {Value: !GetAtt In.Outputs.Url}}\n"
    )
    template = read_template(files / "outer.yaml")
    transform(template, base=files, parameters={})
    names = ("outer.yaml", "store.yaml", "middle/template.yaml", "chat/template.yaml")
    assert {file.resolve() for file in template.files} == {(files / name).resolve() for name in names}


def test_a_nested_stack_with_a_condition(deployed: Deploy, files: Path) -> None:
    assert set(deployed(OUTER, Env="prod").stack.tables) == {"StoreSeats", "AwaySeats"}


def test_what_the_cdk_makes_of_a_nested_stack(deployed: Deploy, files: Path) -> None:
    outer: dict[str, Any] = {
        "Resources": {
            "Nested": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "TemplateURL": {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::URLSuffix"}, "/k.json"]]},
                    "Parameters": {"referencetoEnv": {"Ref": "Table"}},
                },
                "Metadata": {"aws:asset:path": "N.nested.template.json", "aws:asset:property": "TemplateURL"},
            },
            "Table": {"Type": "AWS::SQS::Queue"},
        }
    }
    api = {"ProtocolType": "WEBSOCKET", "RouteSelectionExpression": "$request.body.a"}
    nested = {
        "Parameters": {"referencetoEnv": {"Type": "String"}},
        "Resources": {
            "Ws": {
                "Type": "AWS::ApiGatewayV2::Api",
                "Properties": {**api, "Name": {"Ref": "referencetoEnv"}},
            },
            "Stage": {
                "Type": "AWS::ApiGatewayV2::Stage",
                "DependsOn": ["Ws"],
                "Properties": {"ApiId": {"Ref": "Ws"}, "StageName": "live"},
            },
        },
    }
    (files / "N.nested.template.json").write_text(json.dumps(nested))
    made = deployed(json.dumps(outer), "Stack.template.json")
    assert made.properties("NestedWs")["Name"] == made.resources["Table"].id
    assert made.stack.apis[0].stage == "live"


def test_an_application_of_awss_repository_is_named_and_not_asked_for(
    deployed: Deploy, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever would be asked on the way is not there to answer.
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    bought = """
  Bought:
    Type: AWS::Serverless::Application
    Properties:
      Location: {ApplicationId: !Sub "arn:aws:serverlessrepo:us-east-1:1:applications/x", SemanticVersion: 1.0.0}
      Parameters: {Bucket: !Ref Bucket}
Outputs:
  Bought: {Value: !GetAtt Bought.Outputs.Url}"""
    made = deployed(OUTER.replace("\nOutputs:", bought))
    assert "24 Bought: AWS::CloudFormation::Stack is not run here" in made.notes()
    assert set(made.outputs) == {"Bought", "Url", "Tag"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Outputs.Table", "Outputs.Other", r"Store: .*store.yaml has no output Other"),
        ("Name: !Sub", "Other: !Sub", r"Store: .*store.yaml needs its parameter Name"),
    ],
)
def test_what_does_not_fit(files: Path, old: str, new: str, says: str) -> None:
    (files / "outer.yaml").write_text(OUTER.replace(old, new))
    with pytest.raises(TemplateError, match=says):
        transform(read_template(files / "outer.yaml"), base=files, parameters={})


def test_a_stack_within_itself(tmp_path: Path) -> None:
    path = tmp_path / "round.yaml"
    path.write_text(
        "Resources: {Again: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: round.yaml}}}"
    )
    with pytest.raises(TemplateError, match=r"round.yaml is nested in itself"):
        transform(read_template(path), base=tmp_path, parameters={})
