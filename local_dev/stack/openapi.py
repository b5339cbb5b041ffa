"""Reads the routes of an HTTP API out of its OpenAPI document, which is what SAM makes of HttpApi events.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from .http_model import DEFAULT
from .values import is_true, mapping, mappings, text, texts

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_OPEN = frozenset({"NONE"})
"""What SAM writes as the requirement of a route that has none."""


def routes(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The routes of a document, each as {RouteKey, integration, authorizer, scopes}: `integration` with the keys of
    an AWS::ApiGatewayV2::Integration, None where there is none; `authorizer` by its name, None where anybody may come.
    """
    for path, item in mapping(body.get("paths")).items():
        for method, operation in mapping(item).items():
            if method.lower() not in (*METHODS, _ANY) or not isinstance(operation, dict):
                continue
            default = is_true(operation.get("isDefaultRoute", False)) or str(path).strip("/") == DEFAULT
            verb = "ANY" if method == _ANY else method.upper()
            name, scopes = _requirement(operation.get("security", body.get("security")))
            yield {
                "RouteKey": DEFAULT if default else f"{verb} {path}",
                "integration": _integration(body, operation.get(_INTEGRATION)),
                "authorizer": name,
                "scopes": scopes,
            }


def authorizers(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The document's authorizers by name, each with the keys of an AWS::ApiGatewayV2::Authorizer."""
    found = {}
    for name, scheme in mapping(mapping(body.get("components")).get("securitySchemes")).items():
        if isinstance(mapping(scheme).get(_AUTHORIZER), dict):
            found[str(name)] = _resource_like(scheme[_AUTHORIZER], {"type": "AuthorizerType"})
    return found


def cors(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """The document's CORS configuration, with the keys of an API's CorsConfiguration; None without one."""
    asked = body.get("x-amazon-apigateway-cors")
    return _resource_like(asked, {}) if isinstance(asked, dict) else None


def _integration(body: Mapping[str, Any], given: Any) -> dict[str, Any] | None:
    if isinstance(given, dict) and "$ref" in given:
        shared = mapping(mapping(body.get("components")).get("x-amazon-apigateway-integrations"))
        given = shared.get(text(given["$ref"]).rpartition("/")[2])
    if not isinstance(given, dict):
        return None
    return _resource_like(
        given, {"type": "IntegrationType", "uri": "IntegrationUri", "subtype": "IntegrationSubtype"}
    )


def _requirement(security: Any) -> tuple[str | None, tuple[str, ...]]:
    """The first scheme that is asked for, with its scopes."""
    for item in mappings(security):
        for name, scopes in item.items():
            if name not in _OPEN:
                return str(name), texts(scopes) if scopes else ()
    return None, ()


def _resource_like(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The values by the names that CloudFormation has for them."""
    return {
        names.get(name) or f"{str(name)[:1].upper()}{str(name)[1:]}": value for name, value in values.items()
    }
