"""Distributions as they are read from templates."""

import pytest

from local_dev.stack.distribution import Behaviour, Distribution, Origin
from local_dev.stack.response_headers import MANAGED, Header, ResponseHeaders

from .conftest import Deploy

API = """Resources:
  Ws: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.a}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Ws, StageName: live}}
"""
WHOLE = (
    API
    + """
  Key: {Type: AWS::SecretsManager::Secret, Properties: {SecretString: s3cret}}
  Files: {Type: AWS::S3::Bucket}
  Headers:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: h
        SecurityHeadersConfig: {ContentTypeOptions: {Override: true}}
  Edge:
    Type: AWS::CloudFront::Function
    Properties: {Name: edge, FunctionCode: "function handler(e) { return e.request; }"}
  Front:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        Origins:
          - {Id: files, DomainName: !GetAtt Files.RegionalDomainName, S3OriginConfig: {}}
          - Id: api
            DomainName: !Sub ${Ws}.execute-api.${AWS::Region}.${AWS::URLSuffix}
            OriginPath: /live/
            OriginCustomHeaders:
              - {HeaderName: x-origin-key, HeaderValue: !Sub "{{resolve:secretsmanager:${Key}:SecretString}}"}
        CacheBehaviors:
          - PathPattern: /ws/*
            TargetOriginId: api
            OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac
            FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt Edge.FunctionARN}]
        DefaultCacheBehavior:
          TargetOriginId: files
          ResponseHeadersPolicyId: !Ref Headers
Outputs:
  Host: {Value: !GetAtt Front.DomainName}
"""
)


def front(behaviour: str, more: str = "") -> str:
    """A template with a distribution whose default behaviour is this."""
    return (
        f"{API}{more}  Front:\n    Type: AWS::CloudFront::Distribution\n    Properties:\n      DistributionConfig:\n"
        "        Enabled: true\n        Origins: [{Id: api, DomainName: a.example}]\n"
        f"        DefaultCacheBehavior: {{TargetOriginId: api, {behaviour}}}\n"
    )


def test_a_whole_distribution(deployed: Deploy) -> None:
    made = deployed(WHOLE)
    api = made.resources["Ws"].id
    distribution = made.stack.distribution
    assert distribution is not None
    assert distribution.behaviours == (
        Behaviour(
            "/ws/*",
            Origin(f"{api}.execute-api.us-east-1.amazonaws.com", "/live", (("x-origin-key", "s3cret"),)),
            "function handler(e) { return e.request; }",
        ),
        Behaviour(
            "*",
            distribution.behaviours[1].origin,
            response_headers=ResponseHeaders((Header("X-Content-Type-Options", "nosniff", override=True),)),
        ),
    )
    assert ".s3." in distribution.behaviours[1].origin.host
    assert made.notes() == []


def test_its_domain_name_is_the_address_it_is_played_at(deployed: Deploy) -> None:
    assert deployed(WHOLE, address="127.0.0.1:8123").outputs["Host"] == "127.0.0.1:8123"
    assert deployed(WHOLE).outputs["Host"].endswith(".cloudfront.net")


@pytest.mark.parametrize(
    ("behaviour", "more", "note"),
    [
        ("LambdaFunctionAssociations: [{EventType: viewer-request}]", "", "Lambda@Edge is not run here"),
        (
            "FunctionAssociations: [{EventType: viewer-response, FunctionARN: x}]",
            "",
            "functions are not run here at viewer-response",
        ),
        (
            "FunctionAssociations: [{EventType: viewer-request, FunctionARN: 'arn:x'}]",
            "",
            "the function arn:x is not in this template",
        ),
        ("ResponseHeadersPolicyId: 1-2", "", "the response headers policy 1-2 is not known here"),
        ("TargetOriginId: none", "", "there is no origin none"),
        ("Origin: X-Edge-Key", "", "AWS would refuse this: CloudFront cannot add the header X-Edge-Key"),
        ("Origin: cookie", "", "AWS would refuse this: CloudFront cannot add the header cookie"),
        (
            "FunctionAssociations: [{EventType: viewer-request, FunctionARN: !Ref E}, "
            "{EventType: viewer-request, FunctionARN: !Ref E}]",
            "  E: {Type: AWS::CloudFront::Function, Properties: {Name: e, FunctionCode: x}}\n",
            "has two functions at viewer-request",
        ),
        (
            "FunctionAssociations: [{EventType: viewer-request, FunctionARN: !Ref E}]",
            f"  E: {{Type: AWS::CloudFront::Function, Properties: {{Name: e, FunctionCode: '{'x' * 10241}'}}}}\n",
            "its code has 10241 bytes, and the limit is 10240",
        ),
        (
            "ResponseHeadersPolicyId: !Ref H",
            "  H: {Type: AWS::CloudFront::ResponseHeadersPolicy, "
            "Properties: {ResponseHeadersPolicyConfig: {CorsConfig: {OriginOverride: true}}}}\n",
            "its CORS headers are not sent here",
        ),
    ],
)
def test_what_is_not_played_is_noted(deployed: Deploy, behaviour: str, more: str, note: str) -> None:
    text = front(behaviour, more)
    if behaviour.startswith("Origin: "):
        header = (
            f"OriginCustomHeaders: [{{HeaderName: {behaviour.removeprefix('Origin: ')}, HeaderValue: x}}]"
        )
        text = front("Compress: true").replace("DomainName: a.example", f"DomainName: a.example, {header}")
    if behaviour.startswith("TargetOriginId"):
        text = text.replace("TargetOriginId: api, ", "")
    (said,) = deployed(text).notes()
    assert said.endswith(note)


@pytest.mark.parametrize(
    ("more", "noted"),
    [("Compress: true", True), ("OriginRequestPolicyId: x", False), ("ForwardedValues: {}", False)],
)
def test_an_api_that_would_get_no_query_is_noted(deployed: Deploy, more: str, *, noted: bool) -> None:
    """Contract C04."""
    text = front(more).replace("a.example", "!Sub '${Ws}.execute-api.${AWS::Region}.amazonaws.com'")
    notes = deployed(text).notes()
    assert [note.endswith("few headers in the cloud; here it gets all") for note in notes] == [True] * noted


def test_one_distribution_has_the_address(deployed: Deploy) -> None:
    idle = (
        "  Idle: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: false}}}\n"
    )
    other = (
        "  Other: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true}}}\n"
    )
    made = deployed(front("Compress: true", idle) + other)
    assert made.stack.distribution is not None
    assert made.stack.distribution.logical_id == "Front"
    assert [note.partition(" ")[2] for note in made.notes()] == [
        "Idle: this distribution is not enabled, so it answers nothing",
        "Other: not run here: Front is the one distribution that has the gateway's address",
    ]


def test_a_template_without_one_has_none(deployed: Deploy) -> None:
    assert deployed(API).stack.distribution is None


def test_the_managed_policy_is_known(deployed: Deploy) -> None:
    (managed,) = MANAGED
    stack = deployed(front(f"ResponseHeadersPolicyId: {managed}")).stack
    assert stack.distribution is not None
    assert stack.distribution.behaviours[0].response_headers == MANAGED[managed]


@pytest.mark.parametrize(
    ("policy", "forwards"),
    [
        ("216adef6-5c7f-47e4-b989-5492eafa07d3", True),
        ("b689b0a8-53d0-40ab-baf2-68738e2966ac", False),
        ("{HeaderBehavior: allViewer}", True),
        ("{HeaderBehavior: whitelist, Headers: [Origin]}", False),
        ("{HeaderBehavior: whitelist, Headers: [HOST]}", True),
        ("{HeaderBehavior: allExcept, Headers: [host]}", False),
        ("{HeaderBehavior: allExcept, Headers: [Origin]}", True),
        ("{HeaderBehavior: none}", False),
    ],
)
def test_who_gets_the_viewers_host(deployed: Deploy, policy: str, forwards: bool) -> None:
    """Contract C05."""
    own = (
        "  P: {Type: AWS::CloudFront::OriginRequestPolicy, Properties: {OriginRequestPolicyConfig: "
        f"{{Name: p, HeadersConfig: {policy}}}}}}}\n"
    )
    text = (
        front("OriginRequestPolicyId: !Ref P", own)
        if policy[0] == "{"
        else front(f"OriginRequestPolicyId: {policy}")
    )
    stack = deployed(text).stack
    assert isinstance(stack.distribution, Distribution)
    assert stack.distribution.behaviours[0].forwards_host is forwards
