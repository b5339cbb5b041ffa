"""HTTP APIs out of templates: what SAM makes of events, documents, plain resources; and what is noted."""

from pathlib import Path

import pytest

from local_dev.errors import TemplateError
from local_dev.stack.http_model import AuthorizerType, Cors, HttpApi, HttpIntegration
from local_dev.stack.model import Throttle

from .conftest import Deploy

SAM = "Transform: AWS::Serverless-2016-10-31\nResources:\n"
FUNCTION = """  F:
    Type: AWS::Lambda::Function
    Properties: {FunctionName: f, Runtime: python3.9, Handler: a.b, Code: .}
"""
API = "  A: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: HTTP}}\n"
STAGE = "  S: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref A, StageName: $default, AutoDeploy: true}}\n"
ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
DOCUMENT = f"""
openapi: 3.0.1
security: [{{Word: []}}]
paths:
  /a:
    get: {{x-amazon-apigateway-integration: {{$ref: "#/components/x-amazon-apigateway-integrations/f"}}}}
    put: {{security: [], x-amazon-apigateway-integration: {{type: http_proxy, uri: "https://elsewhere.example"}}}}
    summary: not a method
components:
  x-amazon-apigateway-integrations: {{f: {{type: AWS_PROXY, uri: "{ARN}:live", timeoutInMillis: 10}}}}
  securitySchemes:
    Word:
      x-amazon-apigateway-authorizer: {{type: request, authorizerUri: "{ARN}", identitySource: $request.header.X}}
"""


def only(apis: tuple[HttpApi, ...]) -> HttpApi:
    assert len(apis) == 1
    return apis[0]


def test_what_sam_makes_of_events(deployed: Deploy) -> None:
    made = deployed(
        SAM
        + """  G:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: g
      Runtime: python3.9
      Handler: a.b
      CodeUri: .
      AutoPublishAlias: live
      Events:
        A: {Type: HttpApi, Properties: {Path: "/a/{b}", Method: get, TimeoutInMillis: 2000}}
        B: {Type: HttpApi, Properties: {Path: "/c/{d+}", Method: ANY, PayloadFormatVersion: "1.0"}}
        C: {Type: HttpApi}
        D: {Type: HttpApi, Properties: {Path: /e, Method: post, RouteSettings: {ThrottlingBurstLimit: 3}}}
Outputs:
  Url: {Value: !Sub "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}"}
"""
    )
    api = only(made.stack.http_apis)
    assert (api.logical_id, api.stage) == ("ServerlessHttpApi", "$default")
    assert {key: route.integration for key, route in api.routes.items()} == {
        "GET /a/{b}": HttpIntegration("g", 2.0, "2.0"),
        "ANY /c/{d+}": HttpIntegration("g", 30.0, "1.0"),
        "$default": HttpIntegration("g"),
        "POST /e": HttpIntegration("g"),
    }
    assert api.route_throttles == {"POST /e": Throttle(10_000, 3)}
    assert made.outputs["Url"] == f"https://{api.domain_name}"
    assert made.stack.apis == ()


def test_plain_resources(deployed: Deploy) -> None:
    made = deployed(
        "Resources:\n"
        + FUNCTION
        + API.replace("Name: a", "Name: a, CorsConfiguration: {AllowOrigins: ['*'], MaxAge: 5}")
        + """  I:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref A
      IntegrationType: AWS_PROXY
      PayloadFormatVersion: "2.0"
      IntegrationUri: !Sub
        - arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Arn}:${!stageVariables.v}/invocations
        - {Arn: !GetAtt F.Arn}
  R: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref A, RouteKey: GET /x, Target: !Sub "integrations/${I}"}}
  N: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref A, RouteKey: x}}
  O: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref A, RouteKey: PUT /x, AuthorizationType: AWS_IAM}}
  P: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref A, RouteKey: GET /x, AuthorizationType: AWS_IAM}}
  S:
    Type: AWS::ApiGatewayV2::Stage
    Properties:
      ApiId: !Ref A
      StageName: live
      StageVariables: {v: latest}
      DefaultRouteSettings: {ThrottlingRateLimit: 7}
      RouteSettings: {"GET /y": {ThrottlingBurstLimit: 1}}
  M: {Type: AWS::ApiGatewayV2::ApiMapping, Properties: {ApiId: !Ref A, Stage: !Ref S, DomainName: d.example}}
"""
    )
    api = only(made.stack.http_apis)
    assert (api.stage, api.stage_variables, api.throttle) == ("live", {"v": "latest"}, Throttle(7, 5_000))
    assert api.routes["GET /x"].integration == HttpIntegration("f")
    assert api.routes["GET /x"].authorizer is None
    guard = api.routes["PUT /x"].authorizer
    assert guard is not None
    assert guard.type is AuthorizerType.IAM
    assert api.cors == Cors(("*",), max_age=5)
    assert [domain.name for domain in api.domains] == ["d.example"]
    assert [note.partition(" ")[2] for note in made.notes()] == [
        "N: its RouteKey 'x' is no METHOD /path; it is left out",
        "O: PUT /x has no integration in this template; it answers with an error",
        "P: AWS would refuse this: another route of the API has the RouteKey GET /x, and is run here",
        "S: RouteSettings are for GET /y, which is no route",
    ]


def test_an_api_of_a_target_alone(deployed: Deploy) -> None:
    api = "  A: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: a, ProtocolType: HTTP, Target: !GetAtt F.Arn}}\n"
    made = deployed("Resources:\n" + FUNCTION + api)
    assert only(made.stack.http_apis).routes["$default"].integration == HttpIntegration("f")


@pytest.mark.parametrize("where", ["beside", "inline"])
def test_a_document(deployed: Deploy, tmp_path: Path, where: str) -> None:
    (tmp_path / "api.yaml").write_text(DOCUMENT)
    inline = "".join(f"        {line}\n" for line in DOCUMENT.strip().splitlines())
    definition = "DefinitionUri: api.yaml" if where == "beside" else f"DefinitionBody:\n{inline}"
    made = deployed(
        f"{SAM}{FUNCTION}  A:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n      {definition}\n"
    )
    api = only(made.stack.http_apis)
    assert api.routes["GET /a"].integration == HttpIntegration("f", 0.05, "1.0")
    guard = api.routes["GET /a"].authorizer
    assert guard is not None
    assert (guard.type, guard.function, guard.identity_sources) == (
        AuthorizerType.LAMBDA,
        "f",
        ("$request.header.X",),
    )
    assert (api.routes["PUT /a"].integration, api.routes["PUT /a"].authorizer) == (None, None)
    assert any("only Lambda functions are integrated here, not HTTP_PROXY" in note for note in made.notes())


@pytest.mark.parametrize(
    ("definition", "note"),
    [
        ("s3://bucket/api.yaml", "its document is in a bucket, and is not read here"),
        ("nowhere.yaml", "its document cannot be read"),
        ("odd.yaml", "its document cannot be read"),
    ],
)
def test_a_document_that_cannot_be_had(deployed: Deploy, tmp_path: Path, definition: str, note: str) -> None:
    (tmp_path / "odd.yaml").write_text("{")
    resource = f"  A: {{Type: AWS::Serverless::HttpApi, Properties: {{DefinitionUri: '{definition}'}}}}\n"
    made = deployed(SAM + FUNCTION + resource)
    assert only(made.stack.http_apis).routes == {}
    assert any(note in line for line in made.notes())


def test_an_authorizer_that_is_not_there_guards_all_the_same(deployed: Deploy) -> None:
    route = "ApiId: !Ref A, RouteKey: GET /x, AuthorizationType: CUSTOM, AuthorizerId: none"
    made = deployed(
        f"Resources:\n{FUNCTION}{API}{STAGE}  R: {{Type: AWS::ApiGatewayV2::Route, Properties: {{{route}}}}}\n"
    )
    guard = only(made.stack.http_apis).routes["GET /x"].authorizer
    assert guard is not None
    assert guard.type is AuthorizerType.UNKNOWN


def test_a_template_without_any_api_is_refused(deployed: Deploy) -> None:
    for template in ("Resources:\n" + FUNCTION, "Resources:\n" + FUNCTION + API):
        with pytest.raises(TemplateError, match=r"no WebSocket API .* and no HTTP API with a stage"):
            deployed(template)
