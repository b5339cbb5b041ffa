"""Raw CloudFormation in the style of people who write for Node: the stack that comes of it; and of what none comes."""

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.managed_policies import MANAGED
from local_dev.stack.model import Authorization, CustomDomain, IntegrationType, Statement, Throttle

from .conftest import Deploy

TEMPLATE = """
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
    made = deployed(TEMPLATE)
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
    lines = TEMPLATE.splitlines()
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
