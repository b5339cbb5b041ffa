"""SAM templates: the stack that comes of each, and what SAM would not take."""

import textwrap

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.managed_policies import MANAGED
from local_dev.stack.model import QueueMapping, Throttle

from .conftest import Deploy

TEMPLATE = """
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Parameters:
  Env: {Type: String, Default: prod, AllowedValues: [prod, dev]}
  Size: {Type: Number, Default: 2}
Mappings:
  Envs:
    prod: {Memory: 1024, Sources: [a, b]}
    dev: {Memory: 256, Sources: [c]}
Conditions:
  IsProd: !Equals [!Ref Env, prod]
  IsDev: !Not [!Condition IsProd]
  IsBig: !And [!Condition IsProd, !Or [!Equals [!Ref Size, '2'], !Equals [a, b]]]
Globals:
  Function:
    Runtime: python3.9
    CodeUri: src/
    MemorySize: !FindInMap [Envs, !Ref Env, Memory]
    Layers: [!Ref Shared, 'arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1']
    Environment: {Variables: {ENV: !Ref Env, EXTRA: !If [IsBig, big, !Ref AWS::NoValue]}}
Resources:
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layers/shared}}
  Ws:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageVariables: {mode: !Ref Env}
      DefaultRouteSettings: {ThrottlingBurstLimit: 10}
      Routes:
        $connect: {FunctionArn: !GetAtt Main.Arn}
        send: {FunctionArn: !GetAtt Main.Arn}
        Send: {FunctionArn: !GetAtt Main.Arn}
  Main:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.main
      Policies:
        - AmazonAPIGatewayInvokeFullAccess
        - Statement:
            Effect: Allow
            Action: 'execute-api:ManageConnections'
            Resource: !Sub 'arn:aws:execute-api:*:*:${Ws}/*'
      Events:
        Jobs:
          Type: SQS
          Properties: {Queue: !GetAtt Work.Arn, BatchSize: 3, FunctionResponseTypes: [ReportBatchItemFailures]}
        Nightly:
          Type: Schedule
          Properties: {Schedule: rate(1 day)}
        Web: {Type: Api, Properties: {Path: /x, Method: get}}
        Topic: {Type: SNS, Properties: {Topic: !Ref News}}
  Debugger:
    Type: AWS::Serverless::Function
    Condition: IsDev
    Properties: {Handler: app.debug, Runtime: nodejs20.x}
  Work: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
  News: {Type: AWS::SNS::Topic}
  Simple: {Type: AWS::Serverless::SimpleTable}
Outputs:
  Url: {Value: !Sub 'wss://${Ws}.execute-api.${AWS::Region}.amazonaws.com/default'}
  Debug: {Condition: IsDev, Value: !GetAtt Debugger.Arn}
"""


def test_sam_with_globals_conditions_and_mappings(deployed: Deploy, tmp_path: pytest.TempPathFactory) -> None:
    made = deployed(TEMPLATE)
    (api,) = made.stack.apis
    assert api.stage == "default"
    assert api.stage_variables == {"mode": "prod"}
    assert api.throttle == Throttle(10_000, 10)
    (main,) = made.stack.functions.values()
    assert (main.label, main.memory) == ("Main", 1024)
    assert main.environment == {"ENV": "prod", "EXTRA": "big"}
    assert main.code and main.code.name == "src"
    assert [folder.parts[-2:] for folder in main.layers] == [("layers", "shared")]
    statements = made.stack.roles[main.role or ""].statements
    assert statements[0].actions == ("execute-api:ManageConnections",)
    assert statements[0].resources == (f"arn:aws:execute-api:*:*:{api.id}/*",)
    assert set(MANAGED["AmazonAPIGatewayInvokeFullAccess"]) < set(statements)
    (queue,) = made.stack.queue_mappings
    assert queue == QueueMapping(queue.queue, main.name, batch_size=3, partial_responses=True)
    assert queue.queue.startswith("arn:aws:sqs:us-east-1:123456789012:") and queue.queue.endswith(".fifo")
    assert set(made.stack.tables) == {"Simple"}
    assert made.outputs == {"Url": f"wss://{api.id}.execute-api.us-east-1.amazonaws.com/default"}
    lines = TEMPLATE.splitlines()
    noted = [(lines[int(line) - 1].strip().split(":")[0], text) for line, text in
             (note.split(" ", 1) for note in made.notes())]  # fmt: skip
    assert ("Nightly", "Main: schedules do not invoke functions here") in noted
    assert ("Web", "ServerlessRestApi: AWS::ApiGateway::RestApi is not run here") in noted
    assert ("Topic", "Main: topics do not invoke functions here") in noted
    assert any(where == "Ws" and "SAM makes one route of send and Send" in text for where, text in noted)
    assert any(
        "the layer arn:aws:lambda:us-east-1:017000801446:layer:Powertools:1" in text for _, text in noted
    )


def test_the_other_branch_of_the_same_template(deployed: Deploy) -> None:
    made = deployed(TEMPLATE, Env="dev", Size="5")
    labels = {function.label: function for function in made.stack.functions.values()}
    assert set(labels) == {"Main", "Debugger"}
    assert labels["Main"].memory == 256
    assert labels["Main"].environment == {"ENV": "dev"}
    assert labels["Debugger"].code is None
    assert set(made.outputs) == {"Url", "Debug"}


def test_a_route_key_that_sam_refuses_is_named_with_its_line(deployed: Deploy) -> None:
    text = textwrap.dedent(
        """
        Transform: AWS::Serverless-2016-10-31
        Resources:
          Ws:
            Type: AWS::Serverless::WebSocketApi
            Properties:
              RouteSelectionExpression: $request.body.action
              Routes: {send_message: {FunctionArn: x}}
        """
    )
    with pytest.raises(TemplateError, match=r"template.yaml:4: not a valid SAM template: .*send_message"):
        deployed(text)
