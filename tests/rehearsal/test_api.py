"""The WebSocket API: routes on aliases that may be invoked, the authorizer, the stage."""

import json
from typing import Any

import pytest

from .cloud import Deployed

ROUTES = {"$connect": "ConnectFunction", "$disconnect": "DisconnectFunction", "$default": "DefaultFunction"}


@pytest.fixture(scope="module")
def api(deployed: Deployed) -> dict[str, Any]:
    found: dict[str, Any] = deployed.cloud("apigatewayv2").get_api(ApiId=deployed.id("ChatApi"))
    return found


@pytest.fixture(scope="module")
def routes(deployed: Deployed, api: dict[str, Any]) -> dict[str, dict[str, Any]]:
    items = deployed.cloud("apigatewayv2").get_routes(ApiId=api["ApiId"])["Items"]
    return {item["RouteKey"]: item for item in items}


def test_api(api: dict[str, Any]) -> None:
    assert api["ProtocolType"] == "WEBSOCKET"
    assert api["RouteSelectionExpression"] == "$request.body.action"


def test_there_are_three_routes(routes: dict[str, Any]) -> None:
    assert routes.keys() == ROUTES.keys()


def invoked(uri: str) -> str:
    """The function, with its alias, that an address of an integration names."""
    return uri.partition("/functions/")[2].removesuffix("/invocations")


@pytest.mark.parametrize("route", ROUTES)
def test_route_invokes_the_alias(
    route: str, routes: dict[str, Any], api: dict[str, Any], deployed: Deployed
) -> None:
    integration = deployed.cloud("apigatewayv2").get_integration(
        ApiId=api["ApiId"], IntegrationId=routes[route]["Target"].removeprefix("integrations/")
    )
    assert integration["IntegrationType"] == "AWS_PROXY"
    assert invoked(integration["IntegrationUri"]) == deployed.alias(ROUTES[route])["AliasArn"]


@pytest.mark.parametrize("function", [*ROUTES.values(), "AdmitFunction"])
def test_the_api_may_invoke_the_alias(function: str, api: dict[str, Any], deployed: Deployed) -> None:
    """Without, the gateway would answer with an error, and only then."""
    policy = json.loads(deployed.cloud("lambda").get_policy(FunctionName=deployed.id(function))["Policy"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert f":{api['ApiId']}/" in statement["Condition"]["ArnLike"]["AWS:SourceArn"]
    # moto drops whether it is for the function or for the alias; its resolved definition has it.
    permission = deployed.resources[statement["Sid"].removeprefix(f"{deployed.name}-")]["properties"]
    assert permission["FunctionName"] == deployed.alias(function)["AliasArn"]


def test_who_connects_is_asked_for(routes: dict[str, Any], api: dict[str, Any], deployed: Deployed) -> None:
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    authorizer = deployed.cloud("apigatewayv2").get_authorizer(
        ApiId=api["ApiId"], AuthorizerId=routes["$connect"]["AuthorizerId"]
    )
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert invoked(authorizer["AuthorizerUri"]) == deployed.alias("AdmitFunction")["AliasArn"]
    # With a source that must not be empty, the gateway would answer 401 by itself.
    assert not authorizer.get("IdentitySource")


def test_stage(api: dict[str, Any], deployed: Deployed, template: dict[str, Any]) -> None:
    defaults = {name: item["Default"] for name, item in template["Parameters"].items()}
    stage = deployed.cloud("apigatewayv2").get_stage(ApiId=api["ApiId"], StageName=defaults["StageName"])
    assert stage["AutoDeploy"] is True
    settings = stage["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == defaults["ThrottleRate"]
    assert settings["ThrottlingBurstLimit"] == defaults["ThrottleBurst"]
    assert settings["DataTraceEnabled"] is False
    connect = stage["RouteSettings"]["$connect"]
    assert connect["ThrottlingRateLimit"] == defaults["ConnectRate"]
    assert connect["ThrottlingBurstLimit"] == defaults["ConnectBurst"]
    # The host whose pages may connect.
    assert f"https://{stage['StageVariables']['origins'].split(',')[0]}/" == deployed.outputs["SiteUrl"]
    groups = deployed.cloud("logs").describe_log_groups()["logGroups"]
    arns = {group["arn"].removesuffix(":*") for group in groups}
    assert stage["AccessLogSettings"]["DestinationArn"].removesuffix(":*") in arns


def test_the_account_lets_the_gateway_write_logs(deployed: Deployed) -> None:
    role = deployed.cloud("iam").get_role(RoleName=deployed.id("GatewayLogRole"))["Role"]
    assert deployed.cloud("apigateway").get_account()["cloudwatchRoleArn"] == role["Arn"]
    attached = deployed.cloud("iam").list_attached_role_policies(RoleName=role["RoleName"])
    [policy] = attached["AttachedPolicies"]
    assert policy["PolicyName"] == "AmazonAPIGatewayPushToCloudWatchLogs"
