"""Templates in the style of different people, each with the stack that comes of it."""

import json
import textwrap

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.managed_policies import MANAGED
from local_dev.stack.model import (
    Authorization,
    CustomDomain,
    IntegrationType,
    QueueMapping,
    Statement,
    Throttle,
)

from .conftest import Deploy

NODE_STYLE = """
AWSTemplateFormatVersion: '2010-09-09'
Description: chat backend (raw CloudFormation)
Parameters:
  stageName: {Type: String, Default: dev}
  tableNames: {Type: CommaDelimitedList, Default: "connections, rooms"}
Resources:
  chatWebsocketApi:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: chat-ws
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.type
      ApiKeySelectionExpression: $context.authorizer.usageIdentifierKey
  connectRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref chatWebsocketApi
      RouteKey: $connect
      AuthorizationType: AWS_IAM
      ApiKeyRequired: true
      Target: !Join ['/', [integrations, !Ref connectInteg]]
  connectInteg:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref chatWebsocketApi
      IntegrationType: AWS_PROXY
      TimeoutInMillis: 5000
      IntegrationUri:
        Fn::Sub: arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${onConnect.Arn}/invocations
  echoRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref chatWebsocketApi
      RouteKey: send-message
      RouteResponseSelectionExpression: $default
      RequestModels: {$default: messageModel}
      Target: !Sub integrations/${echoInteg}
  echoRouteResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref chatWebsocketApi, RouteId: !Ref echoRoute, RouteResponseKey: $default}
  echoInteg:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref chatWebsocketApi
      IntegrationType: AWS
      IntegrationUri: !Sub arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${!stageVariables.fn}
      RequestParameters: {integration.request.header.X-Amz-Invocation-Type: "'Event'"}
      RequestTemplates: {$default: '{"body": $input.body}'}
      TemplateSelectionExpression: \\$default
  pingRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref chatWebsocketApi, RouteKey: ping, Target: !Sub 'integrations/${pingInteg}'}
  pingInteg:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref chatWebsocketApi
      IntegrationType: MOCK
      RequestTemplates: {$default: '{"statusCode": 200}'}
  pingAnswer:
    Type: AWS::ApiGatewayV2::IntegrationResponse
    Properties:
      ApiId: !Ref chatWebsocketApi
      IntegrationId: !Ref pingInteg
      IntegrationResponseKey: /200/
      ResponseTemplates: {$default: '{"type": "pong"}'}
  oldRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref chatWebsocketApi, RouteKey: old, Target: !Sub 'integrations/${oldInteg}'}
  oldInteg:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref chatWebsocketApi
      IntegrationType: HTTP_PROXY
      IntegrationUri: https://example.com/
  messageModel:
    Type: AWS::ApiGatewayV2::Model
    Properties:
      ApiId: !Ref chatWebsocketApi
      Name: messageModel
      Schema: '{"type": "object", "required": ["text"]}'
  deployment:
    Type: AWS::ApiGatewayV2::Deployment
    DependsOn: [connectRoute, echoRoute]
    Properties: {ApiId: !Ref chatWebsocketApi}
  stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref chatWebsocketApi
      DeploymentId: !Ref deployment
      StageName: !Ref stageName
      StageVariables: {fn: my-echo}
      DefaultRouteSettings: {ThrottlingBurstLimit: 7, ThrottlingRateLimit: 2.5}
      RouteSettings: {ping: {ThrottlingRateLimit: 1}}
  prodStage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref chatWebsocketApi, StageName: prod, StageVariables: {fn: 'my-echo:live'}}
  key: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: true, Value: abcdefghijklmnopqrstuvwxyz}}
  madeKey: {Type: AWS::ApiGateway::ApiKey, Properties: {Enabled: 'true'}}
  offKey: {Type: AWS::ApiGateway::ApiKey, Properties: {Value: offoffoffoffoffoffoffoff}}
  plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties: {ApiStages: [{ApiId: !Ref chatWebsocketApi, Stage: !Ref stage}], Quota: {Limit: 5, Period: DAY}}
  planKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref key, KeyType: API_KEY, UsagePlanId: !Ref plan}
  planMadeKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref madeKey, KeyType: API_KEY, UsagePlanId: !Ref plan}
  domain: {Type: AWS::ApiGatewayV2::DomainName, Properties: {DomainName: ws.example.com}}
  apiMapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref chatWebsocketApi, DomainName: !Ref domain, Stage: !Ref stage, ApiMappingKey: v1}
  onConnect:
    Type: AWS::Lambda::Function
    Properties:
      Handler: index.handler
      Runtime: python3.9
      Role: !GetAtt role.Arn
      Timeout: '12'
      ReservedConcurrentExecutions: '2'
      Code: {ZipFile: "def handler(e, c): return {'statusCode': 200}"}
      Environment: {Variables: {TABLE: !Select [1, !Ref tableNames], DEBUG: false}}
  echo:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: my-echo
      Handler: src/handlers.echo
      Runtime: nodejs20.x
      Role: !GetAtt role.Arn
      Code: ./dist
  role:
    Type: AWS::IAM::Role
    Properties:
      Path: /chat/
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: []}
      ManagedPolicyArns:
        - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
        - !Ref shared
      Policies:
        - {PolicyName: p, PolicyDocument: {Statement: {Effect: Allow, Action: 'execute-api:*', Resource: '*'}}}
  shared:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: [{Effect: Deny, NotAction: 'sqs:*', Resource: ['a', 'b']}]}}
  attached:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: attached
      Roles: [!Ref role]
      PolicyDocument: {Statement: [{Effect: Allow, Action: ['s3:GetObject'], Resource: x}]}
"""


def test_raw_cloudformation_with_node_style_names(deployed: Deploy) -> None:
    made = deployed(NODE_STYLE)
    dev, prod = made.stack.apis
    assert (dev.stage, prod.stage) == ("dev", "prod")
    assert dev.id == prod.id
    assert dev.logical_id == "chatWebsocketApi"
    assert dev.route_selection_expression == "$request.body.type"
    assert dev.api_key_selection_expression == "$context.authorizer.usageIdentifierKey"
    assert dev.throttle == Throttle(2.5, 7)
    assert prod.throttle is None
    assert dev.route_throttles == {"ping": Throttle(1, 5000)}
    assert dev.domains == (CustomDomain("ws.example.com", "v1"),)
    assert prod.domains == ()

    connect = dev.routes["$connect"]
    assert connect.authorization is Authorization.IAM
    assert connect.api_key_required
    assert connect.integration and connect.integration.timeout == 5
    function = made.stack.functions[connect.integration.function or ""]
    assert (function.timeout, function.reserved_concurrency) == (12, 2)
    assert function.environment == {"TABLE": "rooms", "DEBUG": "false"}
    assert function.inline_code and function.inline_code.startswith("def handler")

    for api in (dev, prod):
        echo = api.routes["send-message"]
        assert echo.responds
        assert echo.models == {"$default": {"type": "object", "required": ["text"]}}
        assert echo.integration and echo.integration.type is IntegrationType.LAMBDA
        assert echo.integration.asynchronous
        assert echo.integration.function == "my-echo"
        assert echo.integration.request_templates == {"$default": '{"body": $input.body}'}
    ping = dev.routes["ping"]
    assert not ping.responds
    assert ping.integration and ping.integration.type is IntegrationType.MOCK
    assert ping.integration.responses == {"/200/": {"$default": '{"type": "pong"}'}}
    assert dev.routes["old"].integration is None

    assert "abcdefghijklmnopqrstuvwxyz" in dev.api_keys
    assert set(dev.generated_keys) == {"madeKey"}
    assert dev.api_keys == {"abcdefghijklmnopqrstuvwxyz", dev.generated_keys["madeKey"]}
    assert len(dev.generated_keys["madeKey"]) == 40
    assert prod.api_keys == frozenset()

    assert function.role and "/chat/" in function.role
    assert made.stack.roles[function.role].statements == (
        Statement("Allow", ("execute-api:*",), ("*",)),
        *MANAGED["AWSLambdaBasicExecutionRole"],
        Statement("Deny", (), ("a", "b"), ("sqs:*",)),
        Statement("Allow", ("s3:GetObject",), ("x",)),
    )
    noted = made.notes()
    lines = NODE_STYLE.splitlines()
    assert [note.split(" ", 1)[1] for note in noted] == [
        "oldInteg: HTTP_PROXY integrations are not run here; the route does nothing",
        "offKey: this key is not enabled (Enabled is not true), so nobody is let in by it",
        "plan: a usage plan's Quota is not counted here",
        "echo: the runtime nodejs20.x is not run here; invoking the function fails",
    ]
    for note, says in zip(
        noted, ("IntegrationType: HTTP_PROXY", "offKey", "Quota", "nodejs20.x"), strict=True
    ):
        assert says in lines[int(note.split()[0]) - 1]


SERVERLESS = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "The AWS CloudFormation template for this Serverless application",
    "Resources": {
        "ServerlessDeploymentBucket": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "ConnectLogGroup": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/aws/lambda/svc-dev-connect"},
        },
        "IamRoleLambdaExecution": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Join": ["-", ["svc", "dev", {"Ref": "AWS::Region"}, "lambdaRole"]]},
                "Policies": [
                    {
                        "PolicyName": {"Fn::Join": ["-", ["svc", "lambda"]]},
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {
                                    "Effect": "Allow",
                                    "Action": ["execute-api:ManageConnections"],
                                    "Resource": [{"Fn::Sub": "arn:${AWS::Partition}:execute-api:*:*:*/@connections/*"}],
                                }
                            ],
                        },
                    }
                ],
            },
        },
        "ConnectLambdaFunction": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": ["ConnectLogGroup"],
            "Properties": {
                "Code": {"S3Bucket": {"Ref": "ServerlessDeploymentBucket"}, "S3Key": "serverless/svc/svc.zip"},
                "FunctionName": "svc-dev-connect",
                "Handler": "handler.connect",
                "Runtime": "python3.9",
                "MemorySize": 1024,
                "Timeout": 6,
                "Role": {"Fn::GetAtt": ["IamRoleLambdaExecution", "Arn"]},
            },
        },
        "ConnectLambdaVersionAbc": {
            "Type": "AWS::Lambda::Version",
            "DeletionPolicy": "Retain",
            "Properties": {"FunctionName": {"Ref": "ConnectLambdaFunction"}, "CodeSha256": "x"},
        },
        "WebsocketsApi": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": "dev-svc-websockets",
                "RouteSelectionExpression": "$request.body.action",
                "ProtocolType": "WEBSOCKET",
            },
        },
        "ConnectWebsocketsIntegration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {
                    "Fn::Join": [
                        "",
                        [
                            "arn:",
                            {"Ref": "AWS::Partition"},
                            ":apigateway:",
                            {"Ref": "AWS::Region"},
                            ":lambda:path/2015-03-31/functions/",
                            {"Fn::GetAtt": ["ConnectLambdaFunction", "Arn"]},
                            "/invocations",
                        ],
                    ]
                },
            },
        },
        "SconnectWebsocketsRoute": {
            "Type": "AWS::ApiGatewayV2::Route",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "RouteKey": "$connect",
                "AuthorizationType": "CUSTOM",
                "AuthorizerId": {"Ref": "AuthWebsocketsAuthorizer"},
                "Target": {"Fn::Join": ["/", ["integrations", {"Ref": "ConnectWebsocketsIntegration"}]]},
            },
        },
        "AuthWebsocketsAuthorizer": {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "Name": "auth",
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": {"Fn::Sub": "arn:aws:apigateway:x:lambda:path/2015-03-31/functions/"
                                  "${ConnectLambdaFunction.Arn}/invocations"},
                "IdentitySource": ["route.request.header.Auth"],
            },
        },
        "WebsocketsDeploymentStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": {"Ref": "WebsocketsApi"},
                "StageName": "dev",
                "DeploymentId": {"Ref": "WebsocketsDeployment1"},
            },
        },
        "WebsocketsDeployment1": {
            "Type": "AWS::ApiGatewayV2::Deployment",
            "DependsOn": ["SconnectWebsocketsRoute"],
            "Properties": {"ApiId": {"Ref": "WebsocketsApi"}},
        },
    },
    "Outputs": {
        "ServiceEndpointWebsocket": {
            "Value": {"Fn::Join": ["", ["wss://", {"Ref": "WebsocketsApi"}, ".execute-api.", {"Ref": "AWS::Region"}]]},
            "Export": {"Name": "sls-svc-dev-ServiceEndpointWebsocket"},
        }
    },
}  # fmt: skip


def test_what_the_serverless_framework_generates(deployed: Deploy) -> None:
    text = json.dumps(SERVERLESS, indent=2).replace("  ", "\t")
    made = deployed(text, "cloudformation-template-update-stack.json")
    (api,) = made.stack.apis
    assert api.stage == "dev"
    route = api.routes["$connect"]
    assert route.authorizer and route.authorizer.function == "svc-dev-connect"
    assert route.authorizer.identity_sources == ("route.request.header.Auth",)
    function = made.stack.functions["svc-dev-connect"]
    assert function.code is None
    assert function.role == "arn:aws:iam::123456789012:role/svc-dev-us-east-1-lambdaRole"
    assert made.stack.roles[function.role].statements[0].resources == (
        "arn:aws:execute-api:*:*:*/@connections/*",
    )
    assert made.outputs == {"ServiceEndpointWebsocket": f"wss://{api.id}.execute-api.us-east-1"}
    (note,) = made.notes()
    line = next(number for number, text in enumerate(text.splitlines(), 1) if '"Code"' in text)
    assert note.startswith(f"{line} ConnectLambdaFunction: its code is not on this disk but s3://")


SAM = """
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
    made = deployed(SAM)
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
    lines = SAM.splitlines()
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
    made = deployed(SAM, Env="dev", Size="5")
    labels = {function.label: function for function in made.stack.functions.values()}
    assert set(labels) == {"Main", "Debugger"}
    assert labels["Main"].memory == 256
    assert labels["Main"].environment == {"ENV": "dev"}
    assert labels["Debugger"].code is None
    assert set(made.outputs) == {"Url", "Debug"}


@pytest.mark.parametrize(
    ("resources", "says"),
    [
        ("T: {Type: AWS::DynamoDB::Table}", "the template has no WebSocket API"),
        (
            "A: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}",
            "the template has no WebSocket API",
        ),
        (
            "A: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET}}",
            "A: the WebSocket API has no stage",
        ),
        (
            "A: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET}}\n"
            "  S: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref A, StageName: $default}}",
            "A: the WebSocket API has no stage",
        ),
    ],
)
def test_templates_without_anything_to_connect_to(deployed: Deploy, resources: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        deployed(f"Resources:\n  {resources}\n")


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
