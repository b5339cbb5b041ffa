"""Whatever properties resources have, they are read, left out with a note, or refused with one line."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local_dev.errors import TemplateError
from local_dev.stack.cloud import Resource
from local_dev.stack.kinds import PLAYED
from local_dev.stack.reader import read_stack

OTHERS = (
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::Logs::SubscriptionFilter",
    "AWS::S3::Bucket",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
)
KINDS = [*sorted(PLAYED), *OTHERS]
NAMES = [
    "ApiId",
    "PayloadFormatVersion",
    "MaxAge",
    "JwtConfiguration",
    "IntegrationSubtype",
    "DisableExecuteApiEndpoint",
    "CorsConfiguration",
    "Body",
    "AuthorizationScopes",
    "AllowOrigins",
    "ApiKeyRequired",
    "ApiMappingKey",
    "ApiStages",
    "AuthorizationType",
    "AuthorizerId",
    "AuthorizerType",
    "AuthorizerUri",
    "BatchSize",
    "Code",
    "Content",
    "DefaultRouteSettings",
    "DestinationConfig",
    "DomainName",
    "Enabled",
    "Environment",
    "EventSourceArn",
    "FilterCriteria",
    "FunctionCode",
    "FunctionName",
    "FunctionResponseTypes",
    "Handler",
    "IdentitySource",
    "IntegrationId",
    "IntegrationResponseKey",
    "IntegrationType",
    "IntegrationUri",
    "KeyId",
    "Layers",
    "LoggingConfig",
    "ManagedPolicyArns",
    "MemorySize",
    "Name",
    "NotificationConfiguration",
    "PackageType",
    "Policies",
    "PolicyDocument",
    "ProtocolType",
    "RequestModels",
    "RequestParameters",
    "RequestTemplates",
    "ReservedConcurrentExecutions",
    "ResponseTemplates",
    "Role",
    "RoleName",
    "Roles",
    "RouteId",
    "RouteKey",
    "RouteResponseKey",
    "RouteResponseSelectionExpression",
    "RouteSelectionExpression",
    "RouteSettings",
    "Runtime",
    "ScalingConfig",
    "Schema",
    "Stage",
    "StageName",
    "StageVariables",
    "Statement",
    "Subscription",
    "Target",
    "Targets",
    "Timeout",
    "TimeoutInMillis",
    "UsagePlanId",
    "Value",
    "ThrottlingBurstLimit",
    "ThrottlingRateLimit",
    "Variables",
    "Filters",
    "Pattern",
    "ZipFile",
    "S3Bucket",
    "S3Key",
]
OPENAPI = [
    "components",
    "integration",
    "isDefaultRoute",
    "paths",
    "security",
    "securitySchemes",
    "type",
    "uri",
    "x-amazon-apigateway-any-method",
    "x-amazon-apigateway-authorizer",
    "x-amazon-apigateway-cors",
    "x-amazon-apigateway-integration",
    "get",
    "$ref",
]
"""Keys of an HTTP API's document."""
WORDS = (
    "/a /{b} /{c+} GET ANY JWT 2.0 AWS_IAM "
    "id0 id1 id2 WEBSOCKET HTTP AWS AWS_PROXY MOCK CUSTOM $connect $default live python3.9 { {} true local-code "
    "/nowhere arn:aws:lambda:r:1:function:id0 arn:aws:sqs:r:1:id1 arn:aws:dynamodb:r:1:table/id2/stream/x "
    "${stageVariables.a}"
)
TEXTS = st.sampled_from(["", *WORDS.split()])
VALUES = st.recursive(
    TEXTS | st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*NAMES, *OPENAPI]) | TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)
RESOURCES = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(["id0", "id1", "id2"]),
        st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8),
    ),
    max_size=8,
)


@settings(max_examples=200)
@given(RESOURCES)
def test_any_properties(listed: list[tuple[str, str, dict[str, Any]]]) -> None:
    api = {"ProtocolType": "WEBSOCKET"}
    stage = {"ApiId": "id0", "StageName": "live"}
    listed = [*listed, ("AWS::ApiGatewayV2::Api", "id0", api), ("AWS::ApiGatewayV2::Stage", "s", stage)]
    resources = {
        f"R{number}": Resource(f"R{number}", kind, name, properties)
        for number, (kind, name, properties) in enumerate(listed)
    }
    try:
        stack = read_stack(resources, account="1", region="r")
    except TemplateError as error:
        assert "\n" not in str(error)
        return
    assert any(api.stage == "live" for api in stack.apis)
    assert all("\n" not in note.text for note in stack.notes)


@settings(max_examples=60)
@given(
    body=st.fixed_dictionaries(
        {
            "paths": st.dictionaries(
                TEXTS, st.dictionaries(st.sampled_from(OPENAPI), VALUES, max_size=3), max_size=3
            )
        },
        optional={
            "components": st.fixed_dictionaries(
                {"securitySchemes": st.dictionaries(TEXTS, st.dictionaries(st.sampled_from(OPENAPI), VALUES))}
            ),
            "security": VALUES,
            "x-amazon-apigateway-cors": VALUES,
        },
    ),
    stage=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4),
)
def test_any_document_of_an_http_api(body: dict[str, Any], stage: dict[str, Any]) -> None:
    resources = {
        "Api": Resource("Api", "AWS::ApiGatewayV2::Api", "id0", {"Body": body}),
        "Stage": Resource("Stage", "AWS::ApiGatewayV2::Stage", "s", {**stage, "ApiId": "id0"}),
    }
    stack = read_stack(resources, account="1", region="r")
    assert [api.logical_id for api in stack.http_apis] == ["Api"]
    for api in stack.http_apis:
        assert all(key == route.key for key, route in api.routes.items())
    assert all("\n" not in note.text for note in stack.notes)
