"""Routes on aliases, and what the stages let through and log."""

import json
import re
from typing import Any

import pytest

from .conftest import evaluated
from .reading import listed, text


def stage_of(api: str, resources: dict[str, Any]) -> dict[str, Any]:
    """The one stage of the API."""
    stages = [item for item in resources.values() if item["Type"] == "AWS::ApiGatewayV2::Stage"]
    [stage] = [item for item in stages if item["Properties"]["ApiId"] == {"Ref": api}]
    result: dict[str, Any] = stage
    return result


each_api = pytest.mark.parametrize("api", ["ChatApi", "PollApi"])


@each_api
def test_the_origins_fit_into_a_variable_of_the_stage(
    api: str, resources: dict[str, Any], template: dict[str, Any]
) -> None:
    assert stage_of(api, resources)["Properties"]["StageVariables"] == {
        "origins": {"Fn::Sub": "${Site.Outputs.Host},${AllowedOrigins}"}
    }
    # A value has at most 512 characters of these.
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    parameter = template["Parameters"]["AllowedOrigins"]
    assert parameter["MaxLength"] + 1 + 128 <= 512


@pytest.mark.parametrize(
    ("route", "function"),
    [("$connect", "ConnectFunction"), ("$disconnect", "DisconnectFunction"), ("$default", "DefaultFunction")],
)
def test_route_goes_to_the_alias(route: str, function: str, resources: dict[str, Any]) -> None:
    [found] = [
        item["Properties"]
        for item in resources.values()
        if item["Type"] == "AWS::ApiGatewayV2::Route" and item["Properties"]["RouteKey"] == route
    ]
    integration = resources[found["Target"]["Fn::Join"][1][1]["Ref"]]["Properties"]
    assert integration["IntegrationUri"]["Fn::Sub"][1] == {"FunctionArn": {"Ref": f"{function}Aliaslive"}}
    assert ("AuthorizerId" in found) == (route == "$connect")


def test_authorizer_is_always_asked(resources: dict[str, Any]) -> None:
    [authorizer] = [item for item in resources.values() if item["Type"] == "AWS::ApiGatewayV2::Authorizer"]
    properties = authorizer["Properties"]
    assert properties["AuthorizerType"] == "REQUEST"
    assert properties["AuthorizerUri"]["Fn::Sub"][1] == {"AuthArn": {"Ref": "AdmitFunctionAliaslive"}}
    # An identity source that is missing or empty would be refused without asking; both names may be blank.
    assert "IdentitySource" not in properties


def test_stage(resources: dict[str, Any], template: dict[str, Any]) -> None:
    stage = stage_of("ChatApi", resources)["Properties"]
    assert stage["StageName"] == {"Ref": "StageName"}
    assert template["Parameters"]["StageName"]["Default"] == "live"
    settings = stage["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottleBurst"}
    assert settings["DataTraceEnabled"] is False


def test_who_polls_is_throttled_as_frames_are_and_entering_as_handshakes(resources: dict[str, Any]) -> None:
    stage = stage_of("PollApi", resources)["Properties"]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    [(route, settings)] = stage["RouteSettings"].items()
    assert (route, settings["ThrottlingRateLimit"]) == ("POST /api/members", {"Ref": "ConnectRate"})


def test_the_http_api_asks_no_authorizer_and_hears_of_every_route(resources: dict[str, Any]) -> None:
    document = resources["PollApi"]["Properties"]["Body"]
    routes = {
        f"{method.upper()} {path}": text(operation["x-amazon-apigateway-integration"]["uri"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    assert {route: re.findall(r"(\w+)Aliaslive", uri) for route, uri in routes.items()} == {
        "POST /api/members": ["EnterFunction"],
        "GET /api/members": ["SayFunction"],
        "DELETE /api/members": ["SayFunction"],
        "POST /api/messages": ["SayFunction"],
        "GET /api/events": ["PollFunction"],
    }
    assert "securitySchemes" not in str(document)


def test_other_pages_may_ask_the_http_api_only_where_they_are_named(
    resources: dict[str, Any], template: dict[str, Any]
) -> None:
    cors = resources["PollApi"]["Properties"]["Body"]["x-amazon-apigateway-cors"]
    assert evaluated(template, {"cors": cors}, {}) == {}
    named = evaluated(template, cors, {"AllowedOrigins": "https://a.example,https://b.example"})
    assert named["allowOrigins"]["Fn::Split"][0] == ","
    assert set(named["allowHeaders"]) == {"authorization", "content-type"}
    assert "allowCredentials" not in named


def test_handshakes_are_counted_apart_from_frames(resources: dict[str, Any]) -> None:
    stage = stage_of("ChatApi", resources)
    assert stage["Properties"]["RouteSettings"] == {
        "$connect": {
            "ThrottlingRateLimit": {"Ref": "ConnectRate"},
            "ThrottlingBurstLimit": {"Ref": "ConnectBurst"},
            "DataTraceEnabled": False,
            "LoggingLevel": "OFF",
        }
    }
    routes = {name for name, item in resources.items() if item["Type"] == "AWS::ApiGatewayV2::Route"}
    assert routes & set(listed(stage["DependsOn"])), "settings for a route that is not there yet are refused"


@each_api
def test_access_log_tells_nothing_private(api: str, resources: dict[str, Any]) -> None:
    settings = stage_of(api, resources)["Properties"]["AccessLogSettings"]
    assert text(settings["DestinationArn"]) == "AccessLogs.Arn"
    logged = json.loads(settings["Format"])
    assert {"requestId", "route", "status"} <= logged.keys()
    assert ("connectionId" in logged) is (api == "ChatApi")
    # Neither the query (a ticket), nor the names, nor what headers say.
    assert not re.search(r"query|header|principal|path|protocol|userAgent", settings["Format"], re.IGNORECASE)


def test_access_logs_wait_for_the_account_role(resources: dict[str, Any]) -> None:
    assert resources["AccessLogs"]["Metadata"]["After"] == {
        "Fn::If": ["CreateAccountLogRole", {"Ref": "GatewayAccount"}, "nothing"]
    }
    # Other APIs of the account may have come to use them.
    assert {resources[name]["DeletionPolicy"] for name in ("GatewayAccount", "GatewayLogRole")} == {"Retain"}


def test_one_stage_name(template: dict[str, Any]) -> None:
    """Whoever names the stage asks the parameter, so that another name needs no other change."""
    outputs = template["Outputs"]
    endpoints = [
        resource["Properties"]["Environment"]["Variables"].get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI")
        for name, resource in template["Resources"].items()
        if "Environment" in resource["Properties"]
    ]
    addresses = [outputs["WebSocketUrl"]["Value"], outputs["ManagementEndpoint"]["Value"]]
    for address in [*addresses, *filter(None, endpoints)]:
        assert text(address).endswith(".execute-api.${AWS::Region}.${AWS::URLSuffix}/${StageName}")
    assert outputs["WebSocketUrl"]["Value"]["Fn::Sub"].startswith("wss://")
