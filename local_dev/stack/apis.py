"""The WebSocket APIs of a stack: each stage with its routes, keys, throttles and domains."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from ..errors import TemplateError
from ..gateway.selection import parse
from .cloud import Resource
from .integrations import IntegrationReader, with_stage_variables
from .keys import StageKeys, read_keys
from .model import Api, Authorization, Authorizer, Route
from .notes import Notebook
from .opaque import function_name
from .settings import note_second, parts_of, read_domains, read_route_throttles, read_throttle
from .values import is_true, mapping, text, texts

ByType = Mapping[str, list[Resource]]

DEFAULT_KEY_EXPRESSION = "$request.header.x-api-key"
_DEFAULT = "$default"


def read_apis(
    by_type: ByType,
    *,
    functions: frozenset[str],
    notes: Notebook,
    account: str,
    region: str,
    needed: bool = True,
) -> tuple[Api, ...]:
    """Every stage of every WebSocket API; TemplateError where there is none and one is `needed`."""
    keys = read_keys(by_type, notes)
    found = []
    websockets = []
    for api in by_type.get("AWS::ApiGatewayV2::Api", []):
        if api.properties.get("ProtocolType") != "WEBSOCKET":
            continue
        websockets.append(api)
        reader = _ApiReader(api, by_type, functions, notes)
        for stage in reader.stages():
            found.append(reader.read(stage, keys, account=account, region=region))
    if not websockets and needed:
        raise TemplateError(
            "the template has no WebSocket API (AWS::Serverless::WebSocketApi, or AWS::ApiGatewayV2::Api with "
            "ProtocolType: WEBSOCKET), and no HTTP API with a stage"
        )
    if websockets and not found:
        raise TemplateError(f"{websockets[0].logical_id}: the WebSocket API has no stage")
    return tuple(found)


class _ApiReader:
    def __init__(self, api: Resource, by_type: ByType, functions: frozenset[str], notes: Notebook) -> None:
        self._api, self._functions, self._notes = api, functions, notes
        self._of_api = partial(parts_of, api, by_type)
        self._authorizers = {item.id: item for item in self._of_api("Authorizer")}
        self._models = {
            name: item
            for item in self._of_api("Model")
            for name in (item.id, str(item.properties.get("Name", item.logical_id)))
        }
        self._two_way = {
            str(item.properties.get("RouteId"))
            for item in self._of_api("RouteResponse")
            if item.properties.get("RouteResponseKey") == _DEFAULT
        }

    def stages(self) -> list[Resource]:
        """The stages that there can be."""
        stages = []
        for stage in self._of_api("Stage"):
            if stage.properties.get("StageName") == _DEFAULT:
                self._notes.add(
                    stage.logical_id,
                    "a WebSocket API cannot have a stage called $default",
                    "Properties",
                    "StageName",
                )
            else:
                stages.append(stage)
        if not stages:
            self._notes.add(self._api.logical_id, "this API has no stage, so nobody can connect to it")
        return stages

    def read(
        self, stage: Resource, keys: Mapping[tuple[str, str], StageKeys], *, account: str, region: str
    ) -> Api:
        properties = stage.properties
        name = str(properties.get("StageName", stage.id))
        variables = {key: text(value) for key, value in mapping(properties.get("StageVariables")).items()}
        routes = self._routes(variables)
        expression = str(self._api.properties.get("RouteSelectionExpression", ""))
        self._check_selection(expression, routes)
        admitted = keys.get((self._api.id, name), StageKeys())
        return Api(
            id=self._api.id,
            logical_id=self._api.logical_id,
            stage=name,
            route_selection_expression=expression,
            routes=routes,
            region=region,
            account=account,
            stage_variables=variables,
            throttle=read_throttle(properties.get("DefaultRouteSettings")),
            route_throttles=read_route_throttles(stage, routes, self._notes),
            api_key_selection_expression=str(
                self._api.properties.get("ApiKeySelectionExpression") or DEFAULT_KEY_EXPRESSION
            ),
            api_keys=frozenset(admitted.values),
            generated_keys=dict(admitted.generated),
            domains=read_domains(self._of_api("ApiMapping"), name),
        )

    def _check_selection(self, expression: str, routes: Mapping[str, Route]) -> None:
        parts = parse(expression).parts
        if (
            not any(isinstance(part, tuple) for part in parts)
            and expression.replace("\\$", "$") not in routes
        ):
            what = f"{expression} reads" if expression else "without one it reads"
            self._notes.add(
                self._api.logical_id,
                f"RouteSelectionExpression: {what} nothing of a message, as $request.body.action does; so no message "
                "selects a route",
                "Properties",
                "RouteSelectionExpression",
            )

    def _routes(self, variables: Mapping[str, str]) -> dict[str, Route]:
        integrations = IntegrationReader(
            self._of_api("Integration"),
            self._of_api("IntegrationResponse"),
            variables=variables,
            functions=self._functions,
            notes=self._notes,
        )
        routes: dict[str, Route] = {}
        for resource in self._of_api("Route"):
            properties = resource.properties
            key = str(properties.get("RouteKey", ""))
            if not key:
                self._notes.add(resource.logical_id, "a route without a RouteKey is left out")
                continue
            if key in routes:
                note_second(resource, key, self._notes)
                continue
            target = str(properties.get("Target", "")).removeprefix("integrations/")
            authorization = self._authorization(resource)
            routes[key] = Route(
                key=key,
                integration=integrations.read(target, resource),
                authorization=authorization,
                authorizer=self._authorizer(resource, variables)
                if authorization is Authorization.CUSTOM
                else None,
                api_key_required=is_true(properties.get("ApiKeyRequired", False)),
                responds=self._responds(resource),
                models=self._request_models(resource),
                model_selection=properties.get("ModelSelectionExpression"),
            )
        return routes

    def _authorization(self, route: Resource) -> Authorization:
        asked = str(route.properties.get("AuthorizationType") or "NONE")
        try:
            return Authorization(asked)
        except ValueError:
            self._notes.add(
                route.logical_id,
                f"a WebSocket route takes no AuthorizationType {asked}; anybody is let in here",
            )
            return Authorization.NONE

    def _authorizer(self, route: Resource, variables: Mapping[str, str]) -> Authorizer | None:
        resource = self._authorizers.get(str(route.properties.get("AuthorizerId")))
        if resource is None:
            self._notes.add(route.logical_id, "its authorizer is not in this template")
            return None
        if str(resource.properties.get("AuthorizerType", "REQUEST")) != "REQUEST":
            self._notes.add(
                resource.logical_id,
                "only REQUEST authorizers are for WebSocket APIs",
                "Properties",
                "AuthorizerType",
            )
        uri = with_stage_variables(str(resource.properties.get("AuthorizerUri", "")), variables)
        function = function_name(uri)
        if function not in self._functions:
            self._notes.add(resource.logical_id, f"its function, {function}, is not in this template")
        return Authorizer(function, texts(resource.properties.get("IdentitySource")))

    def _responds(self, route: Resource) -> bool:
        """Contract R18: both the expression and the route response are needed."""
        if route.properties.get("RouteResponseSelectionExpression") != _DEFAULT:
            return False
        if route.id not in self._two_way:
            self._notes.add(
                route.logical_id,
                "a RouteResponseSelectionExpression sends nothing by itself: it takes an "
                "AWS::ApiGatewayV2::RouteResponse with the key $default as well",
            )
        return route.id in self._two_way

    def _request_models(self, route: Resource) -> dict[str, Mapping[str, Any]]:
        schemas = {}
        for key, name in mapping(route.properties.get("RequestModels")).items():
            resource = self._models.get(str(name))
            if resource is None:
                self._notes.add(route.logical_id, f"its request model {name} is not in this template")
                continue
            schema = _schema(resource.properties.get("Schema"))
            if schema is None:
                self._notes.add(
                    resource.logical_id,
                    "its schema is not a JSON object; it is not checked",
                    "Properties",
                    "Schema",
                )
            else:
                schemas[str(key)] = schema
        return schemas


def _schema(schema: Any) -> Mapping[str, Any] | None:
    if isinstance(schema, str):
        try:
            schema = json.loads(schema)
        except ValueError:
            return None
    return schema if isinstance(schema, dict) else None
