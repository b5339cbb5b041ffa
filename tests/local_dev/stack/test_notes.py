"""What does not run here is named with its line, and the rest runs."""

import pytest

from .conftest import Deploy

BASE = """Transform: AWS::Serverless-2016-10-31
Resources:
  Ws:
    Type: AWS::ApiGatewayV2::Api
    Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}
  Live: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live, StageVariables: {f: local}}}
  F: {Type: AWS::Lambda::Function, Properties: {FunctionName: local, Runtime: python3.9, Handler: a.b, Code: .}}
"""
MOCK = "{ApiId: !Ref Ws, IntegrationType: MOCK, RequestTemplates: {$default: '#set($x = 1)$x'}}"
ROUTE = "  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Ws, RouteKey: x, Target: !Ref I}}\n"


@pytest.mark.parametrize(
    ("expression", "note"),
    [
        ("$request.body.a", None),
        ("'${request.body.a}/${request.body[0]}'", None),
        ("kind-$request.body.a", None),
        ("x", None),  # the key of a route: every message goes there
        ("request.body.a", "request.body.a reads"),
        ("$request.header.a", "$request.header.a reads"),
        ("'${request.header.a}'", "${request.header.a} reads"),
        ("''", "without one it reads"),
    ],
)
def test_an_expression_that_selects_nothing(deployed: Deploy, expression: str, note: str | None) -> None:
    template = BASE.replace("Expression: $request.body.a", f"Expression: {expression}")
    made = deployed(template + ROUTE.replace(", Target: !Ref I", ""))
    told = [text for text in made.notes() if "RouteSelectionExpression" in text]
    text = "nothing of a message, as $request.body.action does; so no message selects a route"
    assert told == ([f"5 Ws: RouteSelectionExpression: {note} {text}"] if note else [])


@pytest.mark.parametrize(
    ("resources", "notes"),
    [
        (
            "  B: {Type: AWS::S3::Bucket}\n  P: {Type: AWS::S3::BucketPolicy}\n  W: {Type: AWS::WAFv2::WebACL}\n",
            [],
        ),
        ("  P: {Type: AWS::AppSync::GraphQLApi}\n", ["8 P: AWS::AppSync::GraphQLApi is not run here"]),
        (
            "  H: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: HTTP}}\n",
            ["8 H: this API has no stage, so nobody can reach it"],
        ),
        (
            "  S: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: $default}}\n",
            ["8 S: a WebSocket API cannot have a stage called $default"],
        ),
        (
            f"  I: {{Type: AWS::ApiGatewayV2::Integration, Properties: {MOCK}}}\n{ROUTE}",
            ["8 I: of the template language only plain references run here, not what this template says"],
        ),
        (
            ROUTE.replace(", Target: !Ref I", "")
            + ROUTE.replace(", Target: !Ref I", "").replace("  R:", "  T:"),
            ["9 T: AWS would refuse this: another route of the API has the RouteKey x"],
        ),
        (ROUTE.replace("!Ref I", "integrations/none"), ["8 R: its integration is not in this template"]),
        (
            "  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Ws, IntegrationType: AWS_PROXY, "
            "IntegrationUri: 'arn:aws:lambda:us-east-1:1:function:elsewhere'}}\n" + ROUTE,
            ["8 I: its function, elsewhere, is not in this template"],
        ),
        (
            "  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Ws, IntegrationType: AWS_PROXY, "
            "IntegrationUri: 'arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:"
            "us-east-1:1:function:${stageVariables.f}:live/invocations'}}\n" + ROUTE,
            [],
        ),
        (
            "  I: {Type: AWS::ApiGatewayV2::Integration, Properties: {ApiId: !Ref Ws, IntegrationType: AWS, "
            "IntegrationUri: 'arn:aws:apigateway:us-east-1:sqs:path/1/q'}}\n" + ROUTE,
            [
                "8 I: of AWS's services only Lambda is integrated here, not arn:aws:apigateway:us-east-1:sqs:path/1/q;"
                " the route does nothing"
            ],
        ),
        (
            "  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Ws, RouteKey: $connect, "
            "AuthorizationType: CUSTOM, AuthorizerId: none, RouteResponseSelectionExpression: $default}}\n",
            [
                "8 R: its authorizer is not in this template",
                "8 R: a RouteResponseSelectionExpression sends nothing by itself: it takes an "
                "AWS::ApiGatewayV2::RouteResponse with the key $default as well",
            ],
        ),
        (
            "  M: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref F, "
            "EventSourceArn: 'arn:aws:kinesis:us-east-1:1:stream/s'}}\n",
            ["8 M: arn:aws:kinesis:us-east-1:1:stream/s does not invoke functions here"],
        ),
        (
            "  M: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref F, "
            "EventSourceArn: 'arn:aws:sqs:us-east-1:1:other'}}\n",
            ["8 M: arn:aws:sqs:us-east-1:1:other is not in this template; it does not invoke functions here"],
        ),
        (
            "  B:\n    Type: AWS::S3::Bucket\n    Properties:\n      NotificationConfiguration:\n"
            "        LambdaConfigurations: [{Event: x, Function: !GetAtt F.Arn}]\n",
            ["11 B: buckets do not invoke functions here"],
        ),
        (
            "  G: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.9, Handler: a.b, CodeUri: ., "
            "Role: 'arn:aws:iam::1:role/theirs', Environment: {Variables: {S: '{{resolve:ssm:/a}}'}}}}\n",
            [
                "8 G: what {{resolve:ssm:/a}} refers to is not known here, the text stays as it is",
                "8 G: its role is not in this template, so what the role allows is not known here",
            ],
        ),
        (
            "  A: {Type: AWS::Serverless::Application, Properties: {Location: nested.yaml}}\n"
            "  S: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: states.json, Role: x}}\n",
            [
                "8 A: AWS::CloudFormation::Stack is not run here",
                "9 S: AWS::StepFunctions::StateMachine is not run here",
            ],
        ),
    ],
)
def test_notes(deployed: Deploy, resources: str, notes: list[str]) -> None:
    made = deployed(BASE + resources)
    assert [api.stage for api in made.stack.apis] == ["live"]
    assert len(made.notes()) == len(notes)
    for note, expected in zip(made.notes(), notes, strict=True):
        assert note.startswith(expected)


def test_the_api_that_sam_makes_for_events_was_not_made_from_what_its_name_begins_with(
    deployed: Deploy,
) -> None:
    made = deployed(
        BASE + "  S: {Type: AWS::SQS::Queue}\n"
        "  G:\n"
        "    Type: AWS::Serverless::Function\n"
        "    Properties: {Runtime: python3.9, Handler: a.b, CodeUri: ., Events: {\n"
        "      Web: {Type: Api, Properties: {Path: /x, Method: get}}}}\n"
    )
    assert made.notes() == ["12 ServerlessRestApi: AWS::ApiGateway::RestApi is not run here"]


def test_templates_that_do_not_run_are_kept_all_the_same(deployed: Deploy) -> None:
    made = deployed(
        f"{BASE}  I: {{Type: AWS::ApiGatewayV2::Integration, Properties: {MOCK}}}\n"
        + ROUTE.replace("!Ref I", "!Sub 'integrations/${I}'")
    )
    integration = made.stack.apis[0].routes["x"].integration
    assert integration and integration.request_templates == {"$default": "#set($x = 1)$x"}


def test_other_transforms_and_loops(deployed: Deploy) -> None:
    text = BASE.replace("AWS::Serverless-2016-10-31", "[AWS::Serverless-2016-10-31, Mine]")
    made = deployed(text + "  Fn::ForEach::Queues: [Name, [a, b], {'Q${Name}': {Type: AWS::SQS::Queue}}]\n")
    assert made.notes() == [
        "1 Mine: this transform is not run here; the template is taken as it is",
        "8 Fn::ForEach::Queues: in the cloud a loop takes Transform: AWS::LanguageExtensions",
    ]


def test_ssm_parameters_take_a_given_value(deployed: Deploy) -> None:
    text = BASE + "  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}\n"
    text = "Parameters: {Name: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /chat/name}}\n" + text
    assert deployed(text, Name="given").resources["Q"].id.endswith("/given")
    (note, *_) = deployed(text).notes()
    assert note.startswith(
        "9 Q: parameter Name comes from Systems Manager in the cloud; its name there, /chat/name"
    )
