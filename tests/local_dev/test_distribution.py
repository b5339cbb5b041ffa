"""A whole template with a distribution: its address reaches functions, its secret header their handshakes."""

import asyncio
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.running import Running, running

TEMPLATE = """
Resources:
  Ws:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: ws, ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Ws, RouteKey: $connect, Target: !Sub 'integrations/${Integration}'}
  Integration:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Ws
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Door.Arn}/invocations
  Key: {Type: AWS::SecretsManager::Secret, Properties: {GenerateSecretString: {PasswordLength: 40}}}
  Door:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 10
      Code:
        ZipFile: |
          import boto3, json, os
          def handler(event, context):
              key = boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["KEY"])["SecretString"]
              print("EVENT " + json.dumps({"host": os.environ["HOST"]}), flush=True)
              return {"statusCode": 200 if event["headers"].get("x-origin-key") == key else 403}
      Environment:
        Variables:
          HOST: !GetAtt Front.DomainName
          KEY: !Ref Key
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
  Edge:
    Type: AWS::CloudFront::Function
    Properties:
      Name: edge
      FunctionCode: "function handler(e) { e.request.uri = '/live'; return e.request; }"
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: headers
        SecurityHeadersConfig: {FrameOptions: {FrameOption: DENY, Override: true}}
  Front:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - {Id: files, DomainName: files.example}
          - Id: api
            DomainName: !Sub ${Ws}.execute-api.${AWS::Region}.${AWS::URLSuffix}
            OriginCustomHeaders:
              - {HeaderName: x-origin-key, HeaderValue: !Sub "{{resolve:secretsmanager:${Key}:SecretString}}"}
        CacheBehaviors:
          - PathPattern: /ws/*
            TargetOriginId: api
            FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt Edge.FunctionARN}]
        DefaultCacheBehavior: {TargetOriginId: files, ResponseHeadersPolicyId: !Ref Headers}
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("distribution")
    (folder / "template.yaml").write_text(TEMPLATE)
    (folder / "site").mkdir()
    (folder / "site" / "index.html").write_text("<!doctype html>")
    with running(folder / "template.yaml", site=folder / "site") as made:
        yield made


async def handshake(url: str, key: str | None = None) -> int:
    """The status of a handshake."""
    try:
        async with connect(url, additional_headers={"x-origin-key": key} if key else None, open_timeout=60):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def test_its_domain_name_is_the_gateways_own_address(deployed: Running) -> None:
    assert asyncio.run(handshake(f"{deployed.ws_url}/ws/x")) == 101
    event = deployed.recorder.event("Door", lambda event: event)
    assert f"http://{event['host']}" == deployed.url


def test_only_what_comes_through_it_has_its_key(deployed: Running) -> None:
    url = deployed.ws_url
    assert asyncio.run(handshake(f"{url}/ws/x", "guess")) == 101
    assert asyncio.run(handshake(f"{url}/live")) == 403
    assert asyncio.run(handshake(f"{url}/live", "guess")) == 403
    assert asyncio.run(handshake(f"{url}/live", deployed.secret("Key"))) == 101


def test_files_have_its_headers(deployed: Running) -> None:
    client = http.client.HTTPConnection(deployed.url.removeprefix("http://"), timeout=60)
    client.request("GET", "/")
    assert client.getresponse().headers["x-frame-options"] == "DENY"
    client.close()


def test_a_secret_is_another_one_at_each_start(deployed: Running, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    with running(tmp_path / "template.yaml") as other:
        assert len(other.secret("Key")) == 40
        assert other.secret("Key") != deployed.secret("Key")
