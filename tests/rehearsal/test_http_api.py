"""The HTTP API, for those without a WebSocket: routes on aliases that it may invoke, the stage, who may read it."""

import json
from typing import Any

import pytest

from .cloud import Deployed
from .test_api import invoked

ROUTES = {
    "POST /api/members": "EnterFunction",
    "GET /api/members": "SayFunction",
    "DELETE /api/members": "SayFunction",
    "POST /api/messages": "SayFunction",
    "GET /api/events": "PollFunction",
}

each_route = pytest.mark.parametrize("route", ROUTES)


@pytest.fixture(scope="module")
def api(deployed: Deployed) -> dict[str, Any]:
    found: dict[str, Any] = deployed.cloud("apigatewayv2").get_api(ApiId=deployed.id("PollApi"))
    return found


@pytest.fixture(scope="module")
def routes(deployed: Deployed, api: dict[str, Any]) -> dict[str, dict[str, Any]]:
    items = deployed.cloud("apigatewayv2").get_routes(ApiId=api["ApiId"])["Items"]
    return {item["RouteKey"]: item for item in items}


def test_api(api: dict[str, Any], deployed: Deployed) -> None:
    assert (api["ProtocolType"], api["Name"]) == ("HTTP", f"{deployed.name}-poll")
    assert api["ApiId"] in deployed.outputs["PollUrl"]


def test_routes(routes: dict[str, Any]) -> None:
    assert routes.keys() == ROUTES.keys()


@each_route
def test_route_invokes_the_alias(
    route: str, routes: dict[str, Any], api: dict[str, Any], deployed: Deployed
) -> None:
    integration = deployed.cloud("apigatewayv2").get_integration(
        ApiId=api["ApiId"], IntegrationId=routes[route]["Target"].removeprefix("integrations/")
    )
    assert integration["IntegrationType"].upper() == "AWS_PROXY"
    assert integration["PayloadFormatVersion"] == "2.0"
    assert invoked(integration["IntegrationUri"]) == deployed.alias(ROUTES[route])["AliasArn"]


@each_route
def test_the_api_may_invoke_the_alias_by_that_route(
    route: str, api: dict[str, Any], deployed: Deployed
) -> None:
    """Without, it would answer 500, and only then."""
    function = ROUTES[route]
    policy = json.loads(deployed.cloud("lambda").get_policy(FunctionName=deployed.id(function))["Policy"])
    arn = f":{api['ApiId']}/*/{route.replace(' ', '')}"
    [statement] = [
        each for each in policy["Statement"] if each["Condition"]["ArnLike"]["AWS:SourceArn"].endswith(arn)
    ]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    permission = deployed.resources[statement["Sid"].removeprefix(f"{deployed.name}-")]["properties"]
    assert permission["FunctionName"] == deployed.alias(function)["AliasArn"]


def test_stage(api: dict[str, Any], deployed: Deployed, template: dict[str, Any]) -> None:
    defaults = {name: item["Default"] for name, item in template["Parameters"].items() if "Default" in item}
    stage = deployed.cloud("apigatewayv2").get_stage(ApiId=api["ApiId"], StageName="$default")
    assert stage["AutoDeploy"] is True
    settings, entering = stage["DefaultRouteSettings"], stage["RouteSettings"]["POST /api/members"]
    assert settings["ThrottlingRateLimit"] == defaults["ThrottleRate"]
    assert settings["ThrottlingBurstLimit"] == defaults["ThrottleBurst"]
    assert entering["ThrottlingRateLimit"] == defaults["ConnectRate"]
    assert entering["ThrottlingBurstLimit"] == defaults["ConnectBurst"]
    # The host whose pages may enter.
    assert f"https://{stage['StageVariables']['origins'].split(',')[0]}/" == deployed.outputs["SiteUrl"]
    groups = deployed.cloud("logs").describe_log_groups()["logGroups"]
    arns = {group["arn"].removesuffix(":*") for group in groups}
    assert stage["AccessLogSettings"]["DestinationArn"].removesuffix(":*") in arns


def test_pages_of_other_origins_read_nothing(api: dict[str, Any]) -> None:
    assert not api.get("CorsConfiguration")
