"""Reads the Stack out of a deployment's resolved resources.

Pure: resources in, dataclasses out. Nothing in here, or anywhere in this package, knows a template by
name.
"""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import TemplateError
from .cloud import Resource
from .model import (
    INTEGRATION_TIMEOUT,
    Api,
    Authorization,
    Authorizer,
    Function,
    Integration,
    IntegrationType,
    Route,
    Stack,
    StreamMapping,
)
from .opaque import function_arn, function_name
from .template import code_folder


def read_stack(resources: Mapping[str, Resource], *, account: str, region: str) -> Stack:
    """The Stack in `resources`; TemplateError where there is no WebSocket API with a stage in it."""
    by_type: dict[str, list[Resource]] = {}
    for resource in resources.values():
        by_type.setdefault(resource.type, []).append(resource)
    functions = {
        resource.id: _function(resource, account, region)
        for resource in by_type.get("AWS::Lambda::Function", [])
    }
    apis = tuple(
        _api(api, by_type, account, region)
        for api in by_type.get("AWS::ApiGatewayV2::Api", [])
        if api.properties.get("ProtocolType") == "WEBSOCKET"
    )
    if not apis:
        raise TemplateError("the template has no WebSocket API (AWS::Serverless::WebSocketApi)")
    mappings = tuple(
        _stream_mapping(resource)
        for resource in by_type.get("AWS::Lambda::EventSourceMapping", [])
        if ":dynamodb:" in str(resource.properties.get("EventSourceArn"))
        and str(resource.properties.get("Enabled", True)).lower() == "true"
    )
    edges = tuple(
        str(resource.properties["FunctionCode"])
        for resource in by_type.get("AWS::CloudFront::Function", [])
        if "FunctionCode" in resource.properties
    )
    return Stack(functions, apis, stream_mappings=mappings, edge_sources=edges)


def _function(resource: Resource, account: str, region: str) -> Function:
    properties = resource.properties
    code = properties.get("Code", {})
    return Function(
        name=resource.id,
        arn=function_arn(resource.id, account=account, region=region),
        label=resource.logical_id,
        handler=str(properties.get("Handler", "")),
        timeout=float(properties.get("Timeout", 3)),
        memory=int(properties.get("MemorySize", 128)),
        environment={
            key: _text(value) for key, value in properties.get("Environment", {}).get("Variables", {}).items()
        },
        code=code_folder(code),
        inline_code=code.get("ZipFile"),
        json_logs=properties.get("LoggingConfig", {}).get("LogFormat") == "JSON",
    )


def _api(api: Resource, by_type: Mapping[str, list[Resource]], account: str, region: str) -> Api:
    def of_api(kind: str) -> list[Resource]:
        return [item for item in by_type.get(kind, []) if item.properties.get("ApiId") == api.id]

    integrations = {item.id: item for item in of_api("AWS::ApiGatewayV2::Integration")}
    authorizers = {item.id: _authorizer(item) for item in of_api("AWS::ApiGatewayV2::Authorizer")}
    stages = of_api("AWS::ApiGatewayV2::Stage")
    if not stages:
        raise TemplateError(f"{api.logical_id}: the WebSocket API has no stage")
    routes = {}
    for item in of_api("AWS::ApiGatewayV2::Route"):
        route = _route(item, integrations, authorizers)
        routes[route.key] = route
    return Api(
        id=api.id,
        logical_id=api.logical_id,
        stage=str(stages[0].properties["StageName"]),
        route_selection_expression=str(api.properties.get("RouteSelectionExpression", "")),
        routes=routes,
        region=region,
        account=account,
        stage_variables={
            key: _text(value) for key, value in stages[0].properties.get("StageVariables", {}).items()
        },
    )


def _route(
    resource: Resource, integrations: Mapping[str, Resource], authorizers: Mapping[str, Authorizer]
) -> Route:
    properties = resource.properties
    target = integrations.get(str(properties.get("Target", "")).removeprefix("integrations/"))
    custom = properties.get("AuthorizationType") == "CUSTOM"
    return Route(
        key=str(properties["RouteKey"]),
        integration=_integration(target) if target else None,
        authorization=Authorization(properties.get("AuthorizationType", "NONE")),
        authorizer=authorizers.get(str(properties.get("AuthorizerId"))) if custom else None,
    )


def _integration(resource: Resource) -> Integration | None:
    uri = str(resource.properties.get("IntegrationUri", ""))
    if ":lambda:" not in uri:
        return None
    return Integration(
        IntegrationType.LAMBDA_PROXY,
        function=function_name(uri),
        timeout=float(resource.properties.get("TimeoutInMillis", INTEGRATION_TIMEOUT * 1000)) / 1000,
    )


def _authorizer(resource: Resource) -> Authorizer:
    return Authorizer(
        function=function_name(str(resource.properties.get("AuthorizerUri", ""))),
        identity_sources=tuple(map(str, resource.properties.get("IdentitySource", ()))),
    )


def _stream_mapping(resource: Resource) -> StreamMapping:
    properties = resource.properties
    retries = int(properties.get("MaximumRetryAttempts", -1))
    age = float(properties.get("MaximumRecordAgeInSeconds", -1))
    filters = properties.get("FilterCriteria", {}).get("Filters", [])
    return StreamMapping(
        stream=str(properties["EventSourceArn"]),
        function=function_name(str(properties["FunctionName"])),
        batch_size=int(properties.get("BatchSize", 100)),
        window=float(properties.get("MaximumBatchingWindowInSeconds", 0)),
        patterns=tuple(json.loads(item["Pattern"]) for item in filters),
        bisect=_text(properties.get("BisectBatchOnFunctionError", False)) == "true",
        partial_responses="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
        max_retries=None if retries < 0 else retries,
        max_age=None if age < 0 else age,
        on_failure=properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        from_start=properties.get("StartingPosition", "LATEST") == "TRIM_HORIZON",
    )


def _text(value: Any) -> str:
    """A CloudFormation scalar as Lambda's environment shows it: booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)
