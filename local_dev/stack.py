"""What the gateway needs of a deployed stack, read from its resolved resources: functions, APIs, mappings,
edge function.

Pure: resources in, dataclasses out. Nothing in here, or anywhere in this package, knows a template by
name.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cloud import Resource
from .errors import TemplateError
from .opaque import function_arn, function_name
from .template import code_folder

INTEGRATION_TIMEOUT = 29.0
"""Seconds an integration may take unless the template says less (contract L11)."""


@dataclass(frozen=True)
class Function:
    """A Lambda function. `timeout` in seconds, `memory` in MB. `code` is its folder, None where it has
    none here.
    """

    name: str
    arn: str
    label: str
    handler: str
    timeout: float
    memory: int
    environment: Mapping[str, str]
    code: Path | None
    inline_code: str | None = None
    json_logs: bool = False


@dataclass(frozen=True)
class Authorizer:
    """A REQUEST authorizer on $connect: the function's name and the sources that must be present."""

    function: str
    identity_sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """A route: the function behind it (None: no integration that runs here), and how long that may take,
    in seconds.
    """

    key: str
    function: str | None
    timeout: float = INTEGRATION_TIMEOUT
    authorizer: Authorizer | None = None


@dataclass(frozen=True)
class Api:
    """A WebSocket API with its one stage."""

    id: str
    logical_id: str
    stage: str
    route_selection_expression: str
    routes: Mapping[str, Route]
    region: str
    account: str
    stage_variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def domain_name(self) -> str:
        """The host that clients of the deployed API use (contract E18)."""
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"


@dataclass(frozen=True)
class StreamMapping:
    """An event source mapping from a DynamoDB stream. Times in seconds; `max_retries` and `max_age` None:
    no bound.
    """

    stream: str
    function: str
    batch_size: int = 100
    window: float = 0.0
    patterns: tuple[Mapping[str, Any], ...] = ()
    bisect: bool = False
    partial_responses: bool = False
    max_retries: int | None = None
    max_age: float | None = None
    on_failure: str | None = None
    from_start: bool = True


@dataclass(frozen=True)
class Stack:
    """All that runs here of one deployed stack."""

    functions: Mapping[str, Function]
    apis: tuple[Api, ...]
    stream_mappings: tuple[StreamMapping, ...]
    edge_sources: tuple[str, ...]


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
    return Stack(functions, apis, mappings, edges)


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
    integration = integrations.get(str(properties.get("Target", "")).removeprefix("integrations/"))
    function = None
    timeout = INTEGRATION_TIMEOUT
    if integration is not None:
        uri = str(integration.properties.get("IntegrationUri", ""))
        function = function_name(uri) if ":lambda:" in uri else None
        timeout = float(integration.properties.get("TimeoutInMillis", timeout * 1000)) / 1000
    return Route(
        key=str(properties["RouteKey"]),
        function=function,
        timeout=timeout,
        authorizer=authorizers.get(str(properties.get("AuthorizerId")))
        if properties.get("AuthorizationType") == "CUSTOM"
        else None,
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
