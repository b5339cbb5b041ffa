"""The HTTP APIs of a stack: each stage with its routes, authorizers, CORS, throttles and domains."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..errors import TemplateError
from . import openapi
from .cloud import Resource
from .code import address_path
from .document import parse
from .http_authorizers import AuthorizerReader, asked_by
from .http_model import DEFAULT, HTTP_TIMEOUT, Cors, HttpApi, HttpIntegration, HttpRoute
from .integrations import with_stage_variables
from .notes import Notebook
from .opaque import function_name
from .settings import note_second, parts_of, read_domains, read_route_throttles, read_throttle
from .values import is_true, mapping, number, text, texts

ByType = Mapping[str, list[Resource]]

_SHORTEST = 0.05
"""Seconds; an integration's timeout is between this and HTTP_TIMEOUT."""

_PAYLOADS = ("1.0", "2.0")


def read_http_apis(
    by_type: ByType, *, functions: frozenset[str], notes: Notebook, account: str, region: str
) -> tuple[HttpApi, ...]:
    """Every stage of every HTTP API."""
    found: list[HttpApi] = []
    for api in by_type.get("AWS::ApiGatewayV2::Api", []):
        if api.properties.get("ProtocolType", "HTTP") == "WEBSOCKET":
            continue
        reader = _Reader(api, by_type, functions, notes)
        stages = reader.stages()
        if not stages:
            notes.add(api.logical_id, "this API has no stage, so nobody can reach it")
        found += [reader.read(name, stage, account=account, region=region) for name, stage in stages.items()]
    return tuple(found)


def document_path(api: Resource) -> Path | None:
    """The file on this disk that an API's OpenAPI document is in, if it is in one."""
    location = mapping(api.properties.get("BodyS3Location"))
    return address_path(f"s3://{location.get('Bucket')}/{location.get('Key')}")


class _Reader:
    """One API. What its OpenAPI document says and what resources say is read alike."""

    def __init__(self, api: Resource, by_type: ByType, functions: frozenset[str], notes: Notebook) -> None:
        self._api, self._functions, self._notes = api, functions, notes
        self._of_api = partial(parts_of, api, by_type)
        self._body = mapping(api.properties.get("Body"))
        if "BodyS3Location" in api.properties:
            self._body = self._from_disk()
        self._integrations = {item.id: item for item in self._of_api("Integration")}
        self._authorizers = AuthorizerReader(
            {name: (api.logical_id, item) for name, item in openapi.authorizers(self._body).items()}
            | {item.id: (item.logical_id, item.properties) for item in self._of_api("Authorizer")},
            functions=functions,
            notes=notes,
        )

    def _from_disk(self) -> dict[str, Any]:
        """The document that a template names by its file."""
        path = document_path(self._api)
        if path is None:
            self._notes.add(self._api.logical_id, "its document is in a bucket, and is not read here")
            return {}
        try:
            return mapping(parse(path.read_text(encoding="utf-8"), str(path))[0])
        except (OSError, ValueError, TemplateError) as error:
            self._notes.add(
                self._api.logical_id, f"its document cannot be read: {' '.join(str(error).split())}"
            )
            return {}

    def stages(self) -> dict[str, Resource | None]:
        """The stages by name; that of an API that was made by its Target alone is no resource."""
        found: dict[str, Resource | None] = {DEFAULT: None} if "Target" in self._api.properties else {}
        for item in self._of_api("Stage"):
            found[text(item.properties.get("StageName", item.id))] = item
        return found

    def read(self, name: str, stage: Resource | None, *, account: str, region: str) -> HttpApi:
        """One stage."""
        properties = stage.properties if stage is not None else {}
        variables = {key: text(value) for key, value in mapping(properties.get("StageVariables")).items()}
        routes = self._routes(variables)
        return HttpApi(
            id=self._api.id,
            logical_id=self._api.logical_id,
            stage=name,
            routes=routes,
            region=region,
            account=account,
            stage_variables=variables,
            throttle=read_throttle(properties.get("DefaultRouteSettings")),
            route_throttles=read_route_throttles(stage, routes, self._notes) if stage else {},
            cors=self._cors(),
            domains=read_domains(self._of_api("ApiMapping"), name),
            own_endpoint=not is_true(self._api.properties.get("DisableExecuteApiEndpoint", False)),
        )

    def _routes(self, variables: Mapping[str, str]) -> dict[str, HttpRoute]:
        api = self._api
        routes: dict[str, HttpRoute] = {}
        for item in openapi.routes(self._body):
            integration = self._integration(item["integration"], api.logical_id, item["RouteKey"], variables)
            authorizer = self._authorizers.read(item["authorizer"], api.logical_id, variables)
            key = item["RouteKey"]
            routes[key] = HttpRoute(key, integration, authorizer, tuple(item["scopes"]))
        if "Target" in api.properties:
            key = text(api.properties.get("RouteKey", DEFAULT))
            asked = {
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": text(api.properties["Target"]),
                "PayloadFormatVersion": "2.0",
            }
            routes[key] = HttpRoute(key, self._integration(asked, api.logical_id, key, variables))
        for route in self._of_api("Route"):
            key = text(route.properties.get("RouteKey", ""))
            if key != DEFAULT and not key.partition(" ")[2].startswith("/"):
                self._notes.add(route.logical_id, f"its RouteKey {key!r} is no METHOD /path; it is left out")
                continue
            if key in routes:
                note_second(route, key, self._notes)
                continue
            target = text(route.properties.get("Target", "")).removeprefix("integrations/")
            resource = self._integrations.get(target)
            routes[key] = HttpRoute(
                key,
                self._integration(
                    resource.properties if resource else None,
                    resource.logical_id if resource else route.logical_id,
                    key,
                    variables,
                ),
                self._authorizers.read(asked_by(route.properties), route.logical_id, variables),
                texts(route.properties.get("AuthorizationScopes")),
            )
        return routes

    def _integration(
        self, asked: Mapping[str, Any] | None, logical_id: str, key: str, variables: Mapping[str, str]
    ) -> HttpIntegration | None:
        if asked is None:
            self._notes.add(
                logical_id, f"{key} has no integration in this template; it answers with an error"
            )
            return None
        uri = with_stage_variables(text(asked.get("IntegrationUri", "")), variables)
        kind = text(asked.get("IntegrationType", "AWS_PROXY")).upper()
        if kind != "AWS_PROXY" or "IntegrationSubtype" in asked or "function" not in uri:
            what = text(asked.get("IntegrationSubtype") or (uri if kind == "AWS_PROXY" else kind))
            self._notes.add(
                logical_id,
                f"{key}: only Lambda functions are integrated here, not {what or 'nothing'}; it answers with an error",
            )
            return None
        function = function_name(uri)
        if function not in self._functions:
            self._notes.add(logical_id, f"{key}: its function, {function}, is not in this template")
        payload = text(asked.get("PayloadFormatVersion", "1.0"))
        if payload not in _PAYLOADS:
            self._notes.add(logical_id, f"{key}: there is no payload format {payload}; 2.0 is taken")
        timeout = number(asked.get("TimeoutInMillis"), HTTP_TIMEOUT * 1000) / 1000
        if asked.get("RequestParameters") or asked.get("ResponseParameters"):
            self._notes.add(logical_id, f"{key}: parameter mappings are not run here")
        return HttpIntegration(
            function,
            timeout=min(max(timeout, _SHORTEST), HTTP_TIMEOUT),
            payload=payload if payload in _PAYLOADS else "2.0",
        )

    def _cors(self) -> Cors | None:
        asked = self._api.properties.get("CorsConfiguration") or openapi.cors(self._body)
        if not isinstance(asked, dict):
            return None
        age = asked.get("MaxAge")
        return Cors(
            origins=texts(asked.get("AllowOrigins")),
            methods=texts(asked.get("AllowMethods")),
            headers=texts(asked.get("AllowHeaders")),
            exposed=texts(asked.get("ExposeHeaders")),
            credentials=is_true(asked.get("AllowCredentials", False)),
            max_age=None if age is None else int(number(age, 0)),
        )
